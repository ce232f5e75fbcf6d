# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of frames out of a host, over generated links: a closed world, and one that ends."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._migrate.frame_path import (
    COPIES_ONLY,
    DOWN,
    KIND,
    LOCKED,
    NO_LACP,
    NOT_IN_VLAN,
    PORT_STATE,
    PROGRAM,
    PROTOCOL,
    SETTING,
    SWITCHED_OFF,
    UP,
    VLANS,
    NicPort,
    paths_out,
)
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.host_links import (
    HostLinks,
    Link,
    OvsBridge,
    OvsInterface,
    OvsPort,
    PortVlan,
)
from ansible_collections.virtfleet.network.plugins.module_utils._model.link_kinds import (
    NOT_UNDERSTOOD,
    NOWHERE,
    OWN_CARRIER,
    USUAL,
)

FOLLOWED = ("vlan", "macvlan", "bridge", "veth")
KINDS = (*OWN_CARRIER, *NOWHERE, *FOLLOWED, "vxlan", "gretap", "macsec", "batadv", "hsr", "ipvlan", "wireguard", "new")


def link(*facts, default_route=False, programs=(), bound=(), **others):
    return Link(*facts, **others, default_route=default_route, programs=programs, bound=bound)


def interface(name, kind="", *facts, **others):
    return OvsInterface(name, kind, *facts, **others)


def switch_port(interfaces, trunks=(), needs_lacp=False, mirrors=False, **others):
    return OvsPort(interfaces, trunks, needs_lacp, mirrors, **others)


def switch_of(ports, flows="normal"):
    return OvsBridge(ports, controllers=0, flows=flows)


BRIDGE = link("br7", "bridge", 1500, "up", True, None, index=2)


def uplink(kind, **facts):
    facts = {"mtu": 1500, "admin": "up", "carrier": True, "master": "br7", "index": 3, **facts}
    return link("p1", kind, **facts)


def way(*links, nic=NicPort(), ovs=None):  # noqa: B008
    (found,) = paths_out(HostLinks((BRIDGE, *links), ovs or {}), "br7", nic)
    return found


@given(st.one_of(st.sampled_from(KINDS), st.text("abcdefgh", min_size=1, max_size=8)))
def test_frames_pass_by_what_is_understood_alone(kind):
    if kind == "tun":
        assert paths_out(HostLinks((BRIDGE, uplink(kind)), {}), "br7") == []  # a guest's
        return
    found = way(uplink(kind, mode="passthru"))
    if kind in (*OWN_CARRIER, "vlan", "macvlan"):
        assert found.state == UP
    elif kind in (*NOWHERE, "bridge"):
        assert found.state == DOWN  # a bridge without ports
    else:
        assert (found.state, found.why, found.what) == (None, KIND, kind)


@given(st.sampled_from(OWN_CARRIER), st.fixed_dictionaries({name: st.booleans() for name in USUAL}), st.booleans())
def test_every_setting_counts(kind, settings_, isolated):
    if kind == "tun":
        return
    found = way(uplink(kind, port_settings=settings_), nic=NicPort(isolated=isolated))
    odd = [name for name in NOT_UNDERSTOOD if settings_[name] != USUAL[name]]
    floods = settings_["broadcast_flood"] and (settings_["unicast_flood"] or settings_["learning"])
    if odd:
        assert (found.state, found.why) == (None, SETTING)
        assert found.what in odd
    elif settings_["locked"]:
        assert (found.state, found.why) == (DOWN, LOCKED)
    elif not floods or (isolated and settings_["isolated"]):
        assert found.state == DOWN
    else:
        assert found.state == UP
        assert found.multicast == settings_["multicast_flood"]


@st.composite
def hosts(draw):
    """Links that stand on one another at random, in circles too, and switches that are patched at random."""
    names = [f"l{number}" for number in range(draw(st.integers(1, 7)))]
    masters = st.sampled_from([None, "br7", "ovs0", *names])
    links = [BRIDGE]
    for index, name in enumerate(names, 3):
        links.append(
            link(
                name,
                draw(st.sampled_from(KINDS)),
                draw(st.sampled_from([None, 1400, 1500, 9000])),
                draw(st.sampled_from(["up", "up", "up", "down"])),
                draw(st.sampled_from([True, True, None, False])),
                draw(masters),
                index=index,
                parent=draw(st.one_of(st.none(), st.integers(2, 10))),
                vlan=draw(st.one_of(st.none(), st.integers(1, 9))),
                vlan_filtering=draw(st.sampled_from([None, None, False, True])),
                default_pvid=draw(st.sampled_from([None, 0, 1])),
                vlans=draw(st.sampled_from([None, (PortVlan(1, True),), (PortVlan(1, False), PortVlan(5, False))])),
                mode=draw(st.sampled_from([None, "passthru", "bridge"])),
                port_state=draw(st.sampled_from([None, "forwarding", "disabled"])),
            )
        )
    bridges = {}
    for number in range(draw(st.integers(0, 3))):
        ports = {}
        for name in draw(st.lists(st.sampled_from([*names, "pa", "pb", "pc"]), max_size=3, unique=True)):
            kind = draw(st.sampled_from(["", "patch", "internal", "vxlan", "dpdk"]))
            peer = draw(st.sampled_from([None, "pa", "pb", "pc"]))
            its = interface(name, kind, peer, draw(st.sampled_from([None, True, False])))
            ports[name] = switch_port((its,), tag=draw(st.sampled_from([None, 5])))
        bridges[f"ovs{number}"] = switch_of(
            ports, flows=draw(st.sampled_from(["normal", "normal", "none", "other", None]))
        )
    return tuple(links), bridges


NICS = st.builds(NicPort, tags=st.sampled_from([(), (5,), (1, 5)]), isolated=st.booleans())


@given(hosts(), st.sampled_from(["br7", "ovs0", "l0"]), NICS)
def test_it_ends_and_says_why(host, bridge, nic):
    links, switches = host
    found = paths_out(HostLinks(links, switches), bridge, nic)
    for one in found or ():
        assert one.state in (UP, DOWN, None)
        assert bool(one.why) == (one.state != UP)


@given(hosts(), NICS, st.data())
def test_a_fault_opens_no_way(host, nic, data):
    """Where nothing passes, or nobody knows, a link that is set down or loses its carrier changes nothing for the
    better."""
    links, switches = host
    place = data.draw(st.integers(0, len(links) - 1))
    worse = data.draw(st.sampled_from([{"admin": "down"}, {"carrier": False}, {"kind": "new"}]))
    if links[place].name == "br7" or links[place].kind == "bridge":
        return
    broken = (*links[:place], replace(links[place], **worse), *links[place + 1 :])
    before, after = (paths_out(HostLinks(one, switches), "br7", nic) or [] for one in (links, broken))
    opened = {one.uplink for one in after if one.state == UP} - {one.uplink for one in before if one.state == UP}
    assert opened <= {links[place].name}  # a tap is no uplink, and another kind is


def test_a_way_through_another_bridge_is_as_narrow_as_its_narrowest_link():
    va = uplink("veth", parent=4)
    vb = replace(va, name="vb", index=4, parent=3, master="br8", mtu=9000)
    br8 = replace(BRIDGE, name="br8", index=5)
    p2 = replace(va, name="p2", index=6, parent=None, master="br8", mtu=1400)
    found = way(va, vb, br8, p2)
    assert (found.uplink, found.state, found.mtu) == ("p1", UP, 1400)


def test_a_trunk_of_a_switch_keeps_the_tag_and_an_access_port_takes_it():
    def out(nic, **port):
        switch = switch_of({"p1": switch_port((interface("p1"),), **port)})
        (found,) = paths_out(HostLinks((uplink("veth", master=None),), {"ovs0": switch}), "ovs0", nic)
        return found.state, found.vlan

    assert out(NicPort((5,))) == (UP, 5)
    assert out(NicPort()) == (UP, None)
    assert out(NicPort((5,)), tag=5) == (UP, None)
    assert out(NicPort(), tag=5) == (DOWN, None)
    assert out(NicPort((5,)), trunks=(5, 6)) == (UP, 5)
    assert out(NicPort((7,)), trunks=(5, 6)) == (DOWN, None)
    assert out(NicPort(), trunks=(5, 6)) == (DOWN, None)
    assert out(NicPort((5,)), tag=5, vlan_mode="native-untagged") == (UP, None)
    assert out(NicPort((5,)), tag=5, vlan_mode="native-tagged") == (UP, 5)
    assert out(NicPort((6,)), tag=5, vlan_mode="native-untagged", trunks=(5,)) == (DOWN, None)


VLAN_MODES = (None, "access", "trunk", "native-tagged", "native-untagged", "dot1q-tunnel")


@given(
    st.sampled_from(VLAN_MODES), st.sampled_from([None, 5, 6]), st.sampled_from([(), (5,), (5, 7), (6,)]),
    st.sampled_from([(), (5,), (6,), (7,), (5, 7)]),
)  # fmt: skip
def test_by_a_port_of_a_switch_what_leaves_comes_back_into_the_same_vlans(mode, tag, trunks, tags):
    """By ovs-vswitchd.conf.db(5): each VLAN leaves with a tag or without, and that tag leads back to one VLAN."""
    port = switch_port((interface("p1"),), tag=tag, trunks=trunks, vlan_mode=mode)
    (found,) = paths_out(
        HostLinks((uplink("veth", master=None),), {"ovs0": switch_of({"p1": port})}), "ovs0",
        NicPort(tags),
    )  # fmt: skip
    mode = mode or ("trunk" if tag is None else "access")
    own = tag or 0

    def leaves(vlan):
        if mode in ("access", "dot1q-tunnel"):
            return 0 if vlan == own and mode == "access" else None
        if trunks and vlan not in trunks and not (vlan == own and mode != "trunk"):
            return None
        return 0 if mode == "native-untagged" and vlan == own else vlan

    def comes(tagged):
        if tagged:
            return None if mode == "access" else tagged
        return own if mode != "trunk" else 0

    passes = all(leaves(vlan) is not None and comes(leaves(vlan)) == vlan for vlan in tags or (0,))
    if found.why == VLANS:  # one of several loses its tag
        assert (found.state, mode) == (None, "native-untagged")
    else:
        assert (found.state == UP) == passes


def test_what_leaves_a_port_untagged_comes_back_into_its_pvid():
    bridge = replace(BRIDGE, vlan_filtering=True, default_pvid=1)

    def out(*vlans, nic=NicPort()):  # noqa: B008
        (found,) = paths_out(HostLinks((bridge, uplink("physical", vlans=vlans)), {}), "br7", nic)
        return found.state, found.why

    assert out(PortVlan(1, True, True)) == (UP, "")
    assert out(PortVlan(1, True, False)) == (DOWN, NOT_IN_VLAN)
    assert out(PortVlan(1, True, False), PortVlan(10, True, True)) == (DOWN, NOT_IN_VLAN)
    assert out(PortVlan(1, False, False)) == (UP, "")
    assert out(PortVlan(1, True)) == (None, VLANS)
    assert out(PortVlan(1, True, True), PortVlan(5, False, False), nic=NicPort((5,))) == (UP, "")


def test_vlan_tags_of_another_protocol_are_not_understood():
    beneath = link("p2", "physical", 1500, "up", True, None, index=4)
    for protocol, state, why in (("802.1q", UP, ""), ("802.1ad", None, PROTOCOL)):
        found = way(uplink("vlan", parent=4, vlan=9, vlan_protocol=protocol), beneath)
        assert (found.state, found.why) == (state, why)
        bridge = replace(BRIDGE, vlan_filtering=True, default_pvid=1, vlan_protocol=protocol)
        (found,) = paths_out(HostLinks((bridge, uplink("physical", vlans=(PortVlan(1, True, True),))), {}), "br7")
        assert (found.state, found.why) == (state, why)


def test_frames_come_into_another_bridge_by_a_port_that_lets_them_in():
    va = uplink("veth", parent=4)
    br8 = link("br8", "bridge", 1500, "up", True, None, index=5)
    p2 = link("p2", "physical", 1500, "up", True, "br8", index=6)

    def out(**facts):
        found = way(va, replace(va, name="vb", index=4, parent=3, master="br8", **facts), br8, p2)
        return found.state, found.why

    assert out(port_state="forwarding") == (UP, "")
    for state in ("disabled", "blocking"):
        assert out(port_state=state) == (DOWN, PORT_STATE)


def test_an_internal_port_of_a_switch_leads_into_the_switch():
    for kind in ("openvswitch", "tun"):  # of the kernel's datapath, and of the one in userspace
        inner = uplink(kind, vlan=None)
        p2 = link("p2", "physical", 1400, "up", True, None, index=6)

        def out(others=(), tag=None, inner=inner, p2=p2):
            ports = {"p1": switch_port((interface("p1", "internal"),), tag=tag), **dict(others)}
            found = way(inner, p2, ovs={"ovs8": switch_of(ports)})
            return found.uplink, found.state, found.vlan, found.mtu

        leaving = ("p2", switch_port((interface("p2"),)))
        assert out([leaving]) == ("p1", UP, None, 1400)
        assert out([leaving], tag=7) == ("p1", UP, 7, 1400)
        assert out()[1] == DOWN


def test_a_switch_leads_out_through_a_bridge_that_has_its_internal_port():
    inner = uplink("openvswitch", master="br7")
    p2 = link("p2", "physical", 1500, "up", True, "br7", index=6)
    host = HostLinks((BRIDGE, inner, p2), {"ovs8": switch_of({"p1": switch_port((interface("p1", "internal"),))})})
    (found,) = paths_out(host, "ovs8")
    assert (found.uplink, found.state) == ("p1", UP)
    assert host.joined_with("ovs8") == host.joined_with("br7") == {"ovs8", "br7"}


@given(st.text("abcdefgh_0123", min_size=1).filter(lambda name: name not in USUAL))
def test_a_setting_of_a_newer_kernel_makes_the_way_unknown(name):
    found = way(uplink("physical", port_settings={name: True}))
    assert (found.state, found.why, found.what) == (None, SETTING, name)
    assert way(uplink("physical", port_settings={name: False})).state == UP


def test_a_port_of_a_switch_that_is_switched_off_carries_nothing():
    def out(settings=(), lacp=None, **port):
        switch = switch_of({"p1": switch_port((interface("p1", settings=settings, lacp=lacp),), **port)})
        (found,) = paths_out(HostLinks((uplink("veth", master=None),), {"ovs0": switch}), "ovs0")
        return found.state, found.why

    assert out() == (UP, "")
    for setting in ("PORT_DOWN", "NO_RECV", "NO_FWD", "NO_FLOOD"):
        assert out(("NO_PACKET_IN", setting)) == (DOWN, SWITCHED_OFF)
    assert out(("NO_PACKET_IN",)) == (UP, "")
    assert out(mirrors=True) == (DOWN, COPIES_ONLY)
    assert out(needs_lacp=True) == (DOWN, NO_LACP)
    assert out(needs_lacp=True, lacp=False) == (DOWN, NO_LACP)
    assert out(needs_lacp=True, lacp=True) == (UP, "")


def _patched(nic, first=None, second=None, last=None):
    """ovs0 - patch - ovs1 - p1, with settings of the two patch ports and of the last."""
    there = {
        "ovs0": switch_of({"pa": switch_port((interface("pa", "patch", "pb"),), **(first or {}))}),
        "ovs1": switch_of(
            {
                "pb": switch_port((interface("pb", "patch", "pa"),), **(second or {})),
                "p1": switch_port((interface("p1"),), **(last or {})),
            },
        ),
    }
    (found,) = paths_out(HostLinks((uplink("veth", master=None),), there), "ovs0", nic)
    return found.state, found.vlan


def test_frames_take_the_vlan_of_the_port_by_which_they_come_into_another_switch():
    assert _patched(NicPort()) == (UP, None)
    assert _patched(NicPort((5,))) == (UP, 5)
    assert _patched(NicPort(), second={"tag": 40}) == (UP, 40)
    assert _patched(NicPort(), second={"tag": 40}, last={"tag": 40}) == (UP, None)
    assert _patched(NicPort(), second={"tag": 40}, last={"tag": 41}) == (DOWN, None)
    assert _patched(NicPort((5,)), second={"tag": 5}) == (DOWN, None)  # tagged frames, into an access port
    assert _patched(NicPort((5,)), {"tag": 5}, {"tag": 7}) == (UP, 7)
    assert _patched(NicPort((5,)), second={"trunks": (6,)}) == (DOWN, None)
    assert _patched(NicPort(), second={"tag": 9, "vlan_mode": "native-untagged"}) == (UP, 9)


def test_a_veth_into_a_switch_takes_the_vlan_of_its_port():
    def out(**port):
        va = uplink("veth", parent=4)
        vb = replace(va, name="vb", index=4, parent=3, master="ovs-system", kind="veth")
        p2 = replace(va, name="p2", index=6, parent=None, master="ovs-system")
        switch = switch_of({"vb": switch_port((interface("vb"),), **port), "p2": switch_port((interface("p2"),))})
        return way(va, vb, p2, ovs={"ovs8": switch})

    assert (out().state, out().vlan) == (UP, None)
    assert (out(tag=7).state, out(tag=7).vlan) == (UP, 7)


@given(
    st.sampled_from(["physical", "veth", "bond", "vlan", "macvlan"]), st.sampled_from(["uplink", "beneath", "member"])
)
def test_a_program_on_the_way_makes_it_unknown(kind, where):
    """On the bridge's port, on what that stands on, or on a member of a bond."""
    own = ("tc clsact",)
    port = uplink(kind, mode="passthru", programs=own if where == "uplink" else (), parent=4)
    beneath = link("p2", "physical", 1500, "up", True, None, index=4, programs=own if where == "beneath" else ())
    member = link("p3", "physical", 1500, "up", True, "p1", index=5, programs=own if where == "member" else ())
    stands_on = kind in ("vlan", "macvlan")
    found = way(port, *([beneath] if stands_on else ()), *([member] if kind == "bond" else ()))
    seen = where == "uplink" or (where == "beneath" and stands_on) or (where == "member" and kind == "bond")
    assert (found.state, found.why) == ((None, PROGRAM) if seen else (UP, ""))


def test_what_stops_frames_anyway_is_said_first():
    assert way(uplink("physical", admin="down", programs=("an XDP program",))).state == DOWN
