# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host as virt_network_info shows it, live or saved: typed records, validated once.

What was not looked at is None, never a default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Optional

from .._model.canonical import canonical, canonical_value
from .._model.errors import VirtfleetError
from .._model.field import TEXTS, Document, Entity, Field, attribute, flag
from .._model.forward import is_virtual, members_of, mode_of
from .._model.network import NETWORK
from .decode import Amount, DataError, read_record
from .host_links import HostLinks, Link, OvsBridge
from .lookup_kinds import INFO_FORMAT, key_of_question
from .router.facts import BridgeRouting, Departure, FamilyRoutes

_VERSION = re.compile(r"[0-9]{1,9}[.][0-9]{1,9}[.][0-9]{1,9}")
_STATES = ("state", "autostart", "pending")
_OPTIONS = Entity(*NETWORK.fields.values(), attribute("state"), flag("autostart"), Field("pending", TEXTS, ""))


@dataclass(frozen=True)
class HostNic:
    mac: str
    type: str
    network: Optional[str]
    source: Optional[str]
    transient: bool
    target: Optional[str] = None


@dataclass(frozen=True)
class HostGuest:
    """A guest that the destination has already."""

    name: str
    uuid: str
    running: bool
    nics: tuple[HostNic, ...]
    tcp_ports: tuple[int, ...]


@dataclass(frozen=True)
class MemberHolder:
    kind: str
    name: str
    network: Optional[str]
    shares: bool


@dataclass(frozen=True)
class PoolMember:
    name: str
    state: str
    holders: tuple[MemberHolder, ...]
    max_guests: Optional[int]


@dataclass(frozen=True)
class PoolCapacity:
    left: Optional[int] = None


@dataclass(frozen=True)
class PoolFacts:
    """miscounted: members of which libvirt's own counter differs from the ports; None where that was not looked at."""

    members: tuple[PoolMember, ...]
    capacity: PoolCapacity
    miscounted: Optional[tuple[str, ...]] = None

    def member(self, name: str) -> Optional[PoolMember]:
        return next((item for item in self.members if item.name == name), None)


@dataclass(frozen=True)
class Lease:
    """An address that a network's dnsmasq has given to a guest."""

    ip: str
    mac: Optional[str]


@dataclass(frozen=True)
class OldNicSettings:
    """A NIC of a running guest that has other settings (differs) than its network gives now."""

    guest: str
    mac: str
    differs: tuple[str, ...]


@dataclass(frozen=True)
class NetworkDetails:
    """leases: None where they cannot be seen. dnsmasq, bridge_link: None also of a network that is not active."""

    active: bool
    autostart: bool
    managed: bool
    drift: tuple[str, ...]
    live: Annotated[Document, NETWORK]
    connections: Optional[dict[str, int]] = None
    vfs: Optional[int] = None
    pf_by_vf: Optional[dict[str, tuple[str, ...]]] = None
    dnsmasq: Optional[str] = None
    bridge_link: Optional[str] = None
    leases: Optional[tuple[Lease, ...]] = None
    guests_on_old_settings: Optional[tuple[OldNicSettings, ...]] = None


@dataclass(frozen=True)
class Memory:
    """In KiB; pages: free huge pages by size in KiB."""

    total: Amount
    available: Amount
    pages: dict[str, Amount]


@dataclass(frozen=True)
class Forwarding:
    ipv4: bool
    ipv6: bool

    def passes(self, family: str) -> bool:
        return self.ipv6 if family == "ipv6" else self.ipv4


@dataclass(frozen=True)
class Sender:
    """Of connections from these addresses."""

    first: str
    last: str
    state: Optional[str]
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Arrival:
    """See router/connections.py. port: None in what an older version wrote."""

    link: str
    family: str
    state: Optional[str]
    rules: tuple[str, ...]
    port: Optional[int] = None
    senders: Optional[tuple[Sender, ...]] = None


@dataclass(frozen=True)
class DisplaySettings:
    """See _host/migration.py."""

    vnc_listen: Optional[str] = None
    spice_listen: Optional[str] = None
    ports_free: Optional[int] = None
    certificates: Optional[bool] = None


@dataclass(frozen=True)
class MigrationSettings:
    """See _host/migration.py. tls_only: None where qemu.conf cannot be read; arrivals, departures: where the firewall
    drops migrations, or may; None where it cannot be seen."""

    hooks: tuple[str, ...]
    libvirt_ports: tuple[int, ...]
    unwritable_directories: tuple[str, ...]
    missing_programs: tuple[str, ...]
    host: Optional[str] = None
    address: Optional[str] = None
    port_min: Optional[int] = None
    port_max: Optional[int] = None
    ports_free: Optional[int] = None
    tls_only: Optional[bool] = None
    tap_device: Optional[bool] = None
    arrivals: Optional[tuple[Arrival, ...]] = None
    departures: Optional[tuple[Departure, ...]] = None
    own_addresses: Optional[dict[str, Optional[str]]] = None
    port: Optional[int] = None
    libvirt_port: Optional[int] = None
    displays: Optional[DisplaySettings] = None
    logger: Optional[bool] = None
    other_settings: Optional[dict[str, str]] = None


@dataclass(frozen=True)
class Boot:
    """See _host/boot.py."""

    tools: tuple[str, ...]
    links: dict[str, str]


@dataclass(frozen=True)
class DestinationHost:
    libvirt_version: str
    hostname: Optional[str]
    remote: bool
    uuid: Optional[str] = None
    gathered: Optional[float] = None
    cpu_models: Optional[tuple[str, ...]] = None
    domain_types: Optional[dict[str, tuple[str, ...]]] = None
    machines: Optional[dict[str, tuple[str, ...]]] = None
    emulators: Optional[tuple[str, ...]] = None
    security_models: Optional[tuple[str, ...]] = None
    forwarding: Optional[Forwarding] = None
    routes: Optional[dict[str, FamilyRoutes]] = None
    migration: Optional[MigrationSettings] = None
    memory: Optional[Memory] = None
    cpus: Optional[Amount] = None
    processors: Optional[tuple[int, ...]] = None
    nodes: Optional[tuple[int, ...]] = None
    qemu_version: Optional[str] = None
    boot: Optional[Boot] = None


@dataclass(frozen=True)
class NetworkInfo:
    """What virt_network_info returns. lookups: kind to what was looked up, and whether the host has it; refusals: by
    key_of_question, what libvirt said."""

    networks: tuple[Annotated[Document, _OPTIONS], ...]
    transient: tuple[Annotated[Document, _OPTIONS], ...]
    details: dict[str, NetworkDetails]
    pools: Optional[dict[str, PoolFacts]]
    links: Optional[tuple[Link, ...]]
    ovs_bridges: Optional[dict[str, OvsBridge]]
    guests: Optional[tuple[HostGuest, ...]]
    nwfilters: Optional[dict[str, Optional[str]]]
    host: DestinationHost
    lookups: Optional[dict[str, dict[str, Optional[bool]]]] = None
    refusals: Optional[dict[str, Optional[str]]] = None
    routers: Optional[dict[str, BridgeRouting]] = None
    names: Optional[dict[str, tuple[str, ...]]] = None


class NetworkFacts:
    """A network of the host.

    document: canonical, as it runs or else as it would start; bound: its forward, and the name of its bridge; defined:
    its persistent options; connections: libvirt's own counter by member, in libvirt's order; pf_by_vf: PCI members to
    the links of their PFs; pool: who holds which member, None when there is none or it was not looked at.
    """

    def __init__(self, options: Document, details: NetworkDetails, persistent: bool, pool: Optional[PoolFacts]) -> None:
        self.name = str(options["name"])
        self.persistent = persistent
        self.details = details
        self.active = details.active
        self.defined: Document = {key: value for key, value in options.items() if key not in _STATES}
        running = {key: value for key, value in self.defined.items() if key not in details.drift}
        self.options: Document = {**running, **details.live} if self.active else self.defined
        self.connections = details.connections
        self.pf_by_vf = details.pf_by_vf or {}
        self.pool = pool
        self.bridge: Optional[str] = (self.options.get("bridge") or {}).get("name")
        forward = canonical_value(NETWORK.fields["forward"], self.options.get("forward"))
        self.bound: Document = {"forward": forward, "bridge": {"name": self.bridge}}
        self.mode: Optional[str] = mode_of(self.bound)
        self.is_virtual = is_virtual(self.bound)

    @cached_property
    def document(self) -> Document:
        return canonical(NETWORK, self.options)

    @property
    def members(self) -> list[str]:
        """In libvirt's own order. The VFs of a PF are known to a running network only."""
        return list(self.connections) if self.connections else list(members_of(self.options))

    @cached_property
    def macs_by_lease(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for lease in self.details.leases or ():
            found.setdefault(lease.ip, set()).add(str(lease.mac))
        return found

    @property
    def pool_members(self) -> tuple[PoolMember, ...]:
        return self.pool.members if self.pool is not None else ()


class DestinationFacts:
    """links, guests, memory, cpus, processors, nodes, forwarding, routes, routers (by bridge), machines, domain_types,
    nwfilters: None where they were not looked at."""

    def __init__(self, info: NetworkInfo) -> None:
        host = info.host
        self.name = host.hostname or "the destination"
        self.uuid = host.uuid
        self.libvirt_version = host.libvirt_version
        self.version = tuple(int(part) for part in self.libvirt_version.split("."))
        self.qemu_version = host.qemu_version
        self.gathered = host.gathered
        pools = info.pools or {}
        self.networks = {
            str(options["name"]): NetworkFacts(
                {key: value for key, value in options.items() if key in NETWORK.fields or key in _STATES},
                info.details[str(options["name"])],
                persistent,
                pools.get(str(options["name"])),
            )
            for found, persistent in ((info.networks, True), (info.transient, False))
            for options in found
        }
        self.host_links = HostLinks(info.links, info.ovs_bridges)
        self.links = self.host_links.by_name
        self.ovs_bridges = self.host_links.ovs_bridges
        self.guests = info.guests
        self.nwfilters = info.nwfilters
        self.memory = host.memory
        self.cpus = host.cpus
        self.processors = None if host.processors is None else frozenset(host.processors)
        self.nodes = None if host.nodes is None else frozenset(host.nodes)
        self.forwarding = host.forwarding
        self.migration = host.migration
        self.boot = host.boot
        named = None if host.migration is None else host.migration.host
        # By which libvirt says that it can be reached.
        self.migration_host = named or host.hostname
        self.routes = host.routes
        self.routers = info.routers
        self.machines = host.machines
        self.domain_types = host.domain_types
        self.emulators = host.emulators or ()
        self.cpu_models = host.cpu_models
        self.security_models = host.security_models
        self._lookups = info.lookups or {}
        self._refusals = info.refusals or {}

    def refusal_of(self, question: str) -> Optional[str]:
        """What libvirt there has against a guest, "" for nothing; None where it was not asked, or does not answer."""
        return self._refusals.get(key_of_question(question))

    def looked_up(self, kind: str, key: str) -> Optional[bool]:
        """Whether the host has it; None where it was not looked up, or cannot be."""
        return self._lookups.get(kind, {}).get(key)

    def looked_for(self, kind: str) -> bool:
        return kind in self._lookups

    def link(self, name: str) -> Optional[Link]:
        return self.host_links.link(name)

    def is_bridge(self, name: str) -> bool:
        link = self.link(name)
        return link is not None and (link.kind == "bridge" or name in self.ovs_bridges)

    def may_be_switch(self, name: str) -> bool:
        """Whether a link may be an Open vSwitch bridge, because those could not be read."""
        link = self.link(name)
        return link is not None and link.kind != "bridge" and not self.host_links.switches_seen

    @cached_property
    def addresses(self) -> Optional[set[str]]:
        """The host's own IP addresses; None where links cannot be seen."""
        if self.links is None:
            return None
        found: set[str] = set()
        for link in self.links.values():
            if link.addresses is None:
                return None
            found.update(link.addresses)
        return found

    @cached_property
    def guests_by_name(self) -> dict[str, HostGuest]:
        return {guest.name: guest for guest in self._sorted_guests}

    @cached_property
    def guests_by_uuid(self) -> dict[str, HostGuest]:
        return {guest.uuid: guest for guest in self._sorted_guests}

    @cached_property
    def nics_by_mac(self) -> dict[str, list[tuple[HostGuest, HostNic]]]:
        found: dict[str, list[tuple[HostGuest, HostNic]]] = {}
        for guest in self._sorted_guests:
            for nic in guest.nics:
                found.setdefault(nic.mac, []).append((guest, nic))
        return found

    @cached_property
    def links_by_mac(self) -> dict[str, list[Link]]:
        found: dict[str, list[Link]] = {}
        for link in (self.links or {}).values():
            found.setdefault(str(link.mac), []).append(link)
        return found

    @cached_property
    def links_by_bound_mac(self) -> dict[str, list[Link]]:
        found: dict[str, list[Link]] = {}
        for link in (self.links or {}).values():
            for mac in link.bound:
                found.setdefault(mac, []).append(link)
        return found

    @cached_property
    def _sorted_guests(self) -> list[HostGuest]:
        return sorted(self.guests or (), key=lambda guest: guest.name)


def read_destination(info: Any) -> DestinationFacts:
    """Raises VirtfleetError DESTINATION_INVALID: not a complete result of this version's virt_network_info."""
    if not isinstance(info, Mapping) or "host" not in info or "networks" not in info:
        raise VirtfleetError(
            "DESTINATION_INVALID",
            "The destination is not a result of virt_network_info: it has no host or no networks.",
        )
    if info.get("format") != INFO_FORMAT:
        raise VirtfleetError(
            "DESTINATION_INVALID",
            f"The destination has format {info.get('format')!a}; this version reads {INFO_FORMAT}. Gather it again.",
        )
    try:
        found = read_record(NetworkInfo, info)
        for options in (*found.networks, *found.transient):
            if not isinstance(options.get("name"), str) or options["name"] not in found.details:
                raise DataError("details", "lacks the details of a network")
        if not _VERSION.fullmatch(found.host.libvirt_version):
            raise DataError("host", "has an invalid host.libvirt_version")
        return DestinationFacts(found)
    except DataError as error:
        raise VirtfleetError(
            "DESTINATION_INVALID",
            f"The destination is not a complete result of virt_network_info: it {error.problem[:200]}. "
            "Gather it again.",
        ) from None
