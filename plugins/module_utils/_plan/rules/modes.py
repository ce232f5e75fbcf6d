# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which options a network takes in which forward mode (libvirt's network_conf.c and networkValidate)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..._model import address
from ..._model.errors import Path, Problem
from ..._model.field import Document
from ..._model.forward import VIRTUAL, mode_of
from ..._model.vlan import ON_LINUX_BRIDGE

_VIRTUAL_ONLY = ("ips", "mac", "domain", "mtu")
_VIRTUAL_BRIDGE = ("stp", "delay", "zone")
# Values that libvirt treats as if the option were not set.
_UNSAID: tuple[Any, ...] = (None, [], "", 0)
_DNS_RECORDS = ("hosts", "txts", "srvs")
_OPEN_WITHOUT_IP = (10, 8, 0)
_REGISTER = (10, 1, 0)


def _name_mode(mode: str | None) -> str:
    return "an isolated network" if mode is None else f"forward mode {mode}"


def _report_misplaced(path: Path, mode: str | None, where: str) -> Problem:
    return Problem(
        "OPTION_NOT_IN_MODE",
        path,
        "{path} is not supported in {kind}, only in {where}.",
        kind=_name_mode(mode),
        where=where,
        removable=True,
    )


def check_modes(document: Document, version: tuple[int, int, int]) -> Iterator[Problem]:
    """What the mode does not support, and what it needs. document: not canonical: stp is rejected in other modes even
    if it has the default value."""
    mode = mode_of(document)
    forward: Document = _drop_unset(document.get("forward"))
    bridge: Document = _drop_unset(document.get("bridge"))
    document = _drop_unset(document)
    domain: Document = document.get("domain") or {}
    registers = bool(domain.get("register")) and not domain.get("local_only")
    if "name" not in (document.get("domain") or {}):
        document.pop("domain", None)
    interfaces, addresses, pf = _list_devices(forward), forward.get("addresses"), forward.get("pf")
    virtual = "isolated, nat, route and open networks"
    if mode not in VIRTUAL:
        for option in _VIRTUAL_ONLY:
            if option in document:
                yield _report_misplaced(Path(option), mode, virtual)
        for option in _VIRTUAL_BRIDGE:
            if option in bridge:
                yield _report_misplaced(Path("bridge", option), mode, virtual)
        for name in _DNS_RECORDS:
            if name in _drop_unset(document.get("dns")):
                yield _report_misplaced(Path("dns", name), mode, virtual)
        if "name" in bridge and mode != "bridge":
            yield _report_misplaced(Path("bridge", "name"), mode, f"{virtual} and in mode bridge")
        if "mac_table_manager" in bridge and mode != "bridge":
            yield _report_misplaced(Path("bridge", "mac_table_manager"), mode, f"{virtual} and in mode bridge")
        if "name" in bridge and (interfaces or pf):
            yield Problem(
                "POOL_AND_BRIDGE",
                Path("forward"),
                "forward lists devices and bridge.name is set; a network can have only one of them.",
            )
    if version >= _REGISTER and registers:
        yield Problem("DOMAIN_INVALID", Path("domain.register"), "domain.register requires domain.local_only: true.")
    needs_ip = mode in ("nat", "route") or (mode == "open" and version < _OPEN_WITHOUT_IP)
    if needs_ip and "ips" not in document:
        since = " before libvirt 10.8.0" if mode == "open" else ""
        yield Problem(
            "IP_REQUIRED",
            Path("ips"),
            "ips is missing: {kind} requires an address{since}.",
            kind=_name_mode(mode),
            since=since,
        )
    if mode in ("nat", "route") and len(interfaces or ()) > 1:
        yield Problem(
            "OPTION_NOT_IN_MODE",
            Path("forward.interfaces"),
            "forward.interfaces has several devices; {kind} supports only one.",
            kind=_name_mode(mode),
        )
    if mode == "open" and interfaces:
        yield _report_misplaced(Path("forward", "dev"), mode, "nat and route networks and in pools")
    if "nat" in forward and mode != "nat":
        yield _report_misplaced(Path("forward", "nat"), mode, "nat networks")
    if addresses and mode != "hostdev":
        yield _report_misplaced(Path("forward", "addresses"), mode, "hostdev networks")
    if interfaces and mode == "hostdev":
        yield _report_misplaced(
            Path("forward", "interfaces"), mode, "nat, route, bridge, private, vepa and passthrough networks"
        )
    if sum(bool(kind) for kind in (interfaces, addresses, pf)) > 1:
        yield Problem(
            "POOL_MIXED",
            Path("forward"),
            "forward has more than one of interfaces (or dev), addresses and pf; use only one.",
        )
    yield from _find_duplicates(forward)
    yield from _check_bandwidth(document, mode, bridge)
    yield from _check_vlans(document, mode, version)


def _drop_unset(document: Document | None) -> Document:
    """Without values that libvirt treats as not set. False is a set value."""
    return {
        name: value
        for name, value in (document or {}).items()
        if isinstance(value, bool) or not any(value == unsaid for unsaid in _UNSAID)
    }


def _list_devices(forward: Document) -> list[str]:
    listed = [str(item.get("dev")) for item in forward.get("interfaces") or ()]
    dev = forward.get("dev")
    return [dev, *listed] if dev and dev not in listed[:1] else listed


def _find_duplicates(forward: Document) -> Iterator[Problem]:
    listed = [str(item.get("dev")) for item in forward.get("interfaces") or ()]
    dev = forward.get("dev")
    if dev and listed and listed[0] != dev:
        yield Problem(
            "POOL_MIXED",
            Path("forward.dev"),
            "forward.dev is {dev!a} and the first of forward.interfaces is {first!a}; they must be the same.",
            dev=dev,
            first=listed[0],
        )
    addresses = [address.pci(str(item.get("address"))) for item in forward.get("addresses") or ()]
    for twice in sorted({name for name in (*listed, *addresses) if (listed + addresses).count(name) > 1}):
        yield Problem("MEMBER_TWICE", Path("forward"), "forward lists {twice!a} more than once.", twice=twice)


def _check_bandwidth(document: Document, mode: str | None, bridge: Document) -> Iterator[Problem]:
    if mode in VIRTUAL or (mode == "bridge" and "name" in bridge):
        return
    where = "isolated, nat, route and open networks and in mode bridge with bridge.name"
    if _has_limits(document):
        yield _report_misplaced(Path("bandwidth"), mode, where)
    for group in document.get("portgroups", ()):
        if _has_limits(group):
            yield _report_misplaced(Path(("portgroups", group.get("name")), "bandwidth"), mode, where)


def _has_limits(holder: Document) -> bool:
    bandwidth = holder.get("bandwidth") or {}
    return "inbound" in bandwidth or "outbound" in bandwidth


def _check_vlans(document: Document, mode: str | None, version: tuple[int, int, int]) -> Iterator[Problem]:
    network_port: Any = document.get("virtualport")
    for what, item in [(Path("vlan"), document)] + [
        (Path(("portgroups", group.get("name")), "vlan"), group) for group in document.get("portgroups", ())
    ]:
        vlan = item.get("vlan") or document.get("vlan")
        if not vlan or (item is document and any(g.get("default") for g in document.get("portgroups", ()))):
            continue
        own_port = item.get("virtualport") if item is not document else None
        port = own_port or network_port
        ovs = mode == "bridge" and bool(port) and port.get("type") == "openvswitch"
        if ovs or (mode in ("hostdev", "passthrough") and not own_port):
            continue
        if mode == "bridge" and not port:
            if version >= ON_LINUX_BRIDGE:
                continue
            yield Problem(
                "LIBVIRT_TOO_OLD",
                what,
                "{path} on a Linux bridge needs libvirt 11.0.0 or newer; this host runs {version}. With virtualport "
                "type openvswitch, older versions support it too.",
                version=".".join(map(str, version)),
            )
            continue
        yield _report_misplaced(
            what,
            mode,
            "hostdev and passthrough networks, with Open vSwitch bridges, and since libvirt 11.0 with Linux bridges",
        )
