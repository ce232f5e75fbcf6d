# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets a scenario up, moves its guests, and looks at them on both sides."""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Optional

import guest
from guest import NAMESPACE, Ready, lab_guests
from hosts import Fleet, HostError
from look import Looker
from reality import Outcome, Seen, judge
from scenario import Asked, Scenario, ScenarioError, Side

SOURCE = {"bookworm": "kvm1", "trixie": "kvm3"}
DESTINATION = {"bookworm": "kvm2", "trixie": "kvm3"}
BOOT_SECONDS = 90
REFUSAL_SECONDS = 400  # of a connection to which nobody answers, on a slow machine
GATE_SAYS = "virtfleet.network refuses the guest: "


@dataclass
class Result:
    """What came of one scenario, guest by guest. broken: why it could not be run; gated: guests that the destination's
    gate refused."""

    scenario: Scenario
    outcomes: list[Outcome] = field(default_factory=list)
    gathered: dict[str, Any] = field(default_factory=dict)
    checked: dict[str, Any] = field(default_factory=dict)
    broken: str = ""
    gated: set[str] = field(default_factory=set)
    seconds: dict[str, float] = field(default_factory=dict)


class VoidError(Exception):
    """Nothing can be learnt from a scenario whose guest does not answer where it starts."""


class Lane:
    """One lab and its scenarios, one after the other."""

    def __init__(self, fleet: Fleet, scenarios: list[Scenario], kernel: str, keys: dict[str, int], gate: bool) -> None:
        self.fleet = fleet
        self.gate = gate
        self.results = [Result(scenario) for scenario in scenarios]
        self.kernel = kernel
        self.keys = keys
        self.saved: dict[str, tuple[str, list[int]]] = {}  # of guests once booted: their file, and the MTU of each NIC
        self.looker = Looker(fleet)
        # Hosts that a scenario has used, with the commands that take back what it did.
        self.dirty: dict[str, list[str]] = {name: [] for name in fleet.agents}
        self.configured: set[str] = set()  # hosts whose libvirt runs with settings of a scenario
        self.guests: list[Ready] = []
        self.before: list[Seen] = []
        self.moved_memory: set[str] = set()  # guests whose saved memory came along
        self.ended = time.monotonic()

    def hosts(self, scenario: Scenario) -> tuple[str, str]:
        source = SOURCE[scenario.source.release]
        if scenario.same_host:
            return source, source
        destination = DESTINATION[scenario.destination.release]
        return ("kvm1", "kvm3") if source == destination else (source, destination)

    def step(
        self, step: str, number: int, gathered: Any = None, checked: Any = None, gate: Any = None
    ) -> dict[str, Any]:
        """A call of the play. The names of the guests to ask about; none when the scenario could not be set up."""
        result = self.results[number]
        began = time.monotonic()
        result.seconds["modules"] = began - self.ended
        try:
            if step == "begin":
                self.begin(result.scenario)
                return {"names": [one.asked.name for one in self.guests]}
            result.gathered, result.checked = gathered or {}, checked or {}
            if not result.broken:
                self._require_gate(result.scenario, gate or {})
                result.outcomes = self.end(result)
        except Exception as error:  # whatever it is, it is this scenario's and must not end the others'
            known = isinstance(error, (HostError, ScenarioError, VoidError))
            words = str(error) if known else f"{type(error).__name__}: {error}"
            result.broken = result.broken or " ".join(words.split())
            self._repair()
        finally:
            self.ended = time.monotonic()
            result.seconds[step] = self.ended - began
        return {"names": []}

    def begin(self, scenario: Scenario) -> None:
        source, destination = self.hosts(scenario)
        self.guests = [guest.ready(scenario, asked, place, self.kernel) for place, asked in enumerate(scenario.guests)]
        self.before, self.moved_memory = [], set()
        try:
            self._set_up(scenario, source, destination, early=True)
        except HostError:
            # What the source runs may be what its guest cannot be started after.
            if not scenario.source.run:
                raise
            self._set_up(scenario, source, destination, early=False)
        for one in self.guests:
            if one.asked.dhcp:
                self.looker.leased(source, one)
        self.before = [self._before(source, one) for one in self.guests]
        mute = [mac for seen in self.before for mac in seen.mute]
        if mute:
            raise VoidError(f"void: before the migration, nothing answers from {', '.join(mute)}")
        if scenario.destination.daemon == "stopped":
            self.fleet.daemon("stop", destination)

    def _set_up(self, scenario: Scenario, source: str, destination: str, early: bool) -> None:
        """early: the source's commands come before its guest in question."""
        with ThreadPoolExecutor(len(self.fleet.agents)) as pool:
            list(pool.map(self._clean, list(self.dirty)))
        self.fleet.cables_back()
        self.dirty = {destination: list(scenario.destination.undo), source: list(scenario.source.undo)}
        with ThreadPoolExecutor(2) as pool:
            sides = [pool.submit(self._side, source, scenario.source, early)]
            if destination != source:
                sides.append(pool.submit(self._side, destination, scenario.destination, True))
            for side in sides:
                side.result()
        for one in self.guests:
            self._start(source, one)
        late = () if early else scenario.source.run
        self.fleet.agents[source]("run", commands=[*late, *scenario.source.after])

    def _require_gate(self, scenario: Scenario, answer: dict[str, Any]) -> None:
        """answer: of the module that installs it. What passes where no gate is says nothing about gates."""
        if self.gate and scenario.destination.daemon != "stopped" and answer.get("failed"):
            raise HostError(f"there is no gate: {answer.get('msg')}")

    def end(self, result: Result) -> list[Outcome]:
        scenario = result.scenario
        source, destination = self.hosts(scenario)
        try:
            answers = [self._move(scenario, source, destination, one) for one in self.guests]
        finally:
            if scenario.destination.daemon == "stopped":
                self.fleet.daemon("start", destination)
        outcomes = []
        for one, before, refused in zip(self.guests, self.before, answers):
            if refused and GATE_SAYS in refused["message"]:
                result.gated.add(one.asked.name)
            after = Seen() if refused else self.looker.after(destination, one, before)
            after.saved = one.asked.name in self.moved_memory
            outcomes.append(judge(refused, before, after))
        return outcomes

    def _side(self, host: str, side: Side, run: bool) -> None:
        agent = self.fleet.agents[host]
        nics = {f"p{number}" for number in range(8)} | {"eth0", "ovsbr0", "lo"}
        for link in side.links:
            if not link.get("kind") and link["name"] not in nics:
                self.fleet.cable(host, link["name"])
        links = [{key: value for key, value in link.items() if key != "carrier"} for link in side.links]
        self._configure(host, side.qemu_conf)
        agent("setup", links=links, nwfilters=list(side.nwfilters), networks=list(side.networks))
        for link in side.links:
            if link.get("carrier") is False:
                self.fleet.unplug(host, link["name"])
        for number, extra in enumerate(side.guests):
            self._extra(host, dict(extra), number)
        agent("run", commands=list(side.run) if run else [])

    def _configure(self, host: str, lines: Sequence[str]) -> None:
        """libvirt with these lines more in qemu.conf, or with its own settings again."""
        if not lines and host not in self.configured:
            return
        self.fleet.agents[host]("qemu_conf", lines=list(lines))
        self.fleet.daemon("stop", host)
        self.fleet.daemon("start", host)
        (self.configured.add if lines else self.configured.discard)(host)

    def _extra(self, host: str, extra: dict[str, Any], number: int) -> None:
        """A guest that is there before. It runs, without a system: a paused one has its macvtap set down."""
        name = extra.get("name", f"other{number + 1}")
        identity = extra.get("uuid") or str(uuid.uuid5(NAMESPACE, f"{host}/{name}"))
        xml = extra.get("xml") or lab_guests.domain_xml(name, extra.get("interfaces", []), uuid=identity)
        if extra.get("start", True):
            self.fleet.agents[host]("start", xml=xml)
        else:
            self.fleet.agents[host]("offline", xml=xml)

    def _start(self, host: str, one: Ready) -> None:
        agent, asked = self.fleet.agents[host], one.asked
        if not asked.start:
            self._start_once(host, one)
            return
        if not one.key:
            agent("start", xml=one.xml, persistent=asked.persistent, paused=asked.paused)
            return
        if one.key in self.saved and self._wake(host, one):
            return
        agent("start", xml=one.xml, persistent=asked.persistent)
        mtus = self.looker.booted(host, one, BOOT_SECONDS)
        if self.keys.get(one.key, 0) > 1 and one.key not in self.saved:
            path = f"/srv/shared/saved/{one.key}"
            agent("save", name=asked.name, path=path)
            self.saved[one.key] = (path, mtus)
            if not self._wake(host, one):
                agent("start", xml=one.xml, persistent=asked.persistent)
                self.looker.booted(host, one, BOOT_SECONDS)
        self.looker.mtus[asked.name] = mtus

    def _start_once(self, host: str, one: Ready) -> None:
        """An offline guest runs for a moment, so that what it had can be seen; one that cannot has nothing to lose."""
        agent = self.fleet.agents[host]
        try:
            agent("start", xml=one.xml)
        except HostError:
            if agent("state", name=one.asked.name) != "off":
                raise

    def _wake(self, host: str, one: Ready) -> bool:
        path, mtus = self.saved[one.key]
        try:
            self.fleet.agents[host]("restore", xml=one.xml, path=path, persistent=one.asked.persistent)
        except HostError:
            return False
        self.looker.mtus[one.asked.name] = mtus
        return True

    def _before(self, host: str, one: Ready) -> Seen:
        seen = self.looker.before(host, one)
        if not one.asked.start:
            if seen.state != "off":
                self.fleet.agents[host]("destroy", name=one.asked.name)
            seen.state, seen.saved = "off", self.fleet.agents[host]("saved", name=one.asked.name)
        return seen

    def _move(self, scenario: Scenario, source: str, destination: str, one: Ready) -> Optional[dict[str, Any]]:
        """libvirt's refusal, or nothing."""
        uri = f"qemu+tcp://{destination}/system"
        flags = list(scenario.flags) if one.asked.start else ["offline", "persistent", "p2p"]
        answer = self.fleet.agents[source]("migrate", REFUSAL_SECONDS, name=one.asked.name, uri=uri, flags=flags)
        if not answer["refused"] and not one.asked.start:
            if self.fleet.agents[destination]("saved", name=one.asked.name):
                self.moved_memory.add(one.asked.name)
            answer = self.fleet.agents[destination]("launch", name=one.asked.name)
        refused: Optional[dict[str, Any]] = answer["refused"]
        return refused

    def _clean(self, host: str) -> None:
        try:
            self._configure(host, ())
            left = self.fleet.agents[host]("clean", undo=self.dirty[host])
        except HostError as error:
            left = [str(error)]
        if left:
            print(f"{host} is made anew: {'; '.join(left)}", file=sys.stderr)
            self.fleet.boot_again(host)

    def _repair(self) -> None:
        for name, agent in self.fleet.agents.items():
            if agent.process.poll() is not None:
                self.fleet.boot_again(name)


def keys_of(scenarios: list[Scenario], kernel: str) -> dict[str, int]:
    """How many guests could be woken from the same saved one."""
    found: dict[str, int] = {}
    for scenario in scenarios:
        for place, asked in enumerate(scenario.guests):
            key = _key(scenario, asked, place, kernel)
            if key:
                found[key] = found.get(key, 0) + 1
    return found


def _key(scenario: Scenario, asked: Asked, place: int, kernel: str) -> str:
    try:
        return guest.ready(scenario, asked, place, kernel).key
    except ScenarioError:
        return ""
