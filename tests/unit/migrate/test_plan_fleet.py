# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for generated fleets: replayed step by step, held against every other assignment, and mended."""

from __future__ import annotations

import itertools
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._migrate.planning.fleet import (
    APART,
    CPUS,
    MEMBERS,
    MEMORY,
    UNIQUE,
    Destination,
    Fleet,
    PlannedGuest,
    Resource,
)
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.planning.plan import plan_fleet
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.planning.planning_options import (
    PlanningOptions,
)

HOSTS = ("kvm1", "kvm2", "kvm3")
SOURCE = "kvm3"
WANTED = PlanningOptions(sources=(SOURCE,))


@st.composite
def fleets(draw, guests=4):
    """Few guests with few resources, which are often short."""
    names = draw(st.lists(st.sampled_from(HOSTS), min_size=1, max_size=guests))
    clash = draw(st.sets(st.integers(0, guests - 1), max_size=2))
    apart = draw(st.sets(st.integers(0, guests - 1), max_size=2))
    found = []
    for number, home in enumerate(names):
        memory = draw(st.sampled_from((1, 1, 2, 3)))
        pools = draw(st.sets(st.sampled_from(("fast", "slow")), max_size=2))

        def takes(host, number=number, memory=memory, pools=pools):
            amounts = {Resource(host, MEMORY): memory}
            amounts.update({Resource(host, MEMBERS, pool): 1 for pool in pools})
            amounts.update({Resource(host, UNIQUE, "name web"): 1} if number in clash else {})
            amounts.update({Resource(host, APART, "0"): 1} if number in apart else {})
            return amounts

        verdicts = {host: draw(st.sampled_from(("ok", "ok", "warning", None))) for host in HOSTS[:2] if host != home}
        destinations = tuple(Destination(host, v, takes(host)) for host, v in verdicts.items() if v)
        found.append(PlannedGuest(f"u{number}", f"g{number}", home, home == SOURCE, destinations, takes(home)))
    room = {}
    for host in HOSTS[:2]:
        room[Resource(host, MEMORY)] = draw(st.integers(-1, 5))
        room.update({Resource(host, MEMBERS, pool): draw(st.integers(0, 2)) for pool in ("fast", "slow")})
        for kind, name in ((UNIQUE, "name web"), (APART, "0")):
            resource = Resource(host, kind, name)
            room[resource] = 1 - sum(guest.gives.get(resource, 0) for guest in found)
    pairs = [(f"u{one}", f"u{other}") for one, other in itertools.combinations(range(len(names)), 2)
             if names[one] == names[other]]  # fmt: skip
    together = draw(st.lists(st.sampled_from(pairs), max_size=1)) if pairs else []
    memory, used = dict.fromkeys(HOSTS, 16), dict.fromkeys(HOSTS, 8)
    return Fleet(tuple(found), room, memory, used, together=tuple(together))


def fits(fleet: Fleet, targets: dict[str, str]) -> bool:
    """Whether nothing is over-used after all these moves that nobody over-used before."""
    room, coming = dict(fleet.room), set()
    for guest in fleet.guests:
        if guest.uuid in targets:
            for resource, amount in guest.to(targets[guest.uuid]).takes.items():
                room[resource] = room.get(resource, 99) - amount
                coming.add(resource)
            for resource, amount in guest.gives.items():
                room[resource] = room.get(resource, 99) + amount
    return all(room[resource] >= 0 for resource in coming)


def united(fleet: Fleet, at: dict[str, str]) -> bool:
    """at: UUID -> host, of guests that moved."""
    return all(len({at.get(uuid) for uuid in uuids}) == 1 for uuids in fleet.together)


def every_assignment(fleet: Fleet):
    choices = [[None, *(one.host for one in guest.destinations)] for guest in fleet.guests]
    for hosts in itertools.product(*choices):
        targets = {guest.uuid: host for guest, host in zip(fleet.guests, hosts) if host}
        if fits(fleet, targets) and united(fleet, targets):
            yield targets


def cost(fleet: Fleet, targets: dict[str, str]) -> tuple[int, int, int]:
    left = sum(guest.leaves and guest.uuid not in targets for guest in fleet.guests)
    verdicts = [guest.to(targets[guest.uuid]).verdict for guest in fleet.guests if guest.uuid in targets]
    return left, len(targets), verdicts.count("warning")


def replay(fleet: Fleet, plan) -> dict[str, str]:
    """Step by step: each has room while it moves, on both hosts. Where the guests are then."""
    room, at = dict(fleet.room), {guest.uuid: guest.home for guest in fleet.guests}
    guests = {guest.uuid: guest for guest in fleet.guests}
    for number, step in enumerate(plan["steps"]):
        guest = guests[step["uuid"]]
        assert at[guest.uuid] == step["source"]
        assert all(before < number for before in step["after"])
        takes = guest.to(step["destination"]).takes
        for resource, amount in takes.items():
            if resource in room:
                assert room[resource] >= amount, (step, resource)
                room[resource] -= amount
        gives = guest.gives if step["source"] == guest.home else guest.to(step["source"]).takes
        for resource, amount in gives.items():
            if resource in room:
                room[resource] += amount
        at[guest.uuid] = step["destination"]
    return {uuid: host for uuid, host in at.items() if host != guests[uuid].home}


def in_any_order(fleet: Fleet, plan) -> None:
    """Whatever order `after` allows has room: here the latest first."""
    steps, done, order = plan["steps"], set(), []
    while len(done) < len(steps):
        number = max(n for n, step in enumerate(steps) if n not in done and set(step["after"]) <= done)
        done.add(number)
        order.append(steps[number])
    replay(fleet, {"steps": [{**step, "after": []} for step in order]})


@settings(max_examples=250)
@given(fleets())
def test_a_plan_can_be_carried_out(fleet):
    plan = plan_fleet(fleet, WANTED)
    targets = replay(fleet, plan)
    in_any_order(fleet, plan)
    assert fits(fleet, targets)
    assert united(fleet, targets)
    assert all(guest.leaves is False or guest.uuid in targets or guest.uuid in {s["uuid"] for s in plan["stays"]}
               for guest in fleet.guests)  # fmt: skip
    for number, step in enumerate(plan["steps"]):
        assert all(plan["steps"][before]["round"] < step["round"] for before in step["after"]), (number, plan["steps"])
    for number in {step["round"] for step in plan["steps"]}:
        ends = [end for s in plan["steps"] if s["round"] == number for end in (s["source"], s["destination"])]
        assert max(ends.count(host) for host in ends) <= WANTED.per_host


@settings(max_examples=250)
@given(fleets())
def test_no_other_plan_is_better(fleet):
    plan = plan_fleet(fleet, WANTED)
    tangled = [one for one in plan["stays"] if one["code"] == "STOP_NEEDED"]
    detours = [step for step in plan["steps"] if step["why"] == "detour"]
    assert plan["optimal"] or tangled or detours
    if tangled or detours:  # the best assignment cannot be reached step by step, which brute force does not see
        return
    best = min(cost(fleet, targets) for targets in every_assignment(fleet))
    assert cost(fleet, replay(fleet, plan)) == best or not plan["optimal"]


def reachable(fleet: Fleet) -> tuple[int, int]:
    """The fewest left behind, and the fewest moves for that, of all orders of all moves: step by step, with room for
    each."""
    guests = fleet.guests
    level = {tuple(guest.home for guest in guests)}
    seen, moves, best = set(level), 0, (len(guests), 0)
    while level:
        best = min(
            [best, *((left_at(fleet, places), moves) for places in level if united(fleet, moved(fleet, places)))]
        )
        level = {after for places in level for after in moved_once(fleet, places)} - seen
        seen |= level
        moves += 1
    return best


def moved(fleet: Fleet, places: tuple[str, ...]) -> dict[str, str]:
    return {guest.uuid: host for guest, host in zip(fleet.guests, places) if host != guest.home}


def left_at(fleet: Fleet, places: tuple[str, ...]) -> int:
    return sum(guest.leaves and host == guest.home for guest, host in zip(fleet.guests, places))


def moved_once(fleet: Fleet, places: tuple[str, ...]):
    room = dict(fleet.room)
    for guest, host in zip(fleet.guests, places):
        if host != guest.home:
            for amounts, sign in ((guest.to(host).takes, -1), (guest.gives, 1)):
                for resource in amounts.keys() & room.keys():
                    room[resource] += sign * amounts[resource]
    for number, guest in enumerate(fleet.guests):
        for one in guest.destinations:
            if one.host != places[number] and all(room.get(r, 99) >= amount for r, amount in one.takes.items()):
                yield (*places[:number], one.host, *places[number + 1 :])


def plan_cost(plan) -> tuple[int, int]:
    return len(plan["stays"]), len(plan["steps"])


@settings(max_examples=150, deadline=None)
@given(fleets(guests=5))
def test_no_order_of_moves_is_better(fleet):
    plan, best = plan_fleet(fleet, WANTED), reachable(fleet)
    assert plan_cost(plan) >= best
    assert plan_cost(plan) == best or not plan["optimal"]


def few(name, home, hosts, memory, pools=()):
    """A guest that takes this much memory (of the host kvm3 it leaves)."""

    def takes(host):
        return {Resource(host, MEMORY): memory, **{Resource(host, MEMBERS, pool): 1 for pool in pools}}

    return PlannedGuest(
        name, name, home, home == SOURCE, tuple(Destination(host, "ok", takes(host)) for host in hosts), takes(home)
    )


def test_guests_that_wait_for_one_another_go_elsewhere():
    """b to kvm1 and c to kvm2 would be as few moves as any other, and neither could be the first."""
    fleet = Fleet(
        (
            few("a", "kvm3", ["kvm1", "kvm2"], 1, ["fast", "slow"]),
            few("b", "kvm2", ["kvm1"], 3, ["fast"]),
            few("c", "kvm1", ["kvm2"], 2, ["slow"]),
            few("d", "kvm2", ["kvm1"], 2),
        ),
        {
            Resource("kvm1", MEMORY): 2, Resource("kvm1", MEMBERS, "fast"): 1, Resource("kvm1", MEMBERS, "slow"): 0,
            Resource("kvm2", MEMORY): 0, Resource("kvm2", MEMBERS, "fast"): 0, Resource("kvm2", MEMBERS, "slow"): 2,
        },
    )  # fmt: skip
    plan = plan_fleet(fleet, WANTED)
    assert plan_cost(plan) == reachable(fleet) == (0, 3)
    assert plan["optimal"]
    replay(fleet, plan)


def test_a_detour_is_made_only_where_nothing_shorter_does():
    fleet = Fleet(
        (
            few("a", "kvm3", ["kvm1", "kvm2"], 1, ["slow"]),
            few("b", "kvm1", ["kvm2", "kvm4"], 2, ["fast"]),
            few("c", "kvm2", ["kvm1", "kvm4"], 1, ["fast"]),
        ),
        {
            Resource("kvm1", MEMORY): 0, Resource("kvm1", MEMBERS, "fast"): 2, Resource("kvm1", MEMBERS, "slow"): 1,
            Resource("kvm2", MEMORY): 3, Resource("kvm2", MEMBERS, "fast"): 0, Resource("kvm2", MEMBERS, "slow"): 0,
            Resource("kvm4", MEMORY): 1, Resource("kvm4", MEMBERS, "fast"): 2, Resource("kvm4", MEMBERS, "slow"): 1,
        },
    )  # fmt: skip
    plan = plan_fleet(fleet, WANTED)
    assert plan_cost(plan) == reachable(fleet)
    assert not [step for step in plan["steps"] if step["why"] == "detour"]
    replay(fleet, plan)


def test_guests_that_stay_together_are_not_parted_by_one_that_is_tangled():
    """a could go at once; its companion b waits for c, which waits for b."""
    fleet = Fleet(
        (
            guest("a", "kvm1", ["kvm2"], pool="slow"),
            guest("b", "kvm1", ["kvm2"]),
            guest("c", "kvm2", ["kvm1"]),
        ),
        {Resource(host, MEMBERS, "fast"): 0 for host in ("kvm1", "kvm2")},
        together=(("a", "b"),),
    )
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.planning.order import order_moves

    sequence = order_moves(fleet, {"a": "kvm2", "b": "kvm2", "c": "kvm1"})
    assert not sequence.moves
    assert [one.name for one in sequence.tangled] == ["a", "b", "c"]


@settings(max_examples=250)
@given(fleets())
def test_what_is_missing_would_be_enough(fleet):
    plan = plan_fleet(fleet, WANTED)
    short = [one for one in plan["stays"] if one["code"] == "ROOM_SHORT"]
    assert all(one["sentence"] for one in plan["stays"])
    if not short or not plan["additions"]:
        return
    room = dict(fleet.room)
    for one in plan["additions"]:
        assert one["amount"] > 0
        room[Resource(one["host"], one["kind"], one["name"])] += one["amount"]
    better = plan_fleet(replace(fleet, room=room), WANTED)
    assert not [one for one in better["stays"] if one["code"] == "ROOM_SHORT"], (plan["additions"], better["stays"])


def guest(name, home, hosts, leaves=False, pool="fast"):
    def takes(host):
        return {Resource(host, MEMBERS, pool): 1}

    return PlannedGuest(
        name, name, home, leaves, tuple(Destination(host, "ok", takes(host)) for host in hosts), takes(home)
    )


def test_guests_that_exchange_their_places_make_a_detour():
    """The pool of each is full: a goes aside to c first."""
    fleet = Fleet(
        (guest("a", "kvm1", ["kvm2", "kvm4"]), guest("b", "kvm2", ["kvm1"])),
        {Resource(host, MEMBERS, "fast"): number for host, number in (("kvm1", 0), ("kvm2", 0), ("kvm4", 1))},
    )
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.planning.order import order_moves

    sequence = order_moves(fleet, {"a": "kvm2", "b": "kvm1"})
    assert [(move.guest.name, move.source, move.destination.host, move.after) for move in sequence.moves] == [
        ("a", "kvm1", "kvm4", ()),
        ("b", "kvm2", "kvm1", (0,)),
        ("a", "kvm4", "kvm2", (0, 1)),
    ]
    assert not sequence.tangled


def test_what_guests_that_stay_together_lack_is_counted_for_all_of_them():
    """kvm1 has room for either, and kvm2 for neither."""
    fleet = Fleet(
        (few("a", "kvm3", ["kvm1", "kvm2"], 3 << 10), few("b", "kvm3", ["kvm1", "kvm2"], 1 << 10)),
        {Resource("kvm1", MEMORY): 3 << 10, Resource("kvm2", MEMORY): 0},
        together=(("a", "b"),),
    )
    plan = plan_fleet(fleet, WANTED)
    assert [(one["guest"], one["code"], one["sentence"]) for one in plan["stays"]] == [
        (name, "ROOM_SHORT", f"Short by 1 MiB of memory on kvm1 and kvm2, together with {other}.")
        for name, other in (("a", "b"), ("b", "a"))
    ]
    assert [one["sentence"] for one in plan["additions"]] == ["Free 1 MiB of memory on kvm1, or lower memory_reserve."]
    room = {**fleet.room, Resource("kvm1", MEMORY): 4 << 10}
    assert not plan_fleet(replace(fleet, room=room), WANTED)["stays"]


def test_a_guest_whose_companion_cannot_go_says_so():
    """b can go nowhere, c only where a cannot; the rules overlap."""
    room = {Resource(host, MEMORY): 9 for host in ("kvm1", "kvm2")}
    for hosts_of_b, rules in (([], (("a", "b"),)), (["kvm2"], (("a", "c"), ("c", "b")))):
        fleet = Fleet(
            (few("a", "kvm3", ["kvm1"], 1), few("b", "kvm3", hosts_of_b, 1), few("c", "kvm3", ["kvm1", "kvm2"], 1)),
            room,
            together=rules,
        )
        plan = plan_fleet(fleet, WANTED)
        (stays,) = [one for one in plan["stays"] if one["guest"] == "a"]
        others = "b" if len(rules) == 1 else "b and c"
        assert (stays["code"], stays["sentence"]) == ("NO_DESTINATION", f"No host can take it together with {others}.")
        assert not plan["additions"]


def test_what_is_enough_counts_guests_that_need_not_wait_any_more():
    """a, c and d wait for each other at first. With more memory a goes at once, and takes the CPU that b needs."""

    def of(name, home, hosts, *amounts):
        def takes(host):
            kinds = ((MEMORY, ""), (CPUS, ""), (MEMBERS, "slow"), (APART, "0"), (UNIQUE, "name web"))
            return {Resource(host, *kind): amount for kind, amount in zip(kinds, amounts) if amount}

        destinations = tuple(Destination(host, verdict, takes(host)) for host, verdict in hosts.items())
        return PlannedGuest(name, name, home, home == SOURCE, destinations, takes(home))

    fleet = Fleet(
        (
            of("a", "kvm3", {"kvm0": "warning", "kvm1": "ok", "kvm2": "ok"}, 1, 1, 1),
            of("b", "kvm3", {"kvm2": "warning"}, 2, 3, 0, 1),
            of("c", "kvm0", {"kvm1": "warning", "kvm2": "warning"}, 3, 2, 0, 1, 1),
            of("d", "kvm1", {"kvm0": "warning", "kvm2": "ok"}, 3, 1),
            of("e", "kvm3", {"kvm0": "warning", "kvm1": "ok", "kvm2": "warning"}, 2, 2, 0, 1, 1),
        ),
        {
            Resource("kvm0", APART, "0"): 0, Resource("kvm0", UNIQUE, "name web"): 0, Resource("kvm0", CPUS): 0,
            Resource("kvm0", MEMBERS, "slow"): 1, Resource("kvm1", APART, "0"): 1,
            Resource("kvm1", UNIQUE, "name web"): 1, Resource("kvm1", MEMORY): 0,
            Resource("kvm1", MEMBERS, "slow"): 0, Resource("kvm2", APART, "0"): 1,
            Resource("kvm2", UNIQUE, "name web"): 1, Resource("kvm2", CPUS): 3, Resource("kvm2", MEMORY): 0,
        },
    )  # fmt: skip
    plan = plan_fleet(fleet, WANTED)
    assert "STOP_NEEDED" in [one["code"] for one in plan["stays"]]
    room = dict(fleet.room)
    for one in plan["additions"]:
        room[Resource(one["host"], one["kind"], one["name"])] += one["amount"]
    assert not plan_fleet(replace(fleet, room=room), WANTED)["stays"]


def test_without_a_place_for_a_detour_one_must_stop():
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.planning.order import order_moves

    fleet = Fleet(
        (guest("a", "kvm1", ["kvm2"]), guest("b", "kvm2", ["kvm1"])),
        {Resource(host, MEMBERS, "fast"): 0 for host in ("kvm1", "kvm2")},
    )
    sequence = order_moves(fleet, {"a": "kvm2", "b": "kvm1"})
    assert not sequence.moves
    assert [one.name for one in sequence.tangled] == ["a", "b"]


def test_another_guest_makes_room():
    """The only host that takes a is full, and its b can go to kvm2."""
    fleet = Fleet(
        (guest("a", "kvm3", ["kvm1"], leaves=True), guest("b", "kvm1", ["kvm2"])),
        {Resource("kvm1", MEMBERS, "fast"): 0, Resource("kvm2", MEMBERS, "fast"): 1},
    )
    plan = plan_fleet(fleet, WANTED)
    assert [(step["guest"], step["why"], step["after"]) for step in plan["steps"]] == [
        ("b", "makes_room", []),
        ("a", "leaves", [0]),
    ]
    (stays,) = plan_fleet(fleet, replace(WANTED, others=False))["stays"]
    assert stays["short"] == [{"kind": MEMBERS, "name": "fast", "amount": 1, "hosts": ["kvm1"]}]
    assert stays["sentence"] == "Short by 1 member of network 'fast' on kvm1."
    assert [one["sentence"] for one in stays["additions"]] == ["Add 1 member to network 'fast' on kvm1."]
