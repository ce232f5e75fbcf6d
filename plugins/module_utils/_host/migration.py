# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What decides on this host whether a migration can come in: qemu.conf, hook scripts, free ports, names of hosts."""

from __future__ import annotations

import glob
import hashlib
import os
import re
import socket
from collections.abc import Collection, Iterable, Mapping
from ipaddress import ip_address
from typing import Any, Optional, Union

from .gate_files import HOOK, read_settings
from .listeners import read_listeners
from .programs import find_program
from .room import why_unwritable

_CONF = "/etc/libvirt/qemu.conf"
_HOOKS = "/etc/libvirt/hooks"
_PROC = "/proc/net"
_TUN = "/dev/net/tun"
_LOGD = "/run/libvirt/virtlogd-sock"
# Directories in which libvirt creates files for each guest that it starts, and programs with which it plugs in NICs.
_DIRECTORIES = ("/var/lib/libvirt/qemu", "/run/libvirt/qemu", "/var/log/libvirt/qemu")
_PROGRAMS = ("ebtables", "ovs-vsctl", "tc")
# libvirt's own (src/qemu/qemu_conf.c)
_PORTS = (49152, 49215)
_DISPLAYS = (5900, 65535)
# Of qemu+tcp, qemu+tls, qemu+ssh.
_LIBVIRT, _SSH = (16509, 16514), 22
_DISCARD = 9
# Of displays with TLS, and of everything.
_CERTIFICATES = {"vnc_tls_x509_cert_dir": "/etc/pki/libvirt-vnc", "default_tls_x509_cert_dir": "/etc/pki/qemu"}
_CERTIFICATE_FILES = ("ca-cert.pem", "server-cert.pem", "server-key.pem")
# Settings that rules of the check examine, and those that keep no guest from running or from its network: timeouts,
# dumps, names, the console of libvirt itself. What is in neither list is compared with the guest's own host.
_EXAMINED = (
    "migration_host", "migration_address", "migration_port_min", "migration_port_max", "migrate_tls_force",
    "vnc_listen", "spice_listen", "remote_display_port_min", "remote_display_port_max", "vnc_tls",
    "vnc_tls_x509_cert_dir", "default_tls_x509_cert_dir", "shared_filesystems", "stdio_handler",
)  # fmt: skip
_HARMLESS = (
    "keepalive_interval", "keepalive_count", "max_queued", "max_core", "dump_guest_core", "save_image_format",
    "dump_image_format", "snapshot_image_format", "auto_dump_path", "auto_dump_bypass_cache", "auto_start_bypass_cache",
    "auto_start_delay", "auto_shutdown_try_save", "auto_shutdown_try_shutdown", "auto_shutdown_poweroff",
    "auto_shutdown_wait", "auto_shutdown_restore", "auto_save_bypass_cache", "set_process_name", "gluster_debug_level",
    "deprecation_behavior", "vnc_password", "spice_password", "vnc_sasl", "vnc_sasl_dir", "spice_sasl",
    "spice_sasl_dir", "vnc_allow_host_audio", "nographics_allow_host_audio", "sched_core", "vnc_auto_unix_socket",
    "log_timestamp",
)  # fmt: skip
_ENTRY = re.compile(
    r"""^[ \t]*(\w+)[ \t]*=[ \t]*("[^"\n]*"|'[^'\n]*'|-?\d+|\[[^\]]*\])""", re.MULTILINE
)  # fmt: skip
_STRING = re.compile(r""""([^"\n]*)"|'([^'\n]*)'""")

ConfigValue = Union[str, int, list[str]]


def read_migration(conf: str = _CONF, hooks: str = _HOOKS, proc: str = _PROC, logd: str = _LOGD) -> dict[str, Any]:
    """host, address (None: libvirt's default), port_min, port_max, ports_free (how many), port (the first of them,
    which libvirt takes), tls_only, all None where qemu.conf cannot be read; libvirt_ports: by which other hosts may
    speak to libvirt; hooks: scripts that libvirt runs when a guest comes or is plugged in;
    tap_device: whether there is one; displays: vnc_listen, spice_listen, ports_free (of those that displays choose
    from) and certificates (whether VNC has those that it needs, None where it needs none); logger: whether
    the virtlogd that it logs with is there, None where it uses none; other_settings: of qemu.conf, digests by name;
    unwritable_directories: where libvirt cannot create a guest's files; missing_programs: those that plug NICs in."""
    settings = read_conf(conf)
    listeners = [one for one in read_listeners(proc) if one.protocol == "tcp"]
    found: dict[str, Any] = {
        "hooks": _scripts(hooks),
        "tap_device": os.path.exists(_TUN),
        "unwritable_directories": [path for path in _DIRECTORIES if why_unwritable(path)],
        "missing_programs": [name for name in _PROGRAMS if find_program(name) is None],
        "libvirt_ports": _libvirt_ports({one.port for one in listeners if not one.address.is_loopback}),
    }
    if settings is None:
        names = (
            "host", "address", "port_min", "port_max", "ports_free", "port", "tls_only", "displays", "logger",
            "other_settings",
        )  # fmt: skip
        return {**found, **dict.fromkeys(names)}
    lowest, highest = _range(settings, "migration_port", _PORTS)
    in_use = {one.port for one in listeners}
    free = [port for port in range(lowest, highest + 1) if port not in in_use]
    return {
        **found,
        "host": settings.get("migration_host") or None,
        "address": settings.get("migration_address") or None,
        "port_min": lowest,
        "port_max": highest,
        "ports_free": len(free),
        "port": free[0] if free else lowest,
        "tls_only": bool(settings.get("migrate_tls_force")),
        "displays": _displays(settings, in_use),
        "logger": os.path.exists(logd) if settings.get("stdio_handler", "logd") == "logd" else None,
        "other_settings": {
            name: hashlib.sha256(repr(value).encode()).hexdigest()[:12]
            for name, value in sorted(settings.items())
            if name not in (*_EXAMINED, *_HARMLESS)
        },
    }


def _libvirt_ports(listening: Collection[int]) -> list[int]:
    """Its own ones, and that of ssh."""
    return [port for port in (*_LIBVIRT, _SSH) if port in listening]


def _range(settings: dict[str, ConfigValue], name: str, usual: tuple[int, int]) -> tuple[int, int]:
    found = (settings.get(f"{name}_{end}") for end in ("min", "max"))
    lowest, highest = (value if isinstance(value, int) else own for value, own in zip(found, usual))
    return lowest, highest


def _displays(settings: dict[str, ConfigValue], in_use: set[int]) -> dict[str, Any]:
    lowest, highest = _range(settings, "remote_display_port", _DISPLAYS)
    return {
        "vnc_listen": settings.get("vnc_listen") or None,
        "spice_listen": settings.get("spice_listen") or None,
        "ports_free": sum(port not in in_use for port in range(lowest, highest + 1)),
        "certificates": _has_certificates(settings) if settings.get("vnc_tls") else None,
    }


def _has_certificates(settings: dict[str, ConfigValue]) -> bool:
    """libvirt takes the directory of VNC, or that of everything if there is one (src/qemu/qemu_conf.c)."""
    own, everything = (settings.get(name) for name in _CERTIFICATES)
    usual = (directory for directory in reversed(_CERTIFICATES.values()) if os.path.isdir(directory))
    directory = str(own or everything or next(usual, next(iter(_CERTIFICATES.values()))))
    return all(os.path.exists(os.path.join(directory, name)) for name in _CERTIFICATE_FILES)


def shared_filesystems(conf: str = _CONF) -> list[str]:
    """Directories that libvirt considers shared, whatever they are on (since 10.8)."""
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


def _scripts(directory: str) -> list[str]:
    """Without the gate, if it refuses only what the check blocks."""
    paths = [os.path.join(directory, name) for name in ("qemu", "network")]
    paths += [path for name in ("qemu.d", "network.d") for path in glob.glob(os.path.join(directory, name, "*"))]
    found = sorted(path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK))
    return [path for path in found if path != HOOK or not _passes_without_facts()]


def _passes_without_facts() -> bool:
    try:
        return read_settings()["pass_without_facts"] is True
    except (ValueError, LookupError, TypeError):
        return False


def resolve_names(names: Iterable[str]) -> dict[str, list[str]]:
    """The IP addresses that each name has here; none for a name that cannot be resolved."""
    return {name: _addresses_of(name) for name in names}


def _addresses_of(name: str) -> list[str]:
    try:
        return sorted({str(found[4][0]) for found in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)})
    except (OSError, UnicodeError):
        return []


def own_addresses(names: Mapping[str, Iterable[str]]) -> dict[str, Optional[str]]:
    """By each address of these names that is not this host's alone, the own address that packets to it have."""
    addresses = {address for its in names.values() for address in its}
    return {one: _own_address(one) for one in sorted(addresses) if not ip_address(one.partition("%")[0]).is_loopback}


def _own_address(peer: str) -> Optional[str]:
    """None without a route. Nothing is sent: UDP has no connections."""
    family = socket.AF_INET6 if ":" in peer else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.connect((peer, _DISCARD))
            return str(asking.getsockname()[0])
    except OSError:
        return None
