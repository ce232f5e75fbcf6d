#!/usr/bin/python
# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: virt_guest_info
short_description: Describe guests as a migration check needs them
version_added: 0.1.0
description:
  - Describes guests so that other hosts can judge, without asking this one, whether they could run there and keep
    their networks.
  - What a running guest asks for is read from its migratable definition, that of a stopped one from the definition
    with which it will start.
extends_documentation_fragment:
  - virtfleet.network.attributes.info
  - virtfleet.network.network.connection
options:
  names:
    description: Describe these guests only, given by names or UUIDs. All of them when it is left out.
    type: list
    elements: str
  missing:
    description: What to do about O(names) that the host does not have, V(fail) or V(skip) them.
    type: str
    choices: [fail, skip]
    default: fail
seealso:
  - module: virtfleet.network.virt_migrate_check
author:
  - virtfleet.network contributors (@virtfleet)
"""

EXAMPLES = r"""
- name: Describe all guests of a host
  virtfleet.network.virt_guest_info:
  register: found

- name: Describe one
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
  description: The version of this shape. It changes when the shape does.
  returned: success
  type: int
  sample: 1
host:
  description: The host, with C(name), C(uuid) (libvirt's host UUID, null where it is not told) and C(libvirt_version).
  returned: success
  type: dict
  sample: {name: kvm1, uuid: 312ec8c1-9ac3-437f-ae17-6569c5008760, libvirt_version: 9.0.0}
gathered:
  description: When this was gathered, in seconds since 1970.
  returned: success
  type: int
guests:
  description: The guests, by name. Each stands for itself, so that lists of several hosts can be joined.
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
      description: Whether it runs (or is paused).
      type: bool
    paused:
      description: Whether it is paused, or has crashed and is kept.
      type: bool
    persistent:
      description: Whether it outlives a stop.
      type: bool
    host:
      description: As RV(host).
      type: dict
    gathered:
      description: As RV(gathered).
      type: int
    type:
      description: C(kvm), C(qemu) and so on.
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
    hugepages:
      description: The size in KiB of the huge pages that back the memory, 0 for the host's default, null for none.
      type: int
    cpu:
      description:
        - The CPU, with C(mode), C(model), C(check), C(features) (each with C(name) and C(policy)) and C(xml), which is
          what libvirt's own comparison takes. Null when the definition has none.
        - With the modes C(host-passthrough) and C(maximum) C(xml) is the processor of the host.
      type: dict
    disks:
      description:
        - The disks that have a medium, each with C(target), C(device), C(type), C(path), C(readonly), C(shareable),
          C(cache), C(startup) (the startup policy) and C(shared). Of a volume of a storage pool C(path) is the pool and
          the volume, and C(file) where it is, null where that is not known.
        - C(shared) is true when the path is on a file system that hosts share or on the network, false when it is on
          the host's own, null when that is not known (block devices among them).
      type: list
      elements: dict
    hostdevs:
      description: Devices of the host given to it other than as a NIC, each with C(type), C(device), C(transient)
        and C(optional) (the guest starts without it).
      type: list
      elements: dict
    files:
      description: Files and folders of the host that QEMU needs beside disks, each with C(what) and C(path).
      type: list
      elements: dict
    ports:
      description: TCP ports on which it listens for other things than displays.
      type: list
      elements: int
    graphics:
      description: The displays, each with C(type), C(port), C(autoport), C(listen) and C(network), on whose
        address it listens.
      type: list
      elements: dict
    blockers:
      description: What libvirt and QEMU refuse to migrate whatever the destination, in words.
      type: list
      elements: str
    doubts:
      description: What may keep it from migrating at times, in words.
      type: list
      elements: str
    nics:
      description:
        - The NICs, each with C(mac), C(type) (what it asks for), C(network), C(portgroup), C(link) (V(up) or V(down)),
          C(filter), C(filter_digest) (equal for nwfilters with equal rules), C(model), C(transient) (of a teaming
          pair), C(source) and C(mode) (of a NIC that names a device itself), C(plugged_as) and C(device)
          (what it is plugged in to now), C(target) (how its tap has to be called, null where libvirt makes a name
          up), C(attached) and C(own), its own settings (C(virtualport), C(bandwidth), C(vlan),
          C(trust_guest_rx_filters), C(mtu), C(isolated)).
        - C(attached) says whether the kernel has its tap in the network's bridge, or its device is one of the network's
          pool. Null when it does not run or cannot be seen.
        - C(promises) is what it now enjoys on its host. C(network) (its C(uuid), C(active), C(persistent),
          C(autostart) and whether it is C(managed) by this collection), C(mode), C(reach) (V(l2), V(routed), V(nat) or
          V(isolated)), C(mtu) (null when it cannot be seen), C(uplink) (its C(state) V(up), V(down), V(none) or null,
          and C(vlan)), C(portgroup), C(vlan), C(bandwidth), C(virtualport), C(trust_guest_rx_filters), C(isolated),
          C(addresses) (the host's own on the network), C(forwarding) (of a NAT or routed network the families, V(ipv4)
          and V(ipv6), whose packets its host passes on, null when that cannot be seen) and C(definition) (the network
          as M(virtfleet.network.virt_network) takes it). Null when it asks for no network, or the host has none of that
          name.
        - C(stands_on) is C(mtu) and C(uplink) of the device that it names itself, null for a NIC of a network.
      type: list
      elements: dict
code:
  description: A stable word for what went wrong, such as V(GUEST_MISSING).
  returned: failure
  type: str
  sample: GUEST_MISSING
"""

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.virt_guest_info import main

if __name__ == "__main__":
    main()
