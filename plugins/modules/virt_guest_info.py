#!/usr/bin/python
# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: virt_guest_info
short_description: Describe guests for the migration check
version_added: 0.1.0
description:
  - Describes guests completely, so that M(virtfleet.network.virt_migrate_check) can decide, without access to this
    host, whether they can migrate to another host and keep their networks.
  - Running guests are described from their migratable definition, guests that are shut off from their persistent
    definition.
extends_documentation_fragment:
  - virtfleet.network.attributes.info
  - virtfleet.network.network.connection
options:
  names:
    description: Describe only these guests, given by names or UUIDs. Defaults to all guests.
    type: list
    elements: str
  missing:
    description: Whether to fail (V(fail)) for O(names) that the host does not have, or to ignore them (V(skip)).
    type: str
    choices: [fail, skip]
    default: fail
  resolve:
    description:
      - Host names of possible destinations to resolve on this host; RV(host) has their addresses.
        libvirt gives the source of a migration the destination's own host name to connect to.
      - The role C(migrate_check) looks names up by itself.
    type: list
    elements: str
    default: []
  unsafe:
    description:
      - Describe the guests for a migration with O(virtfleet.network.virt_migrate#module:unsafe). The check then accepts
        a disk on a local file system.
    type: bool
    default: false
seealso:
  - module: virtfleet.network.virt_migrate_check
author:
  - virtfleet.network contributors (@virtfleet)
"""

EXAMPLES = r"""
- name: Describe all guests of a host
  virtfleet.network.virt_guest_info:
  register: found

- name: Describe one guest
  virtfleet.network.virt_guest_info:
    names: [web1]

- name: Show which network each NIC is plugged into
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.nics | map(attribute='network') | join(', ') }}"
  loop: "{{ found.guests }}"
  loop_control:
    label: "{{ item.name }}"
"""

RETURN = r"""
format:
  description: The version of the result's format.
  returned: success
  type: int
  sample: 2
host:
  description: The host.
  returned: success
  type: dict
  contains:
    name:
      description: The name.
      type: str
    uuid:
      description: libvirt's UUID of the host, null if it is not known.
      type: str
    libvirt_version:
      description: The version of libvirt.
      type: str
    qemu_version:
      description: The version of QEMU, null without QEMU.
      type: str
    migration_host:
      description: The name to which its libvirt directs other hosts that migrate guests to it.
      type: str
    resolves:
      description: The addresses of each name in O(resolve), none for a name that cannot be resolved. Null without that
        option, and over a remote O(uri).
      type: dict
    tls_only:
      description: Whether it sends and accepts only migrations with TLS, null if that is not known.
      type: bool
    departures:
      description: As in C(migration) of M(virtfleet.network.virt_network_info).
      type: list
      elements: dict
    own_addresses:
      description: As in C(migration) of M(virtfleet.network.virt_network_info).
      type: dict
    other_settings:
      description: As in C(migration) of M(virtfleet.network.virt_network_info).
      type: dict
  sample: {name: kvm1, uuid: 312ec8c1-9ac3-437f-ae17-6569c5008760, libvirt_version: 9.0.0, migration_host: kvm1}
gathered:
  description: Time of gathering, in seconds since 1970.
  returned: success
  type: int
guests:
  description: The guests, by name. Each is complete by itself, so lists of several hosts can be joined.
  returned: success
  type: list
  elements: dict
  contains:
    format:
      description: As RV(format).
      type: int
    name:
      description: The guest's name.
      type: str
    uuid:
      description: The guest's UUID.
      type: str
    running:
      description: Whether it is running (or paused).
      type: bool
    paused:
      description: Whether it is paused, or has crashed and is kept.
      type: bool
    arriving:
      description: Whether a migration to this host is in progress; until its end, the guest runs on its source.
      type: bool
    saved:
      description: Whether it is shut off and its memory is saved in a file of its host (C(virsh managedsave)).
      type: bool
    persistent:
      description: Whether it has a persistent definition.
      type: bool
    host:
      description: As RV(host).
      type: dict
    gathered:
      description: As RV(gathered).
      type: int
    type:
      description: The domain type, such as C(kvm) or C(qemu).
      type: str
    arch:
      description: The architecture.
      type: str
    machine:
      description: The machine type.
      type: str
    emulator:
      description: The path of QEMU.
      type: str
    memory:
      description: The memory in KiB.
      type: int
    origin:
      description: The host that it was evacuated from, null if it was not evacuated or has returned.
      type: str
    vcpus:
      description: The number of virtual CPUs that are plugged in.
      type: int
    processors:
      description: The sets of host processors to which it is pinned, as libvirt writes them (V(0-3,^2)).
      type: list
      elements: str
    nodes:
      description: The sets of host NUMA nodes to which its memory is bound.
      type: list
      elements: str
    unsafe:
      description: As O(unsafe).
      type: bool
    hugepages:
      description: The size in KiB of the huge pages that back the memory, 0 for the host's default, null for none.
      type: int
    cpu:
      description:
        - The CPU, with C(mode), C(model), C(check), C(features) (each with C(name) and C(policy)), C(cpus_per_socket)
          and C(xml), the input for libvirt's CPU comparison. Null if the definition has no CPU.
        - In the modes C(host-passthrough) and C(maximum), C(xml) is the processor of the host.
      type: dict
    live_cpu:
      description: The CPU with all features that a running guest has, as C(cpu); libvirt requires them on the
        destination. Null if the guest does not run, or if libvirt did not look at them.
      type: dict
    disks:
      description:
        - The disks that have a medium, each with C(target), C(device), C(type), C(path), C(readonly), C(shareable),
          C(cache), C(startup) (the startup policy), C(shared) and C(file). For a volume of a storage pool, C(path) is
          the pool and the volume, and C(file) its path, null if that is not known.
        - C(shared) is true if the path is on a shared file system or on the network, and false if it is on a local file
          system. It is null if that is unknown, as for block devices.
      type: list
      elements: dict
    hostdevs:
      description: Host devices assigned to it, except NICs, each with C(type), C(device), C(transient) and C(optional)
        (whether the guest can start without it).
      type: list
      elements: dict
    files:
      description:
        - Files and directories of the host that QEMU needs in addition to disks, each with C(what), C(path),
          C(alternative), C(size), C(rounded) and C(type).
        - C(alternative) is another path that works too, or null. C(size) is the size that the file must have on the
          destination too, null for any. C(rounded) says whether this size is rounded up to a power of two.
        - C(type) is C(file), C(directory) or C(program), empty if any will do.
      type: list
      elements: dict
    ports:
      description: TCP ports on which it listens, except those of its displays.
      type: list
      elements: int
    sockets:
      description: TCP and UDP sockets by which QEMU listens, or connects when it starts, each with C(protocol),
        C(address), C(port) and C(listens).
      type: list
      elements: dict
    graphics:
      description: The displays, each with C(type), C(port), C(autoport), C(listen), C(network) (the network on whose
        address it listens), C(websocket) (a port) and C(tcp) (whether it listens on TCP at all).
      type: list
      elements: dict
    blockers:
      description: Reasons why libvirt and QEMU refuse to migrate the guest to any destination.
      type: list
      elements: str
    possible_blockers:
      description: Reasons why a migration may currently be impossible.
      type: list
      elements: str
    security_models:
      description: The security models of its labels, except V(dac), which every libvirt has.
      type: list
      elements: str
    accounts:
      description: Accounts of the host that its labels name, each with C(kind) (V(user) or V(group)) and C(name).
      type: list
      elements: dict
    own_files:
      description: Files in which the host keeps what belongs to the guest besides its disks, each with C(path) and
        C(what). Without files on shared storage.
      type: list
      elements: dict
    not_understood:
      description: Paths of the elements and attributes of its definition that the migration check does not understand.
      type: list
      elements: str
      sample: [qemu:commandline]
    question:
      description: Its definition as XML without names, addresses, paths and NICs, which the destination's libvirt must
        be able to start. The same for guests that differ only in these.
      type: str
    nics:
      description: The NICs.
      type: list
      elements: dict
      contains:
        mac:
          description: The MAC address.
          type: str
        type:
          description: The type in the guest's definition.
          type: str
        network:
          description: The network that it names.
          type: str
        portgroup:
          description: The portgroup that it names.
          type: str
        link:
          description: V(up) or V(down).
          type: str
        filter:
          description: The nwfilter.
          type: str
        filter_digest:
          description: A digest of the nwfilter, equal for nwfilters with equal rules.
          type: str
        model:
          description: The model.
          type: str
        transient:
          description: Whether libvirt unplugs it before a migration, as part of a teaming pair.
          type: bool
        source:
          description: The device that it names instead of a network.
          type: str
        mode:
          description: The mode of that device.
          type: str
        plugged_as:
          description: The type of network or device that it is plugged into now.
          type: str
        device:
          description: The device that it is plugged into now.
          type: str
        target:
          description: The name of the tap in the guest's definition, null if libvirt generates one.
          type: str
        managed:
          description: Whether libvirt creates that tap.
          type: bool
        queues:
          description: The number of queues.
          type: int
        attached:
          description:
            - Whether the kernel has its tap in the network's bridge, or its device is a member of the network's pool.
            - Null if the guest does not run, or if that cannot be read.
          type: bool
        leases:
          description: The addresses that it has by DHCP from its network, null if unknown.
          type: list
          elements: str
        own:
          description: The settings of the NIC itself, C(virtualport), C(bandwidth), C(vlan), C(trust_guest_rx_filters),
            C(mtu) and C(isolated).
          type: dict
        settings:
          description:
            - The settings that the NIC gets from its network, merged with its own.
            - Null if the NIC does not refer to a network by name, or the host does not have that network.
          type: dict
          contains:
            network:
              description: C(uuid), C(active), C(persistent), C(autostart) and C(managed) (whether this collection
                manages it).
              type: dict
            mode:
              description: The forward mode.
              type: str
            reach:
              description: V(l2), V(routed), V(nat) or V(isolated).
              type: str
            mtu:
              description: The MTU, null if unknown.
              type: int
            uplink:
              description: C(state) (V(up), V(down), V(none) or null) and C(vlan).
              type: dict
            portgroup:
              description: The portgroup with its settings.
              type: dict
            vlan:
              description: The VLAN tags.
              type: dict
            bandwidth:
              description: The bandwidth limits.
              type: dict
            virtualport:
              description: The virtualport.
              type: dict
            trust_guest_rx_filters:
              description: Whether the host follows the guest's changes to its MAC address and receive filters.
              type: bool
            isolated:
              description: Whether its port is isolated from other isolated ports.
              type: bool
            addresses:
              description: The host's addresses on the network.
              type: list
              elements: str
            forwarding:
              description: For a NAT or routed network, the families (V(ipv4), V(ipv6)) whose packets the host forwards,
                null if unknown.
              type: list
              elements: str
            definition:
              description: The network in the form that M(virtfleet.network.virt_network) takes.
              type: dict
            routing:
              description: What the host forwards for the NIC's bridge, in the form of C(routers) and C(routes) of
                M(virtfleet.network.virt_network_info). Null if unknown, and without a bridge.
              type: dict
            dnsmasq:
              description: As in M(virtfleet.network.virt_network_info).
              type: str
        source_link:
          description: C(mtu), C(uplink) and C(routing) of the device that the NIC names, null if the NIC refers to a
            network.
          type: dict
code:
  description: Stable error code, such as V(GUEST_MISSING).
  returned: failure
  type: str
  sample: GUEST_MISSING
sentences:
  description: The full text of a message or warning that was too long and was shortened, one sentence per item.
  returned: when a message or warning was shortened
  type: list
  elements: str
problems:
  description: Every problem in the definition, each with C(code), C(path) (the option) and C(sentence).
  returned: when a definition is rejected
  type: list
  elements: dict
packages:
  description: The packages to install on the host.
  returned: with DEPENDENCY_MISSING
  type: list
  elements: str
libvirt_code:
  description: libvirt's error code.
  returned: when libvirt reports an error
  type: int
libvirt_domain:
  description: libvirt's error domain.
  returned: when libvirt reports an error
  type: int
libvirt_message:
  description: libvirt's error message.
  returned: when libvirt reports an error
  type: str
uri:
  description: The URI that could not be reached.
  returned: when the connection fails
  type: str
guest:
  description: The guest that does not exist on the host.
  returned: with GUEST_MISSING
  type: str
exception:
  description: The traceback of an internal error of the collection.
  returned: with UNEXPECTED
  type: str
"""

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.virt_guest_info import main

if __name__ == "__main__":
    main()
