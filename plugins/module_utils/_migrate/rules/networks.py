# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network itself: is it there, does it run, will it run tomorrow, and does it reach what it reached?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Optional

from ..._model.field import Document
from ..._model.forward import is_virtual
from .. import remedy
from ..case import Case
from ..finding import Finding, Remedy, deaf, refused, unseen, weaker
from ..promise import families, removed

_REACH = {
    "l2": "the wire itself",
    "routed": "what the host routes to",
    "nat": "what the host masquerades for",
    "isolated": "the host's own guests only",
}


def exists(case: Case) -> Iterator[Finding]:
    if case.nic["type"] != "network":
        return
    if case.net is None:
        definition = None if case.had is None else _for_another_host(case, case.had["definition"])
        repair = None if definition is None else remedy.network(case.name, **definition, autostart=True)
        yield refused("NET_MISSING", f"{case.view.name} has no network '{case.name}'.", repair)
    elif not case.net.active:
        yield refused("NET_INACTIVE", f"N{case.where[1:]} is not active.", remedy.network(case.name, state="active"))


def lasts(case: Case) -> Iterator[Finding]:
    if case.net is None:
        return
    had = {} if case.had is None else case.had["network"]
    if not case.net.persistent:
        if had.get("persistent", True):
            options = {key: value for key, value in case.net.options.items() if key != "name"}
            yield weaker(
                "NET_TRANSIENT",
                f"N{case.where[1:]} is transient: it is gone once it stops.",
                remedy.network(case.name, **options, autostart=True),
            )
    elif not case.net.autostart and had.get("autostart", True):
        yield weaker(
            "NET_NO_AUTOSTART",
            f"N{case.where[1:]} does not start at boot.",
            remedy.network(case.name, autostart=True, **({} if case.net.active else {"state": "active"})),
        )
    if case.net.drift and case.net.active:
        lived = {option: case.net.live.get(option, _nothing(case.net.defined[option])) for option in case.net.drift}
        yield weaker(
            "NET_LIVE_DRIFT",
            f"N{case.where[1:]} runs with another definition than it will have at its next start "
            f"({', '.join(sorted(case.net.drift))}).",
            remedy.network(case.name, **lived),
        )


def reaches(case: Case) -> Iterator[Finding]:
    had, gets = case.had, case.gets
    if gets is None:
        return
    if had is None:
        yield unseen(
            f"What network '{case.name}' promises on the guest's own host is not known, so it cannot be held against "
            f"{case.view.name}'s."
        )
        return
    if had["reach"] != gets["reach"]:
        yield deaf(
            "NET_REACH_DIFFERS",
            f"N{case.where[1:]} reaches {_REACH[gets['reach']]} ({_mode(gets)}), on the guest's own host "
            f"{_REACH[had['reach']]} ({_mode(had)}).",
        )
    elif gets["mode"] == "private" and had["mode"] != "private":
        yield weaker(
            "NET_REACH_DIFFERS",
            f"On {case.where} (mode private) guests of one host do not reach each other; on the guest's own host "
            f"(mode {had['mode']}) they do.",
        )


def passes_on(case: Case) -> Iterator[Finding]:
    """libvirt turns a host's forwarding on when it starts such a network, and does not look again."""
    had, gets, told = case.had, case.gets, case.view.forwarding
    if had is None or gets is None or case.net is None or not case.net.active:
        return
    if had["reach"] != gets["reach"] or gets["reach"] not in ("nat", "routed"):
        return
    if told is None:
        yield unseen(f"Whether {case.view.name} passes on the packets of network '{case.name}' was not looked at.")
        return
    # Where the guest's own host was not looked at, it is taken to do its duty.
    for family in families(case.net) if had["forwarding"] is None else had["forwarding"]:
        if not told[family]:
            yield deaf(
                "NET_REACH_DIFFERS",
                f"{case.view.name} passes on no {_FAMILIES[family][0]} packets, so {case.where} reaches nothing "
                f"beyond the host by {_FAMILIES[family][0]}.",
                remedy.command("sysctl", "-w", f"{_FAMILIES[family][1]}=1"),
            )


_FAMILIES = {"ipv4": ("IPv4", "net.ipv4.ip_forward"), "ipv6": ("IPv6", "net.ipv6.conf.all.forwarding")}


def differs(case: Case) -> Iterator[Finding]:
    """What the network serves its guests with, and which no other rule speaks of."""
    if case.had is None or case.net is None:
        return
    had, gets = case.had["definition"], {} if case.gets is None else case.gets["definition"]
    options = [option for option, loses in _SERVED if loses(had.get(option), gets.get(option))]
    serves = [any(ip.get("dhcp") for ip in side.get("ips") or ()) for side in (had, gets)]
    if serves[0] and not serves[1]:
        options.append("dhcp")
    if options:
        wanted = {option: had.get(option) or _nothing(gets.get(option)) for option in options if option != "dhcp"}
        if "dhcp" in options and case.had["addresses"] == (case.gets or {}).get("addresses"):
            wanted["ips"] = had["ips"]
        yield weaker(
            "NET_CONTRACT_DIFFERS",
            f"N{case.where[1:]} serves its guests otherwise than on the guest's own host: {', '.join(options)}.",
            remedy.network(case.name, **wanted) if wanted else None,
        )


def _domain(had: object, gets: object) -> bool:
    """A domain more takes nothing away."""
    return bool(had) and had != gets


def _routes(had: Optional[list[Document]], gets: Optional[list[Document]]) -> bool:
    """A route more takes nothing away."""
    return any(route not in (gets or ()) for route in had or ())


def _names(had: Optional[Document], gets: Optional[Document]) -> bool:
    """Nor does a name that is known besides those the guest knows."""
    mine, its = had or {}, gets or {}
    if any(mine.get(option, default) != its.get(option, default) for option, default in _DNS):
        return True
    if any(record not in (its.get(kind) or ()) for kind in ("txts", "srvs") for record in mine.get(kind) or ()):
        return True
    return not _hosts(mine) <= _hosts(its)


def _hosts(dns: Document) -> set[tuple[object, object]]:
    return {(host.get("ip"), name) for host in dns.get("hosts") or () for name in host.get("hostnames") or ()}


_DNS: tuple[tuple[str, object], ...] = (("enable", True), ("forward_plain_names", True), ("forwarders", []))
_SERVED: tuple[tuple[str, Callable[[Any, Any], bool]], ...] = (
    ("domain", _domain),
    ("dns", _names),
    ("routes", _routes),
)


def subnets(case: Case) -> Iterator[Finding]:
    had, gets = case.had, case.gets
    if had is None or gets is None or had["reach"] != gets["reach"]:
        return
    gone = [address for address in had["addresses"] if address not in gets["addresses"]]
    if not gone:
        yield from _unseen_addresses(case)
        return
    lost = [] if case.net is None else removed(case.view, case.net)
    shown = (", ".join(gets["addresses"]) or "none") + (f" (its bridge has lost {', '.join(lost)})" if lost else "")
    sentence = f"The host's addresses on {case.where} are {shown}; the guest knows {', '.join(had['addresses'])}"
    repair = _put_back(case, lost) if set(gone) <= set(lost) else _redefine(case, had)
    if had["reach"] == "isolated" and _subnets(gone) <= _subnets(gets["addresses"]):
        yield weaker("SUBNET_DIFFERS", f"{sentence}.", repair)
    else:
        why = "subnet" if _subnets(gone) - _subnets(gets["addresses"]) else "gateway"
        yield deaf("SUBNET_DIFFERS", f"{sentence} as its {why}.", repair)


def _unseen_addresses(case: Case) -> Iterator[Finding]:
    """Whether the bridge has what the network defines."""
    net, view = case.net, case.view
    if net is None or not net.active or not net.bridge or not is_virtual(net.document):
        return
    link = view.link(net.bridge)
    if link is not None and link.get("addresses") is None and (case.gets or {}).get("addresses"):
        yield unseen(f"Whether the bridge of {case.where} has the network's addresses was not looked at.")


def _redefine(case: Case, had: Document) -> Remedy:
    return remedy.network(case.name, ips=had["definition"].get("ips") or [])


def _put_back(case: Case, lost: list[str]) -> Remedy:
    """The network is defined as it should be, and starting it anew would cut off its guests."""
    if case.net is None or len(lost) > 1:
        return None
    return remedy.command("ip", "address", "add", lost[0], "dev", str(case.net.bridge))


def _subnets(addresses: list[str]) -> set[object]:
    from ..._model.address import subnet

    found: set[object] = set()
    for address in addresses:
        host, _slash, prefix = address.partition("/")
        found.add(subnet(host, int(prefix)) if prefix.isdigit() else address)
    return found


def _mode(promise: Document) -> str:
    return f"forward mode {promise['mode']}" if promise["mode"] else "no forward"


def _nothing(value: object) -> object:
    """How an option is said to have nothing: by an empty value of its kind."""
    if isinstance(value, bool):
        return False
    return {dict: {}, list: [], int: 0}.get(type(value), "")


def _for_another_host(case: Case, definition: Document) -> Document | None:
    """A network's definition, if the destination has the devices that it stands on."""
    from ..._fleet.reach import underlying_links

    if definition.get("forward", {}).get("addresses"):
        return None
    if case.view.links is None:
        return None if underlying_links(definition) else definition
    return definition if all(case.view.link(device) for device in underlying_links(definition)) else None
