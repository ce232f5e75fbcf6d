# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is asked about by name: paths, volumes, CPUs, NIC models, USB devices; and whether a path is shared.

A lookup answers for each key whether the host has it, None where it cannot tell.
"""

from __future__ import annotations

import grp
import json
import os
import pwd
import re
import stat
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Callable, Optional

from .._model.descriptor import DEVICE, DIRECTORY, PROGRAM, REGULAR, USER
from .connection import libvirt, message_of
from .listeners import answers, is_free, read_listeners
from .programs import run_program
from .refusal import is_disconnected
from .sysfs import read_usb
from .tables import read_table

Answers = dict[str, Optional[bool]]

_SECONDS = 10
# libvirt's own list (virFileIsSharedFS).
_SHARED = (
    "nfs", "nfs4", "gfs2", "ocfs2", "afs", "smbfs", "smb3", "cifs", "ceph", "gpfs", "acfs", "fuse.glusterfs",
    "fuse.quobyte",
)  # fmt: skip
MOUNTS = "/proc/mounts"
# The kernel writes white space and backslashes in octal.
_ESCAPED = re.compile(r"\\([0-7]{3})")
# Of a directory that libvirt's own settings call shared.
SHARED = _SHARED[0]


@dataclass(frozen=True)
class LookupContext:
    """conn: to libvirt; remote: it is another machine's; emulators: paths of QEMU that the host's libvirt uses."""

    conn: Any
    remote: bool
    emulators: Collection[str]


def look_up(
    conn: Any, lookups: Mapping[str, list[str]], remote: bool, emulators: Optional[Collection[str]]
) -> dict[str, Answers]:
    """lookups: kind to keys, see ANSWER_BY_KIND; a kind that is not known here is not answered."""
    asked = LookupContext(conn, remote, emulators or ())
    return {kind: ANSWER_BY_KIND[kind](asked, keys) for kind, keys in lookups.items() if kind in ANSWER_BY_KIND}


def _look_up_paths(asked: LookupContext, paths: list[str]) -> Answers:
    """On another machine only a storage pool's volumes can be seen, and only that they are there."""
    return {path: _is_volume(asked.conn, path) if asked.remote else os.path.exists(path) for path in paths}


def _is_volume(conn: Any, path: str) -> Optional[bool]:
    try:
        conn.storageVolLookupByPath(path)
    except libvirt.libvirtError:
        return None
    return True


def _look_up_volumes(asked: LookupContext, volumes: list[str]) -> Answers:
    # libvirt reports the last for a pool that is not active.
    missing = (libvirt.VIR_ERR_NO_STORAGE_POOL, libvirt.VIR_ERR_NO_STORAGE_VOL, libvirt.VIR_ERR_OPERATION_INVALID)
    pools: dict[str, Any] = {}
    found: Answers = {}
    for path in volumes:
        pool, _slash, volume = path.partition("/")
        try:
            if pool not in pools:
                pools[pool] = asked.conn.storagePoolLookupByName(pool)
            pools[pool].storageVolLookupByName(volume)
            found[path] = True
        except libvirt.libvirtError as error:
            found[path] = False if error.get_error_code() in missing else None
    return found


def _compare_cpus(asked: LookupContext, keys: list[str]) -> Answers:
    """Keys: JSON of CPU XML, architecture, machine type, domain type, and whether it is a whole host's processor."""
    found: Answers = {}
    for key in keys:
        try:
            xml, arch, machine, kind, whole = json.loads(key)
            compared = (
                asked.conn.compareCPU(xml, 0)
                if whole
                else asked.conn.compareHypervisorCPU(None, arch, machine, kind, xml, 0)
            )
        except (libvirt.libvirtError, ValueError, TypeError):
            found[key] = None
            continue
        found[key] = None if compared < 0 else compared != libvirt.VIR_CPU_COMPARE_INCOMPATIBLE
    return found


def _look_up_cpu_names(asked: LookupContext, cpus: list[str]) -> Answers:
    """CPU XML of x86: whether libvirt knows its model and features. Costs a call each."""
    found: Answers = dict.fromkeys(cpus)
    for xml in cpus if _is_x86(asked.conn) else ():
        try:
            asked.conn.compareCPU(xml, 0)
            found[xml] = True
        except libvirt.libvirtError as error:
            # The code that libvirt has for names that it does not know.
            found[xml] = False if error.get_error_code() == libvirt.VIR_ERR_INTERNAL_ERROR else None
    return found


def _is_x86(conn: Any) -> bool:
    try:
        return conn.getInfo()[0] in ("x86_64", "i686")
    except libvirt.libvirtError:
        return False


def _look_up_nic_models(asked: LookupContext, keys: list[str]) -> Answers:
    """Keys: JSON of the path of a QEMU, and the model. Only the host's own QEMUs are run, never one that merely a guest
    names."""
    pairs = {key: json.loads(key) for key in keys}
    models: dict[str, Optional[set[str]]] = {}
    found: Answers = {}
    for key, (emulator, model) in pairs.items():
        if asked.remote or emulator not in asked.emulators:
            found[key] = None
            continue
        if emulator not in models:
            models[emulator] = _read_models(emulator)
        known = models[emulator]
        found[key] = None if known is None else model in known
    return found


def _read_models(emulator: str) -> Optional[set[str]]:
    done = run_program([emulator, "-machine", "none", "-device", "help"], _SECONDS)
    if done is None:
        return None
    return set(re.findall(r'^name "([^"]+)"', done.out, re.MULTILINE)) or None


def _look_up_usb_devices(asked: LookupContext, devices: list[str]) -> Answers:
    there = set() if asked.remote or not devices else read_usb()
    return {device: None if asked.remote else device in there for device in devices}


def _look_up_sockets(asked: LookupContext, keys: list[str]) -> Answers:
    """Keys: JSON of protocol, address, port, and whether the guest listens there or connects to it."""
    there = () if asked.remote or not keys else read_listeners()
    found: Answers = {}
    for key in keys:
        protocol, address, port, listens = json.loads(key)
        found[key] = None if asked.remote else (is_free if listens else answers)(there, protocol, address, port)
    return found


def _look_up_sizes(asked: LookupContext, keys: list[str]) -> Answers:
    """Keys: JSON of path, size, and whether it is rounded up."""
    found: Answers = {}
    for key in keys:
        path, size, rounded = json.loads(key)
        measure = rounded_size_of if rounded else size_of
        there = None if asked.remote else measure(path)
        found[key] = None if there is None else there == size
    return found


def size_of(path: str) -> Optional[int]:
    """None where it cannot be read."""
    try:
        return os.path.getsize(path)
    except OSError:
        return None


def rounded_size_of(path: str) -> Optional[int]:
    """Up to a power of two, as QEMU does with a ROM."""
    size = size_of(path)
    return None if size is None else 1 << max(size - 1, 0).bit_length()


def _look_up_file_types(asked: LookupContext, keys: list[str]) -> Answers:
    """keys: JSON of path and file type. None also if the path does not exist, which the lookup of paths reports."""
    found: Answers = {}
    for key in keys:
        path, file_type = json.loads(key)
        is_one = None if asked.remote or not os.path.exists(path) else _IS_OF_TYPE.get(file_type)
        found[key] = None if is_one is None else is_one(path)
    return found


def _look_up_accounts(asked: LookupContext, keys: list[str]) -> Answers:
    """Keys: JSON of user or group, and its name."""
    return {key: None if asked.remote else _has_account(*json.loads(key)) for key in keys}


def _has_account(kind: str, name: str) -> bool:
    try:
        (pwd.getpwnam if kind == USER else grp.getgrnam)(name)
    except KeyError:
        return False
    return True


def _is_device(path: str) -> bool:
    mode = os.stat(path).st_mode
    return stat.S_ISBLK(mode) or stat.S_ISCHR(mode)


def _is_program(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


_IS_OF_TYPE: dict[str, Callable[[str], bool]] = {
    REGULAR: os.path.isfile,
    DEVICE: _is_device,
    DIRECTORY: os.path.isdir,
    PROGRAM: _is_program,
}


ANSWER_BY_KIND: dict[str, Callable[[LookupContext, list[str]], Answers]] = {
    "paths": _look_up_paths,
    "volumes": _look_up_volumes,
    "cpu_names": _look_up_cpu_names,
    "cpu_comparisons": _compare_cpus,
    "nic_models": _look_up_nic_models,
    "usb_devices": _look_up_usb_devices,
    "sockets": _look_up_sockets,
    "sizes": _look_up_sizes,
    "file_types": _look_up_file_types,
    "accounts": _look_up_accounts,
}


def ask_for_refusals(conn: Any, questions: Iterable[str]) -> dict[str, Optional[str]]:
    """What libvirt says when it is to make QEMU's command line of a guest: "" when it can. Nothing is started.

    questions: domain XML, the keys of the result. None: this connection has no such call, or broke.
    """
    # No such call in this driver, a read-only connection, a daemon that is gone.
    no_answer = (libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_OPERATION_DENIED, libvirt.VIR_ERR_SYSTEM_ERROR)
    found: dict[str, Optional[str]] = {}
    for xml in questions:
        try:
            conn.domainXMLToNative("qemu-argv", xml, 0)
            found[xml] = ""
        except libvirt.libvirtError as error:
            said = message_of(error)
            silent = error.get_error_code() in no_answer or is_disconnected(error.get_error_domain(), said)
            found[xml] = None if silent else said
    return found


def read_mounts(file: str = MOUNTS) -> dict[str, str]:
    """Mount point -> type of its file system; a later mount hides an earlier one."""
    rows = [row for row in read_table(file) if len(row) > 2]
    return {_ESCAPED.sub(lambda found: chr(int(found[1], 8)), row[1]): row[2] for row in rows}


def is_shared(path: str, mounts: dict[str, str]) -> Optional[bool]:
    """Whether a path is on a file system that libvirt considers shared; None for a path that is not there."""
    if not os.path.exists(path):
        return None
    here = os.path.realpath(path)
    while here not in mounts and here != os.path.dirname(here):
        here = os.path.dirname(here)
    return mounts.get(here, "") in _SHARED
