# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host as router: do a guest's packets get through it, and do the answers come back?

What the guest's own host did not pass on either is not a finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Optional

from .. import remedy
from ..destination_facts import NetworkFacts
from ..finding import BLOCKED, WARNING, Finding, FindingKind, blocked, degraded, unknown
from ..frame_path import DOWN, NONE, UP
from ..guest_facts import SourceLink, Uplink
from ..lookup_kinds import HOST, LINKS
from ..nic_settings import forward_device
from ..router.facts import NO_ROUTES, FamilyRoutes, NicRouting, Passage
from ..router.of_nic import is_reached, routing_on, served_directions
from ..router.passages import ACROSS, ADVERTISED, BACK, DHCP, DIVERTED, DNS, IN, NATTED, OUT, WITH_HOST
from ..router.ruleset import OPEN, PART, SHUT
from ..router.spans import is_within, network_of, span_of
from ..rule import NicCase, nic_rule

FIREWALL_DROPS = blocked(
    "FIREWALL_DROPS",
    "The firewall of {host} drops {family} packets {which} {subject}: {rules}.",
    "The firewall of the host drops the guest's packets to the outside, the replies, or, on a routed network, "
    "connections from outside. Or, with br_netfilter, it drops packets through the bridge (Docker sets the policy "
    "DROP). Seen",
    "allow them, for example in the chain DOCKER-USER",
)
FIREWALL_DROPS_WITHIN = FIREWALL_DROPS.rated(
    WARNING, "On a NAT, routed or isolated network, it drops packets between guests of the same host"
)
FIREWALL_DROPS_HOST = FIREWALL_DROPS.rated(
    BLOCKED,
    "On a network whose bridge libvirt creates, it drops packets from the host itself to guests, or their replies",
)
FIREWALL_DROPS_SERVICE = FIREWALL_DROPS.rated(
    WARNING,
    "It drops requests to the network's dnsmasq: leases are not renewed, names are not resolved. Only libvirt's "
    "iptables backend adds rules that allow these requests",
)
DIVERTS = blocked(
    "FIREWALL_DIVERTS",
    "The firewall of {host} redirects {family} packets {which} {subject}: {rules}.",
    "The firewall of the host replaces the target of all packets that the guest sends to the outside (DNAT, REDIRECT). "
    "Seen",
    "remove the rule, or let it match other packets only",
)
FIREWALL_UNKNOWN = unknown(
    "The firewall of {host} may drop {family} packets {which} {subject}: {rules}.",
    code="FIREWALL_UNKNOWN",
    means="A rule of the host's firewall drops some of these packets, or may drop them: the check does not understand "
    "what the rule matches (marks, sets that change, queues). The sentence names it. Rules that drop the same packets "
    "on the source are not a finding",
    repair="check it yourself, and set the severity of the code with policy",
)
FIREWALL_NOT_SEEN = unknown(
    "It is unknown whether the firewall of {host} lets the packets of {subject} pass.",
    code="FIREWALL_UNKNOWN",
)
FORWARDING_OFF = blocked(
    "NET_REACH_DIFFERS",
    "{host} does not forward {family} packets that arrive on {by}, so {subject} reaches nothing beyond the host "
    "over {family}.",
)
NAT_GONE = blocked(
    "NET_REACH_DIFFERS",
    "{host} does not masquerade {family} packets from {subject}, as the guest's own host does, so no replies come "
    "back.",
)
NAT_NEW = blocked(
    "NET_REACH_DIFFERS",
    "{host} masquerades {family} packets from {subject}, so others cannot reach the guest by its own address; on the "
    "guest's own host they can.",
)
NAT_UNREACHABLE = blocked(
    "NAT_UNREACHABLE",
    "{host} sends the packets of {subject} from {addresses}, which it does not have, so no replies come back.",
    "The addresses of `<nat>` are in a subnet of the host, which does not have them, so no replies come back. Seen",
    "add them to the host",
)
NAT_UNSURE = unknown(
    "It is unknown whether replies to {addresses}, from which {host} sends the packets of {subject}, reach that host.",
    code="NAT_UNREACHABLE",
    means="The host does not have the addresses of `<nat>`, and none of its subnets contains them: whether replies "
    "come back depends on other routers",
    repair="route them to the host, and set the severity of the code with policy",
)
NO_ROUTE = blocked(
    "ROUTE_MISSING",
    "{host} has no {family} route to {networks}, which guests on {subject} reach from the guest's own host.",
    "The host has no default route, or no route to a network that the source has a route to. Seen",
    "`ip route add`",
)
ROUTE_DEAD = blocked(
    "ROUTE_MISSING",
    "The {family} default route of {host} for packets of {subject} uses {link}, which is down or has no carrier.",
    "The link of the default route is down or has no carrier",
)
ROUTES_UNKNOWN = unknown(
    "It is unknown where {host} routes {family} packets of {subject}: {rules}.",
    code="ROUTE_UNKNOWN",
    means="The host has routing rules (`ip rule`), other networks in the table that a rule selects, unreachable "
    "networks (`ip route add blackhole`), routes by a link that is down, or routes to large parts of all addresses "
    "(0.0.0.0/1) that the source lacks. Or its default route uses a link of a kind that the check does not understand",
    repair="check it yourself, and set the severity of the code with policy",
)
BRIDGE_ADDRESS_GONE = blocked(
    "SUBNET_DIFFERS",
    "Bridge {link} on {host} does not have {lost}, the guest's gateway on its own host, where the bridge has no "
    "uplink and the host routes.",
)
BRIDGE_PROGRAMS = unknown(
    "Bridge {link} on {host}, through which packets of {subject} pass, has {programs}, which may drop them.",
    code="FIREWALL_UNKNOWN",
)
NO_ARP = blocked(
    "NO_ARP",
    "{host} does not answer ARP requests on bridge {link} ({setting}), so guests on {subject} cannot reach it.",
    "The host has its address on the bridge, but does not answer ARP requests for it. Seen",
    "`sysctl`, or `ip link set arp on`",
)
NO_NDP = blocked(
    "NO_ARP",
    "{host} does not look for IPv6 neighbours on bridge {link} ({setting}), so guests on {subject} cannot reach it.",
)
ROUTED_ELSEWHERE = unknown(
    "{host} does not reach all of the addresses of {subject} through its bridge: {routes}.",
    code="SUBNET_MISROUTED",
    means="The host has a route for a part of the network's addresses that does not lead to the guests, or no route to "
    "the network at all (seen). Or it has some of these addresses itself, or permanent neighbours on the bridge. It is "
    "unknown whether the guest's address is among them",
    repair="remove it, or set the severity of the code with policy",
)
FORWARDS_LOST = degraded(
    "FORWARDS_LOST",
    "The guest's own host forwards connections from outside to {targets} on {subject}; {host} does not.",
    "The guest's own host forwards ports to the guest (DNAT), and the destination lacks a rule for the same protocol, "
    "ports and target. For a guest without a DHCP lease, rules for any address of its network count",
    "add the rule; clients must then use the address of the destination",
)
_WORDS = {
    OUT: "from", BACK: "back to", IN: "from outside to", ACROSS: "within the bridge of",
    WITH_HOST: "between the host itself and", DHCP: "of DHCP from", DNS: "of DNS from",
    ADVERTISED: "of router advertisements to", DIVERTED: "from",
}  # fmt: skip
_FAMILY_WORDS = {"ipv4": "IPv4", "ipv6": "IPv6"}
_SHOWN = 3


@nic_rule(
    FIREWALL_DROPS,
    FIREWALL_DROPS_WITHIN,
    FIREWALL_DROPS_HOST,
    FIREWALL_DROPS_SERVICE,
    DIVERTS,
    FIREWALL_UNKNOWN,
    FIREWALL_NOT_SEEN,
    FORWARDING_OFF,
    NAT_GONE,
    NAT_NEW,
    NAT_UNREACHABLE,
    NAT_UNSURE,
    NO_ROUTE,
    ROUTE_DEAD,
    ROUTES_UNKNOWN,
    BRIDGE_ADDRESS_GONE,
    BRIDGE_PROGRAMS,
    NO_ARP,
    NO_NDP,
    ROUTED_ELSEWHERE,
    FORWARDS_LOST,
    needs=(HOST, LINKS),
)
def check_router(case: NicCase) -> Iterator[Finding]:
    bridge = _bridge_of(case)
    if bridge is None:
        return
    after = routing_on(case.host, bridge, case.net) if case.after is None else case.after.routing
    if after is not None:
        yield from _Compared(case, after, bridge).check()
    elif case.host.routers is None and case.host.links is not None:
        # Without links, other rules say so.
        yield FIREWALL_NOT_SEEN.found(network=case.nic.network_name)


def _bridge_of(case: NicCase) -> Optional[str]:
    """That the NIC comes to; None without one, or where another rule finds it of another sort."""
    net, nic = case.net, case.nic
    if net is None:
        return nic.source if nic.type == "bridge" and nic.source and case.host.is_bridge(nic.source) else None
    if not net.active or case.after is None or (case.before is not None and case.before.reach != case.after.reach):
        return None
    return net.bridge


class _Compared:
    """One NIC's bridge on its own host (had, None where it was not looked at) and on the destination (gets).

    l2: whether the bridge is the host's own; routes: whether the host is a router for it.
    """

    def __init__(self, case: NicCase, after: NicRouting, bridge: str) -> None:
        self.case = case
        self.after = after
        self.bridge = bridge
        self.network = case.nic.network_name
        self.l2 = case.net is None or not case.net.is_virtual
        link = case.nic.source_link or SourceLink()
        self.before = link.routing if case.net is None else None if case.before is None else case.before.routing
        uplink = link.uplink if case.net is None else Uplink() if case.before is None else case.before.uplink
        if self.l2:
            self.routes = self.before is not None and bool(self.before.addresses) and uplink.state == NONE
        else:
            self.routes = case.after is not None and case.after.reach in ("nat", "routed")

    def check(self) -> Iterator[Finding]:
        yield from self._check_across()
        if self.routes or not self.l2:
            yield from self._check_neighbours()
        if self.case.net is not None and self.case.net.is_virtual:
            yield from self._check_served(self.case.net)
        if self.routes:
            yield from self._check_lost_addresses()
            yield from self._compare_nat_addresses()
            yield from self._check_forwards()
            for family in (self.before or self.after).families:
                yield from self._check_routed(family)

    def _check_across(self) -> Iterator[Finding]:
        """Within the bridge, where only br_netfilter and filters of bridges see packets."""
        for family in _FAMILY_WORDS:
            yield from self._check_dropped(family, (ACROSS,), FIREWALL_DROPS if self.l2 else FIREWALL_DROPS_WITHIN)

    def _check_neighbours(self) -> Iterator[Finding]:
        """Whether guests and their host find each other."""
        families = self.after.families
        if "ipv4" in families and self.after.no_arp and not (self.before is not None and self.before.no_arp):
            yield NO_ARP.found(network=self.network, link=self.bridge, setting=self.after.no_arp)
        elif "ipv6" in families and self.after.no_ndp and not (self.before is not None and self.before.no_ndp):
            yield NO_NDP.found(network=self.network, link=self.bridge, setting=self.after.no_ndp)
        programs = [one for one in self.after.programs if self.before is None or one not in self.before.programs]
        if programs:
            yield BRIDGE_PROGRAMS.found(network=self.network, link=self.bridge, programs=programs)
        new = [route for route in self.after.misrouted if self.before is None or route not in self.before.misrouted]
        if new:
            yield ROUTED_ELSEWHERE.found(network=self.network, routes=new[:_SHOWN])

    def _check_served(self, net: NetworkFacts) -> Iterator[Finding]:
        """What guests have to do with the host itself and the network's dnsmasq."""
        for family in _FAMILY_WORDS:
            yield from self._check_dropped(family, (WITH_HOST,), FIREWALL_DROPS_HOST)
            with_host = self.after.passage(family, WITH_HOST)
            for direction in served_directions(net, family):
                asked = self.after.passage(family, direction)
                # The finding above says it if the same rules drop both.
                if asked is not None and (with_host is None or asked.rules != with_host.rules):
                    yield from self._check_dropped(family, (direction,), FIREWALL_DROPS_SERVICE)

    def _check_dropped(self, family: str, ways: Iterable[str], kind: FindingKind) -> Iterator[Finding]:
        """One finding for all ways on which it is by the same rules."""
        found: dict[tuple[bool, tuple[str, ...]], list[str]] = {}
        for direction in ways:
            after, before = (
                self.after.passage(family, direction),
                None if self.before is None else self.before.passage(family, direction),
            )
            if after is not None and not (before is not None and before.state == SHUT):
                rules = _find_new_rules(before, after)
                if rules:
                    found.setdefault((after.state == SHUT, rules), []).append(_WORDS[direction])
        for (shut, rules), which in found.items():
            yield (kind if shut else FIREWALL_UNKNOWN).found(
                network=self.network,
                family=_FAMILY_WORDS[family],
                which=which,
                rules="; ".join(rules[:_SHOWN]) + ("; ..." if len(rules) > _SHOWN else ""),
            )

    def _check_routed(self, family: str) -> Iterator[Finding]:
        if self.before is not None and family in self.before.stopped:
            return
        stopped = self.after.stopped.get(family)
        # What a network's host passes on at all has a rule of its own.
        if stopped is not None and (self.l2 or stopped != "all"):
            yield self._report_not_forwarded(family, stopped)
        yield from self._compare_routes(family)
        # A guest that could not send had no answers either.
        both = () if self._was_shut(family, OUT) or self._was_shut(family, BACK) else (OUT, BACK)
        called = (IN,) if self._is_reached_from_outside(family) else ()
        yield from self._check_dropped(family, (*both, *called), FIREWALL_DROPS)
        yield from self._check_dropped(family, (DIVERTED,), DIVERTS)
        yield from self._check_masquerading(family)

    def _report_not_forwarded(self, family: str, link: str) -> Finding:
        names = {"ipv4": "net.ipv4.ip_forward", "ipv6": "net.ipv6.conf.all.forwarding"}
        name = names[family] if link == "all" else f"net.ipv4.conf.{link}.forwarding"
        return FORWARDING_OFF.found(
            network=self.network,
            by="any link" if link == "all" else link,
            family=_FAMILY_WORDS[family],
            remedy=remedy.run_command("sysctl", "-w", f"{name}=1"),
        )

    def _was_shut(self, family: str, direction: str) -> bool:
        before = None if self.before is None else self.before.passage(family, direction)
        return before is not None and before.state == SHUT

    def _is_reached_from_outside(self, family: str) -> bool:
        before = None if self.before is None else self.before.passage(family, NATTED)
        if before is not None:
            return before.state == OPEN
        return self.case.after is not None and self.case.after.reach == "routed"

    def _check_masquerading(self, family: str) -> Iterator[Finding]:
        words: dict[str, Any] = {"network": self.network, "family": _FAMILY_WORDS[family]}
        before = None if self.before is None else self.before.passage(family, NATTED)
        after = self.after.passage(family, NATTED)
        if after is None or (before is not None and before.state == after.state and after.state in (OPEN, SHUT)):
            return
        if before is not None and before.state == after.state and before.rules == after.rules:
            return
        # A source that was not looked at masquerades where its network says so.
        was = (
            before.state if before is not None else SHUT if self.case.after and self.case.after.reach == "nat" else OPEN
        )
        if after.state in (None, PART) or was in (None, PART):
            yield FIREWALL_UNKNOWN.found(
                which=_WORDS[OUT], rules="; ".join(after.rules[:_SHOWN]) or "masquerading", **words
            )
        elif after.state != was:
            yield (NAT_GONE if was == SHUT else NAT_NEW).found(**words)

    def _compare_nat_addresses(self) -> Iterator[Finding]:
        """Those of <nat>, which are IPv4 only."""
        net = self.case.net
        if net is None or self.after.nat in ("", UP) or (self.before is not None and self.before.nat == DOWN):
            return
        pool = ((net.document.get("forward") or {}).get("nat") or {})["address"]
        addresses = " to ".join(dict.fromkeys(str(pool.get(end) or pool.get("start")) for end in ("start", "end")))
        kind = NAT_UNREACHABLE if self.after.nat == DOWN else NAT_UNSURE
        yield kind.found(network=self.network, addresses=addresses)

    def _check_forwards(self) -> Iterator[Finding]:
        own, before = self.case.nic.leases, () if self.before is None else self.before.forwards
        gone = [one for one in before if not any(there.includes(one) for there in self.after.forwards)]
        lost = [one.shown for one in gone if not own or any(is_within(address, one.address) for address in own)]
        if lost:
            yield FORWARDS_LOST.found(network=self.network, targets=lost)

    def _compare_routes(self, family: str) -> Iterator[Finding]:
        words: dict[str, Any] = {"network": self.network, "family": _FAMILY_WORDS[family]}
        if self.after.routes is None or (self.case.net is not None and forward_device(self.case.net)):
            return
        before = None if self.before is None or self.before.routes is None else self.before.routes.get(family)
        after = self.after.routes.get(family) or NO_ROUTES
        strange = [rule for rule in after.rules or () if before is None or rule not in (before.rules or ())]
        missing = _find_missing(before, after)
        rejected = [] if before is None else [one for one in after.rejected if one not in before.rejected]
        strange += [f"packets to {one} are unreachable" for one in rejected if not self._is_own(one)]
        strange += [one for one in after.detours or () if before is None or one not in (before.detours or ())]
        if after.rules is None or after.detours is None or strange:
            yield ROUTES_UNKNOWN.found(rules="; ".join(strange[:_SHOWN]) or "its rules cannot be read", **words)
        elif missing:
            yield NO_ROUTE.found(networks=missing, **words)
        elif after.default and self.after.default_route.get(family) != UP:
            yield from self._check_dead_route(family, after, words)

    def _is_own(self, network: str) -> bool:
        """Of the NIC's own networks, another finding says it."""
        part = span_of(network)
        spans = [network_of(address) for address in self.after.addresses]
        return part is not None and any(one is not None and one[0] <= part[0] and part[1] <= one[1] for one in spans)

    def _check_dead_route(self, family: str, after: FamilyRoutes, words: dict[str, Any]) -> Iterator[Finding]:
        if self.before is not None and self.before.default_route.get(family, DOWN) == DOWN:
            return
        if self.after.default_route.get(family) == DOWN:
            yield ROUTE_DEAD.found(link=after.default[0], **words)
        else:
            yield ROUTES_UNKNOWN.found(rules=f"the default route uses {after.default[0]}", **words)

    def _check_lost_addresses(self) -> Iterator[Finding]:
        """Of a network, other rules compare them."""
        if not self.l2 or self.before is None:
            return
        lost = sorted(set(self.before.addresses) - set(self.after.addresses))
        if lost:
            repair = remedy.run_command("ip", "address", "add", lost[0], "dev", self.bridge) if len(lost) == 1 else None
            yield BRIDGE_ADDRESS_GONE.found(network=self.network, link=self.bridge, lost=lost, remedy=repair)


def _find_new_rules(before: Optional[Passage], after: Passage) -> tuple[str, ...]:
    """That drop packets, or may, of which the source lets some pass."""
    known = before.rules if before is not None and before.state == after.state == PART else ()
    return () if after.state == OPEN else tuple(rule for rule in after.rules if rule not in known)


def _find_missing(before: Optional[FamilyRoutes], after: FamilyRoutes) -> list[str]:
    """What the source has routes to, and the destination does not."""
    if before is None:
        return []
    if before.default:
        return [] if after.default else ["other networks"]
    return [network for network in before.others if not is_reached(after, network)][:_SHOWN]
