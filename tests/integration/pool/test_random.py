# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hundreds of random steps on a pool, with its books looked at after each.

POOL_SEED and POOL_STEPS choose others; a failure says its seed and the steps that led to it.
"""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from .conftest import Host, assert_books, network

pytestmark = [pytest.mark.lab, pytest.mark.slow]

SEED = int(os.environ.get("POOL_SEED", "1"))
STEPS = int(os.environ.get("POOL_STEPS", "100"))
MEMBERS = 8
FULL = "but none are available"


class World:
    """What the two hosts should look like: guest -> member, per host. The first host's pool is worked on."""

    def __init__(self, here: Host, there: Host, choose: random.Random) -> None:
        self.here, self.there, self.choose = here, there, choose
        self.pool = [f"p{number}" for number in range(MEMBERS)]
        self.outside = [f"p{number}" for number in range(MEMBERS, MEMBERS + 4)]
        self.guests: set[str] = set()
        self.away: set[str] = set()
        self.made = 0
        self.groups = 0
        self.taps: dict[str, int] = {}
        self.log: list[str] = []
        # Of the last look: member -> guest.
        self.held: dict[str, str] = {}
        for agent in (here, there):
            agent.tell("define", xml=network("passthrough", self.pool))

    def step(self) -> None:
        steps = [
            self.start, self.start, self.start, self.start, self.stop, self.stop, self.kill, self.leave, self.come,
            self.add, self.add, self.remove, self.remove, self.drain, self.portgroup, self.restart,
        ]  # fmt: skip
        self.choose.choice(steps)()

    def start(self) -> None:
        self.made += 1
        name = f"g{self.made}"
        free = set(self.pool) - set(self.held)
        self.log.append(f"start {name}, {len(free)} free")
        answered = self.here.ask("start", name=name, of="net", paused=False)
        if free:
            assert "did" in answered, answered
            self.guests.add(name)
        else:
            assert FULL in answered.get("libvirt", ""), answered

    def _some_guest(self) -> str | None:
        return self.choose.choice(sorted(self.guests)) if self.guests else None

    def stop(self) -> None:
        name = self._some_guest()
        if name:
            self.log.append(f"stop {name}")
            self.here.tell("stop", name=name)
            self.guests.remove(name)

    def kill(self) -> None:
        name = self._some_guest()
        if name:
            self.log.append(f"kill -9 {name}")
            self.here.tell("kill", name=name)
            self.guests.remove(name)

    def leave(self) -> None:
        name = self._some_guest()
        if name and len(self.away) < MEMBERS:
            self._migrate(name, self.here, self.there)

    def come(self) -> None:
        if self.away and set(self.pool) - set(self.held):
            self._migrate(self.choose.choice(sorted(self.away)), self.there, self.here)

    def _migrate(self, name: str, source: Host, to: Host) -> None:
        self.log.append(f"migrate {name} to {to.host}")
        source.tell("migrate", name=name, to=to.host)
        self.guests -= {name}
        self.away -= {name}
        (self.guests if to is self.here else self.away).add(name)
        assert name in to.tell("running")
        assert name not in source.tell("running")

    def add(self) -> None:
        if self.outside:
            members = self.choose.sample(self.outside, self.choose.randint(1, min(3, len(self.outside))))
            self.log.append(f"add {members}")
            assert self.here.tell("pool", name="net", members=members)["changed"]
            self.pool += members
            self.outside = [member for member in self.outside if member not in members]

    def remove(self) -> None:
        """A free one goes, one that is held is refused with its guest's name."""
        if not self.pool:
            return
        member = self.choose.choice(sorted(self.pool))
        holder = self.held.get(member)
        self.log.append(f"remove {member}, held by {holder}")
        if holder:
            sentence = self.here.refused("pool", "MEMBER_IN_USE", name="net", members=[member], present=False)[
                "sentence"
            ]
            assert holder in sentence
            assert member in sentence
        else:
            assert self.here.tell("pool", name="net", members=[member], present=False)["changed"]
            self._gone(member)

    def drain(self) -> None:
        held = self.held
        if not held:
            return
        member = self.choose.choice(sorted(held))
        self.log.append(f"drain {member} from under {held[member]}")
        done = self.here.tell("pool", name="net", members=[member], present=False, drain=True)
        assert (member, held[member]) in [(entry["member"], entry["name"]) for entry in done["drained"]]
        self._gone(member)

    def _gone(self, member: str) -> None:
        self.pool.remove(member)
        self.outside.append(member)

    def portgroup(self) -> None:
        self.groups = (self.groups + 1) % 3
        names = [{"name": f"group{number}"} for number in range(self.groups)]
        self.log.append(f"{len(names)} portgroups")
        self.here.tell("network", name="net", portgroups=names)

    def restart(self) -> None:
        self.log.append("restart the daemon")
        self.here.lab("restart", "libvirtd")

    def check(self) -> None:
        shown = self.here.tell("pool", name="net", check=True, reclaim_stale=True)
        drained = {entry["member"]: entry["name"] for entry in shown["drained"]}
        books = self.here.books()
        assert_books(books, drained=len(drained))
        assert set(books["members"]) == set(self.pool)
        assert set(books["guests"]) == self.guests
        self.held = {dev: name for name, _mac, dev in books["ports"]}
        assert set(self.held.values()) | set(drained.values()) == self.guests
        self._compare(books, shown)
        # A running guest's macvtap is never another one.
        now = {mac: tap["index"] for mac, tap in books["taps"].items()}
        for mac, index in now.items():
            assert self.taps.get(mac, index) == index, f"{mac} has another macvtap"
        self.taps = now

    def _compare(self, books: dict[str, Any], shown: dict[str, Any]) -> None:
        """The collection's own occupancy against virsh and ip."""
        assert not shown["changed"], f"something is stale or miscounted: {shown}"
        held = {member["name"]: [h["name"] for h in member["holders"]] for member in shown["pool"]["members"]}
        assert held == {
            member: [name for name, _mac, dev in books["ports"] if dev == member] for member in books["members"]
        }
        assert shown["pool"]["capacity"]["left"] == sum(not names for names in held.values())


def test_a_pool_keeps_right_books_through_random_steps(kvm1: Host, kvm2: Host) -> None:
    world = World(kvm1, kvm2, random.Random(SEED))
    try:
        for _number in range(STEPS):
            world.step()
            world.check()
        for name in sorted(world.guests):
            kvm1.tell("stop", name=name)
        books = kvm1.books()
        assert (books["connections"], books["ports"], books["taps"]) == (0, [], {})
        assert not any(books["members"].values())
        # Every member is handed out once more, and then no more.
        for number in range(len(world.pool)):
            kvm1.tell("start", name=f"last{number}", of="net")
        assert FULL in kvm1.ask("start", name="surplus", of="net").get("libvirt", "")
        assert_books(kvm1.books())
    except AssertionError as error:
        done = "\n".join(world.log)
        raise AssertionError(f"seed {SEED}, step {len(world.log)}:\n{done}\n{error}") from error
