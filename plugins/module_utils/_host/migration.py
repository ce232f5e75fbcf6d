# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What decides on this host whether a migration can come in: qemu.conf, hook scripts, free ports, names of hosts."""

from __future__ import annotations

import glob
import os
import re
import socket
from collections.abc import Iterable
from typing import Any, Optional, Union

from .gate_files import HOOK, read_settings

_CONF = "/etc/libvirt/qemu.conf"
_HOOKS = "/etc/libvirt/hooks"
_PROC = "/proc/net"
_TUN = "/dev/net/tun"
# libvirt's own (src/qemu/qemu_conf.c)
_PORTS = (49152, 49215)
_LISTENS = "0A"
_ENTRY = re.compile(
    r"""^[ \t]*(\w+)[ \t]*=[ \t]*("[^"\n]*"|'[^'\n]*'|-?\d+|\[[^\]]*\])""", re.MULTILINE
)  # fmt: skip
_STRING = re.compile(r""""([^"\n]*)"|'([^'\n]*)'""")

ConfigValue = Union[str, int, list[str]]


def read_migration(conf: str = _CONF, hooks: str = _HOOKS, proc: str = _PROC) -> dict[str, Any]:
    """host, address (None: libvirt's default), port_min, port_max, ports_free (how many), tls_only, all None where
    qemu.conf cannot be read; hooks: scripts that libvirt runs when a guest comes or is plugged in; tap_device: whether
    there is one."""
    settings = read_conf(conf)
    found: dict[str, Any] = {"hooks": _scripts(hooks), "tap_device": os.path.exists(_TUN)}
    if settings is None:
        return {**found, **dict.fromkeys(("host", "address", "port_min", "port_max", "ports_free", "tls_only"))}
    lowest, highest = (
        value if isinstance(value := settings.get(f"migration_port_{end}"), int) else usual
        for end, usual in zip(("min", "max"), _PORTS)
    )
    in_use = _listening(proc)
    return {
        **found,
        "host": settings.get("migration_host") or None,
        "address": settings.get("migration_address") or None,
        "port_min": lowest,
        "port_max": highest,
        "ports_free": sum(port not in in_use for port in range(lowest, highest + 1)),
        "tls_only": bool(settings.get("migrate_tls_force")),
    }


def shared_filesystems(conf: str = _CONF) -> list[str]:
    """Folders that libvirt considers shared, whatever they are on (since 10.8)."""
    found = (read_conf(conf) or {}).get("shared_filesystems")
    return found if isinstance(found, list) else []


def read_conf(path: str) -> Optional[dict[str, ConfigValue]]:
    """A file that is not there has no settings; None: only root may read it."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return {}
    except OSError:
        return None
    found: dict[str, ConfigValue] = {}
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    for name, value in _ENTRY.findall(text):
        found.setdefault(name, _value(value))  # libvirt takes the first
    return found


def _value(text: str) -> ConfigValue:
    if text.startswith("["):
        return ["".join(one) for one in _STRING.findall(text)]
    return text[1:-1] if text[0] in "\"'" else int(text)


def _scripts(folder: str) -> list[str]:
    """Without the gate, if it refuses only what the check blocks."""
    paths = [os.path.join(folder, name) for name in ("qemu", "network")]
    paths += [path for name in ("qemu.d", "network.d") for path in glob.glob(os.path.join(folder, name, "*"))]
    found = sorted(path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK))
    return [path for path in found if path != HOOK or not _passes_without_facts()]


def _passes_without_facts() -> bool:
    try:
        return read_settings()["pass_without_facts"] is True
    except (ValueError, LookupError, TypeError):
        return False


def _listening(proc: str) -> set[int]:
    """TCP ports that something on this host listens on."""
    found: set[int] = set()
    for name in ("tcp", "tcp6"):
        try:
            with open(os.path.join(proc, name), encoding="ascii", errors="replace") as file:
                rows = [line.split() for line in file.readlines()[1:]]
        except OSError:
            continue
        found.update(int(row[1].rpartition(":")[2], 16) for row in rows if len(row) > 3 and row[3] == _LISTENS)
    return found


def resolve_names(names: Iterable[str]) -> dict[str, list[str]]:
    """The IP addresses that each name has here; none for a name that cannot be resolved."""
    return {name: _addresses_of(name) for name in names}


def _addresses_of(name: str) -> list[str]:
    try:
        return sorted({str(found[4][0]) for found in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)})
    except (OSError, UnicodeError):
        return []
