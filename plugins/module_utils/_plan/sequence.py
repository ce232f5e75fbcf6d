# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records that exist and the desired records -> the updates that lead there, as libvirt identifies records.

Records that would interfere with a deletion or an addition are removed temporarily and added again. A goal that no such
sequence leads to is out of reach.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

from .._model.field import Document
from .records import Section, Token

ADD, ADD_FIRST, MODIFY, DELETE = "add", "add_first", "modify", "delete"


@dataclass(frozen=True)
class Change:
    """One update. record: the record that it changes; said: what libvirt is given; passing: whether a later update
    undoes it."""

    command: str
    record: Document
    said: Document
    passing: bool = False


def sequence(section: Section, have: Sequence[Document], goal: Sequence[Document]) -> Optional[list[list[Change]]]:
    """A list of changes for each group of records that have to do with one another; None when it is out of reach.

    have: in libvirt's order, by which it takes the first that matches.
    """
    groups: list[list[Change]] = []
    for here, there in _apart(section, have, goal):
        if _counted(here) == _counted(there):
            continue
        changes = _changed(section, here, there)
        if changes is None:
            return None
        groups.append(changes)
    return groups


def _changed(section: Section, have: list[Document], goal: list[Document]) -> Optional[list[Change]]:
    aside: list[Document] = []
    while True:
        state = list(have)
        gone, come = [*_without(have, goal), *aside], [*_without(goal, have), *aside]
        changes, in_the_way = _deleted(section, state, gone, aside)
        if not in_the_way and changes is not None:
            added, in_the_way = _added(section, state, come, aside)
            if added is not None:
                return [*changes, *added]
        # Only what is to stay can be set aside: whatever else is in the way has gone already, or is out of reach.
        in_the_way = _common(in_the_way, _without(have, gone))
        if not in_the_way:
            return None
        aside += in_the_way


# What was done, or None with the records that are in the way.
_Outcome = tuple[Optional[list[Change]], list[Document]]


def _deleted(section: Section, state: list[Document], gone: Sequence[Document], aside: Sequence[Document]) -> _Outcome:
    """Takes gone out of state."""
    rest, changes = list(gone), []
    while rest:
        ways = ((record, _deletion(section, record, state)) for record in rest)
        record, said = next(((record, said) for record, said in ways if said is not None), (None, None))
        if record is None or said is None:
            return None, _in_the_way(section, rest, state)
        rest.remove(record)
        state.pop(_found(section, said, state)[0])
        changes.append(Change(DELETE, record, said, record in aside))
    return changes, []


def _deletion(section: Section, record: Document, state: Sequence[Document]) -> Optional[Document]:
    """What to say so that libvirt deletes this record."""
    for said in section.deletions(record):
        found = _found(section, said, state)
        if found and state[found[0]] == record and (len(found) == 1 or not section.sole):
            return said
    return None


def _found(section: Section, said: Document, state: Sequence[Document]) -> list[int]:
    return [place for place, record in enumerate(state) if section.finds(said, record)]


def _in_the_way(section: Section, gone: Sequence[Document], state: Sequence[Document]) -> list[Document]:
    """Of what libvirt would take for a record that is to go: the fewest, for any one of those."""
    ways: list[list[Document]] = []
    for record in gone:
        for said in section.deletions(record):
            found = [state[place] for place in _found(section, said, state)]
            first = found.index(record) if not section.sole else len(found)
            ways.append([other for other in found[:first] if other != record and other not in gone])
    return min((way for way in ways if way), key=len, default=[])


def _added(section: Section, state: list[Document], come: Sequence[Document], aside: Sequence[Document]) -> _Outcome:
    """Puts come into state."""
    changes = []
    for record in sorted(come, key=section.rank):
        clashing = [other for other in state if section.clashes(record, other)]
        less = section.lesser(record, state) if section.lesser and clashing else None
        if less is not None:
            # It is found first, even if the whole record would also match others.
            changes += [Change(ADD_FIRST, record, less), Change(MODIFY, record, record)]
            state.insert(0, record)
        elif clashing:
            return None, clashing
        else:
            changes.append(Change(ADD, record, record, record in aside))
            state.append(record)
    return changes, []


def _apart(
    section: Section, have: Sequence[Document], goal: Sequence[Document]
) -> list[tuple[list[Document], list[Document]]]:
    """Both in groups that share no token, each in its order."""
    leader: dict[Token, Token] = {}

    def find(token: Token) -> Token:
        while leader.setdefault(token, token) != token:
            leader[token] = leader[leader[token]]
            token = leader[token]
        return token

    firsts = []
    for record in (*have, *goal):
        tokens = sorted(section.tokens(record))
        firsts.append(tokens[0])
        for token in tokens[1:]:
            leader[find(token)] = find(tokens[0])
    groups: dict[Token, tuple[list[Document], list[Document]]] = {}
    for place, (record, first) in enumerate(zip((*have, *goal), firsts)):
        groups.setdefault(find(first), ([], []))[place >= len(have)].append(record)
    return list(groups.values())


def _counted(records: Sequence[Document]) -> Counter[str]:
    return Counter(json.dumps(record, sort_keys=True) for record in records)


def _without(records: Sequence[Document], others: Sequence[Document]) -> list[Document]:
    """As lists in which a record may be twice."""
    rest = list(records)
    for other in others:
        if other in rest:
            rest.remove(other)
    return rest


def _common(records: Sequence[Document], others: Sequence[Document]) -> list[Document]:
    return _without(records, _without(records, others))
