# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which links the host makes at boot, by the files of systemd-networkd, NetworkManager and ifupdown.

netplan writes files for the first two into /run. Where these files are and what they hold: systemd.netdev(5),
systemd.network(5), nm-settings-keyfile(5), nm-settings-ifcfg-rh(5), interfaces(5), bridge-utils-interfaces(5),
vlan-interfaces(5), netplan(5).
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
_NETPLAN = ("/etc/netplan", "/run/netplan", "/usr/lib/netplan", "/lib/netplan")
_OFF = ("false", "no", "0", "off")
# What else than a bridge, bond, team or VLAN is never looked for.
_MADE_BY_KEYFILES = ("bridge", "bond", "team", "vlan")
# Keyfiles that NetworkManager passes over: hidden ones, copies of editors, certificates.
_NO_KEYFILE = re.compile(r"\..*|.*(?:~|\.pem|\.der|\.[A-Za-z0-9]{6})")
# Words of interfaces(5) that begin something new.
_STANZAS = ("iface", "mapping", "auto", "rename", "no-auto-down", "no-scripts", "source", "source-directory")
# Options by which ifupdown and its scripts make a device; the commands may do it, too.
_MAKES = re.compile(r"bridge_.*|bond_.*|slaves|vlan_.*|ovs_.*|pre_up|up|post_up")
# The files of a directory that ifupdown reads.
_PLAIN = re.compile(r"[a-zA-Z0-9_-]+", re.ASCII)
_COMMANDS = ("pre_up", "up", "post_up")


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
    wants = (directory for units in _UNITS for directory in _glob(f"{root}{units}/*.wants"))
    return any(_glob(f"{glob.escape(directory)}/{unit}") for directory in wants)


def _glob(pattern: str) -> list[str]:
    """For glob.glob, a directory that may not be read is empty. Raises OSError for it."""
    directory = os.path.dirname(pattern)
    if not glob.has_magic(directory):
        with suppress(FileNotFoundError, NotADirectoryError):
            os.listdir(directory)
    return glob.glob(pattern)


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def _sections(path: str) -> ConfigParser:
    parser = ConfigParser(strict=False, interpolation=None, allow_no_value=True, delimiters=("=",))
    try:
        parser.read_string(_read(path), path)
    except AttributeError as error:  # of configparser itself, for a line that continues a name without a value
        raise Error(f"{path} cannot be read: {error}") from error
    return parser


def _files(root: str, directories: Iterable[str], ending: str) -> list[str]:
    """By their names: a file hides those of its name in later directories, as a link to /dev/null hides them all."""
    found: dict[str, str] = {}
    for directory in directories:
        for path in _glob(f"{glob.escape(root + directory)}/*{ending}"):
            found.setdefault(os.path.basename(path), path)
    return [path for path in found.values() if os.path.realpath(path) != os.devnull]


def _by_networkd(root: str) -> Iterator[str]:
    """A VLAN is only made by the link below it, whose file must name it."""
    stacked = {
        name
        for path in _files(root, _NETWORKD, ".network")
        for part in (
            path,
            *_files(root, [f"{directory}/{os.path.basename(path)}.d" for directory in _NETWORKD], ".conf"),
        )
        for names in re.findall(r"^\s*VLAN\s*=(.*)$", _read(part), re.MULTILINE)
        for name in names.split()
    }
    for path in _files(root, _NETWORKD, ".netdev"):
        sections = _sections(path)
        name, kind = (sections.get("NetDev", option, fallback=None) for option in ("Name", "Kind"))
        if name and kind and (kind.lower() != "vlan" or name in stacked) and _is_kept(root, path, name):
            yield name


def _is_kept(root: str, path: str, name: str) -> bool:
    """Whether netplan, which writes its files at each boot, will write this one again."""
    if "netplan-" not in os.path.basename(path) or not path.startswith(f"{root}/run/"):
        return True
    pattern = re.compile(rf"""^[^#]*(?<![\w.-])["']?{re.escape(name)}["']?\s*:""", re.MULTILINE)
    return any(pattern.search(_read(file)) for file in _files(root, _NETPLAN, ".yaml"))


def _by_network_manager(root: str) -> Iterator[str]:
    profiles = list(_keyfiles(root))
    # A port that comes up brings up what it is a port of.
    wanted = {
        sections.get("connection", option, fallback=None)
        for _path, sections in profiles
        for option in ("master", "controller")
        if _connects(sections)
    }
    for path, sections in profiles:
        own = sections["connection"] if sections.has_section("connection") else {}
        name = own.get("interface-name") or _vlan_name(sections)
        if not name or own.get("type") not in _MADE_BY_KEYFILES or not _is_kept(root, path, name):
            continue
        if _connects(sections) or wanted & {name, own.get("uuid"), own.get("id")} - {None}:
            yield name
    for path in _glob(glob.escape(root) + _IFCFG):
        values = dict(re.findall(r"""^\s*(\w+)=["']?([^"'\n]*)""", _read(path), re.MULTILINE))
        if values.get("DEVICE") and values.get("ONBOOT", "yes").lower() not in _OFF:
            yield values["DEVICE"]


def _keyfiles(root: str) -> Iterator[tuple[str, ConfigParser]]:
    """In /etc they need no ending. Those that others than their owner may read are refused."""
    everything = (*_files(root, _KEYFILES, ".nmconnection"), *_files(root, _KEYFILES[:1], ""))
    for path in dict.fromkeys(everything):
        name, others = os.path.basename(path), os.stat(path).st_mode & 0o077
        if _NO_KEYFILE.fullmatch(name) or not os.path.isfile(path):
            continue
        if others and not path.startswith(root + _KEYFILES[-1]):
            continue
        with suppress(*(() if name.endswith(".nmconnection") else (Error, UnicodeDecodeError))):
            yield path, _sections(path)


def _connects(profile: ConfigParser) -> bool:
    return (profile.get("connection", "autoconnect", fallback=None) or "true").lower() not in _OFF


def _vlan_name(profile: ConfigParser) -> Optional[str]:
    """What NetworkManager calls a VLAN whose profile gives no name."""
    parent, number = (profile.get("vlan", option, fallback=None) for option in ("parent", "id"))
    return f"{parent}.{number}" if parent and number else None


def _by_ifupdown(root: str) -> Iterator[str]:
    """Interfaces that are brought up at boot and that their definition makes, and VLANs that are ports of these
    bridges."""
    at_boot: dict[str, str] = {}
    hotplugged: set[str] = set()
    made: dict[str, list[list[str]]] = {}
    options: list[list[str]] = []
    for words in _interfaces(root, f"{root}{_INTERFACES}", ()):
        if words[0] in ("auto", "allow-auto"):
            at_boot.update((name, logical or name) for name, _equals, logical in (w.partition("=") for w in words[1:]))
        elif words[0] == "allow-hotplug":
            hotplugged.update(words[1:])
        if words[0] in _STANZAS or words[0].startswith("allow-"):
            # What is defined in several families has all their options.
            options = made.setdefault(words[1], []) if words[0] == "iface" and len(words) > 1 else []
            options += made.get(words[words.index("inherits") + 1], []) if "inherits" in words[2:-1] else []
        else:
            options.append([words[0].replace("-", "_"), *words[1:]])
    # No event tells of a device that is yet to be made, but a VLAN comes with its link.
    at_boot.update({name: name for name in hotplugged if name.rpartition(".")[0] in hotplugged})
    for logical in list(at_boot.values()):
        for option, *words in made.get(logical, ()):
            if option in _COMMANDS and "ifup" in map(os.path.basename, words):
                at_boot.update({word: word for word in words if word in made})
    for name, logical in at_boot.items():
        if logical not in made:
            continue
        named_as_vlan = "." in name or re.fullmatch(r"vlan[0-9]+", name)
        if named_as_vlan or any(_MAKES.fullmatch(option) for option, *_words in made[logical]):
            yield name
        for option, *words in made[logical]:
            yield from (word for word in words if option == "bridge_ports" and "." in word)


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
            for inner in sorted(_included(root, os.path.dirname(path), words)):
                yield from _interfaces(root, inner, (*above, path))
        else:
            yield words


def _included(root: str, directory: str, words: list[str]) -> Iterator[str]:
    """directory: of the file that includes others."""
    for name in words[1:]:
        pattern = glob.escape(root) + name if name.startswith("/") else f"{glob.escape(directory)}/{name}"
        if words[0] == "source-directory":
            found = (inner for one in _glob(pattern) for inner in _glob(f"{glob.escape(one)}/*"))
            yield from (one for one in found if os.path.isfile(one) and _PLAIN.fullmatch(os.path.basename(one)))
        else:
            yield from filter(os.path.isfile, _glob(pattern))
