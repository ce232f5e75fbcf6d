# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files in which libvirt keeps DHCP leases: <bridge>.status and <bridge>.macs.

dnsmasq gets its leases from the first when it starts (src/network/leaseshelper.c), libvirt its guests' addresses from
the second. libvirt removes both with the network (networkRemoveInactive), and looks for them nowhere else.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any, Optional

from .._model.leases import Leases
from .connection import is_remote, libvirt

# leaseshelper has it built in.
DNSMASQ_DIRECTORY = "/var/lib/libvirt/dnsmasq"
_MOST = 32 * 1024 * 1024


def has_lease_files(conn: Any) -> bool:
    """Whether the connection is to the daemon whose files these are: another's networks may have the same bridges."""
    uri = str(conn.getURI())
    return conn.getType() != "TEST" and not is_remote(uri) and "/session" not in uri and "/embed" not in uri


def current_leases(conn: Any, network: str) -> Optional[list[dict[str, Any]]]:
    """The addresses that a network's dnsmasq has given, each with ip and mac; None if the connection does not tell."""
    try:
        found = conn.networkLookupByName(network).DHCPLeases()
    except libvirt.libvirtError:
        return None
    return [{"ip": str(lease["ipaddr"]), "mac": str(lease["mac"]).lower()} for lease in found if lease.get("mac")]


def read_leases(bridge: str) -> Leases:
    """Raises OSError."""
    return Leases(bridge, _read(f"{bridge}.status"), _read(f"{bridge}.macs"))


def write_leases(leases: Leases) -> None:
    """Raises OSError."""
    for name, text in ((f"{leases.bridge}.status", leases.status), (f"{leases.bridge}.macs", leases.macs)):
        if text and text != _read(name):
            _replace(os.path.join(DNSMASQ_DIRECTORY, name), text)


def remove_leases(bridge: str) -> None:
    """Raises OSError."""
    for name in (f"{bridge}.status", f"{bridge}.macs"):
        with suppress(FileNotFoundError):
            os.unlink(os.path.join(DNSMASQ_DIRECTORY, name))


def _read(name: str) -> str:
    try:
        with open(os.path.join(DNSMASQ_DIRECTORY, name), encoding="utf-8", errors="surrogateescape") as file:
            return file.read(_MOST)
    except FileNotFoundError:
        return ""


def _replace(path: str, text: str) -> None:
    """Like libvirt's own writers: a reader always finds a complete file."""
    new = f"{path}.new"
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        with open(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
            file.flush()
            os.fsync(handle)
        os.chmod(new, 0o644)
        os.replace(new, path)
    except OSError:
        with suppress(OSError):
            os.unlink(new)
        raise
