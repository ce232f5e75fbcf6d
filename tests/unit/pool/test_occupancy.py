# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Golden cases of who holds what, and what holds for every pool."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._model.device import Device, Upper
from ansible_collections.virtfleet.network.plugins.module_utils._model.guest import Guest, Nic
from ansible_collections.virtfleet.network.plugins.module_utils._model.plugged import Plugged
from ansible_collections.virtfleet.network.plugins.module_utils._plan.pool.occupancy import PoolUsage, occupancy


def document(mode, *members, connections=None, **counters):
    items = [{"dev": dev, **({"connections": counters[dev]} if dev in counters else {})} for dev in members]
    forward = {"mode": mode, "interfaces": items} if items else {"mode": mode}
    return {"name": "net", "forward": forward, **({"connections": connections} if connections else {})}


def port(guest, member, uuid=None):
    return Plugged("guest", guest, f"52:54:00:00:00:0{guest[-1]}", uuid or f"id-{guest}", None, f"port-{guest}", member)


def runs(name, member, network="net", mode="passthrough", port=True, type_="network"):
    nic = Nic(
        f"52:54:00:00:00:0{name[-1]}", type_, network if type_ == "network" else None, actual="direct", source=member,
        mode=mode, target=f"tap-{name}", port=f"port-{name}" if port else None,
    )  # fmt: skip
    return Guest(name, f"id-{name}", running=True, nics=(nic,))


def devices(*names, **facts):
    return tuple(Device(name=name, **facts.get(name, {})) for name in names)


def states(pool):
    return {member.name: (member.state, [str(h) for h in member.holders], member.left) for member in pool.everything}


def test_held_free_stale_and_missing():
    pool = occupancy(
        "net",
        document("passthrough", "p0", "p1", "p2", "p3"),
        {},
        PoolUsage({"net": (port("g1", "p0"), port("g2", "p1"))}, (runs("g1", "p0"),), devices("p0", "p1", "p2")),
    )
    assert states(pool) == {
        "p0": ("held", ["g1 (52:54:00:00:00:01)"], 0),
        "p1": ("stale", ["a stale port of g2 (52:54:00:00:00:02)"], 0),
        "p2": ("free", [], 1),
        "p3": ("missing", [], 0),
    }
    assert pool.left == 1
    assert pool.as_dict()["capacity"] == {
        "members": 4, "free": 1, "held": 1, "stale": 1, "foreign": 0, "missing": 1, "left": 1,
    }  # fmt: skip


def test_foreign_holders():
    facts = {"p1": {"master": "br0"}, "p2": {"uppers": (Upper("macvtap9", "macvtap", "52:54:00:00:00:09", "bridge"),)}}
    pool = occupancy(
        "net",
        document("passthrough", "p0", "p1", "p2", "p3"),
        {},
        PoolUsage(
            {"net": (), "other": (port("g1", "p0"),)},
            (runs("g1", "p0", network="other"), runs("g3", "p3", type_="direct", port=False)),
            devices("p0", "p1", "p2", "p3", **facts),
        ),
    )
    assert {name: (state, holders) for name, (state, holders, _left) in states(pool).items()} == {
        "p0": ("foreign", ["g1 (52:54:00:00:00:01) through network 'other'"]),
        "p1": ("foreign", ["bridge or bond br0"]),
        "p2": ("foreign", ["link macvtap9 (52:54:00:00:00:09), which belongs to no guest"]),
        "p3": ("foreign", ["g3 (52:54:00:00:00:03), which uses it directly"]),
    }
    assert pool.left == 0


def test_shared_members_count_their_guests_against_max_guests():
    ports = (port("g1", "p0"), port("g2", "p0"), port("g3", "p1"))
    guests = tuple(runs(p.name, p.member, mode="bridge") for p in ports)
    use = PoolUsage({"net": ports}, guests, devices("p0", "p1"))
    pool = occupancy("net", document("bridge", "p0", "p1"), {"p0": 2, "p1": 3}, use)
    assert [member.left for member in pool.members] == [0, 2]
    assert pool.left == 2
    assert occupancy("net", document("bridge", "p0", "p1"), {"p0": 1}, use).left is None
    assert occupancy("net", document("bridge", "p0", "p1"), {"p0": 1}, use).members[0].left == 0


def test_a_drained_member_is_outside_and_its_guest_is_named():
    pool = occupancy(
        "net", document("passthrough", "p1"), {}, PoolUsage({"net": ()}, (runs("g1", "p0"),), devices("p0", "p1"))
    )
    assert [(m.name, m.state, [h.name for h in m.holders], m.left) for m in pool.outside] == [("p0", "held", ["g1"], 0)]
    assert pool.outside[0].holders[0].port is None
    assert pool.left == 1


def test_a_vf_is_one_thing_by_link_and_by_address():
    vf = Device(name="ens1f0v0", pci="0000:03:10.0", vf=0)
    holds = Guest("g1", "id-g1", running=True, devices=("0000:03:10.0",))
    pool = occupancy("net", document("passthrough", "ens1f0v0"), {}, PoolUsage({"net": ()}, (holds,), (vf,)))
    assert pool.members[0].state == "foreign"


def test_without_guests_and_links_to_see_every_port_counts():
    pool = occupancy(
        "net", document("passthrough", "p0", "p1"), {}, PoolUsage({"net": (port("g1", "p0"),)}, None, None)
    )
    assert [member.state for member in pool.members] == ["held", "free"]


def test_libvirts_counter_is_held_against_the_ports():
    ports = {"net": (port("g1", "p0"),)}
    use = PoolUsage(ports, (runs("g1", "p0"),), devices("p0", "p1"))
    right = document("passthrough", "p0", "p1", connections=1, p0=1)
    assert occupancy("net", right, {}, use).miscounted == ()
    zeroed = document("passthrough", "p0", "p1")
    assert occupancy("net", zeroed, {}, use).miscounted == ("", "p0")


MEMBERS = [f"p{n}" for n in range(5)]


@given(
    st.lists(st.sampled_from(MEMBERS), unique=True),
    st.lists(st.sampled_from(MEMBERS), unique=True),
    st.sets(st.sampled_from(MEMBERS)),
    st.sets(st.sampled_from(MEMBERS)),
)
def test_nothing_is_counted_twice_and_nobody_is_lost(members, held, stopped, gone):
    """Each port shows once; what is free is on the host, unheld and counted in the capacity."""
    ports = tuple(port(f"g{dev[1]}", dev) for dev in held)
    guests = tuple(runs(p.name, p.member) for p in ports if p.member not in stopped)
    here = [dev for dev in MEMBERS if dev not in gone]
    pool = occupancy("net", document("passthrough", *members), {}, PoolUsage({"net": ports}, guests, devices(*here)))
    shown = [holder.port for member in pool.everything for holder in member.holders]
    assert sorted(shown) == sorted(p.port for p in ports)
    free = {member.name for member in pool.members if member.state == "free"}
    assert free == set(members) - set(held) - gone
    assert pool.left == len(free)
    assert [member.name for member in pool.members] == members
    assert not {member.name for member in pool.outside} & set(members)
