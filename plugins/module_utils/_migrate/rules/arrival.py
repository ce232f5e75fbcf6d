# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The destination's own settings for migrations: the name and the address by which the source reaches it, ports, TLS,
hook scripts."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Optional, TypeVar

from ..._model.libvirt_uri import SSH, TCP, TLS
from ..destination_facts import Arrival, DestinationFacts, MigrationSettings, Sender
from ..finding import LIBVIRT_ACCEPTS, Finding, refused, unknown
from ..guest_facts import GuestFacts
from ..lookup_kinds import HOST, LINKS
from ..router.facts import StoppedPorts
from ..router.ruleset import SHUT, Span
from ..router.spans import span_of
from ..rule import NicCase, guest_rule, nic_rule
from .guest import FILE_MISSING
from .pools import draws_from_pool

NAME_IS_LOCAL = refused(
    "MIGRATION_HOST",
    "The destination's host name is {name}, which means the local host everywhere; libvirt needs a name that "
    "the source resolves to the destination.",
    "libvirt tells the source to connect to the destination's own host name or `migration_host` of qemu.conf. That "
    "name starts with localhost, or the source cannot resolve it or resolves it to itself. Seen: error 1, 38",
    "`migration_host` in qemu.conf, or DNS",
)
NAME_NOT_RESOLVED = refused("MIGRATION_HOST", "{source} cannot resolve {name}, the host name of {host}.")
NAME_IS_THE_SOURCE = refused(
    "MIGRATION_HOST", "{source} resolves {name}, the host name of {host}, to itself ({addresses})."
)
NAME_OF_ANOTHER = unknown(
    "{source} resolves {name}, the host name of {host}, to {addresses}, which {host} does not have.",
    LIBVIRT_ACCEPTS,
    "MIGRATION_HOST",
    "The source resolves the name to addresses that the destination does not have",
    "DNS; or set the severity of the code with policy if addresses are translated between the hosts",
)
NAME_NOT_ASKED = unknown(
    "{source} was not asked for the addresses of {name}, the host name of {host}.",
    LIBVIRT_ACCEPTS,
    "MIGRATION_HOST",
    "The source did not look up the name by which libvirt reaches the destination",
    "pass that name to `resolve` of `virt_guest_info`",
)
ADDRESS_MISSING = refused(
    "MIGRATION_ADDRESS",
    "{host} does not have {address}, on which it accepts migrations (migration_address in qemu.conf).",
    "The host does not have the address of its own `migration_address`. Seen: error 1",
    "`migration_address` in qemu.conf",
)
NO_PORT = refused(
    "MIGRATION_PORTS",
    "All TCP ports from {lowest} to {highest}, on which {host} accepts migrations, are in use.",
    "No port is left for incoming migrations (`migration_port_min`, `migration_port_max` in qemu.conf). Seen: error 1",
    "`migration_port_max` in qemu.conf",
)
DROPPED = refused(
    "MIGRATION_FIREWALL",
    "The firewall of {host} drops migrations that arrive on {link} (TCP port {port}): {rules}.",
    "The host's own firewall drops connections from the source, or the replies, on a link on which they may arrive. "
    "These are connections to the TCP port of `migrate_uri` or to the ports for migrations. Without `migrate_uri`, it "
    "drops those to all ports of libvirt and ssh on which the host listens (16509, 16514, 22). Rules about senders are "
    "evaluated if the source knows the host's addresses. Seen: error 38",
    "allow the ports (`migration_port_min` to `migration_port_max` of qemu.conf), or migrate with `--tunnelled`",
)
DROPPED_PERHAPS = unknown(
    "The firewall of {host} may drop migrations that arrive on {link} (TCP port {port}): {rules}.",
    LIBVIRT_ACCEPTS,
    "MIGRATION_FIREWALL",
    "The check does not understand a rule that may drop these connections. Or `migrate_uri` is not set, and the "
    "firewall lets the source connect to only some of the ports of libvirt and ssh. The sentence names the rule",
    "check it yourself, and set the severity of the code with policy",
)
PORT_NOT_JUDGED = unknown(
    "It is unknown whether the firewall of {host} lets other hosts connect to TCP port {port} (migrate_uri).",
    LIBVIRT_ACCEPTS,
    "MIGRATION_FIREWALL",
)
SENT_NOWHERE = refused(
    "MIGRATION_FIREWALL",
    "The firewall of {source} drops its connections to {host} (TCP port {port}), or the replies: {rules}.",
    "The source's own firewall drops these connections. Seen: error 38",
    "allow the ports on the source",
)
SENT_NOWHERE_PERHAPS = unknown(
    "The firewall of {source} may drop its connections to {host} (TCP port {port}), or the replies: {rules}.",
    LIBVIRT_ACCEPTS,
    "MIGRATION_FIREWALL",
)
NO_ROUTE = refused(
    "MIGRATION_ROUTE",
    "{source} has no route to {name} ({addresses}).",
    "The source has no route to any of the addresses that it finds for the destination's name",
    "`ip route add` on the source",
)
TLS_ONLY = refused(
    "MIGRATION_TLS",
    "libvirt on {host} accepts only migrations with TLS (migrate_tls_force in qemu.conf).",
    "The host refuses migrations without TLS. Seen: error 55",
    "migrate with `--tls`, and set the severity of the code with policy",
)
TLS_ONLY_HERE = refused(
    "MIGRATION_TLS", "libvirt on the guest's own host sends only migrations with TLS (migrate_tls_force in qemu.conf)."
)
SETTINGS_NOT_SEEN = unknown(
    "The migration settings of {host} (qemu.conf) are unknown.", LIBVIRT_ACCEPTS, "MIGRATION_SETTINGS_UNKNOWN",
    "The daemon's qemu.conf cannot be read, for example over a remote URI",
)  # fmt: skip
HOOK_SCRIPT = unknown(
    "{host} has hook scripts, which may change or refuse the guest: {scripts}.",
    LIBVIRT_ACCEPTS,
    "HOOK_SCRIPT",
    "libvirt runs scripts when a guest arrives or is plugged in (`/etc/libvirt/hooks`)",
    "check them yourself, and set the severity of the code with policy",
)
NO_LOGGER = refused(
    "FILE_MISSING",
    "libvirt on {host} logs QEMU's output with virtlogd (stdio_handler in qemu.conf), which does not run.",
)
NO_ROOM = refused(
    "NO_ROOM",
    "libvirt on {host} cannot create files in {directory}, which is full, read-only or not a directory.",
    "libvirt creates files for each guest in `/var/lib/libvirt/qemu`, `/run/libvirt/qemu` and `/var/log/libvirt/qemu`, "
    "and one of these is not a directory, or its file system is full or read-only. Seen: error 38",
    "free some space, or restore the directory",
)
NO_PROGRAM = refused(
    "FILE_MISSING", "{host} has no {program}, which libvirt needs to plug in a NIC of the guest ({what})."
)
PROGRAM_PERHAPS = unknown(
    "{host} has no {program}, which older versions of libvirt need to plug in a NIC of the guest ({what}).",
    LIBVIRT_ACCEPTS,
)
SETTINGS_DIFFER = unknown(
    "qemu.conf on {host} and on the guest's own host have different values of {settings}, which the check does not "
    "understand.",
    LIBVIRT_ACCEPTS,
    "QEMU_CONF_DIFFERS",
    "Settings of qemu.conf that no rule examines differ, such as the user of QEMU, the owner of files, security "
    "drivers or the lock manager. QEMU may have no access to its files, or libvirt may refuse the guest. Seen: error 1",
    "the same settings on both hosts, or set the severity of the code with policy",
)
_OVS_VSCTL = "ovs-vsctl"
_OTHER_MEANS = (11, 10)  # libvirt from this version on may not need the other programs
_TAPPED = ("network", "bridge", "ethernet")
_Stopped = TypeVar("_Stopped", StoppedPorts, Arrival)


@guest_rule(NAME_IS_LOCAL, NAME_NOT_RESOLVED, NAME_IS_THE_SOURCE, NAME_OF_ANOTHER, NAME_NOT_ASKED, needs=(HOST, LINKS))
def check_name(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    """A migration with an address of its own (--migrateuri) needs no name."""
    name = host.migration_host
    if not guest.running or name is None:
        return
    if name.startswith("localhost"):
        yield NAME_IS_LOCAL.found(name=name)
        return
    if not guest.host.resolves:
        return
    words: dict[str, Any] = {"source": guest.host.name or "the guest's own host", "name": name}
    addresses = guest.host.resolves.get(name)
    if addresses is None:
        yield NAME_NOT_ASKED.found(**words)
    elif not addresses:
        yield NAME_NOT_RESOLVED.found(**words)
    elif all(ipaddress.ip_address(one.partition("%")[0]).is_loopback for one in addresses):
        yield NAME_IS_THE_SOURCE.found(addresses=list(addresses), **words)
    elif host.addresses is not None and not set(addresses) & host.addresses:
        yield NAME_OF_ANOTHER.found(addresses=list(addresses), **words)


@guest_rule(ADDRESS_MISSING, NO_PORT, TLS_ONLY, TLS_ONLY_HERE, SETTINGS_NOT_SEEN, needs=(HOST, LINKS))
def check_migration_settings(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    settings = host.migration
    if not guest.running:
        return
    if settings is None or settings.tls_only is None:
        yield SETTINGS_NOT_SEEN.found()
        return
    address = settings.address
    if address and host.addresses is not None and not _is_any(address) and address not in host.addresses:
        yield ADDRESS_MISSING.found(address=address)
    if settings.ports_free == 0:
        yield NO_PORT.found(lowest=settings.port_min, highest=settings.port_max)
    if settings.tls_only:
        yield TLS_ONLY.found()
    elif guest.host.tls_only:
        yield TLS_ONLY_HERE.found()


def _is_any(address: str) -> bool:
    """A name is resolved by the host itself."""
    try:
        return ipaddress.ip_address(address).is_unspecified or ipaddress.ip_address(address).is_loopback
    except ValueError:
        return True


@guest_rule(NO_ROUTE, needs=(HOST, LINKS))
def check_route(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    """By one of the destination's addresses is enough."""
    own, wanted = guest.host.own_addresses or {}, _list_addresses(guest, host)
    if wanted and all(own.get(address, address) is None for address in wanted):
        yield NO_ROUTE.found(source=_name_of_source(guest), name=host.migration_host, addresses=wanted)


@guest_rule(SENT_NOWHERE, SENT_NOWHERE_PERHAPS, needs=(HOST, LINKS))
def check_firewall_of_source(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    if host.migration is None or not guest.host.departures:
        return
    told = {one.address: one.stopped for one in guest.host.departures}
    routed = [address for address in _list_addresses(guest, host) if (guest.host.own_addresses or {}).get(address)]
    found = {
        port: _worst_of(
            [
                next((one for one in told.get(address, ()) if one.first <= port <= one.last), None)
                for address in routed or (None,)
            ]
        )
        for port in _list_ports(guest, host.migration)
    }
    for port, one, sure in _find_stops(host.migration, found):
        kind = SENT_NOWHERE if sure else SENT_NOWHERE_PERHAPS
        yield kind.found(source=_name_of_source(guest), port=port, rules="; ".join(one.rules[:2]))


@guest_rule(DROPPED, DROPPED_PERHAPS, PORT_NOT_JUDGED, needs=(HOST, LINKS))
def check_firewall(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    settings = host.migration
    if settings is None or not settings.arrivals:
        return
    told = {(one.link, one.family, one.port or settings.port_min): one for one in settings.arrivals}
    own = guest.host.own_addresses or {}
    senders = [sender for sender in map(own.get, _list_addresses(guest, host)) if sender]
    found: dict[int, Optional[Arrival]] = {}
    for port in _list_ports(guest, settings):
        ways = [told.get((link, family, port)) for link, family in _list_ways_in(guest, host)]
        found[port] = _worst_of([None if way is None else _for_senders(way, senders) for way in ways])
    for port, one, sure in _find_stops(settings, found):
        yield (DROPPED if sure else DROPPED_PERHAPS).found(link=one.link, port=port, rules="; ".join(one.rules[:2]))
    if settings.libvirt_port not in (None, TCP, TLS, SSH):
        yield PORT_NOT_JUDGED.found(port=settings.libvirt_port)


def _find_stops(
    settings: MigrationSettings, found: Mapping[int, Optional[_Stopped]]
) -> Iterator[tuple[int, _Stopped, bool]]:
    """found: what stops connections to each port, None where nothing does. Port, what stops it, and whether that is
    certain: of several ports of libvirt, the migration may use one that is open."""
    several = settings.libvirt_ports if settings.libvirt_port is None else ()
    another = any(found.get(port) is None for port in several)
    for port, one in found.items():
        if one is not None:
            yield port, one, one.state == SHUT and not (another and port in several)


def _list_ports(guest: GuestFacts, settings: MigrationSettings) -> list[int]:
    """To libvirt, and of a guest that runs to QEMU."""
    port, own = settings.port or settings.port_min, settings.libvirt_port
    to_libvirt = settings.libvirt_ports if own is None else (own,)
    return [*to_libvirt, *([port] if guest.running and port is not None else ())]


def _list_addresses(guest: GuestFacts, host: DestinationFacts) -> list[str]:
    """By which the source knows the destination; none where it was not asked."""
    return list((guest.host.resolves or {}).get(host.migration_host or "") or ())


def _name_of_source(guest: GuestFacts) -> str:
    return guest.host.name or "the guest's own host"


def _for_senders(arrival: Arrival, senders: list[str]) -> Optional[Arrival]:
    """senders: the source's own addresses, of which it takes one; none where they are not known. None: open."""
    spans = [span_of(sender) for sender in senders if (":" in sender) == (arrival.family == "ipv6")]
    if arrival.senders is None or not spans:
        return arrival
    found = [next((one for one in arrival.senders if _is_within(span, one)), None) for span in spans]
    return None if found[0] is None or None in found else replace(arrival, state=found[0].state, rules=found[0].rules)


def _is_within(span: Optional[Span], sender: Sender) -> bool:
    whole = span_of(f"{sender.first}-{sender.last}")
    return span is not None and whole is not None and whole[0] <= span[0] and span[1] <= whole[1]


def _worst_of(ways: Sequence[Optional[_Stopped]]) -> Optional[_Stopped]:
    """Of all ways one, if none is open: which of them is taken cannot be known."""
    stopped = [one for one in ways if one is not None and one.state in (SHUT, None)]
    if not stopped or len(stopped) < len(ways):
        return None
    return next((one for one in stopped if one.state is None), stopped[0])


def _list_ways_in(guest: GuestFacts, host: DestinationFacts) -> list[tuple[str, str]]:
    """Link and family by which the migration may arrive: those of the addresses that the source connects to, as far as
    these are known, else all that have addresses and may lead to other hosts."""
    wanted = set(_list_addresses(guest, host))
    own = {str(net.bridge) for net in host.networks.values() if net.is_virtual} | {"lo"}
    found = []
    for link in (host.links or {}).values():
        for address in link.addresses or ():
            open_ended = link.admin == "up" and link.carrier is not False and link.name not in own
            if open_ended and (not wanted or address in wanted):
                found.append((link.name, "ipv6" if ":" in address else "ipv4"))
    return list(dict.fromkeys(found))


@guest_rule(NO_LOGGER, needs=(HOST,))
def check_logger(_guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    if host.migration is not None and host.migration.logger is False:
        yield NO_LOGGER.found()


@guest_rule(NO_ROOM, needs=(HOST,))
def check_room(_guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    for directory in () if host.migration is None else host.migration.unwritable_directories:
        yield NO_ROOM.found(directory=directory)


@nic_rule(NO_PROGRAM, PROGRAM_PERHAPS, needs=(HOST,))
def check_programs(case: NicCase) -> Iterator[Finding]:
    missing = () if case.host.migration is None else case.host.migration.missing_programs
    for program, what in _programs_for(case):
        if program in missing:
            sure = program == _OVS_VSCTL or case.host.version < _OTHER_MEANS
            yield (NO_PROGRAM if sure else PROGRAM_PERHAPS).found(program=program, what=what)


def _programs_for(case: NicCase) -> Iterator[tuple[str, str]]:
    """Each program, with the reason why the NIC needs it."""
    after = case.after
    port = case.nic.own.get("virtualport") if after is None else after.virtualport
    switched = (port or {}).get("type") == "openvswitch"
    if switched:
        yield _OVS_VSCTL, "on Open vSwitch"
    if case.nic.filter:
        yield "ebtables", "with an nwfilter"
    if not switched and (case.nic.own.get("bandwidth") if after is None else after.bandwidth):
        yield "tc", "with a bandwidth"


@guest_rule(SETTINGS_DIFFER, needs=(HOST,))
def compare_settings(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    before, after = guest.host.other_settings, None if host.migration is None else host.migration.other_settings
    if before is None or after is None:
        return  # where qemu.conf cannot be read, another rule says so
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    if names:
        yield SETTINGS_DIFFER.found(settings=names)


@guest_rule(HOOK_SCRIPT, needs=(HOST,))
def check_hooks(_guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    if host.migration is not None and host.migration.hooks:
        yield HOOK_SCRIPT.found(scripts=list(host.migration.hooks))


@guest_rule(FILE_MISSING, needs=(HOST,))
def check_tap_device(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    nets = [host.networks.get(nic.network_name or "") for nic in guest.nics if nic.type in _TAPPED]
    if all(net is not None and draws_from_pool(net) for net in nets):
        return
    if host.migration is not None and host.migration.tap_device is False:
        yield FILE_MISSING.found(path="/dev/net/tun", what="of which libvirt makes taps")
