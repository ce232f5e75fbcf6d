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
  - Shows every libvirt network of a host in the form that M(virtfleet.network.virt_networks) takes, what is plugged
    into it, and where its live and persistent definitions differ.
extends_documentation_fragment:
  - virtfleet.network.attributes.info
  - virtfleet.network.network.connection
  - virtfleet.network.migration.destination
options:
  name:
    description: Show this network only.
    type: str
  gather:
    description:
      - What to gather in addition to the networks themselves.
      - V(ports) are the guests and devices plugged into networks, V(links) the host's network links, V(pools) the
        members of the networks' pools and their holders, V(guests) the names and MAC addresses of the host's guests,
        V(host) the host's memory, machine types and nwfilters.
      - M(virtfleet.network.virt_migrate_check) can use a saved result of this module that has V(links), V(pools),
        V(guests) and V(host).
    type: list
    elements: str
    choices: [ports, links, pools, guests, host]
    default: [ports, links, pools, guests, host]
  lookups:
    description:
      - Look up whether the host has these resources, for guests that may migrate to it.
        P(virtfleet.network.migrate_lookups#filter) lists what given guests need.
    type: dict
    suboptions:
      paths:
        description: Paths of files, folders and devices.
        type: list
        elements: str
      volumes:
        description: Volumes of active storage pools, each as C(pool/volume).
        type: list
        elements: str
      cpu_names:
        description: CPUs, as XML, whose model and feature names libvirt must know.
        type: list
        elements: str
      cpu_comparisons:
        description: CPUs that the host's processor must provide, each as a JSON list of the CPU's XML, the
          architecture, the machine type, the domain type, and whether it is the complete processor of a host.
        type: list
        elements: str
      nic_models:
        description: NIC models, each as a JSON list of the path of a QEMU binary and the model.
        type: list
        elements: str
      usb_devices:
        description: USB devices, each as C(vendor:product).
        type: list
        elements: str
      sockets:
        description:
          - Ports, each as a JSON list of V(tcp) or V(udp), address, port, and whether the guest listens there (is it
            free?) or connects to it (does something listen?). Null for a connection to another host.
        type: list
        elements: str
      sizes:
        description:
          - Files, each as a JSON list of path, size, and whether the size is rounded up to a power of two.
        type: list
        elements: str
      names:
        description: Names of hosts. Their addresses are in RV(names).
        type: list
        elements: str
      questions:
        description: Definitions of guests, as XML, for which libvirt says whether it can start them (C(virsh
          domxml-to-native qemu-argv)). Nothing is started. The answers are in RV(refusals).
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

- name: Show which networks run with a definition that differs from the persistent one
  ansible.builtin.debug:
    msg: "{{ found.details | dict2items | rejectattr('value.drift', 'equalto', []) | map(attribute='key') }}"
"""

RETURN = r"""
format:
  description: Version of the result's format, which M(virtfleet.network.virt_migrate_check) checks.
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
    - The transient networks, in the same form. They disappear when they are stopped; passing them to
      M(virtfleet.network.virt_networks) makes them persistent.
  returned: success
  type: list
  elements: dict
details:
  description: Facts about each network that are not options, by network name.
  returned: success
  type: dict
  contains:
    active:
      description: Whether the network is active.
      type: bool
    persistent:
      description: Whether it has a persistent definition.
      type: bool
    autostart:
      description: Whether it starts at boot.
      type: bool
    managed:
      description: Whether this collection created it.
      type: bool
    bridge:
      description: Name of the bridge, null if it has none.
      type: str
    drift:
      description: Options in which the live definition differs from the persistent one.
      type: list
      elements: str
    dnsmasq:
      description:
        - State of the network's dnsmasq, which libvirt runs to serve DHCP and DNS. V(running); V(dead), it does not
          run; V(broken), it does not run and cannot start with its current configuration; V(stale), it runs with DNS
          or DHCP records that differ from the network's; V(none), the network needs none; V(unknown), its state cannot
          be read (over a remote URI or with a session daemon). Null if the network is not active.
        - The next run of M(virtfleet.network.virt_network) or M(virtfleet.network.virt_networks) repairs V(dead),
          V(broken) and V(stale).
      type: str
    bridge_link:
      description:
        - State, in the kernel, of the bridge that libvirt created for the network. V(complete); V(missing), the host
          has no such bridge; V(down), it was set down; V(no_address), it lacks an address of the network; V(unplugged),
          taps of running guests on this network are in no bridge; V(none), libvirt creates no bridge for it;
          V(unknown), it cannot be read (over a remote URI or with a session daemon). Null if the network is not active.
        - The next run of M(virtfleet.network.virt_network) or M(virtfleet.network.virt_networks) repairs V(missing),
          V(down) and V(no_address), which requires a restart of the network, and V(unplugged), which does not.
      type: str
    unplugged:
      description: NICs of running guests on this network whose taps are in no bridge, each as in RV(details.plugged).
      type: list
      elements: dict
    live:
      description: The live values of the options in C(drift), except those that are not set live.
      type: dict
    plugged:
      description: The guest NICs and other devices plugged in; null if not gathered or the network is not active.
      type: list
      elements: dict
    connections:
      description: libvirt's count of the guests on each member of the pool, in its order; null without a pool, or if
        the network is not active.
      type: dict
    leases:
      description: The addresses that its dnsmasq has leased to guests, each with C(ip) and C(mac); null if unknown.
      type: list
      elements: dict
    guests_on_old_settings:
      description:
        - The running guests whose settings differ from those that portgroup and network give them now, as
          RV(virtfleet.network.virt_portgroup#module:guests_on_old_settings).
        - Null if V(ports) or V(guests) is not gathered, or if the connection shows no guests.
      type: list
      elements: dict
    vfs:
      description: The number of VFs of the PF that forms its pool; null without a PF.
      type: int
    pf_by_vf:
      description: The PCI addresses of its pool, each with the names of its PF's links; null if there are none.
      type: dict
pools:
  description:
    - The pools of the networks that have one, by network name. Computed from libvirt's ports, the guests and the host's
      links, not from libvirt's own counter. Null if not gathered.
    - In the form of RV(virtfleet.network.virt_iface_pool#module:pool) of M(virtfleet.network.virt_iface_pool).
  returned: success
  type: dict
links:
  description:
    - The host's links by index, each with C(name), C(index), C(kind), C(mac), C(mtu), C(state), C(admin), C(carrier),
      C(master), C(parent), C(vlan), C(vlan_protocol), C(vlan_filtering), C(default_pvid) and C(stp_delay) (of a bridge;
      the latter is how many seconds a new port does not forward), C(port_state), C(port_settings) and C(vlans) (of a
      bridge port; the latter if a bridge filters VLANs, each with C(id), C(untagged) and C(pvid)), C(mode) (of a
      macvtap), C(addresses), C(subnets) (the same with their prefix), C(link_local) (automatic addresses on which a
      service can listen), C(default_route), C(vf), C(multi_queue) (of a tap), C(programs) (what may drop frames by its
      own rules, such as an XDP program, filters of C(tc) or chains of nftables), C(bound) (MAC addresses that the
      bridge has at this port for good), C(had_carrier) (of a link that is down, whether it has had one since the link
      was created) and, with O(probe_links), C(carrier_when_up).
    - Null if not gathered, and over a remote URI, where they cannot be read.
  returned: success
  type: list
  elements: dict
routers:
  description:
    - By bridge, what the host forwards for its guests, derived from the rules of iptables and nftables and the policies
      of IPsec. C(stopped) has, by family, the link on which it forwards nothing (V(all) for all links). C(passages) are
      C(family), C(way) (V(out), V(back) for answers, V(in) for connections from outside, V(across) between ports of the
      bridge, V(natted), V(diverted)), C(state) (V(open), V(shut), V(part) if some packets are dropped, null if a rule
      is not understood; V(natted) is V(shut) if all packets get another source address, V(diverted) if they get another
      target) and C(rules), those that drop packets or are not understood. C(no_arp) is the setting that keeps the host
      from answering ARP there, or null. C(astray) are routes for a part of the bridge's own networks that do not lead
      to it, addresses of these networks that the host has itself, and permanent neighbors.
    - Null if V(links) or V(host) is not gathered, or if the links cannot be read.
  returned: success
  type: dict
ovs_bridges:
  description:
    - The Open vSwitch bridges by name, each with C(fail_mode), C(controllers) (how many), C(flows) (V(normal) for those
      of a learning switch, V(none), V(other), or null if they cannot be read) and C(ports), by name. A port has
      C(tag), C(trunks), C(vlan_mode), C(needs_lacp) (whether it carries nothing until LACP is negotiated), C(mirrors)
      (whether it is the output of a mirror) and C(interfaces), each with C(name), C(type), C(peer), C(up), C(lacp) and
      C(settings) (by OpenFlow, such as V(NO_FWD)).
    - Null if RV(links) is null.
  returned: success
  type: dict
guests:
  description:
    - The host's guests, each with C(name), C(uuid), C(running), C(nics) and C(tcp_ports). Each NIC has C(mac), C(type),
      C(network), C(source) and C(transient), whether libvirt unplugs it before a migration as a part of a teaming pair.
      M(virtfleet.network.virt_guest_info) returns more about them.
    - Null if not gathered, and if the connection shows no guests.
  returned: success
  type: list
  elements: dict
lookups:
  description:
    - The answers to O(lookups). For each kind, what was looked up and whether the host has it; null if that is unknown.
    - Null without O(lookups).
  returned: success
  type: dict
  sample: {paths: {/srv/web1.img: true}}
refusals:
  description:
    - libvirt's answer to each of O(lookups.questions), by a digest of the question. Empty if it can start such a
      guest, null if the connection cannot answer.
    - Null without O(lookups).
  returned: success
  type: dict
  sample: {0c8ca6ff2de1f6e1b3a3bb2f6ae14f6c: "unsupported configuration: spice graphics are not supported"}
names:
  description:
    - The addresses that the names of hosts in O(lookups.names) have on this host, none for a name that cannot be
      resolved. Null without O(lookups), and over a remote O(uri).
  returned: success
  type: dict
  sample: {kvm2: [192.0.2.12]}
nwfilters:
  description:
    - The nwfilters by name, each with a digest of its rules and of the filters that it refers to. Equal filters have
      equal digests.
    - Null if not gathered, and if the connection shows no nwfilters.
  returned: success
  type: dict
host:
  description:
    - The host and its libvirt, with C(libvirt_version), C(hostname), C(uri), C(remote), and C(gathered), the time in
      seconds since 1970.
    - If V(host) is gathered, also C(uuid), C(cpu) (XML), C(machines) (machine types by architecture), C(domain_types)
      (V(kvm), V(qemu) and so on, by architecture), C(cpu_models) (x86 models that libvirt knows by name),
      C(emulators) (paths), C(security_models) (V(apparmor), V(selinux), V(dac)), C(cpus) (how many), C(qemu_version)
      (null without QEMU), C(memory), in KiB, with C(total), C(available) and C(pages) (free huge pages by size), and
      C(forwarding), whether the host forwards packets, by family (C(ipv4), C(ipv6)), null over a remote O(uri).
    - If V(links) is gathered too, C(routes), by family, with C(default) (the links of the default route), C(others)
      (other networks that are reached through a gateway), C(links) (those that lead to any network), C(rules) (those of
      C(ip rule) in addition to the default ones) and C(rejected) (networks to which the host sends nothing).
    - C(migration), if V(host) is gathered, is what determines whether the host accepts a migration, from qemu.conf -
      C(host), C(address), C(port_min), C(port_max), C(ports_free) (how many of these), C(port) (the one that libvirt
      takes next), C(libvirt_ports) (16509, 16514 and 22, if something listens there), C(libvirt_port) (of
      O(migrate_uri)), C(tls_only) (all null if that file cannot be read), C(hooks) (paths of libvirt's hook scripts for
      guests and networks), C(tap_device) (whether the host has C(/dev/net/tun)), C(displays) (C(vnc_listen),
      C(spice_listen), C(ports_free), and C(certificates), whether VNC has those that it needs, or null if it needs
      none) and C(arrivals) (where the firewall drops migrations, or may, each with C(link), C(family), C(port),
      C(state), C(rules) and C(senders), null if it does not depend on the sender), C(departures) (which connections to
      other hosts the firewall drops, or may, each with C(address), null for hosts that were not looked up, and
      C(stopped), by ports) and C(own_addresses) (by addresses of hosts that were looked up, the host's own address for
      them, null without a route). The last three are null if V(links) is not gathered. C(logger) is whether virtlogd is
      there, null if libvirt does not use it, and C(other_settings) are digests of the settings that no rule examines,
      by name. Null over a remote O(uri).
    - The hostname is null over C(network:///system), which shows only networks.
  returned: success
  type: dict
code:
  description: Stable error code.
  returned: failure
  type: str
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
exception:
  description: The traceback of an internal error of the collection.
  returned: with UNEXPECTED
  type: str
"""

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.virt_network_info import main

if __name__ == "__main__":
    main()
