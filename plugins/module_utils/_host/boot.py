# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which links the host makes at boot, by the files of systemd-networkd, NetworkManager and ifupdown.

netplan writes files for the first two into /run. Where these files are and what they hold: systemd.netdev(5),
nm-settings-keyfile(5), nm-settings-ifcfg-rh(5), interfaces(5).
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator
from configparser import ConfigParser, Error
from contextlib import suppress
from typing import Any, Optional

_UNITS = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
_NETWORKD = ("/etc/systemd/network", "/run/systemd/network", "/usr/lib/systemd/network")
_KEYFILES = (
    "/etc/NetworkManager/system-connections", "/run/NetworkManager/system-connections",
    "/usr/lib/NetworkManager/system-connections",
)  # fmt: skip
_IFCFG = "/etc/sysconfig/network-scripts/ifcfg-*"
_INTERFACES = "/etc/network/interfaces"
_OFF = ("false", "no", "0", "off")


def read_boot(root: str = "") -> Optional[dict[str, Any]]:
    """tools: those that run at boot; links: each link that one of them makes, with the tool's name. root: before every
    path. None where a file cannot be read: the user may not, or it is damaged.
    """
    readers = {
        "systemd-networkd": ("systemd-networkd.service", _by_networkd),
        "NetworkManager": ("NetworkManager.service", _by_network_manager),
        "ifupdown": ("networking.service", _by_ifupdown),
    }
    try:
        tools = [tool for tool, (unit, _reader) in readers.items() if _is_enabled(root, unit)]
        links = {name: tool for tool in tools for name in readers[tool][1](root)}
    except (OSError, UnicodeDecodeError, Error):
        return None
    return {"tools": tools, "links": links}


def _is_enabled(root: str, unit: str) -> bool:
    root = glob.escape(root)
    wants = (folder for units in _UNITS for folder in _glob(f"{root}{units}/*.wants"))
    return any(_glob(f"{glob.escape(folder)}/{unit}") for folder in wants)


def _glob(pattern: str) -> list[str]:
    """For glob.glob, a folder that may not be read is empty. Raises OSError for it."""
    folder = os.path.dirname(pattern)
    if not glob.has_magic(folder):
        with suppress(FileNotFoundError, NotADirectoryError):
            os.listdir(folder)
    return glob.glob(pattern)


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def _sections(path: str) -> ConfigParser:
    parser = ConfigParser(strict=False, interpolation=None, allow_no_value=True, delimiters=("=",))
    parser.read_string(_read(path), path)
    return parser


def _files(root: str, folders: Iterable[str], ending: str) -> list[str]:
    """By their names: a file hides those of its name in later folders, as a link to /dev/null hides them all."""
    found: dict[str, str] = {}
    for folder in folders:
        for path in _glob(f"{glob.escape(root + folder)}/*{ending}"):
            found.setdefault(os.path.basename(path), path)
    return [path for path in found.values() if os.path.realpath(path) != os.devnull]


def _by_networkd(root: str) -> Iterator[str]:
    for path in _files(root, _NETWORKD, ".netdev"):
        name = _sections(path).get("NetDev", "Name", fallback=None)
        if name:
            yield name


def _by_network_manager(root: str) -> Iterator[str]:
    for path in _files(root, _KEYFILES, ".nmconnection"):
        sections = _sections(path)
        name = sections.get("connection", "interface-name", fallback=None)
        autoconnect = sections.get("connection", "autoconnect", fallback=None) or "true"
        if name and autoconnect.lower() not in _OFF:
            yield name
    for path in _glob(glob.escape(root) + _IFCFG):
        values = dict(re.findall(r"""^\s*(\w+)=["']?([^"'\n]*)""", _read(path), re.MULTILINE))
        if values.get("DEVICE") and values.get("ONBOOT", "yes").lower() not in _OFF:
            yield values["DEVICE"]


def _by_ifupdown(root: str) -> Iterator[str]:
    """Interfaces that are brought up at boot and have a definition."""
    lines = list(_interfaces(root, f"{root}{_INTERFACES}", ()))
    brought_up = {name for words in lines if words[0] in ("auto", "allow-auto", "allow-hotplug") for name in words[1:]}
    yield from (words[1] for words in lines if words[0] == "iface" and len(words) > 1 and words[1] in brought_up)


def _interfaces(root: str, path: str, above: tuple[str, ...]) -> Iterator[list[str]]:
    """The words of each line, with the files that it includes."""
    text = ""
    if path not in above:
        with suppress(FileNotFoundError):
            text = _read(path)
    for line in text.replace("\\\n", " ").splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] in ("source", "source-directory") and len(words) > 1:
            pattern = words[1] if words[1].startswith("/") else f"/etc/network/{words[1]}"
            within = f"{pattern}/*" if words[0] == "source-directory" else pattern
            for inner in sorted(_glob(glob.escape(root) + within)):
                if os.path.isfile(inner):
                    yield from _interfaces(root, inner, (*above, path))
        else:
            yield words
