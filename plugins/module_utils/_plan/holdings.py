# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a network has that no other network of the host can have at the same time, and which step takes it.

As libvirt looks for it. A define asks for the bridge's name in every other definition, live or persistent, of whatever
kind; a start asks for the link and the subnets of what runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Optional

from .._model import address
from .._model.field import Document
from .._model.forward import is_virtual
from .._xml.network import parse_network
from .rules.addresses import bounds_of
from .step import CREATE, DEFINE, DESTROY, START, UNDEFINE, Step

Bounds = tuple[int, int, int]


@dataclass(frozen=True)
class State:
    """A network's definitions, None where there is none."""

    live: Optional[Document]
    persistent: Optional[Document]

    def after(self, step: Step) -> State:
        if step.action == DEFINE:
            return replace(self, persistent=parse_network(step.xml))
        if step.action == UNDEFINE:
            return replace(self, persistent=None)
        if step.action == START:
            return replace(self, live=self.persistent)
        if step.action == CREATE:
            return replace(self, live=parse_network(step.xml))
        if step.action == DESTROY:
            return replace(self, live=None)
        return self

    def after_all(self, steps: Iterable[Step]) -> State:
        state = self
        for step in steps:
            state = state.after(step)
        return state


@dataclass(frozen=True)
class Holdings:
    """uuids; names: of bridges in definitions; links: bridges that libvirt makes; subnets: of what runs."""

    uuids: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()
    subnets: frozenset[Bounds] = frozenset()

    def meets(self, other: Holdings) -> bool:
        return bool(
            self.uuids & other.uuids
            or self.names & other.names
            or self.links & other.links
            or any(overlap(mine, theirs) for mine in self.subnets for theirs in other.subnets)
        )

    def __or__(self, other: Holdings) -> Holdings:
        return Holdings(
            self.uuids | other.uuids,
            self.names | other.names,
            self.links | other.links,
            self.subnets | other.subnets,
        )


def holdings_of(state: State) -> Holdings:
    documents = [document for document in (state.live, state.persistent) if document is not None]
    return Holdings(
        frozenset(address.uuid(str(document["uuid"])) for document in documents if document.get("uuid")),
        frozenset(filter(None, map(bridge_name, documents))),
        _links(state.live),
        bounds_of_ips(state.live),
    )


def holdings_needed(state: State, step: Step) -> Holdings:
    """What a step asks for. state: of its network before it."""
    after = state.after(step)
    defined = after.persistent if step.action == DEFINE else after.live if step.action == CREATE else None
    found = Holdings()
    if defined is not None:
        uuid = defined.get("uuid")
        found = Holdings(frozenset([address.uuid(str(uuid))]) if uuid else frozenset(), _links(defined))
    if step.action in (START, CREATE):
        found = found | Holdings(links=_links(after.live), subnets=bounds_of_ips(after.live))
    return found


def bridge_name(document: Document) -> str:
    """Empty for a name that libvirt will generate, including from a template."""
    name = str((document.get("bridge") or {}).get("name") or "")
    return "" if "%d" in name else name


def bounds_of_ips(document: Optional[Document]) -> frozenset[Bounds]:
    if document is None or not is_virtual(document):
        return frozenset()
    return frozenset(found for found in map(bounds_of, document.get("ips") or ()) if found)


def overlap(one: Bounds, other: Bounds) -> bool:
    return one[0] == other[0] and one[1] <= other[2] and other[1] <= one[2]


def _links(document: Optional[Document]) -> frozenset[str]:
    name = "" if document is None or not is_virtual(document) else bridge_name(document)
    return frozenset([name]) if name else frozenset()
