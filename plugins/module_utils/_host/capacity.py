# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has for guests besides networks: its identity, memory, machine types, nwfilters, CPU models."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Optional

from .._xml.capabilities import parse_capabilities
from .._xml.nwfilter import compute_digests
from .connection import errors, libvirt

# A default page is no huge page.
_SMALL = 64


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

    sizes: of the pages that the host knows. None if the connection does not show it.
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


def read_nwfilters(conn: Any) -> Optional[dict[str, str]]:
    """The nwfilters by name, as digests() gives them; None if the connection does not show them."""
    try:
        texts = [one.XMLDesc(0) for one in conn.listAllNWFilters(0)]
    except libvirt.libvirtError:
        return None
    return compute_digests(texts)


def read_cpu_models(conn: Any) -> Optional[list[str]]:
    """The names of the CPU models of x86 that libvirt knows; None if the connection does not show them."""
    try:
        return sorted(conn.getCPUModelNames("x86_64", 0))
    except libvirt.libvirtError:
        return None
