# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One walk on one host: an action, what the host looks like, and the rules, again and again."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import rules
from actions import Action, Actions, Look, first_actions
from harness.agent import Agent
from rules import Fault


@dataclass
class Finding:
    """actions: from a clean host to the fault."""

    seed: str
    step: int
    host: str
    actions: list[Action]
    faults: list[Fault]
    results: list[Any] = field(default_factory=list)

    @property
    def signatures(self) -> set[str]:
        return {fault.signature for fault in self.faults}


class Walk:
    """counts: what was done, by kind; calls: how many of the modules."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.counts: Counter[str] = Counter()
        self.calls = 0
        self.results: list[Any] = []

    def random(self, seed: str, steps: int, until: float, tell: Callable[[Finding], bool]) -> int:
        """A walk from a clean host, as far as it comes: the number of its steps. tell: takes a finding, and says
        whether the host was used for something else meanwhile.

        A fault that has moved nothing does not end the walk.
        """
        choose = random.Random(seed)
        actions = Actions(choose)
        done = first_actions(choose)
        self.clean()
        for action in done:
            self.act(action)
        seen = self.look()
        for step in range(steps):
            if time.monotonic() > until:
                return step
            action = actions.next(seen)
            done.append(action)
            faults, after = self.step(action, seen)
            if faults:
                moved = rules.differences(seen, after)
                if tell(Finding(seed, step, self.agent.host, list(done), faults, self.results)) or moved:
                    return step + 1
            seen = after
        return steps

    def again(self, actions: list[Action], seed: str = "") -> Finding | None:
        """The same actions once more."""
        self.clean()
        seen = self.look()
        for number, action in enumerate(actions):
            faults, seen = self.step(action, seen)
            if faults:
                return Finding(seed, number, self.agent.host, actions[: number + 1], faults, self.results)
        return None

    def clean(self) -> None:
        self.agent.tell("clean")

    def look(self) -> Look:
        return dict(self.agent.tell("look"))

    def act(self, action: Action) -> None:
        answered = self.agent.tell(action["do"], **{name: value for name, value in action.items() if name != "do"})
        self.counts[f"{action['do']}{' refused' if answered.get('rc') else ''}"] += 1

    def step(self, action: Action, seen: Look) -> tuple[list[Fault], Look]:
        """An action that is no call is nobody's fault."""
        if action["do"] != "call":
            self.act(action)
            return [], self.look()
        self.results = []
        options = self.agent.tell("resolve", options=action["options"])
        module = action["module"]
        if "interrupt" in action:
            return self._interrupted(module, options, action, seen)
        return self._called(module, options, seen)

    def _call(self, module: str, options: dict[str, Any], **how: Any) -> dict[str, Any]:
        self.calls += 1
        result = dict(self.agent.tell("call", module=module, options=options, **how))
        result.pop("invocation", None)
        self.results.append(result)
        outcome = (
            "died"
            if "died" in result
            else "refused"
            if result.get("failed")
            else "changed"
            if result.get("changed")
            else "ok"
        )
        self.counts[f"{module} {'check ' if how.get('check') else ''}{outcome}"] += 1
        return result

    def _called(self, module: str, options: dict[str, Any], before: Look) -> tuple[list[Fault], Look]:
        named = rules.names_of(module, options, before)
        check = self._call(module, options, check=True)
        between = self.look()
        faults = [*rules.result_is_told_well(check, "check"), *rules.check_changes_nothing(before, between)]
        if faults:
            return faults, between
        ran = self._call(module, options)
        after = self.look()
        faults = [*rules.result_is_told_well(ran, "run"), *rules.check_equals_run(check, ran)]
        if ran.get("failed"):
            faults += rules.refusal_changes_nothing(between, after, ran, check)
            return faults, after
        if ran.get("changed"):
            faults += rules.changed_changes_something(between, after)
        else:
            faults += rules.unchanged_changes_nothing(between, after, "the run")
        faults += self._holds(module, options, named, between, after)
        faults += rules.undeclared_options_stay(between, after, options)
        return self._second(module, options, ran, after, faults)

    def _second(
        self, module: str, options: dict[str, Any], ran: dict[str, Any], after: Look, faults: list[Fault]
    ) -> tuple[list[Fault], Look]:
        second = self._call(module, options)
        last = self.look()
        faults += [*rules.result_is_told_well(second, "second run"), *rules.second_run_changes_nothing(ran, second)]
        if not second.get("failed") and not second.get("changed"):
            faults += rules.unchanged_changes_nothing(after, last, "the second run")
        return faults, last

    def _holds(self, module: str, options: dict[str, Any], named: set[str], before: Look, after: Look) -> list[Fault]:
        entries = options.get("networks") or [options]
        states = {str(e.get("name")): str(e.get("state", "active")) for e in entries if isinstance(e, dict)}
        if module in ("virt_portgroup", "virt_iface_pool"):
            states = dict.fromkeys(named, "unknown")
            asked: list[Fault] = []
        else:
            asked = list(rules.states_are_as_asked(after, options, True))
        return [
            *rules.others_do_not_move(before, after, named),
            *rules.guests_keep_their_places(before, after, options, named),
            *rules.networks_work(after, named, states, str(options.get("restart", "idle"))),
            *rules.leases_stay(before, after, named),
            *rules.nothing_is_left(after),
            *rules.transient_networks_stay_transient(module, before, after, named),
            *asked,
        ]

    def _settled(self) -> Look:
        """The host once libvirt has done what the last call still asked of it."""
        seen = self.look()
        for _attempt in range(50):
            time.sleep(0.1)
            before, seen = seen, self.look()
            if before == seen:
                break
        return seen

    def _interrupted(
        self, module: str, options: dict[str, Any], action: Action, before: Look
    ) -> tuple[list[Fault], Look]:
        """A call that is broken off; then another's, perhaps, then its own until it is done."""
        named = rules.names_of(module, options, before)
        first = self._call(module, options, interrupt=action["interrupt"])
        self.agent.tell("awake")
        middle = self._settled()
        faults: list[Fault] = []
        moved = bool(rules.differences(before, middle))
        if first.get("hung") or (first.get("died") == 0 and moved) or first.get("code") == "UNEXPECTED":
            faults += rules.result_is_told_well(first, "interrupted run")
        faults += rules.others_do_not_move(before, middle, named, bool(action["interrupt"].get("daemon")))
        half = not middle["journal"] and bool(rules.after_rollback(before, middle))
        if "next" in action:
            self._call(action["next"]["module"], action["next"]["options"])
        now = self.look()
        check = self._call(module, options, check=True)
        faults += [*rules.result_is_told_well(check, "check"), *rules.check_changes_nothing(now, self.look())]
        ran = self._call(module, options)
        after = self.look()
        faults += rules.check_equals_run(check, ran)
        if half and not action["interrupt"].get("daemon") and (ran.get("failed") or ran.get("changed")):
            text = "\n".join(rules.after_rollback(before, middle)[:8])
            faults.append(Fault("broken off half-way without a journal", str(action["interrupt"]["signal"]), text))
        if ran.get("failed"):
            faults += rules.result_is_told_well(ran, "run after an interrupted one")
            faults += rules.nothing_is_left(after)
            faults += rules.running_networks_run(before, after, named, options)
            return faults, after
        # What came of the others before is judged already.
        faults += self._holds(module, options, named, {**before, **_others(middle, named, before)}, after)
        return self._second(module, options, ran, after, faults)


def _others(middle: Look, named: set[str], before: Look) -> Look:
    """The other networks as they are now, beside the named ones as they were."""
    networks = {name: facts for name, facts in middle["networks"].items() if name not in named}
    return {"networks": {**networks, **{name: before["networks"][name] for name in named & before["networks"].keys()}}}
