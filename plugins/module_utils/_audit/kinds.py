# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All kinds of findings of an audit, in the order of docs/audit.md."""

from __future__ import annotations

from .finding import ERROR, INFO, UNKNOWN, WARNING, Kind

HOST_UNKNOWN = Kind(
    "HOST_UNKNOWN", UNKNOWN, "The host was not audited: {why}", "Make the host reachable, and audit again."
)
UNEXPECTED = Kind(
    "UNEXPECTED",
    UNKNOWN,
    "The audit of the host failed because of an error in the collection: {error}.",
    "Report this error to the collection's authors.",
)
# The template of a fault is the fault's own.
FAULT = Kind("FAULT", ERROR, "{text}", "Correct the contract, the binding or the named link.")
REFUSED = Kind("REFUSED", ERROR, "{text}", "Correct the contract or the binding, or update libvirt on the host.")
NETWORK_MISSING = Kind("NETWORK_MISSING", ERROR, "Network {network} does not exist.")
NETWORK_TRANSIENT = Kind("NETWORK_TRANSIENT", ERROR, "Network {network} is transient: it disappears when it stops.")
NETWORK_INACTIVE = Kind("NETWORK_INACTIVE", ERROR, "Network {network} is not active.")
NETWORK_ACTIVE = Kind("NETWORK_ACTIVE", WARNING, "Network {network} is active, but must be inactive.")
AUTOSTART_DIFFERS = Kind("AUTOSTART_DIFFERS", WARNING, "Autostart of network {network} differs from its contract.")
DEFINITION_DIFFERS = Kind(
    "DEFINITION_DIFFERS", ERROR, "The persistent definition of network {network} differs from its contract: {options}."
)
LIVE_DIFFERS = Kind(
    "LIVE_DIFFERS", ERROR, "The live definition of network {network} differs from its contract: {options}."
)
NETWORK_LEFT = Kind(
    "NETWORK_LEFT",
    WARNING,
    "Network {network} was created by the collection but is not in the contract.",
    "Run the rollout with networks_purge=true, or add the network to the contract.",
)
NETWORK_FOREIGN = Kind(
    "NETWORK_FOREIGN",
    INFO,
    "Network {network} is not in the contract.",
    "Add the network to the contract, or ignore this finding.",
)
DNSMASQ_FAULTY = Kind("DNSMASQ_FAULTY", ERROR, "The dnsmasq of network {network} is {state}.")
DNSMASQ_UNKNOWN = Kind(
    "DNSMASQ_UNKNOWN",
    UNKNOWN,
    "The state of the dnsmasq of network {network} cannot be read.",
    "Run the audit on the host itself, not over a remote URI.",
)
BRIDGE_FAULTY = Kind("BRIDGE_FAULTY", ERROR, "The bridge of network {network} is faulty: {state}.")
BRIDGE_UNKNOWN = Kind(
    "BRIDGE_UNKNOWN",
    UNKNOWN,
    "The bridge of network {network} cannot be read.",
    "Run the audit on the host itself, not over a remote URI.",
)
LINKS_UNKNOWN = Kind(
    "LINKS_UNKNOWN",
    UNKNOWN,
    "The links of the host cannot be read.",
    "Run the audit on the host itself, not over a remote URI.",
)
POOL_UNKNOWN = Kind(
    "POOL_UNKNOWN", UNKNOWN, "The pool of network {network} was not read.", "Gather the pools, and audit again."
)
MEMBER_MISSING = Kind(
    "MEMBER_MISSING",
    ERROR,
    "Member {member} of network {network} does not exist.",
    "Add the device, or remove the member.",
)
MEMBER_STALE = Kind(
    "MEMBER_STALE",
    WARNING,
    "A guest that is not running holds member {member} of network {network}.",
    "Run virt_iface_pool with reclaim_stale: true.",
)
MEMBER_FOREIGN = Kind(
    "MEMBER_FOREIGN", WARNING, "Member {member} of network {network} is in use outside the network.", "Free the device."
)
POOL_MISCOUNTED = Kind(
    "POOL_MISCOUNTED",
    WARNING,
    "libvirt's connections counter of network {network} is wrong.",
    "Restart the network when it has no guests.",
)
FORWARDING_OFF = Kind(
    "FORWARDING_OFF",
    ERROR,
    "The host forwards no {family} packets, which network {network} needs.",
    "Turn on forwarding with sysctl.",
)
FORWARDING_UNKNOWN = Kind(
    "FORWARDING_UNKNOWN",
    UNKNOWN,
    "It is unknown whether the host forwards {family} packets.",
    "Run the audit on the host itself, not over a remote URI.",
)
NOT_A_BRIDGE = Kind(
    "NOT_A_BRIDGE",
    ERROR,
    "{link}, which network {network} uses as its bridge, is not a bridge.",
    "Name a bridge in the binding, or replace the link with a bridge.",
)
BRIDGE_DOWN = Kind("BRIDGE_DOWN", ERROR, "Bridge {bridge} of network {network} is down.", "Set the bridge up.")
UPLINK_MISSING = Kind(
    "UPLINK_MISSING",
    ERROR,
    "Bridge {bridge} of network {network} has no uplink, so its guests reach only this host.",
    "Add an uplink to the bridge.",
)
UPLINK_DOWN = Kind(
    "UPLINK_DOWN",
    ERROR,
    "Frames of network {network} {whose}do not leave the host: {link} {why}.",
    "Repair the named link.",
)
UPLINK_UNKNOWN = Kind(
    "UPLINK_UNKNOWN",
    UNKNOWN,
    "It is unknown whether frames of network {network} {whose}leave the host: {link} {why}.",
    "Check the named link.",
)
PATH_MTU = Kind(
    "PATH_MTU",
    ERROR,
    "Frames of more than {passes} bytes do not leave bridge {bridge} of network {network}; its contract has MTU {mtu}.",
    "Raise the MTU of the bridge's uplink, or lower it in the contract.",
)
BRIDGE_MTU = Kind(
    "BRIDGE_MTU",
    ERROR,
    "Bridge {bridge}, which libvirt created for network {network}, has MTU {has}; its contract has MTU {mtu}.",
    "Restart the network when it has no guests.",
)
BRIDGE_JOINED = Kind(
    "BRIDGE_JOINED",
    ERROR,
    "{links} is a port of bridge {bridge}, which libvirt created for network {network}, which joins the network to "
    "another one.",
    "Take the link out of the bridge.",
)
STP_DELAY = Kind(
    "STP_DELAY",
    WARNING,
    "Bridge {bridge} of network {network} passes no frames of a new guest for {seconds} seconds.",
    "Turn off STP on the bridge, or shorten its forward delay.",
)
NO_ARP = Kind(
    "NO_ARP",
    ERROR,
    "The host does not take part in ARP or in IPv6 neighbour discovery on bridge {bridge} ({setting}), so guests of "
    "network {network} cannot reach it.",
    "Turn ARP on again with sysctl or ip link.",
)
SUBNET_MISROUTED = Kind(
    "SUBNET_MISROUTED",
    ERROR,
    "The host does not reach all addresses of network {network} through its bridge: {routes}.",
    "Remove the route, or give the network another subnet.",
)
NAT_UNREACHABLE = Kind(
    "NAT_UNREACHABLE",
    ERROR,
    "The host sends the packets of network {network} from addresses that it does not have, so no replies come back.",
    "Add the addresses of nat to the host.",
)
NAT_UNKNOWN = Kind(
    "NAT_UNKNOWN",
    UNKNOWN,
    "It is unknown whether replies to the addresses of nat of network {network} reach the host.",
    "Check that routers send these addresses to the host.",
)
NOT_AT_BOOT = Kind(
    "NOT_AT_BOOT",
    WARNING,
    "{tools} does not create {link} at boot; network {network} uses it.",
    "Add the link to the configuration of that tool.",
)
BOOT_UNKNOWN = Kind(
    "BOOT_UNKNOWN",
    UNKNOWN,
    "It is unknown whether the host creates {link} at boot; network {network} uses it.",
    "Check the tool that creates it.",
)
FIREWALL_DROPS = Kind(
    "FIREWALL_DROPS",
    ERROR,
    "The firewall of the host drops {what} network {network}: {rules}.",
    "Allow them in the host's firewall.",
)
FIREWALL_UNKNOWN = Kind(
    "FIREWALL_UNKNOWN",
    UNKNOWN,
    "The firewall of the host may drop {what} network {network}: {rules}.",
    "Check the named rules.",
)
GUEST_SETTINGS_OLD = Kind(
    "GUEST_SETTINGS_OLD",
    WARNING,
    "NIC {mac} of guest {guest} runs with outdated settings of network {network}: {settings}.",
    "Run the rollout with networks_guests: update, or update the guest as docs/portgroups.md describes.",
)
GUEST_SETTINGS_UNKNOWN = Kind(
    "GUEST_SETTINGS_UNKNOWN",
    UNKNOWN,
    "It is unknown whether guests of network {network} have its current settings.",
    "Gather ports and guests, with qemu:///system.",
)
LIBVIRT_FAULT = Kind(
    "LIBVIRT_FAULT",
    WARNING,
    "libvirt {version} may crash when guests use hostdev network {network}. libvirt 12.2 fixes it.",
    "Update libvirt.",
)
HOOK_SCRIPT = Kind(
    "HOOK_SCRIPT",
    INFO,
    "libvirt runs {scripts}, which may change networks and guests.",
    "Check the scripts.",
)
HOST_TWICE = Kind(
    "HOST_TWICE",
    ERROR,
    "libvirt has the same UUID on {others}, so no guest can migrate between them.",
    "Set host_uuid in the configuration of the libvirt daemon.",
)
GUESTS_UNKNOWN = Kind("GUESTS_UNKNOWN", UNKNOWN, "The guests of the host cannot be read.", "Use qemu:///system.")
MAC_TWICE = Kind(
    "MAC_TWICE",
    ERROR,
    "MAC address {mac} of guest {guest} is also used by {others}.",
    "Give one of them another MAC address.",
)
ADDRESS_TWICE = Kind(
    "ADDRESS_TWICE",
    ERROR,
    "Address {address} of bridge {bridge}, which network {network} uses, is also used by {others}.",
    "Give one of the hosts another address.",
)

KINDS = tuple(value for value in list(vars().values()) if isinstance(value, Kind))
