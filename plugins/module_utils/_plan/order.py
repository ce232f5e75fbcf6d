# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of several networks in one order: what one gives up comes before another takes it.

A network that takes what another has comes after it as a whole. Where that goes round in a circle (two networks swap
their bridges), all of the circle stop first, then they are defined, then they start. libvirt lets no two definitions
name one bridge, so that one of a circle has another bridge's name in its definition for a moment.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Optional

from .._model.bridge import fits_template
from .._model.field import Document
from .._model.forward import is_virtual
from .._model.observed import Observed
from .._xml.network import write_network
from .holdings import Holdings, State, bridge_name, holdings_needed, holdings_of
from .step import AUTOSTART, CREATE, DEFINE, DESTROY, UNDEFINE, Step, Work

# The template that libvirt numbers if the definition has no name.
_TEMPLATE = "virbr%d"


@dataclass(frozen=True)
class Part:
    """One network: as it is before its steps, and the steps in their own order."""

    name: str
    state: State
    steps: tuple[Step, ...]


class Turn(NamedTuple):
    """The steps of one part up to, without, a place among them; None for all that are left."""

    part: int
    until: Optional[int]


@dataclass(frozen=True)
class Order:
    """places: where each part was before; parts: in the order in which they begin, with their steps in the order in
    which they come; turns: whose steps come when."""

    places: tuple[int, ...]
    parts: tuple[Part, ...]
    turns: tuple[Turn, ...]

    @property
    def tangled(self) -> bool:
        """Whether steps of one network come between those of another."""
        return any(until is not None for _part, until in self.turns)

    @property
    def sequence(self) -> list[tuple[int, Step]]:
        """Every step, with the place in parts of its network."""
        result: list[tuple[int, Step]] = []
        begun = [0] * len(self.parts)
        for part, until in self.turns:
            steps = self.parts[part].steps[begun[part] : until]
            begun[part] += len(steps)
            result += [(part, step) for step in steps]
        return result


def part_of(observed: Observed, steps: Sequence[Step]) -> Part:
    return Part(observed.name, State(observed.live, observed.persistent), tuple(steps))


def ordered_work(work: Sequence[Work]) -> tuple[list[Work], tuple[Turn, ...]]:
    """Plans for several networks in their order, and whose steps come when, by the place among those with steps."""
    order = order_parts([part_of(observed, plan.steps) for plan, observed in work])
    plans = [
        (replace(work[place][0], steps=part.steps), work[place][1]) for place, part in zip(order.places, order.parts)
    ]
    changed = [place for place, part in enumerate(order.parts) if part.steps]
    return plans, tuple(Turn(changed.index(place), until) for place, until in order.turns)


def order_parts(parts: Sequence[Part]) -> Order:
    """The order of parts is kept where nothing speaks against it."""
    after = _after(parts)
    left = list(range(len(parts)))
    places: list[int] = []
    sequence: list[tuple[int, Step]] = []
    while left:
        together = _next(left, after)
        if len(together) == 1:
            sequence += [(together[0], step) for step in parts[together[0]].steps]
        else:
            together.sort(key=lambda place: bool(_templates(parts[place])))
            sequence += _circle(parts, together)
        places += together
        left = [place for place in left if place not in together]
    return _as_order(parts, places, sequence)


def _after(parts: Sequence[Part]) -> dict[int, set[int]]:
    """Each part's place to those that it has to come after."""
    takes = [_takes(part) for part in parts]
    has = [holdings_of(part.state) for part in parts]
    to_come = [_names_to_come(part) for part in parts]
    result: dict[int, set[int]] = {}
    for place, part in enumerate(parts):
        before = {other for other in range(len(parts)) if other != place and takes[place].meets(has[other])}
        templates = _templates(part)
        # libvirt would make up a name that another is to have.
        result[place] = before | {
            other
            for other, names in enumerate(to_come)
            if other != place and any(fits_template(name, template) for name in names for template in templates)
        }
    return result


def _takes(part: Part) -> Holdings:
    found, state = Holdings(), part.state
    for step in part.steps:
        found = found | holdings_needed(state, step)
        state = state.after(step)
    return found


def _names_to_come(part: Part) -> frozenset[str]:
    return _takes(part).names - holdings_of(part.state).names


def _templates(part: Part) -> frozenset[str]:
    """From which libvirt generates the name of this network's bridge."""
    states = [part.state.after(step) for step in part.steps if step.action in (DEFINE, CREATE)]
    documents = [document for state in states for document in (state.persistent, state.live) if document is not None]
    return frozenset(
        str((document.get("bridge") or {}).get("name") or _TEMPLATE)
        for document in documents
        if is_virtual(document) and not bridge_name(document)
    )


def _next(left: Sequence[int], after: dict[int, set[int]]) -> list[int]:
    """The first that waits for no other; else the smallest set that waits for no other outside of it."""
    sets = []
    for place in left:
        if not after[place] & set(left):
            return [place]
        reached, new = {place}, {place}
        while new:
            new = {other for one in new for other in after[one] if other in left} - reached
            reached |= new
        sets.append(reached)
    smallest = min(sets, key=len)
    return [place for place in left if place in smallest]


def _circle(parts: Sequence[Part], places: Sequence[int]) -> Iterator[tuple[int, Step]]:
    state = {place: part.state for place, part in enumerate(parts)}
    queues = {}
    for place in places:
        first, rest = _stop_first(parts[place].steps)
        for step in first:
            state[place] = state[place].after(step)
            yield place, step
        queues[place] = rest
    while any(queues.values()):
        moved = False
        for place in places:
            while queues[place] and not _in_the_way(place, queues[place][0], state, places):
                step = queues[place].pop(0)
                state[place] = state[place].after(step)
                moved = True
                yield place, step
        left = [place for place in places if queues[place]]
        if moved or not left:
            continue
        place, step = left[0], queues[left[0]][0]
        holder = _gives_way(place, step, state, queues)
        if holder is None:  # there is no way: libvirt has the last word
            state[place] = state[place].after(queues[place].pop(0))
            yield place, step
            continue
        aside = _aside(parts[holder].name, state[holder].persistent or {}, parts[place].name)
        state[holder] = state[holder].after(aside)
        yield holder, aside


def _stop_first(steps: Sequence[Step]) -> tuple[list[Step], list[Step]]:
    """The stop, with what is done to the running network before it; the rest."""
    stop = next((place for place, step in enumerate(steps) if step.action == DESTROY), -1)
    first = [step for step in steps[: stop + 1] if step.action not in (DEFINE, AUTOSTART, UNDEFINE)]
    later = [step for step in steps[: stop + 1] if step.action in (DEFINE, AUTOSTART, UNDEFINE)]
    return first, [*later, *steps[stop + 1 :]]


def _in_the_way(place: int, step: Step, state: dict[int, State], places: Sequence[int]) -> list[int]:
    asked = holdings_needed(state[place], step)
    return [other for other in places if other != place and asked.meets(holdings_of(state[other]))]


def _gives_way(place: int, step: Step, state: dict[int, State], queues: dict[int, list[Step]]) -> Optional[int]:
    """A network that can have another bridge's name in its definition until it gets its own."""
    for other in _in_the_way(place, step, state, list(queues)):
        if state[other].live is None and any(later.action == DEFINE for later in queues[other]):
            return other
    return None


def _aside(name: str, document: Document, taker: str) -> Step:
    bridge = f"tmp{zlib.crc32(name.encode('utf-8', 'surrogatepass')):08x}"
    aside = {**document, "bridge": {**(document.get("bridge") or {}), "name": bridge}}
    doing = f"define network '{name}' with a temporary bridge name, so that '{taker}' can have its bridge"
    return Step(DEFINE, name, doing, xml=write_network(aside))


def _as_order(parts: Sequence[Part], places: Sequence[int], sequence: Sequence[tuple[int, Step]]) -> Order:
    steps: dict[int, list[Step]] = {place: [] for place in places}
    turns: list[tuple[int, int]] = []
    for place, step in sequence:
        steps[place].append(step)
        if turns and turns[-1][0] == place:
            turns.pop()
        turns.append((place, len(steps[place])))
    at = {place: number for number, place in enumerate(places)}
    last = {place: number for number, (place, _until) in enumerate(turns)}
    return Order(
        tuple(places),
        tuple(replace(parts[place], steps=tuple(steps[place])) for place in places),
        tuple(Turn(at[place], None if last[place] == n else until) for n, (place, until) in enumerate(turns)),
    )
