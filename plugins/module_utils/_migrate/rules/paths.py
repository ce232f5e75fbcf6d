# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences about a path out of a host that drops frames, or that the check does not understand."""

from __future__ import annotations

from .. import frame_path as why
from .. import remedy
from ..finding import Remedy, unknown
from ..frame_path import FramePath

PATH_UNKNOWN = unknown("It is unknown whether frames of {subject} leave {host} through {link}: it {state}.")

# what: the kind, program or setting that FramePath names
_STATES = {
    why.PORT_STATE: "passes no frames (its bridge has the port in state {port_state})",
    why.KIND: "is a link of kind {what}",
    why.PROGRAM: "has {what}, which may drop frames",
    why.SETTING: "has {what} set as a port of its bridge",
    why.SWITCHED_OFF: "has {what} set as a port of its switch (ovs-ofctl mod-port)",
    why.NOT_FLOODED: "has {what} off as a port of its bridge",
    why.SET_DOWN: "is down",
    why.BRIDGE_SET_DOWN: "is down",
    why.NO_CARRIER: "has no carrier",
    why.OWN_MAC_ONLY: "accepts only frames for its own MAC address (a macvlan not in mode passthru)",
    why.NOWHERE: "leads nowhere",
    why.NOT_IN_VLAN: "is not in the VLAN of the guest's port",
    why.ISOLATED: "is an isolated port of its bridge, like the NIC's port",
    why.LOCKED: "is a locked port of its bridge, which accepts frames only from known senders",
    why.NO_LACP: "has no LACP partner",
    why.COPIES_ONLY: "gets only copies of frames (it is the output of a mirror)",
    why.NO_FLOWS: "is an Open vSwitch bridge in fail mode secure without flows",
    why.TWO_TAGS: "adds a second VLAN tag",
    why.FLOWS: "is an Open vSwitch bridge with its own flows",
    why.VLANS: "filters VLANs, which the check cannot follow there",
    why.PROTOCOL: "uses VLAN tags of a protocol other than 802.1Q",
    why.ENDS_HERE: "ends on the host itself",
    why.NOT_SEEN: "cannot be read",
}


def explain_break(path: FramePath) -> str:
    """What is wrong where the path breaks, as the predicate of a sentence about its uplink."""
    link = path.link
    state = _STATES[path.why].format(what=path.what, port_state=link.port_state if link else None)
    return state if link is None or link.name == path.uplink else f"leads to {link.name}, which {state}"


def repair_path(path: FramePath) -> Remedy:
    """A cable is put in by hand."""
    down = path.why in (why.SET_DOWN, why.BRIDGE_SET_DOWN)
    return remedy.set_link_up(path.link.name) if down and path.link is not None else None
