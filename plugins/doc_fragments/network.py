# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that describe a network, shared by all modules that take them.

tests/unit/test_documentation.py compares them with the model: an element added to _model needs its option here.
Options of a network are named with C(), not O(): in virt_networks they are suboptions and have other full names.
"""

from __future__ import annotations

from textwrap import indent

# The options of one portgroup. The options that portgroups and networks share (vlan, bandwidth, virtualport) define
# their suboptions here; the network's options refer to them by YAML anchors.
_PORTGROUP = r"""
name:
  description: The portgroup's name, which a guest's interface names in its XML.
  type: str
  required: true
default:
  description:
    - Whether guests that name no portgroup get this one. At most one portgroup of a network may be the default.
  type: bool
trust_guest_rx_filters:
  description:
    - Whether the host follows a guest's changes to its MAC address and receive filters.
    - V(false) overrides V(true) of the network. If omitted, the network's setting applies.
  type: bool
vlan:
  description:
    - VLAN tags that the host adds to the guests' traffic. Overrides C(vlan) of the network.
    - For the forward modes V(hostdev) and V(passthrough), for V(bridge) with an Open vSwitch bridge, and since libvirt
      11.0 for V(bridge) with a Linux bridge.
  type: dict
  suboptions: &vlan
    tags:
      description: The tags. Several tags make a trunk.
      type: list
      elements: dict
      suboptions:
        id:
          description: VLAN number, 0 to 4094.
          type: int
          required: true
        native_mode:
          description:
            - Makes this the native VLAN, whose frames reach the guest V(tagged) or V(untagged). At most one tag can be
              native.
            - For Open vSwitch, and since libvirt 11.0 for a Linux bridge.
          type: str
          choices: [tagged, untagged]
    trunk:
      description: Whether a single tag is a trunk. Several tags always are.
      type: bool
bandwidth:
  description:
    - Limits for each guest interface in this portgroup, unless the interface has its own limits.
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
          description: Maximum rate in KiB/s. Requires C(average).
          type: int
        burst: &burst
          description: Amount in KiB that can be sent in one burst at the maximum rate. Requires C(average).
          type: int
        floor:
          description:
            - Guaranteed rate in KiB/s.
            - Part of libvirt's schema for networks, but the libvirt releases known to this collection accept it only
              for guest interfaces and reject a network or portgroup that has it.
          type: int
    outbound:
      description: Traffic from the guests.
      type: dict
      suboptions:
        average: *average
        peak:
          description: Maximum rate in KiB/s. Requires C(average). Linux does not enforce it in this direction.
          type: int
        burst: *burst
virtualport:
  description:
    - Parameters of the switch port that a guest's interface is plugged into.
    - For the forward modes that connect to a switch, V(bridge), V(private), V(vepa), V(passthrough) and V(hostdev). The
      types V(openvswitch) and V(midonet) require V(bridge) with a bridge name.
    - The parameters of the network, the portgroup and the guest are merged; they must not contradict each other.
  type: dict
  suboptions: &virtualport
    type:
      description:
        - Type of the switch port. Required in the network's C(virtualport); a portgroup without a type uses the
          network's.
      type: str
      choices: [802.1Qbg, 802.1Qbh, openvswitch, midonet]
    parameters:
      description: Parameters that are sent to the switch.
      type: dict
      suboptions:
        managerid:
          description: For V(802.1Qbg), number of the VSI type database, 0 to 255.
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
    - Classes of service that a guest's interface selects by name. For every forward mode.
    - The list is exact; an empty list removes all portgroups. The order does not matter.
  type: list
  elements: dict
  suboptions:
"""
    + indent(_PORTGROUP, "    ")
    + r"""
uuid:
  description:
    - UUID of the network.
    - If omitted, an existing network keeps its UUID, and libvirt generates one for a new network. The UUID of an
      existing network cannot be changed.
  type: str
title:
  description:
    - One-line title of the network. An empty string removes it.
    - Needs libvirt 9.7 or newer.
  type: str
description:
  description:
    - Free text that describes the network. An empty string removes it.
    - Needs libvirt 9.7 or newer.
  type: str
metadata:
  description:
    - Metadata of other applications, one XML element per list item, each in its own XML namespace.
    - The list is exact; an empty list removes all of them. This collection's own mark in the metadata is neither listed
      nor removed.
  type: list
  elements: str
ipv6:
  description:
    - Whether guests can use IPv6 among themselves on a network without an IPv6 address.
    - For the forward modes nat, route and open, and for isolated networks.
  type: bool
trust_guest_rx_filters:
  description: Whether the host follows its guests' changes to their MAC addresses and receive filters.
  type: bool
forward:
  description:
    - How guests reach the outside of the host.
    - An empty mapping removes the element, which makes the network isolated.
  type: dict
  suboptions:
    mode:
      description:
        - With V(nat), V(route) and V(open), libvirt creates the bridge. Traffic is translated (V(nat)), routed
          (V(route)), or routed without any firewall rules (V(open)).
        - V(bridge) uses an existing bridge of the host (C(bridge.name)) or, with C(interfaces), macvtap in bridge mode.
        - V(private), V(vepa) and V(passthrough) are the other macvtap modes. They use a pool of host interfaces.
        - V(hostdev) assigns PCI devices, usually SR-IOV virtual functions, to the guests.
        - Without a mode, libvirt uses V(nat).
      type: str
      choices: [nat, route, open, bridge, private, vepa, passthrough, hostdev]
    dev:
      description:
        - Restricts forwarded traffic to this host interface, for V(nat) and V(route). Not for V(open).
        - In the other modes, libvirt treats it as the first of C(interfaces).
      type: str
    managed:
      description:
        - Whether libvirt detaches a PCI device from its host driver and reattaches it afterwards. For V(hostdev).
      type: bool
    driver:
      description: Driver for the PCI devices of a V(hostdev) network. An empty mapping removes the element.
      type: dict
      suboptions:
        name:
          description: Name of the driver. Only V(vfio) works with QEMU.
          type: str
          choices: [kvm, vfio, xen]
        model:
          description:
            - Name of a VFIO variant driver.
            - Needs libvirt 10.0 or newer.
          type: str
        iommufd:
          description:
            - Whether QEMU accesses the device through the kernel's IOMMUFD instead of the legacy VFIO interface.
            - Needs libvirt 12.1 or newer.
          type: bool
    nat:
      description: Settings of the address translation, for V(nat). An empty mapping removes the element.
      type: dict
      suboptions:
        ipv6:
          description:
            - Whether IPv6 traffic is translated too. Otherwise it is routed.
            - Needs libvirt 6.5 or newer.
          type: bool
        address:
          description: IPv4 source addresses for the guests' traffic. Defaults to the host's own address.
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
          description: TCP and UDP source ports for the guests' traffic. Defaults to 1024 to 65535.
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
        - SR-IOV physical function whose virtual functions form the pool. For V(passthrough) and V(hostdev), instead of
          C(interfaces) or C(addresses).
      type: dict
      suboptions:
        dev:
          description: Name of the host interface.
          type: str
          required: true
    interfaces:
      description:
        - Host interfaces that form the pool.
        - For V(private), V(vepa) and V(passthrough), and for V(bridge) without a bridge name.
        - The list is exact; an empty list removes all of them. The order does not matter.
      type: list
      elements: dict
      suboptions:
        dev:
          description: Name of the host interface.
          type: str
          required: true
    addresses:
      description:
        - PCI devices that form the pool. For V(hostdev).
        - The list is exact; an empty list removes all of them. The order does not matter.
      type: list
      elements: dict
      suboptions:
        address:
          description: PCI address, such as V(0000:03:10.1). The domain defaults to V(0000).
          type: str
          required: true
bridge:
  description:
    - The bridge that libvirt creates for an isolated, nat, route or open network, or the host's own bridge that a
      network with forward mode V(bridge) uses. The other modes have no bridge.
    - An empty mapping removes the settings; a name that libvirt generated is kept.
  type: dict
  suboptions:
    name:
      description: Name of the bridge. If omitted, libvirt generates one for a bridge that it creates.
      type: str
    zone:
      description: firewalld zone of the bridge. For isolated, nat, route and open networks.
      type: str
    stp:
      description: Whether the bridge runs the Spanning Tree Protocol. For isolated, nat, route and open networks.
      type: bool
    delay:
      description: Forward delay of the bridge in seconds. For isolated, nat, route and open networks.
      type: int
    mac_table_manager:
      description:
        - What manages the MAC address table of the bridge. With V(libvirt), libvirt adds the guests' addresses and
          turns off learning and flooding.
        - For networks that have a bridge.
      type: str
      choices: [kernel, libvirt]
mtu:
  description:
    - MTU of the bridge and of the guests' taps. V(0) removes the element, so that the host's default applies.
    - For the forward modes nat, route and open, and for isolated networks.
    - Needs libvirt 3.1 or newer.
  type: int
mac:
  description:
    - MAC address of the bridge that libvirt creates. If omitted, libvirt generates one and keeps it.
    - For the forward modes nat, route and open, and for isolated networks.
  type: str
domain:
  description:
    - DNS domain of the guests. An empty mapping removes the element.
    - For the forward modes nat, route and open, and for isolated networks.
  type: dict
  suboptions:
    name:
      description: The domain. Required unless the mapping is empty.
      type: str
    local_only:
      description: Whether queries for unknown names in the domain are kept local instead of forwarded upstream.
      type: bool
    register:
      description:
        - Whether systemd-resolved on the host uses this network's DNS server for the domain. Requires C(local_only).
        - Needs libvirt 10.1 or newer.
      type: bool
dns:
  description:
    - The DNS server of the network. An empty mapping removes the element, so that the DNS server has default settings.
    - For the forward modes nat, route and open, and for isolated networks.
  type: dict
  suboptions:
    enable:
      description: Whether the network has a DNS server. V(false) cannot be combined with records or forwarders.
      type: bool
    forward_plain_names:
      description: Whether queries for unknown names without a dot are forwarded upstream.
      type: bool
    forwarders:
      description:
        - DNS servers to use instead of the host's. Each requires C(addr), C(domain) or both.
        - The list is exact; an empty list removes all of them.
      type: list
      elements: dict
      suboptions:
        addr:
          description: Address of the DNS server. If omitted, names in C(domain) are resolved by the host's resolver.
          type: str
        domain:
          description: Domain whose names are resolved there. Defaults to all names.
          type: str
        port:
          description:
            - Port of the DNS server at C(addr). Defaults to 53.
            - Needs libvirt 12.0 or newer.
          type: int
    txts:
      description: TXT records. The list is exact; an empty list removes all of them. The order does not matter.
      type: list
      elements: dict
      suboptions:
        name:
          description: Name of the record, without spaces or commas.
          type: str
          required: true
        value:
          description: Text of the record.
          type: str
          required: true
    srvs:
      description: SRV records. The list is exact; an empty list removes all of them. The order does not matter.
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
          description: Domain of the record. Defaults to the network's domain.
          type: str
        target:
          description: Host that offers the service.
          type: str
        port:
          description: Port on the target, 1 to 65535. Requires C(target).
          type: int
        priority:
          description: Priority of the target, 0 to 65535. Requires C(target).
          type: int
        weight:
          description: Weight among targets with the same priority, 0 to 65535. Requires C(target).
          type: int
    hosts:
      description:
        - Host names and their addresses. The list is exact; an empty list removes all of them. The order does not
          matter.
      type: list
      elements: dict
      suboptions:
        ip:
          description: The address.
          type: str
          required: true
        hostnames:
          description: Names for the address, at least one.
          type: list
          elements: str
          required: true
vlan:
  description:
    - VLAN tags that the host adds to the traffic of guests whose portgroup has no C(vlan).
    - An empty mapping removes the element.
    - For the forward modes V(hostdev) and V(passthrough), for V(bridge) with an Open vSwitch bridge, and since libvirt
      11.0 for V(bridge) with a Linux bridge.
  type: dict
  suboptions: *vlan
bandwidth:
  description:
    - Limits for the combined traffic of all guests of the network. An empty mapping removes the element.
    - For the forward modes nat, route, open and V(bridge) with a bridge name, and for isolated networks.
  type: dict
  suboptions: *bandwidth
port:
  description:
    - Settings of all guests' ports. An empty mapping removes the element.
    - For isolated networks and the forward modes nat, route, open and V(bridge) with a Linux bridge.
  type: dict
  suboptions:
    isolated:
      description:
        - Whether guests are isolated from each other. They still reach the host and the networks behind it.
        - Needs libvirt 6.1 or newer.
      type: bool
ips:
  description:
    - Addresses of the host on the network, with their services.
    - The list is exact; an empty list removes all of them. The order does not matter.
    - For the forward modes nat, route and open, and for isolated networks. V(nat) and V(route) require an address, and
      so does V(open) before libvirt 10.8.
  type: list
  elements: dict
  suboptions:
    family:
      description: Family of the address. Defaults to V(ipv4); an IPv6 address requires V(ipv6).
      type: str
      choices: [ipv4, ipv6]
    address:
      description: Address of the host.
      type: str
      required: true
    netmask:
      description: Netmask of the subnet, for IPv4. Alternative to C(prefix).
      type: str
    prefix:
      description:
        - Prefix length of the subnet. Without C(prefix) and C(netmask), libvirt uses 64 for IPv6 and the prefix of the
          address class for IPv4.
      type: int
    local_ptr:
      description: Whether reverse lookups of unknown addresses in the subnet are kept local instead of forwarded
        upstream.
      type: bool
    tftp:
      description:
        - Directory to serve by TFTP. An empty string removes the element.
        - For IPv4, on one address of a network.
      type: str
    dhcp:
      description:
        - The DHCP service. libvirt keeps it only with C(ranges) or C(hosts); an empty mapping removes the element.
        - At most one IPv4 and one IPv6 address of a network can have it.
      type: dict
      suboptions:
        ranges:
          description:
            - Addresses that DHCP leases to guests. The list is exact; an empty list removes all of them. The order does
              not matter.
          type: list
          elements: dict
          suboptions:
            start:
              description: First address, in the subnet.
              type: str
              required: true
            end:
              description: Last address, in the subnet.
              type: str
              required: true
            lease: &lease
              description:
                - How long a guest can keep an address.
                - Needs libvirt 6.3 or newer.
              type: dict
              suboptions:
                expiry:
                  description: Duration in C(unit), at least two minutes. V(0) never expires.
                  type: int
                  required: true
                unit:
                  description: Unit of C(expiry). Defaults to V(minutes).
                  type: str
                  choices: [seconds, minutes, hours]
        hosts:
          description:
            - Addresses reserved for certain guests. An IPv4 host requires C(mac) or C(name), an IPv6 host C(id) or
              C(name).
            - The list is exact; an empty list removes all of them. The order does not matter.
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
              description: Address reserved for the guest.
              type: str
              required: true
            lease: *lease
        bootp:
          description: Network boot settings, for IPv4.
          type: dict
          suboptions:
            file:
              description: File to boot.
              type: str
              required: true
            server:
              description: Address of the TFTP server. Defaults to this host.
              type: str
routes:
  description:
    - Static routes that the host adds through guests of this network.
    - The list is exact; an empty list removes all of them. The order does not matter.
    - For the forward modes nat, route and open, and for isolated networks.
  type: list
  elements: dict
  suboptions:
    family:
      description: Family of the addresses. Defaults to V(ipv4); an IPv6 route requires V(ipv6).
      type: str
      choices: [ipv4, ipv6]
    address:
      description: Address of the destination subnet.
      type: str
      required: true
    netmask:
      description: Netmask of that subnet, for IPv4. Alternative to C(prefix).
      type: str
    prefix:
      description: Prefix length of that subnet.
      type: int
    gateway:
      description: Address of the guest that is the gateway, in a subnet of C(ips).
      type: str
      required: true
    metric:
      description: Metric of the route, at least 1. Defaults to the host's default.
      type: int
virtualport:
  description:
    - Parameters of the switch ports that the guests' interfaces are plugged into.
    - An empty mapping removes the element.
    - For the forward modes that connect to a switch, V(bridge), V(private), V(vepa), V(passthrough) and V(hostdev). The
      types V(openvswitch) and V(midonet) require V(bridge) with a bridge name.
  type: dict
  suboptions: *virtualport
dnsmasq_options:
  description:
    - Lines for the configuration file of the network's dnsmasq, passed on in this order without checking their
      contents.
    - The list is exact; an empty list removes all of them.
    - For the forward modes nat, route and open, and for isolated networks.
    - Needs libvirt 5.6 or newer.
  type: list
  elements: str
xml:
  description:
    - The whole network as libvirt XML. Mutually exclusive with the typed options.
    - It is exact for the whole network. Everything that it does not contain is removed, except what libvirt generated
      (UUID, MAC address, bridge name). Its name must be the name in the task.
  type: str
state:
  description:
    - V(active) defines and starts the network, V(inactive) defines and stops it.
    - V(present) defines the network and neither starts nor stops it.
    - V(absent) stops the network and removes its definition.
  type: str
  choices: [active, inactive, present, absent]
  default: active
autostart:
  description: Whether the network starts at boot. If omitted, the setting is not changed.
  type: bool
pending:
  description:
    - Options whose value in the running network may differ from the definition until the next start, as reported by
      M(virtfleet.network.virt_network_info). With these, adopting a network that was changed by hand neither restarts
      nor updates it. The result lists them under C(pending), and a warning names them.
    - Applies only to options whose persistent definition already has the value of the task. When the task changes an
      option, the usual rules apply to it.
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
      - The networks. An omitted option is not changed. A given option is exact, including lists.
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
      - libvirt connection URI, such as V(qemu:///system), V(qemu+ssh://host/system), V(qemu+tls://host/system) or
        V(test:///default).
      - The host on which the module runs opens the connection, with that host's keys and certificates.
      - Over a remote URI, the network interfaces of the remote host cannot be read.
    type: str
    default: qemu:///system
requirements:
  - Python 3.9 or newer
  - python3-libvirt
  - python3-lxml
  - python3-pyroute2 (only if network interfaces of the host are read)
"""

    RESTART = r"""
options:
  restart:
    description:
      - Some changes take effect only when the network is stopped and started, which cuts off the guests plugged into
        it. This option controls whether the network is restarted for them. Changes that libvirt can make to a running
        network need no restart.
      - V(idle) restarts the network if no guest is plugged in. Otherwise the task fails before it changes anything and
        lists the guests.
      - V(never) leaves the change for the network's next start and reports it as pending.
      - V(replug) restarts the network and then plugs everything back in. Guests on a bridge that libvirt creates are
        briefly disconnected from the host and from networks beyond it; the result says for how long. A temporary bridge
        keeps them connected to one another. If the host does not allow one, they are disconnected from one another too,
        and a warning says why. Guests on the host's own bridge or on a macvtap keep their connection. A change that
        cannot reach a running guest even with a restart waits until that guest stops. Not possible over a remote URI.
      - V(seamless) does the same, but fails before it changes anything (V(SEAMLESS_IMPOSSIBLE)) if guests would be
        disconnected from one another. It also fails if the restart would lose settings of the bridge or its ports that
        cannot be restored; V(replug) only warns of these.
      - V(force) always restarts the network and cuts off the guests.
    type: str
    choices: [idle, never, replug, seamless, force]
    default: idle
"""

    GUESTS = r"""
options:
  guests:
    description:
      - What to do with running guests whose NICs are plugged in with other settings (bandwidth, VLAN,
        C(trust_guest_rx_filters)) than their portgroup or network gives now.
      - V(leave) leaves them. They get the settings at their next start, or when they are migrated.
      - V(update) sets them where libvirt and the host can do it while the NIC stays plugged in, also for guests that
        have been on old settings since an earlier change. The NIC's own definition stays as it is, so the NIC follows
        its portgroup afterwards as before. RV(virtfleet.network.virt_portgroup#module:guests_on_old_settings) lists the
        others, with the reason and the time at which they get the settings.
      - With V(update), bandwidth and C(trust_guest_rx_filters) reach NICs in a Linux bridge, VLAN and the outbound
        bandwidth those in Open vSwitch. If libvirt or Open vSwitch refuses one, the whole task is rolled back.
    type: str
    choices: [leave, update]
    default: leave
"""

    LOCK = r"""
options:
  lock_timeout:
    description:
      - How many seconds to wait for another task that is changing networks on this host; V(0) fails at once. Only one
        task at a time, of any user, changes the networks of a host.
    type: int
    default: 60
"""

    SAFETY = r"""
options:
  confirm_timeout:
    description:
      - The host rolls the change back unless M(virtfleet.network.virt_network_confirm) confirms it within this number
        of seconds, counted from the first step. A change that cuts off the host's own SSH connection is thus undone.
        V(0) requires no confirmation.
      - Time during which the host is suspended counts; setting the host's clock has no effect. After a reboot, the next
        task that changes networks on the host rolls the change back.
      - Until the change is confirmed or rolled back, no other task of any user can change networks on the host.
    type: int
    default: 0
  confirm_run:
    description:
      - C(confirm.run) from the result of an earlier task whose change is not confirmed yet. This change is added to it;
        both are confirmed, or rolled back, together.
      - Requires C(confirm_timeout), which restarts with the first step of this change.
    type: str
  verify_reach:
    description:
      - Addresses that the host must be able to ping before and after the change. If one does not answer before it,
        nothing is changed; if one does not answer after it, the change is rolled back. The task fails in both cases.
    type: list
    elements: str
    default: []
"""


# Composed outside of the class because ansible-test reads only literals inside it.
# One network; its name is an option of the module itself.
ModuleDocFragment.DOCUMENTATION = (
    "options:\n"
    + indent(_NETWORK, "  ")
    + r"""
notes:
  - An omitted option is not changed; a given option is exact, including lists.
  - An empty mapping, list or string, or V(0) for the MTU, removes the element.
"""
)

# The same as items of a list.
ModuleDocFragment.NETWORKS = _NETWORKS + indent(_NETWORK, "      ")

# One portgroup's options.
ModuleDocFragment.PORTGROUP = "options:\n" + indent(_PORTGROUP, "  ")
