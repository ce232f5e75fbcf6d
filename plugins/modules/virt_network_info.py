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
  - Shows every libvirt network of a host in the form that M(virtfleet.network.virt_networks) takes. Also shows the
    guests and devices plugged into it, and the differences between its live and persistent definitions.
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
      - V(ports) are the guests and devices plugged into networks, V(links) the host's network links, and V(pools) the
        members of the networks' pools and their holders. V(guests) are the names and MAC addresses of the host's
        guests, and V(host) the host's memory, machine types, nwfilters and settings for migrations.
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
        description: Paths of files, directories and devices.
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
        description: CPUs that the host's processor must provide. Each is a JSON list of the CPU's XML, the
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
      file_types:
        description:
          - Paths, each as a JSON list of the path and the type that it must have, V(file), V(device), V(directory) or
            V(program). The answer is null for a path that does not exist.
        type: list
        elements: str
      accounts:
        description: Accounts, each as a JSON list of V(user) or V(group) and the name.
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
        - State of the network's dnsmasq, which libvirt runs to serve DHCP and DNS, V(running), V(dead), V(broken),
          V(stale), V(none) or V(unknown). Null if the network is not active. V(broken) does not run and cannot start
          with its current configuration. V(stale) runs with DNS or DHCP records that differ from the network's. V(none)
          means that the network needs no dnsmasq, V(unknown) that its state cannot be read (over a remote URI or with a
          session daemon).
        - The next run of M(virtfleet.network.virt_network) or M(virtfleet.network.virt_networks) repairs V(dead),
          V(broken) and V(stale).
      type: str
    bridge_link:
      description:
        - State, in the kernel, of the bridge that libvirt created for the network, V(complete), V(missing), V(down),
          V(no_address), V(unplugged), V(none) or V(unknown). Null if the network is not active. V(no_address) lacks an
          address of the network. V(unplugged) means that taps of running guests on this network are in no bridge.
          V(none) means that libvirt creates no bridge for the network, V(unknown) that the state cannot be read (over a
          remote URI or with a session daemon).
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
    - The host's links, by index.
    - Null if not gathered, and over a remote URI, where they cannot be read.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
    index:
      description: The kernel's index of the link.
      type: int
    kind:
      description: The kernel's kind, such as V(bridge), V(veth) or V(vlan), or V(physical).
      type: str
    mac:
      description: The MAC address.
      type: str
    mtu:
      description: The MTU.
      type: int
    state:
      description: The operational state, such as V(up) or V(lowerlayerdown).
      type: str
    admin:
      description: The administrative state, V(up) or V(down).
      type: str
    carrier:
      description: Whether it has a carrier, null if that is unknown.
      type: bool
    had_carrier:
      description: For a link that is down, whether it has had a carrier since it was created.
      type: bool
    carrier_when_up:
      description: With O(probe_links), the carrier that a link had while it was briefly up; null if it was not probed.
      type: bool
    master:
      description: The bridge or bond that it belongs to.
      type: str
    parent:
      description: The index of the link below it; for a veth, of its other end.
      type: int
    vlan:
      description: The VLAN ID of a VLAN device.
      type: int
    vlan_protocol:
      description: The protocol of a VLAN device or bridge, such as V(802.1q).
      type: str
    vlan_filtering:
      description: Whether a bridge filters VLANs.
      type: bool
    default_pvid:
      description: The VLAN of a bridge's ports that have none of their own, 0 for none.
      type: int
    stp_delay:
      description: The number of seconds for which a new port of a bridge does not forward.
      type: float
    port_state:
      description: The state of a bridge port, such as V(forwarding).
      type: str
    port_settings:
      description: The settings of a bridge port, such as C(isolated).
      type: dict
    vlans:
      description: The VLANs of a bridge port, if a bridge of the host filters VLANs, each with C(id), C(untagged) and
        C(pvid).
      type: list
      elements: dict
    bound:
      description: MAC addresses in permanent entries of the bridge's forwarding table for this port.
      type: list
      elements: str
    mode:
      description: The mode of a macvtap or macvlan.
      type: str
    addresses:
      description: The host's addresses on the link.
      type: list
      elements: str
    subnets:
      description: The same addresses with their prefix lengths.
      type: list
      elements: str
    link_local:
      description: Automatic addresses on which a service can listen.
      type: list
      elements: str
    default_route:
      description: Whether a default route uses it.
      type: bool
    vf:
      description: Whether it is a VF.
      type: bool
    multi_queue:
      description: Whether a tap has multiple queues.
      type: bool
    programs:
      description: Programs and rules that may drop frames, such as an XDP program, filters of C(tc) or chains of
        nftables.
      type: list
      elements: str
routers:
  description:
    - What the host forwards for the guests of each bridge, by bridge. Derived from the rules of iptables and nftables
      and the policies of IPsec.
    - Null if V(links) or V(host) is not gathered, or if the links cannot be read.
  returned: success
  type: dict
  contains:
    stopped:
      description: By family, the link on which the host forwards nothing, V(all) for all links.
      type: dict
    passages:
      description:
        - How the firewall treats packets, each with C(family), C(direction), C(state) and C(rules), the rules that drop
          packets or are not understood.
        - C(direction) is V(out), V(back) for replies, V(in) for connections from outside, V(across) between ports of
          the bridge, V(natted) or V(diverted).
        - C(state) is V(open), V(shut), V(part) if some packets are dropped, or null if a rule is not understood.
          V(natted) is V(shut) if all packets get another source address, V(diverted) if they get another target.
      type: list
      elements: dict
    no_arp:
      description: The setting that keeps the host from answering ARP on the bridge, or null.
      type: str
    no_ndp:
      description: The setting that keeps the host from finding IPv6 neighbours on the bridge, or null.
      type: str
    forwards:
      description: Connections from outside that rules (DNAT) send to addresses in the bridge's own networks, each with
        C(protocol) (null for all), C(ports) (first and last of each range, empty for all), and the C(address) and
        C(port) (null if it stays the same) to which they are sent.
      type: list
      elements: dict
    misrouted:
      description: Routes for a part of the bridge's own networks that do not lead to it, networks without a route,
        addresses of these networks on other links of the host, and permanent neighbours.
      type: list
      elements: str
ovs_bridges:
  description:
    - The Open vSwitch bridges by name.
    - Null if RV(links) is null. Also null if Open vSwitch runs, but does not answer or its tools are missing.
  returned: success
  type: dict
  contains:
    fail_mode:
      description: The fail mode.
      type: str
    controllers:
      description: The number of controllers.
      type: int
    flows:
      description: V(normal) for the flows of a learning switch, V(none), V(other), or null if they cannot be read.
      type: str
    stp_delay:
      description: The number of seconds for which a new port does not forward.
      type: float
    ports:
      description:
        - The ports by name, each with C(tag), C(trunks), C(vlan_mode), C(needs_lacp) (whether it passes no frames until
          LACP is negotiated), C(mirrors) (whether it is the output of a mirror) and C(interfaces).
        - Each interface has C(name), C(type), C(peer), C(up), C(lacp) and C(settings) (by OpenFlow, such as V(NO_FWD)).
      type: dict
guests:
  description:
    - The host's guests, each with C(name), C(uuid), C(running), C(nics) and C(tcp_ports). Each NIC has C(mac), C(type),
      C(network), C(source), C(target) (the tap of a running guest) and C(transient) (whether libvirt unplugs it before
      a migration as a part of a teaming pair).
      M(virtfleet.network.virt_guest_info) returns more about them.
    - Null if not gathered, and if the connection shows no guests.
  returned: success
  type: list
  elements: dict
lookups:
  description:
    - The answers to O(lookups). For each kind and resource, whether the host has it; null if that is unknown.
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
    - The host and its libvirt.
    - C(uuid) and the keys that follow it are null if V(host) is not gathered.
  returned: success
  type: dict
  contains:
    libvirt_version:
      description: The version of libvirt.
      type: str
    hostname:
      description: The host name, null over C(network:///system), which shows only networks.
      type: str
    uri:
      description: As O(uri).
      type: str
    remote:
      description: Whether O(uri) names another host.
      type: bool
    gathered:
      description: Time of gathering, in seconds since 1970.
      type: int
    uuid:
      description: libvirt's UUID of the host.
      type: str
    qemu_version:
      description: The version of QEMU, null without QEMU.
      type: str
    cpu:
      description: The CPU, as XML.
      type: str
    cpus:
      description: The number of CPUs.
      type: int
    processors:
      description: The numbers of the CPUs.
      type: list
      elements: int
    nodes:
      description: The numbers of the NUMA nodes.
      type: list
      elements: int
    cpu_models:
      description: The x86 models that libvirt knows by name.
      type: list
      elements: str
    domain_types:
      description: The domain types, such as V(kvm) and V(qemu), by architecture.
      type: dict
    machines:
      description: The machine types by architecture.
      type: dict
    emulators:
      description: The paths of the emulators.
      type: list
      elements: str
    security_models:
      description: The security models of libvirt, such as V(apparmor), V(selinux) and V(dac).
      type: list
      elements: str
    memory:
      description: C(total) and C(available) in KiB, and C(pages), the free huge pages by size in KiB.
      type: dict
    boot:
      description: The tools that create links at boot, and the links in their files.
      type: dict
    forwarding:
      description: Whether the host forwards packets, by family (C(ipv4), C(ipv6)); null over a remote O(uri), and
        without V(links).
      type: dict
    routes:
      description:
        - The routes by family. C(default) are the links of the default route, C(others) other networks that are reached
          through a gateway, C(links) the links that lead to any network.
        - C(rules) are the rules of C(ip rule) in addition to the default ones, C(rejected) networks to which the host
          sends nothing, C(detours) routes by links that are down, or to large parts of all addresses.
        - Null without V(links).
      type: dict
    migration:
      description:
        - Facts that determine whether the host accepts a migration. Null over a remote O(uri).
        - The settings from C(qemu.conf) are null if that file cannot be read. C(arrivals), C(departures) and
          C(own_addresses) are null if V(links) is not gathered.
      type: dict
      contains:
        host:
          description: C(migration_host) of C(qemu.conf).
          type: str
        address:
          description: C(migration_address) of C(qemu.conf).
          type: str
        port_min:
          description: The first port for migrations.
          type: int
        port_max:
          description: The last port for migrations.
          type: int
        ports_free:
          description: How many of these ports are free.
          type: int
        port:
          description: The port that libvirt uses next.
          type: int
        tls_only:
          description: Whether the host refuses migrations without TLS.
          type: bool
        libvirt_ports:
          description: The ports among 16509, 16514 and 22 on which the host listens.
          type: list
          elements: int
        libvirt_port:
          description: The port of O(migrate_uri).
          type: int
        hooks:
          description: Paths of libvirt's hook scripts for guests and networks.
          type: list
          elements: str
        tap_device:
          description: Whether the host has C(/dev/net/tun).
          type: bool
        displays:
          description: C(vnc_listen), C(spice_listen), C(ports_free), and C(certificates), whether VNC has the
            certificates that it needs (null if it needs none).
          type: dict
        logger:
          description: Whether virtlogd is there, null if libvirt does not use it.
          type: bool
        unwritable_directories:
          description: Directories in which libvirt can make no files of guests, because they are full or read-only, or
            something else has their name.
          type: list
          elements: str
        missing_programs:
          description: Programs that libvirt may need to plug in a NIC and that are missing.
          type: list
          elements: str
        other_settings:
          description: Digests of the settings of C(qemu.conf) that no rule examines, by name.
          type: dict
        arrivals:
          description: Migrations that the firewall drops or may drop, each with C(link), C(family), C(port), C(state),
            C(rules) and C(senders) (null if it does not depend on the sender).
          type: list
          elements: dict
        departures:
          description: Connections to other hosts that the firewall drops or may drop, each with C(address) (null for
            hosts that were not looked up) and C(stopped), by ports.
          type: list
          elements: dict
        own_addresses:
          description: The host's own address for each address of a host that was looked up, null without a route.
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
