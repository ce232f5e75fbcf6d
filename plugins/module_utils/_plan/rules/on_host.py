# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks a definition against the host: whether libvirt can start it there, what has no effect there, and what only
libvirt can check."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..._model import address
from ..._model.bandwidth import UNKNOWN_TRAFFIC_CONTROL
from ..._model.dnsmasq import needs_dnsmasq
from ..._model.errors import Path, Problem
from ..._model.field import EXTRA, Document, Entity
from ..._model.forward import is_virtual, mode_of
from ..._model.host import MODELLED, Host
from ..._model.host_facts import HostFacts
from ..._model.ip import prefix_of
from ..._model.network import NETWORK

ZONE_OF_OPEN = (11, 3, 0)
_ALL = 0xFFFFFFFF


@dataclass
class OnHost:
    """at_once: why libvirt would reject the definition; problems: why its start would fail; dead: what has no effect
    there; outstanding: what only libvirt can check, as the end of a sentence.
    """

    at_once: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    outstanding: list[str] = field(default_factory=list)

    def add_problem(self, code: str, path: Path, template: str, /, **parameters: Any) -> None:
        self.problems.append(Problem(code, path, template, **parameters))


@dataclass(frozen=True)
class StartPlan:
    """leaving: bridges that will be gone by then; plugs: whether guests are plugged into the bridge at once."""

    leaving: frozenset[str] = frozenset()
    plugs: bool = False


def check_on_host(document: Document, host: Host, facts: HostFacts | None, plan: StartPlan = StartPlan()) -> OnHost:
    """facts: None for a host that cannot be looked at."""
    found = OnHost()
    if host.version > MODELLED and _has_unknown(NETWORK, document):
        found.outstanding.append("whether libvirt accepts XML that is newer than this collection")
    if facts is None:
        found.outstanding.append(
            "anything that depends on the host's links, routes and files, which are not visible from here"
        )
        return found
    if facts.hook:
        found.outstanding.append("what the host's hook script for networks does")
    if is_virtual(document):
        _check_routes(found, document, facts, plan.leaving)
        _check_services(found, document, facts)
        _check_ipv6(found, document, facts)
        _check_zone(found, document, host, facts)
        if _registers_guests(document) and facts.resolved is False:
            found.add_problem(
                "DOMAIN_INVALID",
                Path("domain.register"),
                "domain.register requires systemd-resolved, which does not run on this host.",
            )
    else:
        _check_pool(found, document, facts)
        _check_bridge(found, document, facts, plan)
    # A portgroup's bandwidth concerns the host as soon as a guest is plugged in.
    limited = [document, *(document.get("portgroups") or () if plan.plugs else ())]
    if any(map(_has_limits, limited)) and facts.traffic_control is None:
        found.outstanding.append(UNKNOWN_TRAFFIC_CONTROL)
    if _uses_filters(document):
        _check_vlan_filtering(found, facts)
    _check_links(found, document, facts)
    return found


def _has_unknown(entity: Entity, document: Document) -> bool:
    for name, value in document.items():
        if name == EXTRA:
            return True
        nested = entity.fields[name].entity
        if nested and any(_has_unknown(nested, item) for item in (value if isinstance(value, list) else [value])):
            return True
    return False


def _has_limits(document: Document) -> bool:
    return bool((document.get("bandwidth") or {}).keys() & {"inbound", "outbound"})


def _uses_filters(document: Document) -> bool:
    return (document.get("bridge") or {}).get("mac_table_manager") == "libvirt"


def _registers_guests(document: Document) -> bool:
    domain = document.get("domain") or {}
    return bool(domain.get("register") and domain.get("name") and document.get("ips"))


def _check_routes(found: OnHost, document: Document, facts: HostFacts, leaving: frozenset[str]) -> None:
    """Like networkCheckRouteCollision: IPv4, and only identical subnets."""
    taken = {
        (route.address & route.mask, route.mask): route.link for route in facts.routes if route.link not in leaving
    }
    for option, prefix_in in (("ips", prefix_of), ("routes", _find_route_prefix)):
        for item in document.get(option) or ():
            link = taken.get(_find_subnet(item, prefix_in(item)) or (-1, -1))
            if link:
                found.add_problem(
                    "SUBNET_OVERLAP",
                    Path((option, item["address"])),
                    "The subnet of {path} is already routed through {link}, a link of this host; libvirt would not "
                    "start the network.",
                    link=link,
                )


def _find_route_prefix(item: Document) -> int | None:
    """A default route has 0, which in a network's own address is as good as none."""
    return 0 if item.get("prefix") == 0 else prefix_of(item)


def _find_subnet(item: Document, prefix: int | None) -> tuple[int, int] | None:
    raw = address.packed(str(item.get("address", "")))
    if raw is None or len(raw) != 4 or prefix is None:
        return None
    mask = _ALL << (32 - prefix) & _ALL
    return int.from_bytes(raw, "big") & mask, mask


def _check_services(found: OnHost, document: Document, facts: HostFacts) -> None:
    if not needs_dnsmasq(document):
        return
    for ip in document.get("ips") or ():
        root = ip.get("tftp")
        if root and root not in facts.directories:
            found.add_problem(
                "TFTP_ROOT_MISSING",
                Path(("ips", ip["address"])) / "tftp",
                "{path} is {root!a}, which does not exist on this host.",
                root=root,
            )
    if facts.dnsmasq:
        found.add_problem(
            "DNSMASQ_REFUSES", Path(), "The host's dnsmasq would not start: {reason}.", reason=facts.dnsmasq
        )
    elif facts.dnsmasq is None and document.get("dnsmasq_options"):
        found.outstanding.append("whether dnsmasq accepts dnsmasq_options")


def _check_ipv6(found: OnHost, document: Document, facts: HostFacts) -> None:
    first = next((ip["address"] for ip in document.get("ips") or () if ":" in str(ip.get("address"))), None)
    if first is None:
        return
    if not facts.ipv6:
        found.add_problem(
            "IPV6_MISSING", Path("ips"), "ips has {first}, but this host's kernel has no IPv6.", first=first
        )
    if facts.accept_ra and mode_of(document) is not None:
        links = ", ".join(facts.accept_ra)
        found.add_problem(
            "ACCEPT_RA",
            Path(),
            "This host gets IPv6 routes from router advertisements on {links}. It would lose them when the network "
            "enables IPv6 forwarding, so libvirt does not start the network until accept_ra is 2 there.",
            links=links,
        )


def _check_zone(found: OnHost, document: Document, host: Host, facts: HostFacts) -> None:
    zone = (document.get("bridge") or {}).get("zone")
    # Once libvirt left open networks to the host's own firewall, zone included.
    ignored = mode_of(document) == "open" and host.version < ZONE_OF_OPEN
    if zone and facts.firewalld is False and not ignored:
        found.add_problem(
            "BRIDGE_INVALID",
            Path("bridge.zone"),
            "bridge.zone is {zone!a}, but firewalld does not run on this host.",
            zone=zone,
        )
    elif zone:
        found.outstanding.append("whether firewalld has the zone of bridge.zone")


def _check_pool(found: OnHost, document: Document, facts: HostFacts) -> None:
    forward = document.get("forward") or {}
    pf = (forward.get("pf") or {}).get("dev")
    if pf and facts.vfs.get(pf) is None:
        found.add_problem("PF_MISSING", Path("forward.pf"), "forward.pf: PF {pf!a} does not exist on this host.", pf=pf)
    elif pf and not facts.vfs[pf]:
        found.add_problem(
            "PF_NO_VFS", Path("forward.pf"), "forward.pf: PF {pf!a} has no VFs that the network can use.", pf=pf
        )
    for item in forward.get("addresses") or ():
        function = address.pci(str(item.get("address")))
        if not facts.functions.get(function):
            found.at_once.append(
                Problem(
                    "MEMBER_NO_VF",
                    Path("forward.addresses"),
                    "forward.addresses has {function}, which is not a VF on this host.",
                    function=function,
                )
            )


def _check_bridge(found: OnHost, document: Document, facts: HostFacts, plan: StartPlan) -> None:
    name = (document.get("bridge") or {}).get("name")
    if not name or name in facts.links:
        return
    needing = {
        ("bandwidth", ""): _has_limits(document),
        ("bridge.mac_table_manager", ": libvirt"): _uses_filters(document),
        ("restart", ": replug"): plan.plugs,
    }
    for (option, setting), needs in needing.items():
        if needs:
            found.add_problem(
                "BRIDGE_MISSING",
                Path(option),
                "{path}{setting} requires bridge {name!a}, which does not exist on this host.",
                setting=setting,
                name=name,
            )


def _check_vlan_filtering(found: OnHost, facts: HostFacts) -> None:
    if facts.vlan_filtering is False:
        found.add_problem(
            "BRIDGE_INVALID",
            Path("bridge.mac_table_manager"),
            "{path}: libvirt requires VLAN filtering, which this host's kernel lacks.",
        )
    elif facts.vlan_filtering is None:
        found.outstanding.append("whether the kernel has the VLAN filtering that bridge.mac_table_manager needs")


def _check_links(found: OnHost, document: Document, facts: HostFacts) -> None:
    forward = document.get("forward") or {}
    devices = [forward.get("dev"), *(item.get("dev") for item in forward.get("interfaces") or ())]
    for device in dict.fromkeys(filter(None, devices)):
        if device not in facts.links:
            found.dead.append(f"forward refers to link {device!a}, which does not exist on this host.")
    bridge = (document.get("bridge") or {}).get("name")
    if mode_of(document) == "bridge" and bridge and bridge not in facts.links:
        found.dead.append(f"bridge {bridge!a} of bridge.name does not exist on this host: no guest can be plugged in.")
