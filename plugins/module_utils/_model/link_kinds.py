# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of the kinds of links that frames may pass on their way out of a host, and of the settings of ports of
bridges. What is in no table here is not understood.
"""

from __future__ import annotations

# A link whose carrier says whether something is at its other end. A bond or team has one while a member has. Besides
# these, a VLAN device, a macvlan and a bridge are followed to what they stand on, and a veth to its other end.
OWN_CARRIER = ("physical", "veth", "bond", "team", "tun", "openvswitch")
# They drop whatever is sent, though they are up with a carrier.
NOWHERE = ("dummy", "ifb", "nlmon")

# What queues a link's frames, and drops some only when there are too many. Others, and programs (XDP), may drop any:
# hfsc what no class takes, tbf and bfifo what is larger than their burst or their queue.
USUAL_QDISCS = (
    "noqueue", "pfifo", "pfifo_fast", "fq", "fq_codel", "fq_pie", "codel", "pie", "sfq", "mq", "mqprio",
    "multiq", "prio", "htb", "cake",
)  # fmt: skip
XDP = "an XDP program"
TCX = "a BPF program (tcx)"

# A port's settings by their names in sysfs, and those that only netlink shows, with the value that lets everything
# pass; each other value stops frames as docs/migration.md says, or is not understood.
USUAL = {
    "broadcast_flood": True,
    "unicast_flood": True,
    "multicast_flood": True,
    "learning": True,
    "isolated": False,
    "hairpin_mode": False,
    "neigh_suppress": False,
    "proxyarp": False,
    "proxyarp_wifi": False,
    "locked": False,
    "vlan_tunnel": False,
    "neigh_vlan_suppress": False,
    "multicast_limit": False,
}
NOT_UNDERSTOOD = (
    "hairpin_mode", "neigh_suppress", "proxyarp", "proxyarp_wifi", "vlan_tunnel", "neigh_vlan_suppress",
    "multicast_limit",
)  # fmt: skip
