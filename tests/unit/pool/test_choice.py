# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests -> the members a pool shall have, and what is refused."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._host.devices import read_devices
from ansible_collections.virtfleet.network.plugins.module_utils._model.device import Device
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._plan.pool.choice import (
    ChoiceContext,
    choose,
    forward_with,
)
from ansible_collections.virtfleet.network.plugins.module_utils._plan.pool.occupancy import PoolUsage, occupancy
from ansible_collections.virtfleet.network.plugins.module_utils._plan.pool.ranges import expand_ranges, sort_names
from ansible_collections.virtfleet.network.plugins.module_utils._plan.pool.request import Request

from .sysfs_tree import card, vf_address
from .test_occupancy import devices, document, port, runs


def chosen(request, network, found, ports=(), guests=(), others=None, limits=None):
    pool = occupancy("net", network, limits or {}, PoolUsage({"net": ports}, guests, found))
    return choose(request, network, pool, limits or {}, ChoiceContext(found, others or {}))


def refused(code, *args, **more):
    with pytest.raises(VirtfleetError) as error:
        chosen(*args, **more)
    assert error.value.code == code, error.value.sentence
    assert error.value.sentence.endswith(".")
    assert "\n" not in error.value.sentence
    return error.value


NET = document("passthrough", "p0", "p1")
HERE = devices("p0", "p1", "p2", "p3")


def test_members_come_and_go():
    assert chosen(Request("net", members=("p[2,3]",)), NET, HERE).members == ("p0", "p1", "p2", "p3")
    assert chosen(Request("net", members=("p0",), present=False), NET, HERE).members == ("p1",)
    assert chosen(Request("net", members=("p1", "p3"), exclusive=True), NET, HERE).members == ("p1", "p3")
    assert chosen(Request("net", members=(), exclusive=True), NET, HERE).members == ()
    assert chosen(Request("net", members=("p9",), present=False), NET, HERE).members == ("p0", "p1")


def test_what_a_match_finds_but_cannot_be_a_member_is_left_out_with_the_reason():
    here = devices("p0", "p1", "p2", "p3", "p4", p2={"up": False}, p3={"addresses": ("10.0.0.1",)})
    choice = chosen(Request("net", match={"name": "p*"}), NET, here)
    assert choice.members == ("p0", "p1", "p4")
    assert len(choice.warnings) == 2
    assert "p2 is down" in choice.warnings[0]
    assert "10.0.0.1" in choice.warnings[1]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"up": False}, "MEMBER_DOWN"),
        ({"master": "br0"}, "MEMBER_IN_BRIDGE"),
        ({"addresses": ("10.0.0.1",)}, "MEMBER_HAS_ADDRESS"),
        ({"default_route": True, "addresses": ("10.0.0.1",)}, "MEMBER_HAS_ROUTE"),
    ],
)
def test_a_named_member_that_cannot_be_one_is_refused(facts, code):
    assert "p2" in refused(code, Request("net", members=("p2",)), NET, devices("p0", "p1", "p2", p2=facts)).sentence
    # One that is there already is only spoken of.
    choice = chosen(Request("net", members=("p0",)), NET, devices("p0", "p1", p0=facts))
    assert choice.members == ("p0", "p1")
    assert len(choice.warnings) == 1


def test_refusals():
    refused("MEMBER_MISSING", Request("net", members=("p9",)), NET, HERE)
    error = refused("MEMBER_IN_OTHER_POOL", Request("net", members=("p2",)), NET, HERE, others={"p2": "blue"})
    assert "blue" in error.sentence
    direct = (runs("g1", "p2", type_="direct", port=False),)
    assert "g1" in refused("MEMBER_BUSY", Request("net", members=("p2",)), NET, HERE, guests=direct).sentence
    refused("MEMBER_TWICE", Request("net", members=("p2", "p[2-3]")), NET, HERE)
    refused("DEVICE_NAME_INVALID", Request("net", members=("p" * 16,)), NET, HERE)
    refused("MEMBER_INVALID", Request("net", members=("0000:03:10.1",)), NET, HERE)
    refused("RANGE_INVALID", Request("net", members=("p[3-1]",)), NET, HERE)
    refused("MATCH_EMPTY", Request("net", match={"driver": "none"}), NET, HERE)
    refused("MATCH_EMPTY", Request("net", match={"name": "p9"}), NET, devices("p9", p9={"up": False}))
    refused("REGEX_INVALID", Request("net", match={"regex": "("}), NET, HERE)
    refused("PF_NO_VFS", Request("net", pf="p0"), NET, HERE)
    refused("LINKS_UNSEEN", Request("net", match={"name": "p*"}), NET, None)
    for kind in (
        {"name": "net"},
        {"forward": {"mode": "nat"}},
        {"forward": {"mode": "bridge"}, "bridge": {"name": "b"}},
    ):
        refused("NO_POOL", Request("net", members=("p2",)), kind, HERE)


def test_a_member_in_use_goes_only_when_drained():
    held = {"ports": (port("g1", "p0"),), "guests": (runs("g1", "p0"),)}
    for request in (
        Request("net", members=("p0",), present=False),
        Request("net", members=("p1",), exclusive=True),
        Request("net", match={"name": "p*"}, present=False),
    ):
        error = refused("MEMBER_IN_USE", request, NET, HERE, **held)
        assert "g1" in error.sentence
        assert error.details["guests"] == ["g1"]
    assert chosen(Request("net", members=("p0",), present=False, drain=True), NET, HERE, **held).members == ("p1",)


def test_limits_follow_the_members():
    limits = {"p0": 4}
    assert chosen(Request("net", members=("p1",), max_guests=2), NET, HERE, limits=limits).limits == {"p0": 4, "p1": 2}
    assert chosen(Request("net", members=("p0",), max_guests=0), NET, HERE, limits=limits).limits == {}
    assert chosen(Request("net", members=("p0",), present=False), NET, HERE, limits=limits).limits == {}


def test_a_lost_member_goes_by_its_name():
    assert chosen(Request("net", match={"name": "p0"}, present=False), NET, devices("p1")).members == ("p1",)


def test_vfs_for_a_hostdev_pool(tmp_path):
    here = read_devices(str(tmp_path), card(tmp_path, bare=(3,), vfio=(5,)))
    empty = {"name": "net", "forward": {"mode": "hostdev", "managed": True}}
    choice = chosen(Request("net", pf="ens1f0", vfs="0-3,5,62-63"), empty, here)
    assert choice.members == tuple(vf_address(number) for number in (0, 1, 2, 3, 5, 62, 63))
    assert forward_with(empty, choice.members)["addresses"][0] == {"address": vf_address(0)}
    assert forward_with(empty, choice.members)["managed"] is True
    error = refused("PCI_INVALID", Request("net", members=("ens1f0v1",)), empty, here)
    assert vf_address(1) in error.sentence
    refused("MEMBER_NO_VF", Request("net", members=("0000:03:00.0",)), empty, here)
    # A macvtap pool of the same VFs leaves out those without a link.
    choice = chosen(Request("net", pf="ens1f0"), document("passthrough"), here)
    assert len(choice.members) == 62
    assert sorted(choice.warnings) == sorted(
        f"Not added to network 'net': {vf_address(number)} has no link." for number in (3, 5)
    )


def test_a_pool_that_libvirt_fills_from_a_pf(tmp_path):
    here = read_devices(str(tmp_path), card(tmp_path, vfs=4))
    filled = document("passthrough", *(f"ens1f0v{number}" for number in range(4)))
    filled["forward"]["pf"] = {"dev": "ens1f0"}
    assert forward_with(filled, chosen(Request("net", pf="ens1f0"), filled, here).members) == filled["forward"]
    refused("POOL_IS_PF", Request("net", members=("ens1f0v1",), present=False), filled, here)
    listed = chosen(Request("net", members=("ens1f0v[0-1]",), exclusive=True), filled, here)
    assert "pf" not in forward_with(filled, listed.members)


@given(st.permutations([f"p{n}" for n in range(12)]), st.randoms(use_true_random=False))
def test_the_order_of_the_links_means_nothing(order, rnd):
    found = [Device(name=name) for name in order]
    first = chosen(Request("net", match={"name": "p*"}), document("bridge"), tuple(found))
    rnd.shuffle(found)
    second = chosen(Request("net", match={"name": "p*"}), document("bridge", *first.members), tuple(found))
    assert second.members == first.members == tuple(f"p{n}" for n in range(12))


def test_ranges():
    assert expand_ranges(["a[0-1]v[3,5]"]) == ["a0v3", "a0v5", "a1v3", "a1v5"]
    names = [f"p{n}" for n in range(30)]
    shuffled = list(names)
    random.Random(3).shuffle(shuffled)
    assert sort_names(shuffled) == names
    with pytest.raises(VirtfleetError):
        expand_ranges(["p[0-99999999]"])
