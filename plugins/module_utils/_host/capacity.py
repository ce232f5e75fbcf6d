# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has for guests besides networks: its identity, memory, machine types, nwfilters, paths, its processor."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Optional

from .._xml.capabilities import parse_capabilities
from .._xml.nwfilter import digests
from .connection import errors, libvirt

# A default page is no huge page.
_SMALL = 64
_SECONDS = 10


def read_capabilities(conn: Any) -> Optional[dict[str, Any]]:
    """As parse_capabilities gives them; None where the connection has none (network:///system).

    Raises VirtfleetError DAEMON_LOST, DAEMON_SILENT or LIBVIRT_REFUSED.
    """
    with errors("read the host's capabilities", conn):
        try:
            return parse_capabilities(conn.getCapabilities())
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_NO_SUPPORT:
                return None
            raise


def read_memory(conn: Any, sizes: Iterable[int]) -> Optional[dict[str, Any]]:
    """total, available (KiB; what caches hold is available) and pages: free huge pages by size in KiB.

    sizes: of the pages that the host knows. None where the connection does not tell.
    """
    try:
        told = conn.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS)
    except libvirt.libvirtError:
        return None
    pages = {}
    for size in sizes:
        if size > _SMALL:
            with suppress(libvirt.libvirtError):
                cells = conn.getFreePages([size], 0, 1024).values()
                pages[str(size)] = sum(cell.get(size, 0) for cell in cells)
    available = sum(told.get(name, 0) for name in ("free", "buffers", "cached"))
    return {"total": told["total"], "available": available, "pages": pages}


def read_filters(conn: Any) -> Optional[dict[str, str]]:
    """The nwfilters by name, as digests() gives them; None where the connection does not tell."""
    try:
        texts = [one.XMLDesc(0) for one in conn.listAllNWFilters(0)]
    except libvirt.libvirtError:
        return None
    return digests(texts)


def look_for_paths(conn: Any, paths: Iterable[str], remote: bool) -> dict[str, Optional[bool]]:
    """Whether each is there. Of another machine only a storage pool's volumes can be told, and only that they are."""
    return {path: _is_volume(conn, path) if remote else os.path.exists(path) for path in paths}


def look_for_volumes(conn: Any, volumes: Iterable[str]) -> dict[str, Optional[bool]]:
    """Whether there is each (pool/volume), and its pool active."""
    # The last is libvirt's word for a pool that is not active.
    missing = (libvirt.VIR_ERR_NO_STORAGE_POOL, libvirt.VIR_ERR_NO_STORAGE_VOL, libvirt.VIR_ERR_OPERATION_INVALID)
    pools: dict[str, Any] = {}
    found: dict[str, Optional[bool]] = {}
    for path in volumes:
        pool, _slash, volume = path.partition("/")
        try:
            if pool not in pools:
                pools[pool] = conn.storagePoolLookupByName(pool)
            pools[pool].storageVolLookupByName(volume)
            found[path] = True
        except libvirt.libvirtError as error:
            found[path] = False if error.get_error_code() in missing else None
    return found


def _is_volume(conn: Any, path: str) -> Optional[bool]:
    try:
        conn.storageVolLookupByPath(path)
    except libvirt.libvirtError:
        return None
    return True


def compare_cpus(conn: Any, cpus: Iterable[tuple[str, str, str, str, bool]]) -> dict[str, Optional[bool]]:
    """CPU XML -> whether the host has what it says, None where libvirt cannot tell.

    cpus: of each the XML, architecture, machine type and kind (kvm) of the guest, and whether it is a whole host's.
    """
    found: dict[str, Optional[bool]] = {}
    for xml, arch, machine, kind, whole in cpus:
        try:
            asked = conn.compareCPU(xml, 0) if whole else conn.compareHypervisorCPU(None, arch, machine, kind, xml, 0)
        except libvirt.libvirtError:
            found[xml] = None
            continue
        found[xml] = None if asked < 0 else asked != libvirt.VIR_CPU_COMPARE_INCOMPATIBLE
    return found


def know_cpus(conn: Any, cpus: Iterable[str]) -> dict[str, Optional[bool]]:
    """CPU XML of x86 -> whether libvirt knows its model and features; None where it cannot tell, none of them on a host
    of another architecture. Costs a call each.
    """
    found: dict[str, Optional[bool]] = {}
    for xml in cpus if _is_x86(conn) else ():
        try:
            conn.compareCPU(xml, 0)
            found[xml] = True
        except libvirt.libvirtError as error:
            # The code that libvirt has for words that it does not know.
            found[xml] = False if error.get_error_code() == libvirt.VIR_ERR_INTERNAL_ERROR else None
    return found


def _is_x86(conn: Any) -> bool:
    try:
        return conn.getInfo()[0] in ("x86_64", "i686")
    except libvirt.libvirtError:
        return False


def read_cpu_models(conn: Any) -> Optional[list[str]]:
    """The names of the CPU models of x86 that libvirt knows; None where the connection does not tell."""
    try:
        return sorted(conn.getCPUModelNames("x86_64", 0))
    except libvirt.libvirtError:
        return None


def look_for_models(emulators: Iterable[str]) -> dict[str, Optional[set[str]]]:
    """Path of a QEMU of this host -> the names of the devices that it can emulate, None where it does not say."""
    found: dict[str, Optional[set[str]]] = {}
    for path in emulators:
        try:
            done = subprocess.run(
                [path, "-machine", "none", "-device", "help"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            found[path] = None
            continue
        found[path] = set(re.findall(r'^name "([^"]+)"', done.stdout, re.MULTILINE)) or None
    return found
