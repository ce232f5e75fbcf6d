# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fleets by chance: each host is emptied for real and filled again, and all that its guests had is there.

What the plan achieves is compared with the best that there is; where guests stay, what the plan asks for is added, and
the next plan leaves none.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping

import pytest
from fleet import SHARED, Fleet, additions, outcome, stays
from invented import HOSTS, NICS, Invented, best_for, invent, with_members

pytestmark = pytest.mark.lab

FIRST, NUMBER = int(os.environ.get("SEED", "1")), int(os.environ.get("FLEETS", "1"))
AT_ONCE = ("-e", "migrate_per_host=4", "-e", "migrate_at_once=8")


class Standing:
    """The fleet that runs now. Every test leaves it as it was, or has it made again."""

    seed: int | None = None


@pytest.fixture(scope="module")
def standing() -> Standing:
    return Standing()


@pytest.mark.parametrize("source", HOSTS)
@pytest.mark.parametrize("seed", range(FIRST, FIRST + NUMBER))
def test_a_host_is_emptied_and_filled_again(seed: int, source: str, bare: Fleet, standing: Standing) -> None:
    told = invent(seed)
    if standing.seed != seed:
        make(bare, told)
    standing.seed = None
    assert_books(bare, told, homes(told))
    evacuate_and_return(bare, told, source)
    standing.seed = seed


def make(fleet: Fleet, told: Invented) -> None:
    for agent in fleet.agents.values():
        agent.tell("clean")
    for host in HOSTS:
        fleet.networks(host, **told.members[host])
    for number, (name, (host, networks)) in enumerate(told.guests.items()):
        fleet.guest(host, name, networks, number)


def homes(told: Invented) -> dict[str, str]:
    return {name: host for name, (host, _networks) in told.guests.items()}


def evacuate_and_return(fleet: Fleet, told: Invented, source: str) -> None:
    best, leaving = best_for(told, source), told.on(source)
    code, output = fleet.play("evacuate", "-e", f"source={source}", *AT_ONCE)
    assert (code == 0) == (best.left == 0), output
    left, moved = stays(output), outcome(output)
    assert all(row[2] == "moved" for row in moved.values()), output
    # A guest that makes a detour has two rows; they count as one here, since the best does not know of the way.
    assert (len(left), len(moved)) == (best.left, best.moves), output
    assert left | set(moved) >= leaving
    places = assert_moved(fleet, told, moved)
    assert {name for name, host in places.items() if host == source} == left
    added: Counter[tuple[str, str]] = Counter()
    steps = dict(moved)
    if left:
        added = additions(output)
        assert added, output
        fleet.add_members(added, told.members)
        code, output = fleet.play("evacuate", "-e", f"source={source}", *AT_ONCE)
        assert code == 0, output
        assert set(outcome(output)) == left
        steps.update(outcome(output))
        places = assert_moved(fleet, with_members(told, added), steps)
    assert source not in places.values()
    assert fleet.defined(source) == set()
    # Guests that made room return once those that took it have.
    for host in dict.fromkeys([source, *(row[0] for row in reversed(list(steps.values())))]):
        code, output = fleet.play("return", "-e", f"host={host}", *AT_ONCE)
        assert code == 0, output
    assert_books(fleet, with_members(told, added), homes(told))
    assert all(fleet.origin(host, name) is None for name, host in homes(told).items() if name in steps)
    if added:
        fleet.remove_members(added, told.members)
    assert_books(fleet, told, homes(told))


def assert_moved(fleet: Fleet, told: Invented, moved: Mapping[str, list[str]]) -> dict[str, str]:
    """Where each guest is now: at the end of its step, or where it was."""
    places = {**homes(told), **{name: row[1] for name, row in moved.items()}}
    assert_books(fleet, told, places)
    assert all(fleet.origin(places[name], name) == homes(told)[name] for name in moved)
    return places


def assert_books(fleet: Fleet, told: Invented, places: Mapping[str, str]) -> None:
    """Each host has just these guests, each NIC is plugged in where its network says, and kernel and libvirt agree on
    who has which member."""
    for host in HOSTS:
        state = fleet.state(host)
        mine = {name: told.guests[name][1] for name, place in places.items() if place == host}
        assert {name: [net for net, _link in nics] for name, nics in state.nics.items()} == mine, host
        plugged = [nic for nics in state.nics.values() for nic in nics]
        assert all(link == dict(SHARED)[net] for net, link in plugged if net not in NICS), (host, plugged)
        for pool, nics in NICS.items():
            taken = sorted(link for net, link in plugged if net == pool)
            assert set(taken) <= set(nics[: told.members[host][pool]]), (host, pool)
            assert (state.held[pool], state.counted[pool]) == (taken, taken), (host, pool)
        wanted = Counter(net for net, _link in plugged)
        assert state.ports == {net: wanted[net] for net in (*NICS, *dict(SHARED))}, host
