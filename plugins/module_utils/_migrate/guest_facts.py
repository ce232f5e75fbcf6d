# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests as virt_guest_info describes them: typed records, validated once before any rule sees them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Optional

from .._model.bandwidth import BANDWIDTH
from .._model.descriptor import Account, Cpu, Descriptor, Disk, Graphics, GuestSocket, HostDevice, HostFile
from .._model.field import Document, Entity, flag, number
from .._model.guest import Guest
from .._model.network import NETWORK
from .._model.portgroup import PORTGROUP
from .._model.virtualport import VIRTUALPORT
from .._model.vlan import VLAN
from .decode import Amount, DataError, read_record
from .router.facts import Departure, NicRouting

# The version of what virt_guest_info returns.
GUEST_FORMAT = 2

# What a NIC may set for itself.
OWN_SETTINGS = Entity(*PORTGROUP.fields.values(), number("mtu"), flag("isolated"))

PortgroupDocument = Annotated[Document, PORTGROUP]
VlanDocument = Annotated[Document, VLAN]
BandwidthDocument = Annotated[Document, BANDWIDTH]
VirtualportDocument = Annotated[Document, VIRTUALPORT]


@dataclass(frozen=True)
class GuestHost:
    """uuid: libvirt's own for the host; resolves: the addresses that names of other hosts have there; tls_only: whether
    it sends and accepts only migrations with TLS; departures: which connections to other hosts its firewall drops;
    own_addresses: by addresses of other hosts, its own by which it reaches them, None without a route;
    other_settings: as of a destination, see _host/migration.py."""

    name: Optional[str]
    uuid: Optional[str]
    libvirt_version: Optional[str] = None
    resolves: Optional[dict[str, tuple[str, ...]]] = None
    qemu_version: Optional[str] = None
    tls_only: Optional[bool] = None
    departures: Optional[tuple[Departure, ...]] = None
    own_addresses: Optional[dict[str, Optional[str]]] = None
    other_settings: Optional[dict[str, str]] = None


@dataclass(frozen=True)
class Uplink:
    """state: UP, DOWN (no carrier), NONE (nothing leads out) or None (not known); vlan: of the uplinks, beside the
    NIC's own (see nic_settings.combine_ways); multicast: whether that leaves too."""

    state: Optional[str] = None
    vlan: Optional[int] = None
    multicast: bool = True


@dataclass(frozen=True)
class NetworkState:
    uuid: Optional[str]
    active: bool
    persistent: bool
    autostart: bool
    managed: bool


@dataclass(frozen=True)
class NicSettings:
    """What a NIC gets from its network on one host, its own settings included.

    mtu: the largest frame that passes; forwarding: the families whose packets the host passes on; definition: the
    network as another host could be given it. None is not known.
    """

    network: NetworkState
    mode: Optional[str]
    reach: Optional[str]
    mtu: Optional[int]
    uplink: Uplink
    portgroup: Optional[PortgroupDocument]
    vlan: Optional[VlanDocument]
    bandwidth: Optional[BandwidthDocument]
    virtualport: Optional[VirtualportDocument]
    trust_guest_rx_filters: bool
    isolated: bool
    addresses: tuple[str, ...]
    forwarding: Optional[tuple[str, ...]]
    definition: Annotated[Document, NETWORK]
    routing: Optional[NicRouting] = None
    dnsmasq: Optional[str] = None


@dataclass(frozen=True)
class SourceLink:
    """The bridge or link that a NIC names in place of a network."""

    mtu: Optional[int] = None
    uplink: Uplink = Uplink()
    routing: Optional[NicRouting] = None


@dataclass(frozen=True)
class NicFacts:
    """See the documentation of virt_guest_info."""

    mac: str
    type: str
    network: Optional[str]
    portgroup: Optional[str]
    own: Annotated[Document, OWN_SETTINGS]
    link: str
    filter: Optional[str]
    filter_digest: Optional[str]
    model: Optional[str]
    transient: bool
    source: Optional[str]
    mode: Optional[str]
    plugged_as: Optional[str]
    target: Optional[str]
    settings: Optional[NicSettings]
    device: Optional[str] = None
    attached: Optional[bool] = None
    source_link: Optional[SourceLink] = None
    managed: Optional[bool] = None
    queues: Optional[int] = None
    leases: Optional[tuple[str, ...]] = None

    @property
    def network_name(self) -> Optional[str]:
        """Of the network that it asks for by name."""
        return self.network if self.type == "network" else None


@dataclass(frozen=True)
class GuestFacts:
    """See the documentation of virt_guest_info."""

    name: str
    uuid: str
    running: bool
    host: GuestHost
    type: Optional[str]
    arch: Optional[str]
    machine: Optional[str]
    memory: Optional[Amount]
    hugepages: Optional[Amount]
    cpu: Optional[Cpu]
    live_cpu: Optional[Cpu]
    disks: tuple[Disk, ...]
    hostdevs: tuple[HostDevice, ...]
    files: tuple[HostFile, ...]
    ports: tuple[int, ...]
    graphics: tuple[Graphics, ...]
    blockers: tuple[str, ...]
    possible_blockers: tuple[str, ...]
    processors: tuple[str, ...]
    nodes: tuple[str, ...]
    nics: tuple[NicFacts, ...]
    persistent: bool
    paused: bool
    # Its memory is still coming from another host, where it runs.
    arriving: bool
    emulator: Optional[str] = None
    gathered: Optional[float] = None
    # None in what an older version described
    security_models: Optional[tuple[str, ...]] = None
    not_understood: Optional[tuple[str, ...]] = None
    question: Optional[str] = None
    # Said by those who migrate it: virsh migrate --unsafe
    unsafe: bool = False
    # Its memory is in a file of its host (managed save); None in what an older version described
    saved: Optional[bool] = None
    origin: Optional[str] = None
    vcpus: Optional[Amount] = None
    sockets: Optional[tuple[GuestSocket, ...]] = None
    accounts: Optional[tuple[Account, ...]] = None
    own_files: Optional[tuple[HostFile, ...]] = None

    @classmethod
    def of(cls, guest: Guest, descriptor: Descriptor, host: GuestHost, nics: Iterable[NicFacts]) -> GuestFacts:
        return cls(
            name=guest.name,
            uuid=guest.uuid,
            running=guest.running,
            persistent=guest.persistent,
            paused=False,
            arriving=False,
            host=host,
            nics=tuple(nics),
            **vars(descriptor),
        )

    def as_dict(self) -> dict[str, Any]:
        return {"format": GUEST_FORMAT, **asdict(self)}


@dataclass(frozen=True)
class UnreadableGuest:
    """problem: a key of READ_PROBLEMS in verdicts, with its parameters."""

    name: str
    uuid: Optional[str]
    problem: str
    parameters: Mapping[str, Any]


class CheckedGuest:
    """A guest made ready to be judged on many hosts.

    needs: one text for each NIC, equal for NICs that need the same; networks: (index of the NIC, network) of the NICs
    that ask for one by name; shown: mac and network of each NIC, as findings show them.
    """

    __slots__ = ("facts", "needs", "networks", "shown")

    def __init__(self, facts: GuestFacts) -> None:
        self.facts = facts
        self.needs = [_needs(nic) for nic in facts.nics]
        named = [(place, nic.network_name) for place, nic in enumerate(facts.nics)]
        self.networks = [(place, name) for place, name in named if name is not None]
        self.shown = [{"mac": nic.mac, "network": nic.network} for nic in facts.nics]

    @property
    def name(self) -> str:
        return self.facts.name

    @property
    def uuid(self) -> Optional[str]:
        return self.facts.uuid


def load_guest(data: Any) -> GuestFacts:
    """Raises DataError."""
    return read_record(GuestFacts, data)


def load_guests(guests: Iterable[Any]) -> list[CheckedGuest | UnreadableGuest]:
    """Never raises: the verdict of a guest that cannot be read is unknown."""
    return [_read(data) for data in guests]


def _read(data: Any) -> CheckedGuest | UnreadableGuest:
    if not isinstance(data, Mapping):
        return UnreadableGuest("?", None, "not_a_guest", {})
    name, uuid = str(data.get("name") or "?"), str(data["uuid"]) if data.get("uuid") else None
    if data.get("format") != GUEST_FORMAT:
        return UnreadableGuest(name, uuid, "format", {"format": data.get("format"), "known": GUEST_FORMAT})
    try:
        return CheckedGuest(load_guest(data))
    except DataError as error:
        return UnreadableGuest(name, uuid, "incomplete", {"problem": error.problem})


# What tells NICs apart and makes no difference to what they need.
_ONE_OF_A_KIND = {"mac": None, "device": None, "leases": None}


def _needs(nic: NicFacts) -> str:
    return json.dumps({**vars(nic), **_ONE_OF_A_KIND}, default=vars, sort_keys=True)
