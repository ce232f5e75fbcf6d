#!/usr/bin/python
# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: virt_network_info
short_description: Show the libvirt networks and the links of a host
version_added: 0.1.0
description:
  - Shows every libvirt network of a host as M(virtfleet.network.virt_networks) takes it, what is plugged into it
    and where its live and its persistent definition differ.
extends_documentation_fragment:
  - virtfleet.network.attributes.info
  - virtfleet.network.network.connection
options:
  name:
    description: Show this network only.
    type: str
  gather:
    description:
      - What to look at beside the networks themselves.
      - V(ports) are the guests and devices plugged into networks, V(links) the host's network links, V(pools) who
        holds which member of the networks' pools, V(guests) the names and MAC addresses of the host's guests, V(host)
        its memory, machine types and nwfilters.
      - M(virtfleet.network.virt_migrate_check) can judge by a saved result of this module with V(links), V(pools),
        V(guests) and V(host).
    type: list
    elements: str
    choices: [ports, links, pools, guests, host]
    default: [ports, links, pools, guests, host]
  lookups:
    description:
      - Look up whether the host has these things, for guests that may come to it. Use
        P(virtfleet.network.migrate_lookups#filter), which lists what given guests need.
    type: dict
    suboptions:
      paths:
        description: Paths of files, folders and devices.
        type: list
        elements: str
      volumes:
        description: Volumes of active storage pools, each as pool and volume with a slash between them.
        type: list
        elements: str
      cpu_names:
        description: CPUs, as XML, of whose model and features libvirt has to know the names.
        type: list
        elements: str
      cpu_comparisons:
        description: CPUs that the host's processor has to provide, each as JSON of a list of the CPU's XML, the
          architecture, the machine type, the domain type, and whether it is the whole processor of a host.
        type: list
        elements: str
      nic_models:
        description: Models of NICs, each as JSON of a list of the path of a QEMU and the model.
        type: list
        elements: str
      usb_devices:
        description: USB devices, each as vendor and product with a colon between them.
        type: list
        elements: str
seealso:
  - module: virtfleet.network.virt_networks
author:
  - virtfleet.network contributors (@virtfleet)
"""

EXAMPLES = r"""
- name: Gather
  virtfleet.network.virt_network_info:
  register: found

- name: Show which networks run with another definition than they would start with
  ansible.builtin.debug:
    msg: "{{ found.details | dict2items | rejectattr('value.drift', 'equalto', []) | map(attribute='key') }}"
"""

RETURN = r"""
format:
  description: The version of this shape, by which M(virtfleet.network.virt_migrate_check) knows it.
  returned: success
  type: int
networks:
  description: The persistent networks, in the form that M(virtfleet.network.virt_networks) takes.
  returned: success
  type: list
  elements: dict
  sample: [{name: lan, forward: {mode: nat}, state: active, autostart: true}]
transient:
  description:
    - The transient networks, which are gone once they stop, in the same form. Given to
      M(virtfleet.network.virt_networks) they are made persistent.
  returned: success
  type: list
  elements: dict
details:
  description: Network name to what is no option.
  returned: success
  type: dict
  contains:
    active:
      description: Whether it runs.
      type: bool
    persistent:
      description: Whether it outlives a stop.
      type: bool
    autostart:
      description: Whether it starts at boot.
      type: bool
    managed:
      description: Whether this collection made it.
      type: bool
    bridge:
      description: The bridge's name, or null when it has none.
      type: str
    drift:
      description: Options in which the live definition differs from the persistent one.
      type: list
      elements: str
    dnsmasq:
      description:
        - The dnsmasq that libvirt runs for the network, which serves its DHCP and DNS. V(running); V(dead), there is
          none; V(broken), there is none, and what libvirt last configured it to does not start; V(stale), it runs
          with other records than the running network has; V(none), the network needs none; V(unknown), it cannot be
          seen from here (a remote URI, a session's daemon). Null when the network does not run.
        - The next run of M(virtfleet.network.virt_network) or M(virtfleet.network.virt_networks) puts the first three
          right.
      type: str
    live:
      description: The live values of those options; one that is missing live is not listed.
      type: dict
    plugged:
      description: The guests' NICs and other devices plugged in; null when not looked at or not running.
      type: list
      elements: dict
    connections:
      description: libvirt's own count of the guests on each member of its pool, in its order; null without a pool, and
        if the network is not active.
      type: dict
    vfs:
      description: The number of VFs of the PF that is its pool, null without one.
      type: int
    pf_by_vf:
      description: The PCI addresses of its pool, each with the names of its PF's links; null without any.
      type: dict
pools:
  description:
    - Network name to its pool, of the networks that have one. Worked out from libvirt's ports, the guests and the
      host's links, not from libvirt's own counter. Null when not looked at.
    - As RV(virtfleet.network.virt_iface_pool#module:pool) of M(virtfleet.network.virt_iface_pool).
  returned: success
  type: dict
links:
  description:
    - The host's links by index, each with C(name), C(index), C(kind), C(mac), C(mtu), C(state), C(admin),
      C(carrier), C(master), C(parent), C(vlan), C(vlan_filtering) and C(stp_delay) (of a bridge, the
      latter how many seconds it keeps a new port silent), C(port_state) (of a port of a bridge), C(mode) (of a
      macvtap), C(addresses), C(link_local) (the addresses that it has by itself and that can be listened on),
      C(default_route) and C(vf).
    - Null when not looked at, and over a remote URI, where they cannot be seen.
  returned: success
  type: list
  elements: dict
ovs_bridges:
  description: Open vSwitch bridges that networks use, each with its ports. Null if RV(links) is.
  returned: success
  type: dict
guests:
  description:
    - The host's guests, each with C(name), C(uuid), C(running), C(nics) (each with C(mac), C(type), C(network) and
      C(source)) and C(tcp_ports). M(virtfleet.network.virt_guest_info) tells more of them.
    - Null when not looked at, and where the connection shows none.
  returned: success
  type: list
  elements: dict
lookups:
  description:
    - The answers to O(lookups). For each kind, what was looked up, and whether the host has it, null if it cannot tell.
    - Null without O(lookups).
  returned: success
  type: dict
  sample: {paths: {/srv/web1.img: true}}
nwfilters:
  description:
    - The nwfilters by name, each to a digest of its rules and of those that it refers to, equal where filters are.
    - Null when not looked at, and where the connection shows none.
  returned: success
  type: dict
host:
  description:
    - The host's libvirt, with C(libvirt_version), C(hostname), C(uri), C(remote), and C(gathered), the time in seconds
      since 1970.
    - With V(host) gathered also C(uuid), C(cpu) (XML), C(machines) (architecture to machine types), C(domain_types)
      (architecture to V(kvm), V(qemu) and so on), C(cpu_models) (of x86, that libvirt knows by name), C(emulators)
      (paths), C(memory), in KiB, with C(total), C(available) and C(pages) (free huge pages by size), and C(forwarding),
      whether the host passes packets on, by family (C(ipv4), C(ipv6)), null over a remote O(uri).
    - The hostname is null over C(network:///system), which shows networks alone.
  returned: success
  type: dict
code:
  description: A stable word for what went wrong.
  returned: failure
  type: str
sentences:
  description: All that a message or a warning says, sentence by sentence, where it was too long and had to be cut.
  returned: when one was cut
  type: list
  elements: str
problems:
  description: Every fault of the definition, each with C(code) and C(sentence).
  returned: when a definition is refused
  type: list
  elements: dict
packages:
  description: The packages to install on the host.
  returned: with DEPENDENCY_MISSING
  type: list
  elements: str
libvirt_code:
  description: libvirt's own error code.
  returned: when libvirt refuses
  type: int
libvirt_domain:
  description: libvirt's own error domain.
  returned: when libvirt refuses
  type: int
libvirt_message:
  description: libvirt's own words.
  returned: when libvirt refuses
  type: str
uri:
  description: The URI that was not reached.
  returned: when the connection is refused
  type: str
exception:
  description: The traceback of a fault of the collection's own.
  returned: with UNEXPECTED
  type: str
"""

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.virt_network_info import main

if __name__ == "__main__":
    main()
