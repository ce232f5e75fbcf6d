# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that describe a network, written down once for all modules that take them.

tests/unit/test_documentation.py holds them against the model: an element added to _model needs its option here.
Options of a network are named with C(), not O(): in virt_networks they are suboptions and have other full names.
"""

from __future__ import annotations

from textwrap import indent

# The options of one portgroup. What a portgroup and a network have in common (vlan, bandwidth, virtualport) has its
# suboptions here, and the network's own options repeat them through the anchors.
_PORTGROUP = r"""
name:
  description: Name by which a guest's interface asks for the portgroup.
  type: str
  required: true
default:
  description:
    - Whether guests that name no portgroup get this one. At most one portgroup of a network may be the default.
  type: bool
trust_guest_rx_filters:
  description:
    - Whether the host follows a guest's changes to its MAC address and receive filters.
    - V(false) overrides a V(true) of the network; left out, the network's setting holds.
  type: bool
vlan:
  description:
    - VLAN tags that the host adds to the guests' traffic. Takes precedence over the network's own.
    - For the forward modes V(hostdev) and V(passthrough), for V(bridge) with an Open vSwitch bridge, and since libvirt
      11.0 for V(bridge) with a Linux bridge.
  type: dict
  suboptions: &vlan
    tags:
      description: The tags. More than one make a trunk.
      type: list
      elements: dict
      suboptions:
        id:
          description: VLAN number, 0 to 4094.
          type: int
          required: true
        native_mode:
          description:
            - Makes this the native VLAN, whose frames reach the guest V(tagged) or V(untagged). One tag at most.
            - For Open vSwitch, and since libvirt 11.0 for a Linux bridge.
          type: str
          choices: [tagged, untagged]
    trunk:
      description: Whether a single tag is a trunk. Several always are.
      type: bool
bandwidth:
  description:
    - Limits for each guest interface in this portgroup, unless the interface has limits of its own.
    - For the forward modes nat, route, open and V(bridge) with a bridge name, and for isolated networks.
  type: dict
  suboptions: &bandwidth
    inbound:
      description: Traffic towards the guests.
      type: dict
      suboptions:
        average: &average
          description: Average rate in KiB/s.
          type: int
        peak:
          description: Highest rate in KiB/s. Needs C(average).
          type: int
        burst: &burst
          description: Amount in KiB that may be sent at the highest rate in one go. Needs C(average).
          type: int
        floor:
          description:
            - Guaranteed rate in KiB/s.
            - Part of libvirt's schema for networks, but the libvirt releases known to this collection accept it for the
              interface of a guest only and refuse a network or portgroup that has it.
          type: int
    outbound:
      description: Traffic from the guests.
      type: dict
      suboptions:
        average: *average
        peak:
          description: Highest rate in KiB/s. Needs C(average). Linux does not enforce it in this direction.
          type: int
        burst: *burst
virtualport:
  description:
    - How a guest's interface is announced to the switch it is plugged into.
    - For the modes that reach a switch, V(bridge), V(private), V(vepa), V(passthrough) and V(hostdev). Of its types,
      V(openvswitch) and V(midonet) need V(bridge) with a bridge name.
    - A guest gets the network's, the portgroup's and its own parameters together; they must not contradict each other.
  type: dict
  suboptions: &virtualport
    type:
      description:
        - Kind of the switch port. A network's own C(virtualport) needs one; a portgroup's may leave it to the network.
      type: str
      choices: [802.1Qbg, 802.1Qbh, openvswitch, midonet]
    parameters:
      description: What the switch is told.
      type: dict
      suboptions:
        managerid:
          description: For V(802.1Qbg), number of the database that holds the VSI types, 0 to 255.
          type: int
        typeid:
          description: For V(802.1Qbg), number of the VSI type, 0 to 16777215.
          type: int
        typeidversion:
          description: For V(802.1Qbg), version of the VSI type, 0 to 255.
          type: int
        instanceid:
          description: For V(802.1Qbg), UUID of the VSI instance.
          type: str
        profileid:
          description: For V(802.1Qbh) and V(openvswitch), name of the port profile, at most 39 characters.
          type: str
        interfaceid:
          description: For V(openvswitch) and V(midonet), UUID of the port. V(midonet) requires it.
          type: str
"""

_NETWORK = (
    r"""
portgroups:
  description:
    - Classes of service that a guest's interface picks from by name. For every forward mode.
    - The list is exact, and an empty one removes all portgroups. Its order means nothing.
  type: list
  elements: dict
  suboptions:
"""
    + indent(_PORTGROUP, "    ")
    + r"""
uuid:
  description:
    - UUID of the network.
    - Left out, the network keeps the one it has, and a new network gets one from libvirt. The UUID of an existing
      network cannot be changed.
  type: str
title:
  description:
    - One line that says what the network is. An empty string removes it.
    - Needs libvirt 9.7 or newer.
  type: str
description:
  description:
    - Text about the network, for people. An empty string removes it.
    - Needs libvirt 9.7 or newer.
  type: str
metadata:
  description:
    - Metadata of other applications, one XML element per list item, each in an XML namespace of its own.
    - The list is exact. An empty list removes all of them. The mark that this collection itself leaves in a network's
      metadata is kept apart, is not listed and is not removed.
  type: list
  elements: str
ipv6:
  description:
    - Whether guests may talk IPv6 among themselves on a network without an IPv6 address.
    - For the forward modes nat, route and open, and for isolated networks.
  type: bool
trust_guest_rx_filters:
  description: Whether the host follows its guests' changes to their MAC addresses and receive filters.
  type: bool
forward:
  description:
    - How guests reach what is outside of the host.
    - An empty mapping removes the element, which makes the network isolated.
  type: dict
  suboptions:
    mode:
      description:
        - V(nat), V(route) and V(open) are networks with a bridge of libvirt's own, behind address translation, routed,
          or routed without any firewall rules.
        - V(bridge) uses a bridge that the host has (C(bridge.name)) or, with C(interfaces), macvtap in bridge mode.
        - V(private), V(vepa) and V(passthrough) are the other modes of macvtap and draw on a pool of host interfaces.
        - V(hostdev) hands PCI devices, usually SR-IOV virtual functions, to the guests.
        - libvirt takes V(nat) when there is none.
      type: str
      choices: [nat, route, open, bridge, private, vepa, passthrough, hostdev]
    dev:
      description:
        - Host interface that the traffic is confined to, for V(nat) and V(route). Not for V(open).
        - In the other modes libvirt treats it as the first of C(interfaces).
      type: str
    managed:
      description:
        - Whether libvirt detaches a PCI device from its host driver and gives it back afterwards. For V(hostdev).
      type: bool
    driver:
      description: Driver that serves the PCI devices of a V(hostdev) network. An empty mapping removes the element.
      type: dict
      suboptions:
        name:
          description: Kind of the driver. Only V(vfio) is of use with QEMU.
          type: str
          choices: [kvm, vfio, xen]
        model:
          description:
            - Name of a variant of the VFIO driver.
            - Needs libvirt 10.0 or newer.
          type: str
        iommufd:
          description:
            - Whether QEMU reaches the device by the kernel's IOMMUFD instead of VFIO's own interface.
            - Needs libvirt 12.1 or newer.
          type: bool
    nat:
      description: Details of the address translation, for V(nat). An empty mapping removes the element.
      type: dict
      suboptions:
        ipv6:
          description:
            - Whether IPv6 is translated too. Otherwise it is routed.
            - Needs libvirt 6.5 or newer.
          type: bool
        address:
          description: IPv4 addresses that the guests appear under. The host's own address without it.
          type: dict
          suboptions:
            start:
              description: First address.
              type: str
              required: true
            end:
              description: Last address.
              type: str
              required: true
        port:
          description: TCP and UDP ports that the guests' connections leave from. 1024 to 65535 without it.
          type: dict
          suboptions:
            start:
              description: First port.
              type: int
              required: true
            end:
              description: Last port.
              type: int
              required: true
    pf:
      description:
        - SR-IOV physical function whose virtual functions are the pool. For V(passthrough) and V(hostdev), instead of
          C(interfaces) or C(addresses).
      type: dict
      suboptions:
        dev:
          description: Name of the host interface.
          type: str
          required: true
    interfaces:
      description:
        - Host interfaces that are the pool.
        - For V(private), V(vepa) and V(passthrough), and for V(bridge) without a bridge name.
        - The list is exact, and an empty one removes all of them. Its order means nothing.
      type: list
      elements: dict
      suboptions:
        dev:
          description: Name of the host interface.
          type: str
          required: true
    addresses:
      description:
        - PCI devices that are the pool. For V(hostdev).
        - The list is exact, and an empty one removes all of them. Its order means nothing.
      type: list
      elements: dict
      suboptions:
        address:
          description: PCI address, such as V(0000:03:10.1). A missing domain is V(0000).
          type: str
          required: true
bridge:
  description:
    - The bridge that libvirt makes for an isolated, nat, route or open network, or the host's own bridge that a network
      of forward mode V(bridge) uses. The other modes have none.
    - An empty mapping removes what was set; the name that libvirt has made up is kept.
  type: dict
  suboptions:
    name:
      description: Name of the bridge. libvirt makes one up when it makes the bridge.
      type: str
    zone:
      description: Zone of firewalld that the bridge belongs to. For isolated, nat, route and open networks.
      type: str
    stp:
      description: Whether the bridge takes part in the spanning tree. For isolated, nat, route and open networks.
      type: bool
    delay:
      description: Forward delay of the bridge in seconds. For isolated, nat, route and open networks.
      type: int
    mac_table_manager:
      description:
        - Who fills the table of MAC addresses of the bridge. V(libvirt) enters exactly the addresses of the guests and
          turns learning and flooding off.
        - For networks that have a bridge.
      type: str
      choices: [kernel, libvirt]
mtu:
  description:
    - MTU of the bridge and of the guests' taps. V(0) removes the element, which leaves the MTU to the host.
    - For the forward modes nat, route and open, and for isolated networks.
    - Needs libvirt 3.1 or newer.
  type: int
mac:
  description:
    - MAC address of the bridge that libvirt makes. libvirt makes one up and keeps it.
    - For the forward modes nat, route and open, and for isolated networks.
  type: str
domain:
  description:
    - DNS domain of the guests. An empty mapping removes the element.
    - For the forward modes nat, route and open, and for isolated networks.
  type: dict
  suboptions:
    name:
      description: The domain. Required, unless the element is to be removed.
      type: str
    local_only:
      description: Whether names in the domain that are unknown here are left unanswered instead of asked for upstream.
      type: bool
    register:
      description:
        - Whether systemd-resolved on the host asks this network's DNS server about the domain. Needs C(local_only).
        - Needs libvirt 10.1 or newer.
      type: bool
dns:
  description:
    - The DNS server of the network. An empty mapping removes the element, which leaves a DNS server with its defaults.
    - For the forward modes nat, route and open, and for isolated networks.
  type: dict
  suboptions:
    enable:
      description: Whether there is a DNS server. V(false) takes no records and no forwarders beside it.
      type: bool
    forward_plain_names:
      description: Whether names without a dot that are unknown here are asked for upstream.
      type: bool
    forwarders:
      description:
        - DNS servers that are asked instead of the host's. Each needs C(addr), C(domain) or both.
        - The list is exact, and an empty one removes all of them.
      type: list
      elements: dict
      suboptions:
        addr:
          description: Address of the DNS server. Without it the names of C(domain) are resolved by the host's means.
          type: str
        domain:
          description: Domain whose names are asked for there. All names without it.
          type: str
        port:
          description:
            - Port of the DNS server at C(addr). Without it port 53.
            - Needs libvirt 12.0 or newer.
          type: int
    txts:
      description: TXT records. The list is exact, and an empty one removes all of them. Its order means nothing.
      type: list
      elements: dict
      suboptions:
        name:
          description: Name of the record, without spaces and commas.
          type: str
          required: true
        value:
          description: Its text.
          type: str
          required: true
    srvs:
      description: SRV records. The list is exact, and an empty one removes all of them. Its order means nothing.
      type: list
      elements: dict
      suboptions:
        service:
          description: Name of the service, without the leading underscore.
          type: str
          required: true
        protocol:
          description: Protocol of the service, V(tcp) or V(udp).
          type: str
          required: true
        domain:
          description: Domain of the record. The network's without it.
          type: str
        target:
          description: Host that offers the service.
          type: str
        port:
          description: Port on the target, 1 to 65535. Needs C(target).
          type: int
        priority:
          description: Priority of the target, 0 to 65535. Needs C(target).
          type: int
        weight:
          description: Weight among targets of one priority, 0 to 65535. Needs C(target).
          type: int
    hosts:
      description: Names of addresses. The list is exact, and an empty one removes all of them. Its order means nothing.
      type: list
      elements: dict
      suboptions:
        ip:
          description: The address.
          type: str
          required: true
        hostnames:
          description: Its names, at least one.
          type: list
          elements: str
          required: true
vlan:
  description:
    - VLAN tags that the host adds to the traffic of guests whose portgroup has none.
    - An empty mapping removes the element.
    - For the forward modes V(hostdev) and V(passthrough), for V(bridge) with an Open vSwitch bridge, and since libvirt
      11.0 for V(bridge) with a Linux bridge.
  type: dict
  suboptions: *vlan
bandwidth:
  description:
    - Limits for the traffic of all guests of the network together. An empty mapping removes the element.
    - For the forward modes nat, route, open and V(bridge) with a bridge name, and for isolated networks.
  type: dict
  suboptions: *bandwidth
port:
  description:
    - What holds for every guest's port. An empty mapping removes the element.
    - For isolated networks and the forward modes nat, route, open and V(bridge) with a Linux bridge.
  type: dict
  suboptions:
    isolated:
      description:
        - Whether guests cannot reach each other, only the host and what is behind it.
        - Needs libvirt 6.1 or newer.
      type: bool
ips:
  description:
    - Addresses of the host on the network, with the services that it offers there.
    - The list is exact, and an empty one removes all of them. Its order means nothing.
    - For the forward modes nat, route and open, and for isolated networks. V(nat) and V(route) need one, and so does
      V(open) before libvirt 10.8.
  type: list
  elements: dict
  suboptions:
    family:
      description: Family of the address. V(ipv4) without it, so an IPv6 address needs V(ipv6).
      type: str
      choices: [ipv4, ipv6]
    address:
      description: Address of the host.
      type: str
      required: true
    netmask:
      description: Netmask of the subnet, for IPv4. Instead of C(prefix).
      type: str
    prefix:
      description:
        - Length of the subnet's prefix. Without it and C(netmask) libvirt takes 64 for IPv6 and that of the old address
          class for IPv4.
      type: int
    local_ptr:
      description: Whether reverse lookups of unknown addresses of the subnet stay unanswered instead of going upstream.
      type: bool
    tftp:
      description:
        - Directory that is served by TFTP. An empty string removes the element.
        - For IPv4, on one address of a network.
      type: str
    dhcp:
      description:
        - The DHCP service. libvirt keeps it only with C(ranges) or C(hosts); an empty mapping removes the element.
        - On one IPv4 and one IPv6 address of a network.
      type: dict
      suboptions:
        ranges:
          description:
            - Addresses to hand out. The list is exact, and an empty one removes all of them. Its order means nothing.
          type: list
          elements: dict
          suboptions:
            start:
              description: First address, within the subnet.
              type: str
              required: true
            end:
              description: Last address, within the subnet.
              type: str
              required: true
            lease: &lease
              description:
                - How long a guest may keep an address.
                - Needs libvirt 6.3 or newer.
              type: dict
              suboptions:
                expiry:
                  description: Duration in C(unit), at least two minutes. V(0) is without end.
                  type: int
                  required: true
                unit:
                  description: Unit of C(expiry). V(minutes) without it.
                  type: str
                  choices: [seconds, minutes, hours]
        hosts:
          description:
            - Addresses kept for certain guests. For IPv4 a host needs C(mac) or C(name), for IPv6 C(id) or C(name).
            - The list is exact, and an empty one removes all of them. Its order means nothing.
          type: list
          elements: dict
          suboptions:
            mac:
              description: MAC address of the guest, for IPv4.
              type: str
            id:
              description: DUID of the guest as hexadecimal bytes separated by colons, for IPv6.
              type: str
            name:
              description: Host name of the guest.
              type: str
            ip:
              description: Address that the guest gets.
              type: str
              required: true
            lease: *lease
        bootp:
          description: What to boot over the network, for IPv4.
          type: dict
          suboptions:
            file:
              description: File to boot.
              type: str
              required: true
            server:
              description: Address of the TFTP server. This host without it.
              type: str
routes:
  description:
    - Static routes of the host through guests of this network.
    - The list is exact, and an empty one removes all of them. Its order means nothing.
    - For the forward modes nat, route and open, and for isolated networks.
  type: list
  elements: dict
  suboptions:
    family:
      description: Family of the addresses. V(ipv4) without it, so an IPv6 route needs V(ipv6).
      type: str
      choices: [ipv4, ipv6]
    address:
      description: Address of the subnet that is reached.
      type: str
      required: true
    netmask:
      description: Netmask of that subnet, for IPv4. Instead of C(prefix).
      type: str
    prefix:
      description: Length of that subnet's prefix.
      type: int
    gateway:
      description: Address of the guest that leads there, within a subnet of C(ips).
      type: str
      required: true
    metric:
      description: Metric of the route, at least 1. The host's default without it.
      type: int
virtualport:
  description:
    - How the guests' interfaces are announced to the switch they are plugged into.
    - An empty mapping removes the element.
    - For the modes that reach a switch, V(bridge), V(private), V(vepa), V(passthrough) and V(hostdev). Of its types,
      V(openvswitch) and V(midonet) need V(bridge) with a bridge name.
  type: dict
  suboptions: *virtualport
dnsmasq_options:
  description:
    - Lines for the configuration file of the network's dnsmasq, passed on unchecked and in this order.
    - The list is exact, and an empty one removes all of them.
    - For the forward modes nat, route and open, and for isolated networks.
    - Needs libvirt 5.6 or newer.
  type: list
  elements: str
xml:
  description:
    - The whole network as libvirt's XML, instead of the typed options, with which it is mutually exclusive.
    - It is exact for the whole network, so what it does not say is removed, except what libvirt has made up (UUID, MAC
      address, bridge name). Its name must be the one that the task gives.
  type: str
state:
  description:
    - V(active) is a network that is defined and runs, V(inactive) one that is defined and does not run.
    - V(present) defines the network and leaves it running or not, as it is.
    - V(absent) stops the network and removes its definition.
  type: str
  choices: [active, inactive, present, absent]
  default: active
autostart:
  description: Whether the network starts with the host. Left out, it is left alone.
  type: bool
pending:
  description:
    - Options of which the running network may go on having another value than its definition until its next start, as
      M(virtfleet.network.virt_network_info) found it. So taking over a network that somebody changed by hand neither
      restarts nor updates it. The result lists them under C(pending), and a warning names them.
    - It holds for options that the definition already has as the task gives them. Once the task changes one, the usual
      rules apply to it.
  type: list
  elements: str
  choices:
    - ipv6
    - trust_guest_rx_filters
    - uuid
    - title
    - description
    - metadata
    - forward
    - bridge
    - mtu
    - mac
    - domain
    - dns
    - vlan
    - bandwidth
    - port
    - ips
    - routes
    - virtualport
    - portgroups
    - dnsmasq_options
"""
)


_NETWORKS = r"""
options:
  networks:
    description:
      - The networks. In each of them an option left out is left alone, and an option given is exact, lists included.
      - An empty mapping, list or string, or V(0) for the MTU, removes the element.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the network.
        type: str
        required: true
"""


class ModuleDocFragment:
    CONNECTION = r"""
options:
  uri:
    description:
      - The libvirt to talk to. Every URI of libvirt's will do, such as V(qemu:///system), V(qemu+ssh://host/system),
        V(qemu+tls://host/system) or V(test:///default).
      - The connection is made by the host on which the module runs, with that host's keys and certificates.
      - The network interfaces of the machine behind a remote URI cannot be read.
    type: str
    default: qemu:///system
requirements:
  - Python 3.9 or newer
  - python3-libvirt
  - python3-lxml
  - python3-pyroute2 (only where network interfaces of the host are read)
"""

    RESTART = r"""
options:
  restart:
    description:
      - Some changes take effect only when the network is stopped and started, which cuts off the guests plugged into
        it. This says what may be done then. Changes that libvirt can make to a running network need no restart.
      - V(idle) restarts a network when no guest is plugged in. Otherwise the task fails before anything is touched and
        names the guests.
      - V(never) leaves the change for the network's next start and reports it as pending.
      - V(replug) restarts it and then plugs in again all that was plugged in. Guests on a bridge that libvirt makes are
        without it for a moment, and the result says how long each was; guests on the host's own bridge or on a macvtap
        notice nothing. What no restart can bring to a running guest waits for that guest. Only on the host itself.
      - V(force) restarts the network in any case.
    type: str
    choices: [idle, never, replug, force]
    default: idle
"""

    LOCK = r"""
options:
  lock_timeout:
    description:
      - One task at a time changes the networks of a host, whichever user runs it. How many seconds to wait for the end
        of another; V(0) fails at once.
    type: int
    default: 60
"""

    SAFETY = r"""
options:
  confirm_timeout:
    description:
      - Roll the change back on the host itself unless M(virtfleet.network.virt_network_confirm) confirms it within this
        number of seconds, counted from its first step. So a change that cuts off the host's own SSH connection undoes
        itself. V(0) asks for no confirmation.
      - The time goes on while the host is suspended, and setting the host's clock does not change it. A reboot ends it;
        the next task that changes networks on the host then rolls the change back.
      - Until it is confirmed or rolled back, no other task of any user changes networks on the host.
    type: int
    default: 0
  confirm_run:
    description:
      - C(confirm.run) of an earlier task's result. This change is added to the change of that task, which still waits
        to be confirmed, so that both are confirmed, or rolled back, together.
      - Needs C(confirm_timeout), which counts anew from this change's first step.
    type: str
  verify_reach:
    description:
      - Addresses that the host must reach by ping before the change, and still after it; otherwise the change is taken
        back and the task fails.
    type: list
    elements: str
    default: []
"""


# Composed, hence not in the class itself, where ansible-test reads literals only.
# One network, with the module's own option for its name.
ModuleDocFragment.DOCUMENTATION = (
    "options:\n"
    + indent(_NETWORK, "  ")
    + r"""
notes:
  - An option left out is left alone; an option given is exact, lists included.
  - An empty mapping, list or string, or V(0) for the MTU, removes the element.
"""
)

# The same as items of a list.
ModuleDocFragment.NETWORKS = _NETWORKS + indent(_NETWORK, "      ")

# One portgroup's options.
ModuleDocFragment.PORTGROUP = "options:\n" + indent(_PORTGROUP, "  ")
