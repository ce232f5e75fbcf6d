# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Audit and migration check find the same obstacles between a network and the wire, over generated links.

The check compares the host with a source from which all frames of all NICs leave, so it finds what the audit does.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._audit.audit import audit
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.destination_facts import read_destination
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.guest_facts import load_guests
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.verdicts import judge_guests
from ansible_collections.virtfleet.network.plugins.module_utils._model.link_kinds import NOWHERE, OWN_CARRIER

from .paper import answering, described, domain, info, interface

LIBVIRT = "11.3.0"  # has VLANs on Linux bridges
MTU = 1500
KINDS = (*OWN_CARRIER, *NOWHERE, "vlan", "macvlan", "bridge", "wireguard")
# By code of the check: the codes that the audit has for the same.
SAME = {
    "BRIDGE_MISSING": {"LINK_MISSING", "NOT_A_BRIDGE"},
    "BRIDGE_DOWN": {"BRIDGE_DOWN"},
    "UPLINK_MISSING": {"UPLINK_MISSING"},
    "UPLINK_NO_CARRIER": {"UPLINK_DOWN"},
    "POOL_MEMBER_MISSING": {"LINK_MISSING"},
    "MTU_TOO_SMALL": {"PATH_MTU", "MTU_BROKEN"},
}
ERRORS = set().union(*SAME.values())
# What the check's code UNKNOWN is about, by the beginnings of its sentences.
OBSCURE = ("It is unknown whether frames of ", "The uplinks of ")
MODES = {
    "bridge": ({"mode": "bridge"}, {"name": "br7"}, None),
    "switch": ({"mode": "bridge"}, {"name": "ovs0"}, {"type": "openvswitch"}),
    "macvtap": ({"mode": "bridge", "interfaces": [{"dev": "p1"}]}, None, None),
    "passthrough": ({"mode": "passthrough", "interfaces": [{"dev": "p1"}]}, None, None),
}
GROUPS = {
    "none": [],
    "tagged by default": ["<portgroup name='eng' default='yes'><vlan><tag id='5'/></vlan></portgroup>"],
    "tagged": ["<portgroup name='eng'><vlan><tag id='5'/></vlan></portgroup>", "<portgroup name='plain'/>"],
    "two tags": ["<portgroup name='eng'><vlan><tag id='5'/></vlan></portgroup>",
                 "<portgroup name='acc'><vlan><tag id='6'/></vlan></portgroup>"],
}  # fmt: skip
SETTINGS = ("isolated", "broadcast_flood", "unicast_flood", "learning", "hairpin_mode")
VLANS = ([], [(1, True)], [(1, True), (5, False)], [(1, True), (5, False), (6, False)], None)


def mostly(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([usual, usual, usual, *others])


@st.composite
def ports(draw: Any, name: str) -> dict[str, Any]:
    kind = draw(mostly("physical", *KINDS))
    vlans = draw(st.sampled_from(VLANS))
    usual = {"isolated": False, "hairpin_mode": False}
    odd = draw(mostly(None, *SETTINGS))
    port_settings = {name: usual.get(name, True) != (name == odd) for name in SETTINGS}
    return {
        "name": name, "kind": kind, "mtu": draw(mostly(MTU, 1400, 9000)), "admin": draw(mostly("up", "down")),
        "carrier": draw(mostly(True, False, None)), "master": draw(mostly("br7", None)),
        "parent": draw(st.sampled_from([None, 2, 3, 4, 5])) if kind in ("vlan", "macvlan", "veth") else None,
        "vlan": draw(st.sampled_from([5, 7])) if kind == "vlan" else None,
        "mode": draw(st.sampled_from(["bridge", "passthru"])) if kind == "macvlan" else None,
        "port_state": draw(mostly("forwarding", "blocking")), "port_settings": port_settings,
        "vlans": None if vlans is None else [
            {"id": number, "untagged": untagged, "pvid": untagged} for number, untagged in vlans
        ],
    }  # fmt: skip


@st.composite
def destinations(draw: Any, mode: str) -> dict[str, Any]:
    """links, ovs_bridges of a host on which something may be missing or set in any way."""
    bridge = {
        "name": "br7", "kind": draw(mostly("bridge", "veth", "dummy")), "admin": draw(mostly("up", "up", "down")),
        "mtu": draw(mostly(MTU, 1400, 9000)), "vlan_filtering": draw(st.booleans()),
        "default_pvid": draw(mostly(1, 0)),
    }  # fmt: skip
    found = [bridge, draw(ports("p1")), draw(ports("p2")), draw(ports("p3"))]
    if mode not in ("bridge", "switch"):
        # Whether a member that is down or in use would do is a question of its own.
        found[1].update(master=None, admin="up")
    gone = draw(mostly(None, None, "br7", "p1", "p2"))
    found = [one for one in found if one["name"] != gone]
    if mode != "switch":
        return {"links": found}
    port = {
        "tag": draw(mostly(None, 5)), "trunks": draw(mostly([], [5], [5, 6])),
        "type": draw(mostly("", "vxlan", "internal")), "up": draw(st.sampled_from([True, False, None])),
    }  # fmt: skip
    named = draw(st.sampled_from([[], ["p1"], ["p1", "p2"], ["x1"]]))
    switch = {
        "ports": dict.fromkeys(named, port), "flows": draw(mostly("normal", "none", "other", None)),
        "fail_mode": draw(mostly(None, "secure")),
    }  # fmt: skip
    own = {"name": "ovs0", "kind": "openvswitch", "mtu": MTU, "admin": draw(mostly("up", "down"))}
    return {"links": [*found, own] if gone != "br7" else found, "ovs_bridges": {"ovs0": switch}}


def definition(mode: str, groups: list[str], isolated: bool) -> str:
    forward, bridge, virtualport = MODES[mode]
    members = "".join(f"<interface dev='{one['dev']}'/>" for one in forward.get("interfaces", ()))
    return (
        f"<network><name>red</name><forward mode='{forward['mode']}'>{members}</forward>"
        + (f"<bridge name='{bridge['name']}'/>" if bridge else "")
        + (f"<virtualport type='{virtualport['type']}'/>" if virtualport else "")
        + ("<port isolated='yes'/>" if isolated else "")
        + f"{''.join(groups)}</network>"
    )


# A port whose VLANs cannot be seen, beside one that passes only small frames.
ONE_UNKNOWN = {
    "links": [
        {"name": "br7", "kind": "bridge", "mtu": MTU, "vlan_filtering": True, "default_pvid": 1},
        {"name": "p2", "mtu": 1400, "master": "br7", "vlans": [{"id": 1, "untagged": True, "pvid": True}]},
        {"name": "p3", "mtu": MTU, "master": "br7", "vlans": None},
    ]
}


def test_a_fault_of_a_known_way_is_found_beside_an_unknown_one() -> None:
    compare(ONE_UNKNOWN, "bridge", "tagged", isolated=False)


@settings(max_examples=500, deadline=None)
@given(st.data(), st.sampled_from(sorted(MODES)), st.sampled_from(sorted(GROUPS)), st.booleans())
def test_both_find_the_same_obstacles(data: Any, mode: str, groups: str, isolated: bool) -> None:
    compare(data.draw(destinations(mode)), mode, groups, isolated)


def compare(destination: dict[str, Any], mode: str, groups: str, isolated: bool) -> None:
    within = GROUPS[groups] if mode in ("bridge", "switch") else []
    xml = definition(mode, within, isolated and mode == "bridge")
    well = {
        "name": "kvm1", "libvirt": LIBVIRT, "networks": [xml], "ovs_bridges": {"ovs0": ["p2"]},
        "links": [{"name": "br7", "kind": "bridge", "vlan_filtering": False}, {"name": "p1", "master": None if "p1" in
                  xml else "br7"}, "p2", {"name": "ovs0", "kind": "openvswitch"}],
    }  # fmt: skip
    names = ["", *(name for name in ("eng", "acc", "plain") if f"'{name}'" in xml)]
    guest = domain(*(interface("red", number, name) for number, name in enumerate(names, 1)))
    told = info({"name": "kvm2", "libvirt": LIBVIRT, "networks": [xml], **destination})
    told["details"]["red"].update(bridge_link="none", dnsmasq="none")
    facts = [described(well, guest)]
    verdict = judge_guests(load_guests(facts), read_destination(answering(told, facts)))["verdicts"][0]
    by_check = {one["code"] for one in verdict["findings"] if one["code"] in SAME}
    obscure = any(one["sentence"].startswith(OBSCURE) for one in verdict["findings"])

    forward, bridge, virtualport = MODES[mode]
    binding = {"forward": forward, "bridge": bridge, "virtualport": virtualport}
    fleet = {"kvm2": {"bindings": {"red": {key: it for key, it in binding.items() if it}}, "info": told}}
    by_audit = {one.code for one in audit([{"name": "red", "reach": "l2", "mtu": MTU}], fleet)}

    for code in by_audit & ERRORS:
        assert any(code in SAME[one] for one in by_check), (code, verdict["findings"])
    assert bool(by_audit & ERRORS) == bool(by_check), (by_audit, verdict["findings"])
    if not by_check:
        assert ("UPLINK_UNKNOWN" in by_audit) == obscure, (by_audit, verdict["findings"])
