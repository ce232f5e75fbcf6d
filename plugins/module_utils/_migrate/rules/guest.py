# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guest as a whole: is it there already, and does the host have what it needs besides networks?"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Optional, Union

from ..._model.descriptor import DEVICE, DIRECTORY, REGULAR, Cpu, Disk, Graphics, GuestSocket, HostDevice, HostFile
from ..._model.forward import POOL, members_of
from ..._model.number_set import parse_number_set
from ..destination_facts import DestinationFacts, HostNic
from ..finding import LIBVIRT_ACCEPTS, OK, Finding, blocked, informational, refused, risky, unknown
from ..frame_path import DOWN, paths_out, tags_of
from ..guest_facts import GuestFacts, NicFacts
from ..host_links import Link
from ..lookup_kinds import (
    CPU_COMPARISONS,
    CPU_NAMES,
    FILE_TYPES,
    GUESTS,
    HOST,
    LINKS,
    NIC_MODELS,
    PATHS,
    SIZES,
    SOCKETS,
    USB_DEVICES,
    VOLUMES,
)
from ..nic_settings import settings_from
from ..rule import NicCase, guest_rule, nic_rule
from .pools import choose_least_used_members, draws_from_pool

# --- Which guest, and which host ---

MAC_ON_WIRE = blocked(
    "MAC_IN_USE",
    "{other} on {host} has the MAC address {mac} on the same physical network.",
    "Another guest on the same physical network (on the destination or in this call), the NIC's bridge or its uplink "
    "has the same MAC address. On macvtap libvirt refuses the guest (seen); on a bridge both lose traffic",
)
MAC_OF_LINK = blocked("MAC_IN_USE", "Link {link} on {host}, in the NIC's own bridge, has the MAC address {mac}.")
MAC_BOUND = blocked(
    "MAC_IN_USE", "The forwarding table of the NIC's bridge on {host} binds the MAC address {mac} to {link}."
)
MAC_OF_DEVICE = refused(
    "MAC_IN_USE", "Link {link} on {host} has the MAC address {mac}; libvirt would put the NIC on the same device."
)
MAC_OF_STOPPED = informational(
    "MAC_IN_USE",
    "{other}, shut off on {host}, has the MAC address {mac}; the two cannot run at the same time.",
    "A guest that is shut off has the same MAC address; the two cannot run at the same time",
)
GUESTS_NOT_SEEN = unknown(
    "The guests of {host}, and therefore its names and MAC addresses, are unknown.", LIBVIRT_ACCEPTS
)
NAME_EXISTS = refused(
    "GUEST_EXISTS",
    "{host} has another guest named {name} (UUID {uuid}).",
    "The destination has the guest's name with a different UUID or its UUID with a different name, or the guest "
    "already runs there. Seen: errors 9, 55. A definition of the same guest there is not a finding",
)
UUID_EXISTS = refused("GUEST_EXISTS", "{host} has the guest's UUID under another name, {name}.")
RUNS_ALREADY = refused("GUEST_EXISTS", "{name} already runs on {host}.")
SAME_UUID = refused(
    "SAME_HOST",
    "{host} is the guest's own host (host UUID {uuid}).",
    "The destination has the host UUID or host name of the source. Seen: error 1",
)
SAME_NAME = refused("SAME_HOST", "{host} has the name of the guest's own host.")
HOST_NOT_IDENTIFIED = unknown("It is unknown whether {host} is the guest's own host.", LIBVIRT_ACCEPTS)


@guest_rule(SAME_UUID, SAME_NAME, HOST_NOT_IDENTIFIED, needs=(HOST,))
def compare_hosts(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    """libvirt goes by the UUID and by the name: either alone is refused."""
    own = guest.host
    if host.uuid and own.uuid == host.uuid:
        yield SAME_UUID.found(uuid=host.uuid)
    elif own.name and own.name == host.name:
        yield SAME_NAME.found()
    elif not host.uuid or not own.uuid:
        yield HOST_NOT_IDENTIFIED.found()


@guest_rule(NAME_EXISTS, UUID_EXISTS, RUNS_ALREADY, GUESTS_NOT_SEEN, needs=(GUESTS,))
def check_identity(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    if host.guests is None:
        yield GUESTS_NOT_SEEN.found()
        return
    by_name, by_uuid = host.guests_by_name.get(guest.name), host.guests_by_uuid.get(guest.uuid)
    if by_name is not None and by_name.uuid != guest.uuid:
        yield NAME_EXISTS.found(name=guest.name, uuid=by_name.uuid)
    if by_uuid is not None and by_uuid.name != guest.name:
        yield UUID_EXISTS.found(name=by_uuid.name)
    elif by_uuid is not None and by_uuid.running:
        yield RUNS_ALREADY.found(name=guest.name)


@guest_rule(MAC_ON_WIRE, MAC_OF_LINK, MAC_BOUND, MAC_OF_DEVICE, MAC_OF_STOPPED, needs=(GUESTS, LINKS))
def check_macs(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    for place, nic in enumerate(guest.nics):
        for finding in _find_mac(guest, nic, host):
            yield finding.at(place, finding.severity)


def _find_mac(guest: GuestFacts, nic: NicFacts, host: DestinationFacts) -> Iterator[Finding]:
    for other, its in host.nics_by_mac.get(nic.mac, ()):
        if other.uuid == guest.uuid or not are_on_one_wire(host, nic, its):
            continue
        yield (MAC_ON_WIRE if other.running else MAC_OF_STOPPED).found(other=other.name, mac=nic.mac)
        return
    link = _link_on_its_device(nic, host)
    if link is not None:
        yield MAC_OF_DEVICE.found(link=link.name, mac=nic.mac)
        return
    link = _link_with_mac(nic, host)
    if link is not None:
        yield MAC_OF_LINK.found(link=link.name, mac=nic.mac)
        return
    bound = next((one for one in host.links_by_bound_mac.get(nic.mac, ()) if one.master == _bridge_of(nic, host)), None)
    if bound is not None:
        yield MAC_BOUND.found(link=bound.name, mac=nic.mac)


def _bridge_of(nic: NicFacts, host: DestinationFacts) -> Optional[str]:
    net = host.networks.get(nic.network_name or "")
    return net.bridge if net is not None else nic.source


def _link_on_its_device(nic: NicFacts, host: DestinationFacts) -> Optional[Link]:
    """A macvtap does not come up with the address of its device, or of another macvlan on it (macvlan_open() of the
    kernel). In mode passthrough, the device gets the NIC's."""
    found = host.links_by_mac.get(nic.mac, ())
    net = host.networks.get(nic.network_name or "")
    if not found or "passthrough" in (nic.mode if net is None else net.mode,):
        return None
    if net is None:
        device = nic.source if nic.type == "direct" else None
    else:
        shared = draws_from_pool(net) and net.mode != "hostdev"
        device = next(iter(choose_least_used_members(net, 1)), None) if shared else None
    own = host.link(str(device))
    if own is None:
        return None
    return next((link for link in found if link == own or (link.parent == own.index and link.admin == "up")), None)


def _link_with_mac(nic: NicFacts, host: DestinationFacts) -> Optional[Link]:
    """The NIC's bridge or one of its uplinks, if that has the NIC's MAC address. An Open vSwitch bridge's own port
    receives nothing while the host does not use it."""
    found = host.links_by_mac.get(nic.mac, ())
    if not found:
        return None
    bridge = _bridge_of(nic, host)
    own = host.link(str(bridge))
    unused = bridge in host.ovs_bridges and own is not None and (own.admin != "up" or not own.addresses)
    near = (
        [*(() if unused else (bridge,)), *(path.uplink for path in paths_out(host.host_links, bridge) or ())]
        if bridge
        else []
    )
    return next((link for link in found if link.name in near), None)


@dataclass(frozen=True)
class _Segment:
    """What hears a NIC. bridges: within the host; vlans: in which its frames leave the host (None: untagged), none
    where they do not, and None where they may, in any."""

    bridges: frozenset[str] = frozenset()
    vlans: Optional[frozenset[Optional[int]]] = None

    @property
    def leads_out(self) -> bool:
        return self.vlans is None or bool(self.vlans)


_ALONE = _Segment(vlans=frozenset())
_OUTSIDE = _Segment()


def are_on_one_wire(host: DestinationFacts, nic: Union[NicFacts, HostNic], other: Union[NicFacts, HostNic]) -> bool:
    """Whether two NICs would hear each other: on one bridge, or on bridges that are joined, or each on some wire
    outside of the host, which may well be one unless both have a VLAN of their own."""
    one, its = _segment_of(host, nic), _segment_of(host, other)
    own, theirs = _vlans_within(host, nic), _vlans_within(host, other)
    if own is not None and theirs is not None and own.bridge == theirs.bridge:
        return bool(own.vlans & theirs.vlans)
    if one.bridges & its.bridges:
        return True
    if one.vlans is None or its.vlans is None:
        return one.leads_out and its.leads_out
    return any(tag == own or None in (tag, own) for tag in one.vlans for own in its.vlans)


@dataclass(frozen=True)
class _Within:
    """A bridge that keeps VLANs apart, and those that a NIC's port there is in; 0 is none."""

    bridge: str
    vlans: frozenset[int]


def _vlans_within(host: DestinationFacts, nic: Union[NicFacts, HostNic]) -> Optional[_Within]:
    """None where its bridge keeps none apart, and where that is not known."""
    net = host.networks.get(str(nic.network)) if nic.type == "network" else None
    bridge = nic.source if nic.type == "bridge" else None if net is None else net.bridge
    own = host.link(str(bridge))
    if not bridge or not (bridge in host.ovs_bridges or (own is not None and own.vlan_filtering)):
        return None
    if isinstance(nic, NicFacts):
        tags = tags_of((nic.own if net is None else settings_from(net, nic)).get("vlan"))
        return _Within(bridge, frozenset(tags or (_untagged_on(host, bridge),)))
    switch, link = host.ovs_bridges.get(bridge), host.link(str(nic.target))
    port = None if switch is None else switch.ports.get(str(nic.target))
    if port is not None:
        return _Within(bridge, frozenset({*port.trunks, *(() if port.trunks and not port.tag else (port.tag or 0,))}))
    if switch is None and link is not None and link.vlans is not None:
        return _Within(bridge, frozenset(vlan.id for vlan in link.vlans))
    return None


def _untagged_on(host: DestinationFacts, bridge: str) -> int:
    """The VLAN of a port without tags."""
    own = host.link(bridge)
    return 0 if bridge in host.ovs_bridges or own is None else own.default_pvid or 0


def _segment_of(host: DestinationFacts, nic: Union[NicFacts, HostNic]) -> _Segment:
    if nic.type in ("user", "null"):
        return _ALONE
    if nic.type == "network":
        net = host.networks.get(str(nic.network))
        if net is not None and net.is_virtual:
            return _Segment(frozenset({net.bridge or f"network {net.name}"}), frozenset())
        return _OUTSIDE if net is None or net.bridge is None else _segment_of_bridge(host, net.bridge)
    if nic.type != "bridge" or not nic.source:
        return _OUTSIDE
    made = any(net.bridge == nic.source and net.is_virtual for net in host.networks.values())
    return _Segment(frozenset({nic.source}), frozenset()) if made else _segment_of_bridge(host, nic.source)


def _segment_of_bridge(host: DestinationFacts, bridge: str) -> _Segment:
    """Of what does not pass now, nothing is heard."""
    paths = paths_out(host.host_links, bridge)
    if paths is None or not host.is_bridge(bridge):
        return _Segment(frozenset({bridge}))
    joined = host.host_links.joined_with(bridge)
    own = host.link(bridge)
    if bridge in host.ovs_bridges or (own is not None and own.vlan_filtering):
        # Ways of other VLANs than the one that was asked about may be open.
        return _Segment(joined, None if paths else frozenset())
    open_paths = [path for path in paths if path.state != DOWN]
    unsure = any(path.state is None for path in open_paths)
    return _Segment(joined, None if unsure else frozenset(path.vlan for path in open_paths))


# --- Machine, processor, memory ---

MACHINES_NOT_SEEN = unknown("The machine types of {host} are unknown.", LIBVIRT_ACCEPTS)
DOMAIN_TYPES_NOT_SEEN = unknown("It is unknown whether {host} can run guests of type {type}.", LIBVIRT_ACCEPTS)
NO_ARCHITECTURE = refused("MACHINE_UNSUPPORTED", "{host} cannot run guests of architecture {arch}.")
NO_MACHINE = refused(
    "MACHINE_UNSUPPORTED",
    "QEMU on {host} has no machine type {machine}.",
    "QEMU does not have the machine type or the model of a NIC, or the host has no KVM and the guest needs it. Seen: "
    "errors 67 and 1",
)
NO_DOMAIN_TYPE = refused("MACHINE_UNSUPPORTED", "{host} cannot run {arch} guests of type {type}.")
NO_NIC_MODEL = refused("MACHINE_UNSUPPORTED", "QEMU on {host} has no NIC model {model}.")
NIC_MODEL_NOT_SEEN = unknown("It is unknown whether QEMU on {host} has NIC model {model}.", LIBVIRT_ACCEPTS)
CPU_LACKS_FEATURES = refused(
    "CPU_INCOMPATIBLE",
    "{host} does not provide all features of the guest's CPU ({cpu}).",
    "libvirt's CPU comparison fails. For a running guest with `host-passthrough`, which libvirt does not check, the "
    "CPUs of the two hosts are compared. An emulated CPU with `check='full'` (`host-model`, once the guest runs) needs "
    "a QEMU that emulates the same features. Also when libvirt does not know the model or a feature by name, which it "
    "refuses for emulated CPUs too. Seen: error 67",
)
CPU_NAME_UNKNOWN = refused(
    "CPU_INCOMPATIBLE", "libvirt on {host} does not know the guest's CPU model ({cpu}) or one of its features."
)
CPU_NAME_NOT_CHECKED = unknown("It is unknown whether libvirt on {host} knows the guest's CPU.", LIBVIRT_ACCEPTS)
CPU_NOT_COMPARED = unknown("It is unknown whether {host} provides the features of the guest's CPU.", LIBVIRT_ACCEPTS)
MEMORY_NOT_SEEN = unknown("The memory of {host} is unknown.", LIBVIRT_ACCEPTS)
MEMORY_SHORT = refused(
    "MEMORY_SHORT",
    "The guest needs {needed} MiB of memory; {host} has {there} MiB in total.",
    "The guest needs more memory than the host has, or more huge pages than are free. Seen: error 1, QEMU cannot set "
    "up the guest's memory",
)
PAGES_SHORT = refused("MEMORY_SHORT", "The guest needs {needed} MiB in huge pages; {host} has {there} MiB free.")
MEMORY_TIGHT = risky(
    "MEMORY_SHORT",
    "The guest needs {needed} MiB of memory; {host} has {there} MiB available.",
    "The guest needs more memory than is available: QEMU starts, but the host may run out of memory",
)

# Models of NICs that every QEMU has that runs guests of their architecture; others are looked up.
_COMMON_MODELS = frozenset({
    "virtio", "virtio-transitional", "virtio-non-transitional", "e1000", "e1000e", "e1000-82544gc", "e1000-82545em",
    "rtl8139", "ne2k_pci", "pcnet", "vmxnet3", "i82550", "i82551", "i82557a", "i82557b", "i82557c", "i82558a",
    "i82558b", "i82559a", "i82559b", "i82559c", "i82559er", "i82562", "i82801", "usb-net", "spapr-vlan",
    "lan9118", "smc91c111",
})  # fmt: skip


@guest_rule(
    MACHINES_NOT_SEEN, DOMAIN_TYPES_NOT_SEEN, NO_ARCHITECTURE, NO_MACHINE, NO_DOMAIN_TYPE, needs=(HOST,)
)  # fmt: skip
def check_machine(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    if not guest.machine:
        return
    if host.machines is None:
        yield MACHINES_NOT_SEEN.found()
        return
    known = host.machines.get(str(guest.arch))
    if known is None:
        yield NO_ARCHITECTURE.found(arch=guest.arch)
    elif guest.machine not in known:
        yield NO_MACHINE.found(machine=guest.machine)
    if host.domain_types is None:
        yield DOMAIN_TYPES_NOT_SEEN.found(type=guest.type)
    elif str(guest.arch) in host.domain_types and guest.type not in host.domain_types[str(guest.arch)]:
        yield NO_DOMAIN_TYPE.found(arch=guest.arch, type=guest.type)


def _rare_models(guest: GuestFacts) -> list[str]:
    return sorted({nic.model for nic in guest.nics if nic.model} - _COMMON_MODELS)


def nic_model_key(guest: GuestFacts, model: str) -> str:
    return json.dumps([guest.emulator, model])


@guest_rule(
    NO_NIC_MODEL,
    NIC_MODEL_NOT_SEEN,
    lookups={NIC_MODELS: lambda guest: [nic_model_key(guest, model) for model in _rare_models(guest)]},
)
def check_nic_models(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    for model in _rare_models(guest):
        there = host.looked_up(NIC_MODELS, nic_model_key(guest, model))
        if there is None:
            yield NIC_MODEL_NOT_SEEN.found(model=model)
        elif not there:
            yield NO_NIC_MODEL.found(model=model)


def _compared_cpu(guest: GuestFacts) -> Optional[Cpu]:
    """The guest's CPU, if what the host provides has to be compared with it. libvirt does so before it takes a guest,
    but not with one whose check is disabled, nor with one that is made of whatever the host has when the guest starts.
    A running guest with its host's whole processor it takes unchecked, to any other. An emulated CPU it compares with
    what QEMU emulates once the guest runs, if it has seen all of its features (check='full'); the definition, which is
    what migrates, may have a model with fewer.
    """
    cpu = guest.cpu
    if guest.type == "qemu":
        return None if guest.live_cpu is None or guest.live_cpu.is_the_hosts else guest.live_cpu
    if cpu is None:
        return None
    if cpu.is_the_hosts:
        return cpu if guest.running else None
    if cpu.check == "none" or not (cpu.model if cpu.mode == "custom" else guest.running):
        return None
    return cpu


def _named_cpu(guest: GuestFacts) -> Optional[Cpu]:
    """The guest's CPU, if it is written in names that an older libvirt may not know; it refuses those, checked or
    not."""
    cpu = guest.cpu
    if cpu is None or not cpu.model or cpu.is_the_hosts or guest.arch not in ("x86_64", "i686"):
        return None
    return cpu


def cpu_comparison_key(guest: GuestFacts, cpu: Cpu) -> str:
    return json.dumps([cpu.xml, guest.arch, guest.machine, guest.type, cpu.is_the_hosts])


def _cpu_comparisons(guest: GuestFacts) -> list[str]:
    cpu = _compared_cpu(guest)
    return [] if cpu is None or not cpu.xml else [cpu_comparison_key(guest, cpu)]


def _cpu_names(guest: GuestFacts) -> list[str]:
    cpu = _named_cpu(guest)
    return [] if cpu is None or not cpu.xml else [cpu.xml]


@guest_rule(
    CPU_LACKS_FEATURES,
    CPU_NAME_UNKNOWN,
    CPU_NAME_NOT_CHECKED,
    CPU_NOT_COMPARED,
    needs=(HOST,),
    lookups={CPU_COMPARISONS: _cpu_comparisons, CPU_NAMES: _cpu_names},
)
def check_cpu(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    named, compared = _named_cpu(guest), _compared_cpu(guest)
    known = True if named is None else _knows_names(named, host)
    if known is False and named is not None:
        yield CPU_NAME_UNKNOWN.found(cpu=named.model)
        return
    if known is None:
        yield CPU_NAME_NOT_CHECKED.found()
    if compared is None:
        return
    answer = host.looked_up(CPU_COMPARISONS, cpu_comparison_key(guest, compared))
    if answer is None:
        yield CPU_NOT_COMPARED.found()
    elif not answer:
        yield CPU_LACKS_FEATURES.found(cpu=compared.model or compared.mode)


def _knows_names(cpu: Cpu, host: DestinationFacts) -> Optional[bool]:
    """Without a connection to the host there are the names of models, and none of features."""
    if host.looked_for(CPU_NAMES):
        return host.looked_up(CPU_NAMES, cpu.xml or "")
    if host.cpu_models is None:
        return None
    if cpu.model not in host.cpu_models:
        return False
    return None if cpu.features else True


@guest_rule(MEMORY_NOT_SEEN, MEMORY_SHORT, PAGES_SHORT, MEMORY_TIGHT, needs=(HOST,))
def check_memory(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    needed, memory = guest.memory or 0, host.memory
    if memory is None:
        yield MEMORY_NOT_SEEN.found()
    elif guest.hugepages is not None:
        # Huge pages are taken at once or not at all.
        sizes = [int(size) for size in memory.pages if size.isdigit()]
        size = guest.hugepages or min(sizes, default=0)
        free = memory.pages.get(str(size), 0) * size
        if free < needed:
            yield PAGES_SHORT.found(needed=needed // 1024, there=free // 1024)
    elif needed > memory.total:
        yield MEMORY_SHORT.found(needed=needed // 1024, there=memory.total // 1024)
    elif needed > memory.available:
        yield MEMORY_TIGHT.found(needed=needed // 1024, there=memory.available // 1024)


PROCESSORS_MISSING = refused(
    "PROCESSORS_MISSING",
    "{host} has none of the processors {numbers} to which the guest is pinned.",
    "The guest's definition pins it to processors or NUMA nodes (`cpuset`, `nodeset`) that the host does not have. "
    "Read",
    "change the numbers in the guest's definition",
)
NODES_MISSING = refused(
    "PROCESSORS_MISSING", "{host} does not have all of the NUMA nodes {numbers} to which the guest's memory is bound."
)
PROCESSORS_PARTLY = unknown(
    "{host} does not have all of the processors {numbers} to which the guest is pinned.",
    LIBVIRT_ACCEPTS,
    "PROCESSORS_MISSING",
    "Some of the processors are missing",
)
PROCESSORS_NOT_SEEN = unknown(
    "It is unknown whether {host} has all {what} that the guest's definition names ({numbers}).", LIBVIRT_ACCEPTS
)


@guest_rule(PROCESSORS_MISSING, NODES_MISSING, PROCESSORS_PARTLY, PROCESSORS_NOT_SEEN, needs=(HOST,))
def check_processors(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    for text in guest.processors:
        wanted = parse_number_set(text)
        if wanted is None or host.processors is None:
            yield PROCESSORS_NOT_SEEN.found(what="processors", numbers=text)
        elif not wanted & host.processors:
            yield PROCESSORS_MISSING.found(numbers=text)
        elif not wanted <= host.processors:
            yield PROCESSORS_PARTLY.found(numbers=text)
    for text in guest.nodes:
        wanted = parse_number_set(text)
        if wanted is None or host.nodes is None:
            yield PROCESSORS_NOT_SEEN.found(what="NUMA nodes", numbers=text)
        elif not wanted <= host.nodes:
            yield NODES_MISSING.found(numbers=text)


# --- Disks and files ---

PATH_NOT_CHECKED = unknown("It is unknown whether {host} has {path} (disk {disk}).", LIBVIRT_ACCEPTS)
VOLUME_NOT_CHECKED = unknown("It is unknown whether {host} has volume {path} (disk {disk}).", LIBVIRT_ACCEPTS)
VOLUME_SHARING_UNKNOWN = unknown(
    "It is unknown whether volume {path} (disk {disk}) is on storage that hosts share.", LIBVIRT_ACCEPTS
)
DISK_MISSING = refused(
    "DISK_UNREACHABLE",
    "{host} has no {path} (disk {disk}).",
    "The path does not exist (an optional CD-ROM may be missing), or is on a file system that libvirt does not "
    "consider shared. Seen: errors 38 and 81. A volume or its storage pool is missing or inactive. Seen: error 49",
)
VOLUME_MISSING = refused(
    "DISK_UNREACHABLE", "{host} has no volume {path} (disk {disk}), or its storage pool is not active there."
)
DISK_NOT_SHARED = refused(
    "DISK_UNREACHABLE",
    "{path} (disk {disk}) is on a local file system of the guest's own host; libvirt refuses to migrate it without "
    "copying its storage, or only with --unsafe.",
)
DISK_UNSAFE = DISK_NOT_SHARED.rated(
    OK, "The same, for a migration with `unsafe`: the path must have the same content on both hosts"
)
FILE_MISSING = refused(
    "FILE_MISSING",
    "{host} has no {path} ({what}).",
    "A file is missing: QEMU, kernel, firmware, the RNG's source, an input device, the host side of a serial port or "
    "channel (a device, a pipe, a socket, the directory of a file). Seen. Also vhost-net or a tap device if a NIC "
    "requires it, the vsock device, a ROM or fw_cfg file, the template of the firmware's variables, a disk's backing "
    "file. Read",
)
FILE_OF_ANOTHER_TYPE = refused(
    "FILE_MISSING",
    "{path} ({what}) on {host} is not a {type}.",
    "The path has the wrong type: a directory instead of a file, a file instead of a directory, or a QEMU that is not "
    "executable. Seen: error 1",
)
FILE_NOT_CHECKED = unknown("It is unknown whether {host} has {path} ({what}).", LIBVIRT_ACCEPTS)
FILE_SIZE_DIFFERS = refused(
    "FILE_SIZE_DIFFERS",
    "{path} ({what}) on {host} does not have the {size} bytes that it has on the guest's own host.",
    "A ROM (rounded up to a power of two) or a firmware image has another size, and QEMU loads a running guest only "
    "into memory of the same size. Seen: size mismatch",
    "install the same file on both hosts",
)

DISK_OF_ANOTHER_TYPE = refused(
    "DISK_UNREACHABLE",
    "{path} (disk {disk}) on {host} is not a {type}.",
    "The path has the wrong type, such as a directory instead of an image. Seen: error 1",
)

# Types of disks that are at a path, and the type of file that QEMU opens there.
_LOCAL_DISKS = {"file": REGULAR, "block": DEVICE, "dir": DIRECTORY}


def _disks_at_paths(guest: GuestFacts) -> list[Disk]:
    return [disk for disk in guest.disks if disk.path and disk.type not in ("network", "volume")]


def _volumes(guest: GuestFacts) -> list[Disk]:
    return [disk for disk in guest.disks if disk.path and disk.type == "volume"]


@guest_rule(
    PATH_NOT_CHECKED,
    VOLUME_NOT_CHECKED,
    VOLUME_SHARING_UNKNOWN,
    DISK_MISSING,
    VOLUME_MISSING,
    DISK_NOT_SHARED,
    DISK_UNSAFE,
    DISK_OF_ANOTHER_TYPE,
    lookups={
        PATHS: lambda guest: [str(disk.path) for disk in _disks_at_paths(guest)],
        FILE_TYPES: lambda guest: [
            _file_type_key(str(disk.path), _file_type_of(disk))
            for disk in _disks_at_paths(guest)
            if _file_type_of(disk)
        ],
        VOLUMES: lambda guest: [str(disk.path) for disk in _volumes(guest)],
    },
)
def check_disks(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    for disk in _disks_at_paths(guest):
        there = host.looked_up(PATHS, str(disk.path))
        if disk.type not in _LOCAL_DISKS or there is None:
            yield PATH_NOT_CHECKED.found(path=disk.path, disk=disk.target)
        elif not there and not _may_be_missing(guest, disk):
            yield DISK_MISSING.found(path=disk.path, disk=disk.target)
        elif host.looked_up(FILE_TYPES, _file_type_key(str(disk.path), _file_type_of(disk))) is False:
            yield DISK_OF_ANOTHER_TYPE.found(path=disk.path, disk=disk.target, type=_file_type_of(disk))
        yield from _check_sharing(guest, disk)
    for disk in _volumes(guest):
        there = host.looked_up(VOLUMES, str(disk.path))
        if there is None:
            yield VOLUME_NOT_CHECKED.found(path=disk.path, disk=disk.target)
        elif not there and not _may_be_missing(guest, disk):
            yield VOLUME_MISSING.found(path=disk.path, disk=disk.target)
        if guest.running and not disk.readonly and not disk.file:
            yield VOLUME_SHARING_UNKNOWN.found(path=disk.path, disk=disk.target)
        yield from _check_sharing(guest, disk)


def _may_be_missing(guest: GuestFacts, disk: Disk) -> bool:
    """A guest that starts on the destination needs its requisite images."""
    optional = ("optional", "requisite") if guest.running else ("optional",)
    return disk.startup in optional and disk.device in ("cdrom", "floppy")


def _file_type_of(disk: Disk) -> str:
    return _LOCAL_DISKS.get(str(disk.type), "")


def _file_type_key(path: str, file_type: str) -> str:
    return json.dumps([path, file_type])


def _check_sharing(guest: GuestFacts, disk: Disk) -> Iterator[Finding]:
    if guest.running and not disk.readonly and disk.shared is False:
        kind = DISK_UNSAFE if guest.unsafe else DISK_NOT_SHARED
        yield kind.found(path=disk.path, disk=disk.target)


def _file_paths(guest: GuestFacts) -> list[str]:
    return [path for file in guest.files for path in (file.path, file.alternative) if path]


def _file_types(guest: GuestFacts) -> list[str]:
    return [_file_type_key(file.path, file.type) for file in guest.files if file.type]


def _size_key(file: HostFile) -> str:
    return json.dumps([file.path, file.size, file.rounded])


def _sizes(guest: GuestFacts) -> list[str]:
    return [_size_key(file) for file in guest.files if file.size is not None and guest.running]


@guest_rule(
    FILE_MISSING,
    FILE_OF_ANOTHER_TYPE,
    FILE_NOT_CHECKED,
    FILE_SIZE_DIFFERS,
    needs=(HOST,),
    lookups={PATHS: _file_paths, SIZES: _sizes, FILE_TYPES: _file_types},
)
def check_files(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    for file in guest.files:
        there = True if file.path in host.emulators else _has_file(file, host)
        if there is None:
            yield FILE_NOT_CHECKED.found(path=file.path, what=file.what)
        elif not there:
            yield FILE_MISSING.found(path=file.path, what=file.what)
        elif file.type and host.looked_up(FILE_TYPES, _file_type_key(file.path, file.type)) is False:
            yield FILE_OF_ANOTHER_TYPE.found(path=file.path, what=file.what, type=file.type)
        elif file.size is not None and guest.running:
            alike = host.looked_up(SIZES, _size_key(file))
            if alike is None:
                yield FILE_NOT_CHECKED.found(path=file.path, what=file.what)
            elif not alike:
                yield FILE_SIZE_DIFFERS.found(path=file.path, what=file.what, size=file.size)


def _has_file(file: HostFile, host: DestinationFacts) -> Optional[bool]:
    """Under one name or the other; None where it was not looked up."""
    found = [host.looked_up(PATHS, path) for path in (file.path, file.alternative) if path]
    return True if True in found else None if None in found else False


# --- Devices, and what keeps a guest from migrating anywhere ---

DEVICE_PINNED = refused(
    "DEVICE_PINNED",
    "The guest has device {device} of its host (type {type}), which cannot migrate.",
    "The running guest has a PCI, SCSI, mdev or USB device of the host. Or it has a NIC that is a PCI device, or would "
    "become one on the destination, and that is not in a teaming pair. Read. For a guest that is shut off, only USB "
    "devices are checked, unless the guest starts without them",
)
NIC_PINNED = refused(
    "DEVICE_PINNED",
    "A NIC of the guest{model} is a PCI device of its host, which cannot migrate while the guest runs (a teaming pair "
    "could).",
)
USB_MISSING = refused("DEVICE_PINNED", "{host} has no USB device {device}, which the guest needs.")
USB_NOT_CHECKED = unknown("It is unknown whether {host} has USB device {device}.", LIBVIRT_ACCEPTS)
GUEST_BLOCKED = refused(
    "GUEST_BLOCKED",
    "The guest cannot be migrated: {reason}.",
    "The guest cannot be migrated: snapshots (seen, also of a guest that is shut off: error 55), `invtsc` without a "
    "frequency, virtiofs, shared memory with role peer, a transient disk, a disk image of a format that QEMU does not "
    "migrate (vmdk, vdi, vpc, qcow, parallels; seen), launch security, an unmigratable CPU",
)
MAY_BE_BLOCKED = unknown("It is unknown whether the guest can be migrated now: {reason}.", LIBVIRT_ACCEPTS)


def _is_looked_for(guest: GuestFacts, device: HostDevice) -> bool:
    """A guest that is shut off takes the USB devices of the host on which it starts."""
    return device.type == "usb" and not guest.running and not device.transient and not device.optional


def _usb_devices(guest: GuestFacts) -> list[str]:
    return [device.device for device in guest.hostdevs if _is_looked_for(guest, device)]


@guest_rule(DEVICE_PINNED, NIC_PINNED, USB_MISSING, USB_NOT_CHECKED, lookups={USB_DEVICES: _usb_devices})
def check_host_devices(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    for device in guest.hostdevs:
        if not device.transient and (guest.running or device.type != "usb"):
            yield DEVICE_PINNED.found(type=device.type, device=device.device)
        elif _is_looked_for(guest, device):
            there = host.looked_up(USB_DEVICES, device.device)
            if there is None:
                yield USB_NOT_CHECKED.found(device=device.device)
            elif not there:
                yield USB_MISSING.found(device=device.device)
    pinned = [nic for nic in guest.nics if "hostdev" in (nic.type, nic.plugged_as) and not nic.transient]
    if guest.running and pinned:
        yield NIC_PINNED.found(model=f" ({pinned[0].model})" if pinned[0].model else "")


MEMORY_LEFT_BEHIND = risky(
    "STATE_LEFT_BEHIND",
    "The guest's memory is saved on its own host (virsh managedsave). libvirt migrates only the definition, so the "
    "guest boots from its disks on {host}.",
    "The guest is shut off, and libvirt migrates only its definition. Its memory, saved with `virsh managedsave`, "
    "stays on its own host: it boots, and what it had not written to its disks is lost. Seen. So do the variables "
    "of its firmware and the state of an emulated TPM, if they are not on shared storage. Read",
    "migrate it while it runs, or copy the files and `virsh managedsave-remove`",
)
FILE_LEFT_BEHIND = risky(
    "STATE_LEFT_BEHIND",
    "{path} ({what}) stays on the guest's own host, because libvirt migrates only the definition of a guest that is "
    "shut off.",
)
SAVED_STATE_UNKNOWN = unknown(
    "It is unknown whether the guest's memory is saved on its own host (virsh managedsave).", LIBVIRT_ACCEPTS
)


@guest_rule(MEMORY_LEFT_BEHIND, FILE_LEFT_BEHIND, SAVED_STATE_UNKNOWN)
def check_saved_state(guest: GuestFacts, _host: DestinationFacts) -> Iterator[Finding]:
    if guest.running:
        return
    if guest.saved:
        yield MEMORY_LEFT_BEHIND.found()
    elif guest.saved is None:
        yield SAVED_STATE_UNKNOWN.found()
    for file in guest.own_files or ():
        yield FILE_LEFT_BEHIND.found(path=file.path, what=file.what)


@guest_rule(GUEST_BLOCKED, MAY_BE_BLOCKED)
def check_blockers(guest: GuestFacts, _host: DestinationFacts) -> Iterator[Finding]:
    for reason in sorted(guest.blockers):
        yield GUEST_BLOCKED.found(reason=reason)
    for reason in sorted(guest.possible_blockers):
        yield MAY_BE_BLOCKED.found(reason=reason)


# --- Displays and TCP ports ---

PORT_IN_USE = refused(
    "PORT_IN_USE",
    "{other} uses TCP port {port} on {host}, on which the guest listens.",
    "Another guest, or another program, uses a TCP or UDP port that this guest listens on. Seen",
)
SOCKET_IN_USE = refused(
    "PORT_IN_USE", "A program on {host} uses {protocol} port {port}, on which the guest listens ({address})."
)
SOCKET_SILENT = refused(
    "PORT_UNANSWERED",
    "Nothing on {host} listens on {protocol} port {port} of {address}, to which the guest connects.",
    "A serial port, channel or RNG of the guest connects to a TCP port of its own host, and nothing on the destination "
    "listens on that port. Seen",
    "start the program there, or `<reconnect enabled='yes' .../>`",
)
SOCKET_NOT_CHECKED = unknown(
    "It is unknown whether the guest can connect to {protocol} port {port} of {address} from {host}.", LIBVIRT_ACCEPTS
)
PORT_NOT_CHECKED = unknown("It is unknown whether TCP port {port} is free on {host}.", LIBVIRT_ACCEPTS)
DISPLAY_PORT_IN_USE = refused(
    "GRAPHICS_UNAVAILABLE",
    "{other} uses TCP port {port} on {host}, which the guest's {type} display needs.",
    "The display's port is in use. Or the host lacks the address or the network on which the display listens, or has "
    "no address on that network (an IPv6 link-local address is enough). Seen: error 43",
)
DISPLAY_PORT_NOT_CHECKED = unknown(
    "It is unknown whether TCP port {port} is free on {host} for the guest's {type} display.", LIBVIRT_ACCEPTS
)
DISPLAY_ADDRESS_MISSING = refused(
    "GRAPHICS_UNAVAILABLE", "{host} does not have address {listen}, on which the guest's {type} display listens."
)
DISPLAY_ADDRESS_NOT_SEEN = unknown(
    "It is unknown whether {host} has address {listen}, on which the guest's {type} display listens.", LIBVIRT_ACCEPTS
)
DISPLAY_NETWORK_MISSING = refused(
    "GRAPHICS_UNAVAILABLE", "{host} has no network '{network}', on which the guest's {type} display listens."
)
DISPLAY_NETWORK_INACTIVE = refused(
    "GRAPHICS_UNAVAILABLE", "{Where}, on which the guest's {type} display listens, is not active."
)
DISPLAY_NETWORK_WITHOUT_ADDRESS = refused(
    "GRAPHICS_UNAVAILABLE", "{host} has no address on network '{network}', on which the guest's {type} display listens."
)
DISPLAY_NETWORK_NOT_SEEN = unknown(
    "It is unknown whether {host} has an address on network '{network}', on which the guest's {type} display listens.",
    LIBVIRT_ACCEPTS,
)


def _socket_key(socket: GuestSocket) -> str:
    return json.dumps([socket.protocol, socket.address, socket.port, socket.listens])


@guest_rule(
    SOCKET_IN_USE,
    SOCKET_SILENT,
    PORT_NOT_CHECKED,
    SOCKET_NOT_CHECKED,
    needs=(GUESTS,),
    lookups={SOCKETS: lambda guest: [_socket_key(socket) for socket in guest.sockets or ()]},
)
def check_sockets(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    """What another guest uses has a rule of its own."""
    for socket in guest.sockets or ():
        usable = host.looked_up(SOCKETS, _socket_key(socket))
        words: dict[str, Any] = {
            "protocol": socket.protocol.upper(),
            "port": socket.port,
            "address": socket.address or "any address",
        }
        if usable is None and not socket.listens:
            yield SOCKET_NOT_CHECKED.found(**words)
        elif usable is None:
            yield PORT_NOT_CHECKED.found(port=socket.port)
        elif not usable and not socket.listens:
            yield SOCKET_SILENT.found(**words)
        elif not usable and (socket.protocol == "udp" or _user_of_port(host, socket.port) is None):
            yield SOCKET_IN_USE.found(**words)


@guest_rule(PORT_IN_USE, PORT_NOT_CHECKED, needs=(GUESTS,))
def check_ports(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    for port in guest.ports:
        other = _user_of_port(host, port)
        if host.guests is None:
            yield PORT_NOT_CHECKED.found(port=port)
        elif other is not None:
            yield PORT_IN_USE.found(other=other, port=port)


DISPLAY_PORT_TAKEN = refused(
    "GRAPHICS_UNAVAILABLE", "A program on {host} uses TCP port {port}, which the guest's {type} display needs."
)
NO_DISPLAY_PORT = refused(
    "GRAPHICS_UNAVAILABLE",
    "All TCP ports of {host} for displays are in use (remote_display_port_min and _max in qemu.conf).",
)
NO_CERTIFICATES = refused(
    "GRAPHICS_UNAVAILABLE", "VNC displays on {host} use TLS (vnc_tls in qemu.conf), and its certificates are missing."
)


def _display_ports(item: Graphics) -> list[int]:
    """That are chosen beforehand."""
    return [port for port in (None if item.autoport else item.port, item.websocket) if port]


def _display_socket_key(item: Graphics, port: int) -> str:
    """Without an address of its own a display listens on 127.0.0.1, if qemu.conf does not say otherwise."""
    return _socket_key(GuestSocket("tcp", item.listen or "127.0.0.1", port, True))


def _display_sockets(guest: GuestFacts) -> list[str]:
    return [_display_socket_key(item, port) for item in guest.graphics for port in _display_ports(item)]


@guest_rule(NO_DISPLAY_PORT, NO_CERTIFICATES, DISPLAY_ADDRESS_MISSING, needs=(HOST, LINKS))
def check_display_settings(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    """Those of the destination's qemu.conf; where it cannot be read, another rule says so."""
    settings = None if host.migration is None else host.migration.displays
    if settings is None:
        return
    for item in guest.graphics:
        if not item.tcp or item.type not in ("vnc", "spice"):
            continue
        address = settings.vnc_listen if item.type == "vnc" else settings.spice_listen
        chosen = None if item.listen or item.network else address
        if chosen and not _is_on_every_host(chosen) and chosen not in (host.addresses or (chosen,)):
            yield DISPLAY_ADDRESS_MISSING.found(listen=chosen, type=item.type)
        if item.autoport and settings.ports_free == 0:
            yield NO_DISPLAY_PORT.found()
        if item.type == "vnc" and settings.certificates is False:
            yield NO_CERTIFICATES.found()


@guest_rule(DISPLAY_PORT_TAKEN, lookups={SOCKETS: _display_sockets})
def check_display_sockets(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    """What another guest uses has a rule of its own, which also says if ports cannot be seen."""
    for item in guest.graphics:
        for port in _display_ports(item):
            if host.looked_up(SOCKETS, _display_socket_key(item, port)) is False and not _user_of_port(host, port):
                yield DISPLAY_PORT_TAKEN.found(port=port, type=item.type)


@guest_rule(
    DISPLAY_PORT_IN_USE,
    DISPLAY_PORT_NOT_CHECKED,
    DISPLAY_ADDRESS_MISSING,
    DISPLAY_ADDRESS_NOT_SEEN,
    DISPLAY_NETWORK_MISSING,
    DISPLAY_NETWORK_INACTIVE,
    DISPLAY_NETWORK_WITHOUT_ADDRESS,
    DISPLAY_NETWORK_NOT_SEEN,
    needs=(GUESTS, LINKS),
)
def check_displays(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    for item in guest.graphics:
        if item.network:
            yield from _check_display_network(item, item.network, host)
        if item.listen and not _is_on_every_host(item.listen):
            if host.addresses is None:
                yield DISPLAY_ADDRESS_NOT_SEEN.found(listen=item.listen, type=item.type)
            elif item.listen not in host.addresses:
                yield DISPLAY_ADDRESS_MISSING.found(listen=item.listen, type=item.type)
        if item.autoport or not item.port:
            continue
        other = _user_of_port(host, item.port)
        if host.guests is None:
            yield DISPLAY_PORT_NOT_CHECKED.found(port=item.port, type=item.type)
        elif other is not None:
            yield DISPLAY_PORT_IN_USE.found(other=other, port=item.port, type=item.type)


def _check_display_network(item: Graphics, name: str, host: DestinationFacts) -> Iterator[Finding]:
    """libvirt takes the first address of the network, or of the device under it, and QEMU needs that."""
    net = host.networks.get(name)
    if net is None:
        yield DISPLAY_NETWORK_MISSING.found(network=name, type=item.type)
        return
    if net.mode in POOL:
        there = _has_address(host, net.bridge or next(iter(members_of(net.options)), ""))
        if there is None:
            yield DISPLAY_NETWORK_NOT_SEEN.found(network=name, type=item.type)
        elif not there:
            yield DISPLAY_NETWORK_WITHOUT_ADDRESS.found(network=name, type=item.type)
        return
    if not net.active:
        yield DISPLAY_NETWORK_INACTIVE.found(network=name, type=item.type)
        return
    address = next((ip.get("address") for ip in net.document.get("ips") or ()), None)
    if not address or (host.addresses is not None and address not in host.addresses):
        yield DISPLAY_NETWORK_WITHOUT_ADDRESS.found(network=name, type=item.type)


def _has_address(host: DestinationFacts, device: str) -> Optional[bool]:
    """One that IPv6 gave the device by itself will do. None where it cannot be seen."""
    if host.links is None:
        return None
    link = host.link(device)
    if link is None:
        return False
    if link.addresses or link.link_local:
        return True
    return None if link.link_local is None else False


def _is_on_every_host(listen: str) -> bool:
    """A name is resolved by the host itself."""
    try:
        address = ipaddress.ip_address(listen)
    except ValueError:
        return listen == "localhost"
    return address.is_unspecified or address.is_loopback


def _user_of_port(host: DestinationFacts, port: int) -> Optional[str]:
    return min((other.name for other in host.guests or () if other.running and port in other.tcp_ports), default=None)


# --- nwfilters, and the names of taps ---

NWFILTER_MISSING = refused(
    "NWFILTER_MISSING", "{host} has no nwfilter '{filter}'.", "The nwfilter does not exist. Seen: error 1"
)
NWFILTERS_NOT_SEEN = unknown("It is unknown whether {host} has nwfilter '{filter}'.", LIBVIRT_ACCEPTS)
NWFILTER_DIFFERS = blocked(
    "NWFILTER_DIFFERS",
    "nwfilter '{filter}' on {host} has different rules than on the guest's own host.",
    "The nwfilter, or one that it references, has different rules, which may drop any of the guest's traffic. Seen: "
    "libvirt accepts the guest, and its traffic stops",
)
NWFILTER_NOT_COMPARED = unknown(
    "It is unknown whether the nwfilter '{filter}' on {host} has the same rules as on the guest's own host."
)
TARGET_IN_USE = refused(
    "TARGET_IN_USE",
    "{host} already has a link {link}, the name that the definition gives the NIC's tap.",
    "The guest's definition names the NIC's tap, and the host already has a link of that name. Seen: error 1",
)
TARGET_NOT_SEEN = unknown(
    "It is unknown whether {host} already has a link {link}, the name that the definition gives the NIC's tap.",
    LIBVIRT_ACCEPTS,
)


@guest_rule(NWFILTER_MISSING, NWFILTERS_NOT_SEEN, needs=(HOST,))
def check_nwfilters(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    for name in sorted({nic.filter for nic in guest.nics if nic.filter}):
        if host.nwfilters is None:
            yield NWFILTERS_NOT_SEEN.found(filter=name)
        elif name not in host.nwfilters:
            yield NWFILTER_MISSING.found(filter=name)


@nic_rule(NWFILTER_DIFFERS, NWFILTER_NOT_COMPARED, needs=(HOST,))
def compare_nwfilter_rules(case: NicCase) -> Iterator[Finding]:
    name, filters = case.nic.filter, case.host.nwfilters
    if not name or filters is None or name not in filters:
        return
    if not case.nic.filter_digest or not filters[name]:
        yield NWFILTER_NOT_COMPARED.found(filter=name)
    elif case.nic.filter_digest != filters[name]:
        yield NWFILTER_DIFFERS.found(filter=name)


@nic_rule(TARGET_IN_USE, TARGET_NOT_SEEN, needs=(LINKS,))
def check_target_name(case: NicCase) -> Iterator[Finding]:
    """libvirt makes no tap or macvtap under a name that a link has already."""
    name, host = case.nic.target, case.host
    if not name or case.nic.type == "ethernet":  # libvirt uses an existing tap for that
        return
    if host.links is None:
        yield TARGET_NOT_SEEN.found(link=name)
    elif host.link(name):
        yield TARGET_IN_USE.found(link=name)
