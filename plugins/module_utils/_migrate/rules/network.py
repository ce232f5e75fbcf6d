# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network itself: is it there, does it run, will it run tomorrow, does it reach what it reached, and does it have
the NIC's portgroup?
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Optional

from ..._fleet.reach import underlying_links
from ..._model.address import subnet
from ..._model.field import Document
from ..._model.guest import SETTINGS
from .. import remedy
from ..finding import OK, WARNING, Finding, Remedy, blocked, degraded, refused, unknown
from ..guest_facts import NicSettings
from ..lookup_kinds import HOST, LINKS
from ..nic_settings import removed_addresses, subnet_families
from ..rule import NicCase, nic_rule

# --- Is it there, and will it stay? ---

NET_MISSING = refused(
    "NET_MISSING",
    "{host} has no network '{network}'.",
    "The destination has no network of that name (names are case-sensitive). Seen: error 43",
    "define it as on the source, if the host has its devices",
)
NET_INACTIVE = refused("NET_INACTIVE", "{Where} is not active.", "The network is inactive. Seen: error 55", "start it")
NET_NO_AUTOSTART = degraded(
    "NET_NO_AUTOSTART",
    "{Where} does not start at boot.",
    "The network is active but does not start at boot",
    "`autostart: true`",
)
NET_TRANSIENT = degraded(
    "NET_TRANSIENT",
    "{Where} is transient: it disappears when it stops.",
    "The network is transient: it disappears when it stops",
    "make it persistent",
)
NET_LIVE_DRIFT = degraded(
    "NET_LIVE_DRIFT",
    "{Where} will have a different definition after its next start ({options}).",
    "The live and persistent definitions of the network differ",
    "define the live configuration",
)


@nic_rule(NET_MISSING, NET_INACTIVE, needs=(LINKS,))
def check_network(case: NicCase) -> Iterator[Finding]:
    if case.nic.type != "network":
        return
    if case.net is None:
        definition = None if case.before is None else _definition_for_host(case, case.before.definition)
        repair = None if definition is None else remedy.change_network(case.name, **definition, autostart=True)
        yield NET_MISSING.found(network=case.name, remedy=repair)
    elif not case.net.active:
        yield NET_INACTIVE.found(network=case.name, remedy=remedy.change_network(case.name, state="active"))


def _definition_for_host(case: NicCase, definition: Document) -> Optional[Document]:
    """A network's definition, if the destination has the devices that it needs."""
    if (definition.get("forward") or {}).get("addresses"):
        return None
    if case.host.links is None:
        return None if underlying_links(definition) else definition
    return definition if all(case.host.link(device) for device in underlying_links(definition)) else None


@nic_rule(NET_NO_AUTOSTART, NET_TRANSIENT, NET_LIVE_DRIFT)
def check_persistence(case: NicCase) -> Iterator[Finding]:
    net, before = case.net, case.before
    if net is None:
        return
    if not net.persistent:
        if before is None or before.network.persistent:
            options = {key: value for key, value in net.options.items() if key != "name"}
            repair = remedy.change_network(case.name, **options, autostart=True)
            yield NET_TRANSIENT.found(network=case.name, remedy=repair)
    elif not net.details.autostart and (before is None or before.network.autostart):
        state = {} if net.active else {"state": "active"}
        repair = remedy.change_network(case.name, autostart=True, **state)
        yield NET_NO_AUTOSTART.found(network=case.name, remedy=repair)
    drift, live = net.details.drift, net.details.live
    if drift and net.active:
        wanted = {option: live.get(option, _empty_value(net.defined.get(option))) for option in drift}
        yield NET_LIVE_DRIFT.found(
            network=case.name, options=sorted(drift), remedy=remedy.change_network(case.name, **wanted)
        )


def _empty_value(value: object) -> object:
    """With which an option is removed."""
    if isinstance(value, bool):
        return False
    return {dict: {}, list: [], int: 0}.get(type(value), "")


# --- What it reaches ---

REACH_DIFFERS = blocked(
    "NET_REACH_DIFFERS",
    "{Where} reaches {after} ({after_mode}); on the guest's own host it reaches {before} ({before_mode}).",
    "The network has a different reach (l2, routed, nat, isolated). Seen: libvirt migrates a guest from any of them "
    "to any other without a warning",
    "none: it is a different network",
)
NO_FORWARDING = blocked(
    "NET_REACH_DIFFERS",
    "{host} does not forward {family} packets, so {subject} reaches nothing beyond the host over {family}.",
    "The host does not forward packets; forwarding was turned off after the network started. Seen",
    "`sysctl`",
)
FORWARDING_NOT_SEEN = unknown("It is unknown whether {host} forwards the packets of {subject}.")
ISOLATED_BY_SETTINGS = degraded(
    "NET_REACH_DIFFERS",
    "{Where} ({after_mode}) reaches guests of the same host only because {host} forwards no packets; on the guest's "
    "own host the network is isolated.",
    "The network is isolated on the source; on the destination, only the host's lack of forwarding isolates it",
)
PRIVATE_MODE = degraded(
    "NET_REACH_DIFFERS",
    "{Where} has mode private, in which guests of one host do not reach each other; on the guest's own host (mode "
    "{mode}) they do.",
    "The network uses mode private or isolated ports; on the source, guests of one host can reach each other",
)
SOURCE_SETTINGS_UNKNOWN = unknown(
    "The settings of {subject} on the guest's own host are unknown, so {host} cannot be compared with it."
)

_REACH_WORDS = {
    "l2": "the physical network",
    "routed": "networks beyond the host by routing",
    "nat": "networks beyond the host by NAT",
    "isolated": "guests of the same host only",
}
_SYSCTLS = {"ipv4": "net.ipv4.ip_forward", "ipv6": "net.ipv6.conf.all.forwarding"}
_FAMILY_WORDS = {"ipv4": "IPv4", "ipv6": "IPv6"}


@nic_rule(REACH_DIFFERS, ISOLATED_BY_SETTINGS, PRIVATE_MODE, SOURCE_SETTINGS_UNKNOWN)
def compare_reach(case: NicCase) -> Iterator[Finding]:
    before, after = case.before, case.after
    if after is None:
        return
    if before is None:
        yield SOURCE_SETTINGS_UNKNOWN.found(network=case.name)
    elif before.reach == "isolated" and _reaches_its_host_alone(after):
        yield ISOLATED_BY_SETTINGS.found(network=case.name, after_mode=_mode_words(after))
    elif before.reach != after.reach and not (_reaches_its_host_alone(before) and after.reach == "isolated"):
        yield REACH_DIFFERS.found(
            network=case.name,
            after=_REACH_WORDS.get(str(after.reach), after.reach),
            after_mode=_mode_words(after),
            before=_REACH_WORDS.get(str(before.reach), before.reach),
            before_mode=_mode_words(before),
        )
    elif after.mode == "private" and before.mode != "private":
        yield PRIVATE_MODE.found(network=case.name, mode=before.mode)


def _reaches_its_host_alone(settings: NicSettings) -> bool:
    """Whether the host passes none of the network's packets on: for mode open, libvirt 12 does not turn that on."""
    return settings.reach in ("nat", "routed") and settings.forwarding == ()


def _mode_words(settings: NicSettings) -> str:
    return f"forward mode {settings.mode}" if settings.mode else "no forward"


@nic_rule(NO_FORWARDING, FORWARDING_NOT_SEEN, needs=(HOST, LINKS))
def check_forwarding(case: NicCase) -> Iterator[Finding]:
    """libvirt turns a host's forwarding on when it starts such a network, and does not look again."""
    before, after, net, forwarding = case.before, case.after, case.net, case.host.forwarding
    if before is None or after is None or net is None or not net.active:
        return
    if before.reach != after.reach or after.reach not in ("nat", "routed"):
        return
    if forwarding is None:
        yield FORWARDING_NOT_SEEN.found(network=case.name)
        return
    # Where the guest's own host was not looked at, it is assumed to forward.
    for family in subnet_families(net) if before.forwarding is None else before.forwarding:
        if not forwarding.passes(family):
            yield NO_FORWARDING.found(
                network=case.name,
                family=_FAMILY_WORDS.get(family, family),
                remedy=remedy.run_command("sysctl", "-w", f"{_SYSCTLS.get(family, family)}=1"),
            )


# --- What it serves its guests with ---

SERVICES_DIFFER = degraded(
    "NET_CONTRACT_DIFFERS",
    "{Where} lacks services that the network has on the guest's own host: {options}.",
    "The network lacks the domain, a DNS name, a route, DHCP (IPv4 or IPv6) or the file to boot that it has on the "
    "source. Additional DNS names are not a finding",
    "set these options",
)
OPTIONS_DIFFER = unknown(
    "dnsmasq_options of {where} differ from those on the guest's own host: {options}. It is unknown how this affects "
    "the guest.",
    code="DNSMASQ_OPTIONS",
    means="`dnsmasq_options` differ. The guest may not get its address, routes or names from dnsmasq. The check "
    "understands only missing names and logging",
    repair="set the same `dnsmasq_options`, or set the severity of the code with policy",
)
GATEWAY_GONE = blocked(
    "SUBNET_DIFFERS",
    "{host} does not have the address that is the guest's {role} on {subject}; it has {there}, the guest's own host "
    "has {before}.",
    "The host's address, which is the guest's gateway, is missing from the network or only from its bridge. Seen",
    "set the addresses",
)
ADDRESS_DIFFERS = degraded(
    "SUBNET_DIFFERS",
    "{host} has other addresses on {subject}: {there}; the guest's own host has {before}.",
    "On an isolated network, the host has a different address in the same subnet",
    "set the addresses",
)
ADDRESSES_REMOVED = blocked(
    "SUBNET_DIFFERS",
    "{host} does not have the address that is the guest's {role} on {subject}: {link} has lost {lost}.",
)
ISOLATED_ADDRESS_REMOVED = degraded("SUBNET_DIFFERS", "On {host}, {link} of {subject} has lost {lost}.")
ADDRESSES_NOT_SEEN = unknown("It is unknown whether the bridge of {where} has the network's addresses.")


@nic_rule(SERVICES_DIFFER, OPTIONS_DIFFER, needs=(LINKS,))
def compare_services(case: NicCase) -> Iterator[Finding]:
    """What no other rule compares."""
    if case.before is None or case.net is None:
        return
    before, after = case.before.definition, {} if case.after is None else case.after.definition
    options = [option for option, loses in _SERVED if loses(before.get(option), after.get(option))]
    options += [name for name, found in _FROM_ADDRESSES if not found(before) <= found(after)]
    lost, strange = _dnsmasq_options(before, after)
    options += ["dnsmasq_options"] if lost else []
    if strange:
        yield OPTIONS_DIFFER.found(network=case.name, options=strange)
    if options:
        of_addresses = {name for name, _found in _FROM_ADDRESSES}
        wanted = {
            option: before.get(option) or _empty_value(after.get(option))
            for option in options
            if option not in of_addresses
        }
        if of_addresses & {*options} and case.after is not None and case.before.addresses == case.after.addresses:
            wanted["ips"] = before["ips"]
        repair = remedy.change_network(case.name, **wanted) if wanted else None
        yield SERVICES_DIFFER.found(network=case.name, options=options, remedy=repair)


def _dhcp_families(definition: Document) -> set[object]:
    return {":" in str(ip.get("address")) for ip in definition.get("ips") or () if ip.get("dhcp")}


def _boot_files(definition: Document) -> set[object]:
    """The file that a guest boots, where DHCP is served at all."""
    served = [ip for ip in definition.get("ips") or () if ip.get("dhcp")]
    told = [ip["dhcp"].get("bootp") or {} for ip in served]
    return {(boot["file"], boot.get("server")) for boot in told if boot.get("file")} | {
        ("tftp", ip["tftp"]) for ip in definition.get("ips") or () if ip.get("tftp")
    }


_FROM_ADDRESSES: tuple[tuple[str, Callable[[Document], set[object]]], ...] = (
    ("dhcp", _dhcp_families),
    ("bootp", _boot_files),
)
# Options of dnsmasq that only add names, or that no guest notices.
_ADD_NAMES = ("address", "host-record", "cname", "txt-record", "srv-host", "ptr-record", "mx-host", "naptr-record")
_UNNOTICED = ("log-queries", "log-dhcp", "log-facility", "log-async", "cache-size", "dns-forward-max")


def _dnsmasq_options(before: Document, after: Document) -> tuple[list[str], list[str]]:
    """Names that are lost, and what is not understood."""
    mine, its = before.get("dnsmasq_options") or [], after.get("dnsmasq_options") or []
    differing = [line for line in (*mine, *its) if (line in mine) != (line in its)]
    noticed = [line for line in differing if str(line).partition("=")[0] not in _UNNOTICED]
    names = [line for line in noticed if line in mine and str(line).partition("=")[0] in _ADD_NAMES]
    return names, [line for line in noticed if line not in names]


def _loses_domain(before: object, after: object) -> bool:
    """An additional domain takes nothing away."""
    return bool(before) and before != after


def _loses_route(before: Optional[list[Document]], after: Optional[list[Document]]) -> bool:
    return any(route not in (after or ()) for route in before or ())


def _loses_name(before: Optional[Document], after: Optional[Document]) -> bool:
    mine, its = before or {}, after or {}
    if any(mine.get(option, default) != its.get(option, default) for option, default in _DNS):
        return True
    if any(record not in (its.get(kind) or ()) for kind in ("txts", "srvs") for record in mine.get(kind) or ()):
        return True
    return not _dns_hosts(mine) <= _dns_hosts(its)


def _dns_hosts(dns: Document) -> set[tuple[object, object]]:
    return {(host.get("ip"), name) for host in dns.get("hosts") or () for name in host.get("hostnames") or ()}


_DNS: tuple[tuple[str, object], ...] = (("enable", True), ("forward_plain_names", True), ("forwarders", []))
_SERVED: tuple[tuple[str, Callable[[Any, Any], bool]], ...] = (
    ("domain", _loses_domain),
    ("dns", _loses_name),
    ("routes", _loses_route),
)


@nic_rule(
    GATEWAY_GONE,
    ADDRESS_DIFFERS,
    ADDRESSES_REMOVED,
    ISOLATED_ADDRESS_REMOVED,
    ADDRESSES_NOT_SEEN,
    needs=(LINKS,),
)
def compare_subnets(case: NicCase) -> Iterator[Finding]:
    before, after, net = case.before, case.after, case.net
    if before is None or after is None or net is None or before.reach != after.reach:
        return
    gone = [address for address in before.addresses if address not in after.addresses]
    if not gone:
        yield from _check_bridge_addresses(case, after)
        return
    removed = removed_addresses(case.host, net)
    lost = set(gone) <= set(removed)
    other_subnet = _subnets_of(gone) - _subnets_of(after.addresses)
    kinds = (ISOLATED_ADDRESS_REMOVED, ADDRESSES_REMOVED) if lost else (ADDRESS_DIFFERS, GATEWAY_GONE)
    yield kinds[before.reach != "isolated" or bool(other_subnet)].found(
        network=case.name,
        link=net.bridge,
        role="subnet" if other_subnet else "gateway",
        there=list(after.addresses),
        before=list(before.addresses),
        lost=removed,
        remedy=_put_back(net.bridge, removed) if lost else _change_addresses(case, before),
    )


def _check_bridge_addresses(case: NicCase, after: NicSettings) -> Iterator[Finding]:
    """Whether the bridge has what the network defines."""
    net = case.net
    if net is None or not net.active or not net.bridge or not net.is_virtual:
        return
    link = case.host.link(net.bridge)
    if link is not None and link.addresses is None and after.addresses:
        yield ADDRESSES_NOT_SEEN.found(network=case.name, link=net.bridge)


def _change_addresses(case: NicCase, before: NicSettings) -> Remedy:
    return remedy.change_network(case.name, ips=before.definition.get("ips") or [])


def _put_back(bridge: Optional[str], removed: list[str]) -> Remedy:
    """The network is defined as it should be, and a restart would cut off its guests."""
    return remedy.run_command("ip", "address", "add", removed[0], "dev", str(bridge)) if len(removed) == 1 else None


def _subnets_of(addresses: tuple[str, ...] | list[str]) -> set[object]:
    found: set[object] = set()
    for address in addresses:
        host, _slash, prefix = address.partition("/")
        found.add(subnet(host, int(prefix)) if prefix.isdigit() else address)
    return found


# --- Its portgroups. libvirt starts a guest whose portgroup is missing, without any of its settings. Where the NIC's
# own settings override those of the portgroup, nothing changes for it. ---

PORTGROUP_MISSING = degraded(
    "PORTGROUP_MISSING",
    "{Where} has no portgroup '{portgroup}': libvirt would start the guest without its settings.",
    "The portgroup does not exist; libvirt starts the guest without its settings and without a warning. Seen",
    "add the portgroup as on the source",
)
PORTGROUP_DIFFERS = degraded(
    "PORTGROUP_DIFFERS",
    "Portgroup '{portgroup}' of {where} differs from the one on the guest's own host: {options}.",
    "The settings of the portgroup differ",
    "change these settings",
)
PORTGROUP_OVERRIDDEN = PORTGROUP_DIFFERS.rated(OK, "The settings differ, but the NIC's own settings override them")
DEFAULT_DIFFERS = degraded(
    "PORTGROUP_DEFAULT_DIFFERS",
    "The default portgroup of {where} is {after}; on the guest's own host it is {before}.",
    "A NIC that names no portgroup gets a different default portgroup",
    "change the default",
)
DEFAULT_OVERRIDDEN = DEFAULT_DIFFERS.rated(OK, "The default differs, but all settings of the NIC stay the same")
_PORTGROUP_KINDS = {
    WARNING: (PORTGROUP_DIFFERS, DEFAULT_DIFFERS),
    OK: (PORTGROUP_OVERRIDDEN, DEFAULT_OVERRIDDEN),
}
# libvirt generates these where they are missing.
_GENERATED_PARAMETERS = ("interfaceid", "instanceid")


@nic_rule(PORTGROUP_MISSING, PORTGROUP_DIFFERS, PORTGROUP_OVERRIDDEN, DEFAULT_DIFFERS, DEFAULT_OVERRIDDEN)
def compare_portgroups(case: NicCase) -> Iterator[Finding]:
    if case.before is None or case.after is None:
        return
    before, after, asked = case.before.portgroup, case.after.portgroup, case.nic.portgroup
    severity = OK if _effective_settings(case.before) == _effective_settings(case.after) else WARNING
    differs, default_differs = _PORTGROUP_KINDS[severity]
    if asked is None:
        names = [None if side is None else side.get("name") for side in (before, after)]
        if names[0] != names[1]:
            shown = [f"'{name}'" if name else "none" for name in names]
            yield default_differs.found(
                network=case.name, after=shown[1], before=shown[0], remedy=_set_default(case.name, before, after)
            )
            return
    elif before is None:
        return  # it has nothing to lose
    elif after is None:
        repair = remedy.change_portgroup(case.name, asked, **_settings_of(before))
        yield PORTGROUP_MISSING.found(network=case.name, portgroup=asked, remedy=repair)
        return
    if before is None or after is None:
        return
    options = [option for option in SETTINGS if before.get(option) != after.get(option)]
    if options:
        empty: Document = {"trust_guest_rx_filters": False}
        wanted = {option: before.get(option, empty.get(option, {})) for option in options}
        name = str(after.get("name"))
        yield differs.found(
            network=case.name,
            portgroup=name,
            options=options,
            remedy=remedy.change_portgroup(case.name, name, **wanted),
        )


def _set_default(network: str, before: Optional[Document], after: Optional[Document]) -> Remedy:
    if before is not None:
        return remedy.change_portgroup(network, str(before.get("name")), **_settings_of(before), default=True)
    return None if after is None else remedy.change_portgroup(network, str(after.get("name")), default=False)


def _effective_settings(settings: NicSettings) -> list[object]:
    """What the NIC is plugged in with, wherever it comes from."""
    port = settings.virtualport or {}
    return [
        settings.bandwidth,
        settings.vlan,
        settings.trust_guest_rx_filters,
        port.get("type"),
        given_parameters(port),
    ]


def given_parameters(port: Optional[Document]) -> Document:
    """Of a virtualport, without those that libvirt generates."""
    return {
        key: value for key, value in ((port or {}).get("parameters") or {}).items() if key not in _GENERATED_PARAMETERS
    }


def _settings_of(group: Document) -> Document:
    return {option: group[option] for option in SETTINGS if option in group}
