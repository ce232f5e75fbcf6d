# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scenario as its file says it. docs/truth.md describes the format."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import yaml

VERDICTS = ("ok", "warning", "blocked", "unknown")
RELEASES = ("bookworm", "trixie")
FLAGS = ("live", "p2p")


class ScenarioError(Exception):
    """The file cannot be run; it never counts as agreed."""


@dataclass(frozen=True)
class Side:
    """One host before the guest comes. after: commands once the guest in question runs; undo: what takes `run` back,
    where removing guests, networks, links and files of /var/lib/truth does not; qemu_conf: lines more of that file,
    with which libvirt is started anew."""

    links: tuple[dict[str, Any], ...] = ()
    nwfilters: tuple[str, ...] = ()
    networks: tuple[dict[str, Any], ...] = ()
    guests: tuple[dict[str, Any], ...] = ()
    run: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()
    qemu_conf: tuple[str, ...] = ()
    release: str = RELEASES[0]
    daemon: str = "running"


@dataclass(frozen=True)
class Asked:
    """One guest in question: interfaces, or its whole xml."""

    name: str
    interfaces: tuple[str, ...] = ()
    xml: str = ""
    boot: bool = True
    start: bool = True
    persistent: bool = True
    paused: bool = False
    mtu: int = 0
    memory: int = 0
    kvm: bool = False
    dhcp: bool = False
    devices: tuple[str, ...] = ()
    machine: str = ""
    domain: str = ""
    expect: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Scenario:
    path: Path
    name: str
    source: Side
    destination: Side
    guests: tuple[Asked, ...]
    expect: dict[str, Any]
    same_host: bool
    flags: tuple[str, ...]
    check: dict[str, Any]
    needs: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.path.stem


def load(path: Path) -> Scenario:
    """Raises ScenarioError."""
    try:
        return _scenario(path, yaml.safe_load(path.read_text()))
    except (OSError, ValueError, TypeError, AttributeError, yaml.YAMLError) as error:
        # A list where a mapping should be, and the like.
        raise ScenarioError(f"unreadable: {' '.join(str(error).split())}") from None


def _scenario(path: Path, data: Any) -> Scenario:
    _keys(data, "the file", "name", "source", "destination", "guest", "guests", "expect", "same_host", "migrate",
          "check", "needs", "releases", "ovs")  # fmt: skip
    if ("guest" in data) == ("guests" in data):
        raise ScenarioError("one of guest and guests is needed")
    asked = data["guests"] if "guests" in data else [data["guest"]]
    releases = data.get("releases") or [RELEASES[0], RELEASES[0]]
    if not isinstance(releases, list) or len(releases) != 2:
        raise ScenarioError("releases is not a list of the source's and the destination's")
    migrate = data.get("migrate") or {}
    _keys(migrate, "migrate", "flags")
    expect = _expect(data.get("expect") or {})
    return Scenario(
        path=path,
        name=str(data.get("name") or path.stem),
        source=_side(data.get("source"), "source", releases[0]),
        destination=_side(data.get("destination"), "destination", releases[1]),
        guests=tuple(_asked(one, number, len(asked)) for number, one in enumerate(asked)),
        expect=expect,
        same_host=bool(data.get("same_host")),
        flags=tuple(migrate.get("flags", FLAGS)),
        check=data.get("check") or {},
        needs=tuple(data.get("needs") or ()),
    )


def _keys(data: Any, where: str, *known: str) -> None:
    if not isinstance(data, dict):
        raise ScenarioError(f"{where} is not a mapping")
    strange = sorted(str(key) for key in data if key not in known)
    if strange:
        raise ScenarioError(f"{where} has unknown keys: {', '.join(strange)}")


def _expect(expect: Any) -> dict[str, Any]:
    _keys(expect, "expect", "verdict", "codes", "without")
    if "verdict" in expect and expect["verdict"] not in VERDICTS:
        raise ScenarioError(f"expect.verdict is none of {', '.join(VERDICTS)}")
    return dict(expect)


def _side(data: Any, where: str, release: str) -> Side:
    data = data or {}
    _keys(data, where, "links", "nwfilters", "networks", "guests", "run", "after", "undo", "release", "daemon",
          "qemu_conf")  # fmt: skip
    release = data.get("release", release)
    if release not in RELEASES:
        raise ScenarioError(f"{where}.release is none of {', '.join(RELEASES)}")
    links = tuple(data.get("links") or ())
    for link in links:
        _keys(link, f"a link of {where}", "name", "kind", "members", "mtu", "state", "addresses", "carrier", "over",
              "options")  # fmt: skip
        if "name" not in link:
            raise ScenarioError(f"a link of {where} has no name")
    networks = tuple({"xml": one} if isinstance(one, str) else dict(one) for one in data.get("networks") or ())
    for network in networks:
        _keys(network, f"a network of {where}", "xml", "start", "autostart", "transient", "live")
    guests = tuple({"xml": one} if isinstance(one, str) else dict(one) for one in data.get("guests") or ())
    return Side(
        links=links,
        nwfilters=tuple(data.get("nwfilters") or ()),
        networks=networks,
        guests=guests,
        run=tuple(data.get("run") or ()),
        after=tuple(data.get("after") or ()),
        undo=tuple(data.get("undo") or ()),
        qemu_conf=tuple(data.get("qemu_conf") or ()),
        release=release,
        daemon=data.get("daemon", "running"),
    )


def _asked(data: Any, number: int, count: int) -> Asked:
    _keys(data, "guest", "name", "interfaces", "xml", "boot", "start", "persistent", "paused", "mtu", "memory",
          "kvm", "dhcp", "devices", "machine", "domain", "expect")  # fmt: skip
    if "xml" not in data and "interfaces" not in data:
        raise ScenarioError("guest needs interfaces or xml")
    given = dict(data)
    for key in ("interfaces", "devices"):
        given[key] = tuple(given.get(key) or ())
    given["expect"] = _expect(given.get("expect") or {})
    return Asked(**{**given, "name": _name(given, "guest" if count == 1 else f"guest{number + 1}")})


def _name(given: dict[str, Any], otherwise: str) -> str:
    if "xml" not in given:
        return str(given.get("name", otherwise))
    try:
        name = ElementTree.fromstring(given["xml"]).findtext("name")
    except ElementTree.ParseError as error:
        raise ScenarioError(f"guest.xml is no XML: {error}") from None
    if not name:
        raise ScenarioError("guest.xml has no name")
    return name
