# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What serves a network's guests: whether its dnsmasq runs, and whether it lets a guest keep the address that it has.

libvirt's dnsmasq is authoritative: it refuses an address that it would not give, and the guest drops it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Optional

from ..._model import dnsmasq
from ..._model.field import Document
from .. import remedy
from ..destination_facts import DestinationFacts, NetworkFacts
from ..finding import Finding, blocked, degraded, unknown
from ..guest_facts import GuestFacts, NicFacts
from ..lookup_kinds import HOST, LINKS
from ..router.facts import NicRouting
from ..router.of_nic import routing_on
from ..router.passages import DHCP
from ..router.ruleset import SHUT
from ..router.spans import network_of, span_of
from ..rule import NicCase, guest_rule, nic_rule

SERVICE_DEAD = degraded(
    "DNSMASQ_DEAD",
    "The dnsmasq of {where} does not run, so guests get neither addresses nor names from it.",
    "The network's dnsmasq does not run, or runs with DNS or DHCP records that differ from the network's: "
    "leases are not renewed, and names are not resolved. Seen",
    "`virt_network` starts it again",
)
SERVICE_STALE = degraded(
    "DNSMASQ_DEAD", "The dnsmasq of {where} runs with DNS or DHCP records that differ from the network's."
)
SERVICE_NOT_SEEN = unknown("It is unknown whether the dnsmasq of {where} runs.")
LEASE_TAKEN = blocked(
    "LEASE_REFUSED",
    "{Where} has leased {address}, the guest's address, to {other}.",
    "The guest has its address by DHCP, and loses it at the next renewal or when the lease ends. On the destination, "
    "the network's dnsmasq has leased or reserved the address for another guest, reserves another address for this "
    "guest, has no range with the address, or does not answer. Seen",
    "the same `ips` on both hosts",
)
LEASE_RESERVED = blocked("LEASE_REFUSED", "{Where} reserves {address}, the guest's address, for {other}.")
LEASE_OTHER = blocked("LEASE_REFUSED", "{Where} reserves {other} for the guest, whose current address is {address}.")
LEASE_OUTSIDE = blocked("LEASE_REFUSED", "{Where} has no DHCP range that contains {address}, the guest's address.")
LEASE_UNANSWERED = blocked("LEASE_REFUSED", "{Where} does not renew {address}, the guest's address: {reason}.")
LEASES_NOT_SEEN = unknown("It is unknown which addresses {where} has leased to guests.")
_FAULTS = {dnsmasq.DEAD: SERVICE_DEAD, dnsmasq.BROKEN: SERVICE_DEAD, dnsmasq.STALE: SERVICE_STALE}


@nic_rule(SERVICE_DEAD, SERVICE_STALE, SERVICE_NOT_SEEN)
def check_dnsmasq(case: NicCase) -> Iterator[Finding]:
    net, before = case.net, case.before
    if net is None or not net.active or not dnsmasq.needs_dnsmasq(net.document):
        return
    state = net.details.dnsmasq
    if before is not None and before.dnsmasq in (state, dnsmasq.UNUSED, dnsmasq.DEAD, dnsmasq.BROKEN):
        return  # it has no more to lose
    if state in _FAULTS:
        yield _FAULTS[state].found(network=net.name, remedy=remedy.change_network(net.name, state="active"))
    elif state in (None, dnsmasq.UNKNOWN):
        yield SERVICE_NOT_SEEN.found(network=net.name)


@guest_rule(
    LEASE_TAKEN, LEASE_RESERVED, LEASE_OTHER, LEASE_OUTSIDE, LEASE_UNANSWERED, LEASES_NOT_SEEN, needs=(HOST, LINKS)
)
def check_leases(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    for place, nic in enumerate(guest.nics):
        net = host.networks.get(nic.network_name or "")
        if net is None or not net.active:
            continue
        for address in nic.leases or ():
            for finding in _check_lease(nic, address, net, _stopped_renewal(nic, address, net, host)):
                yield finding.at(place, finding.severity)


def _stopped_renewal(nic: NicFacts, address: str, net: NetworkFacts, host: DestinationFacts) -> str:
    """Why no renewal of the address is answered there; empty where it is, or was not on the guest's own host
    either."""
    before, family = nic.settings, "ipv6" if ":" in address else "ipv4"
    if before is not None and (before.dnsmasq in (dnsmasq.DEAD, dnsmasq.BROKEN) or _is_shut(before.routing, family)):
        return ""
    if _has_subnet_of(address, net) and _dhcp_for(address, net) is None:
        return "it has no DHCP for its subnet"
    if net.details.dnsmasq in (dnsmasq.DEAD, dnsmasq.BROKEN):
        return "its dnsmasq does not run"
    if _is_shut(routing_on(host, net.bridge, net), family):
        return "the firewall drops DHCP"
    return ""


def _is_shut(routing: Optional[NicRouting], family: str) -> bool:
    passage = None if routing is None else routing.passage(family, DHCP)
    return passage is not None and passage.state == SHUT


def _check_lease(nic: NicFacts, address: str, net: NetworkFacts, stopped: str) -> Iterator[Finding]:
    """stopped: why it is not renewed at all."""
    place: dict[str, Any] = {"network": net.name, "address": address}
    if stopped:
        yield LEASE_UNANSWERED.found(reason=stopped, **place)
        return
    dhcp = _dhcp_for(address, net)
    if dhcp is None:
        return  # another subnet, which other rules report
    taken = net.macs_by_lease.get(address, set()) - {nic.mac}
    hosts = dhcp.get("hosts") or ()
    own = [str(one.get("ip")) for one in hosts if one.get("mac") == nic.mac]
    kept = [one for one in hosts if one.get("ip") == address and one.get("mac") != nic.mac]
    if taken:
        yield LEASE_TAKEN.found(other=min(taken), **place)
    elif own and address not in own:
        yield LEASE_OTHER.found(other=own[0], **place)
    elif kept and not own:
        yield LEASE_RESERVED.found(other=_holder_of(kept[0]), **place)
    elif not own and not any(_holds(one, address) for one in dhcp.get("ranges") or ()):
        yield LEASE_OUTSIDE.found(**place)
    elif net.details.leases is None:
        yield LEASES_NOT_SEEN.found(network=net.name)


def _holder_of(host: Document) -> str:
    return str(host.get("mac") or host.get("name") or host.get("id"))


def _dhcp_for(address: str, net: NetworkFacts) -> Optional[Document]:
    """Of the subnet that has the address."""
    return next((ip.get("dhcp") or None for ip in _subnets_with(address, net)), None)


def _has_subnet_of(address: str, net: NetworkFacts) -> bool:
    return any(True for _ip in _subnets_with(address, net))


def _subnets_with(address: str, net: NetworkFacts) -> Iterator[Document]:
    wanted = span_of(address)
    for ip in net.document.get("ips") or ():
        subnet = network_of(f"{ip.get('address')}/{ip.get('prefix')}")
        same_family = (":" in address) == (":" in str(ip.get("address")))
        if same_family and wanted and subnet and subnet[0] <= wanted[0] <= subnet[1]:
            yield ip


def _holds(range_: Document, address: str) -> bool:
    span = span_of(f"{range_.get('start')}-{range_.get('end')}")
    wanted = span_of(address)
    return span is not None and wanted is not None and span[0] <= wanted[0] <= span[1]
