# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user declared, as it is and as it will be: the two sides of a diff."""

from __future__ import annotations

from .._model import bridge_link, dnsmasq
from .._model.desired import ABSENT, ACTIVE, INACTIVE, Desired
from .._model.field import Document
from .._model.mark import foreign
from .._model.network import DESCRIPTIVE, NETWORK
from .._model.observed import Observed
from .._xml.mark import is_managed
from .comparison import Comparison


def diff_sides(
    desired: Desired, observed: Observed, compared: Comparison, pending: tuple[str, ...]
) -> tuple[Document, Document]:
    """State, autostart and the declared options; and, where the live network has or keeps another value, live."""
    now, then = (_without_own(document) for document in (compared.persistent or {}, compared.goal))
    options = [
        name
        for name in NETWORK.fields
        if name in desired.declared or (desired.exact and (name in now or (name in then and name != "uuid")))
    ]
    before: Document = {"state": observed.state}
    after: Document = {"state": _state_after(desired, observed)}
    if compared.define and observed.exists and is_managed(compared.wanted):
        # Said where it changes: an older version's mark is replaced.
        was = is_managed(observed.persistent or observed.live or {})
        before.update({} if was else {"managed": False})
        after.update({} if was else {"managed": True})
    if desired.autostart is not None:
        before["autostart"], after["autostart"] = observed.autostart, desired.autostart
    if observed.active and observed.persistent is None:
        before["persistent"], after["persistent"] = False, True
    if observed.active and desired.state != INACTIVE:
        for part, seen, faulty, right in (
            ("bridge_link", observed.bridge_link, bridge_link.FAULTY, bridge_link.COMPLETE),
            ("dnsmasq", observed.dnsmasq, dnsmasq.FAULTY, dnsmasq.RUNNING),
        ):
            if seen in faulty:
                before[part], after[part] = seen, seen if part in pending else right
    before.update({name: now[name] for name in options if name in now})
    after.update({name: then[name] for name in options if name in then})
    live, live_goal = compared.live, compared.live_goal or {}
    if live is not None and observed.persistent is not None:
        apart = [
            name
            for name in options
            if name not in DESCRIPTIVE
            and live.get(name) != live_goal.get(name)
            and (name in pending or live.get(name) != now.get(name))
        ]
        if apart:
            before["live"] = {name: live.get(name) for name in apart}
            after["live"] = {name: live.get(name) if name in pending else live_goal.get(name) for name in apart}
    return before, after


def _without_own(document: Document) -> Document:
    """Without our own mark, which is not declared."""
    if "metadata" not in document:
        return document
    others = foreign(document)
    rest = {name: value for name, value in document.items() if name != "metadata"}
    return {**rest, "metadata": others} if others else rest


def _state_after(desired: Desired, observed: Observed) -> str:
    if desired.state in (ACTIVE, INACTIVE):
        return desired.state
    return INACTIVE if observed.state == ABSENT else observed.state
