# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check, real, again, again in check mode, for every option of virt_network, judged by virsh."""

from __future__ import annotations

import pytest
from harness.cases import Case, has, load
from harness.told import Network, Snapshot, Told, actions

pytestmark = pytest.mark.lab

CASES = [(identifier, case, release) for identifier, case in load() for release in case.releases]


def _marks(case: Case, release: str) -> list:
    missing = [need for need in case.needs if not has(need)]
    if missing:
        return [pytest.mark.skip(reason=f"this machine's kernel has no {', '.join(missing)}")]
    return [pytest.mark.story(steps=case.steps, release=release)]


def _cases(refused: bool) -> list:
    return [
        pytest.param(case, id=f"{release} {identifier}", marks=_marks(case, release))
        for identifier, case, release in CASES
        if bool(case.refused) is refused
    ]


@pytest.mark.parametrize("case", _cases(refused=False))
def test_quartet(case: Case, told: Told) -> None:
    before, checked, after = (told.snapshot(step) for step in ("before", "checked", "after"))
    check, real, again, again_check = (told.ok(step) for step in ("check", "real", "again", "again_check"))
    assert checked == before, "check mode touched the host"
    for promised in ("changed", "diff", "steps", "pending", "plugged"):
        assert check[promised] == real[promised], f"check mode promised another {promised}"
    assert actions(real["steps"]) == case.actions
    assert real["changed"] is bool(case.actions)
    assert real["pending"] == case.pending
    if case.actions:
        assert real["diff"]["before"] != real["diff"]["after"], "a change without a difference to show"
    for name, later in (("again", again), ("again in check mode", again_check)):
        assert later["changed"] is False, f"{name}: {later['steps']}"
        assert later["steps"] == []
        assert later["pending"] == case.pending
    assert real["changed"] is (after != before), "changed must be true exactly when something changed"
    was, now = before.networks.get(case.network), after.networks.get(case.network)
    _as_asked(case, was, now)
    _others_untouched(case, before, after)
    if now is not None:
        _as_asserted(case, was, now)
    if was is not None and now is not None:
        _kept(case, was, now)


def _as_asked(case: Case, was: Network | None, now: Network | None) -> None:
    state = case.options.get("state", "active")
    if state == "absent":
        assert now is None
        return
    assert now is not None
    assert now.persistent
    assert now.active is {"active": True, "inactive": False, "present": was is not None and was.active}[state]
    assert now.autostart is case.options.get("autostart", was is not None and was.autostart)


def _others_untouched(case: Case, before: Snapshot, after: Snapshot) -> None:
    others = set(before.networks) - {case.network}
    assert set(after.networks) - {case.network} == others
    for name in others:
        assert after.told["networks"][name] == before.told["networks"][name]


def _as_asserted(case: Case, was: Network | None, now: Network) -> None:
    live = case.on_live if now.active else case.live
    missing = now.missing(live, case.on_inactive)
    assert not missing, f"{missing} in\n{now.live}\n{now.inactive}"
    if was is not None and case.actions:
        running = was.active and now.active
        held = not was.missing(live if running else [], case.on_inactive if was.persistent else [])
        moved = (was.active, was.persistent, was.autostart) != (now.active, now.persistent, now.autostart)
        assert moved or not held, "every assertion held before already, so they show nothing"


def _kept(case: Case, was: Network, now: Network) -> None:
    for what, value in was.generated.items():
        if value is not None and what not in case.moves:
            assert now.generated[what] == value, f"the {what} changed"
    if was.bridge and now.bridge and was.bridge["name"] == now.bridge["name"]:
        # a bridge of libvirt's own has its MAC in the definition; the host's own outlives every restart
        made_anew = was.generated["mac"] is not None and "destroy" in (case.actions or [])
        same = was.bridge["index"] == now.bridge["index"]
        assert same is not made_anew, "the bridge was made anew without a step that says so, or the other way round"


@pytest.mark.parametrize("case", _cases(refused=True))
def test_refused(case: Case, told: Told) -> None:
    before = told.snapshot("before")
    for step in ("check", "real", "again", "again_check"):
        sentence = told.refused(step, case.refused["code"])
        for words in case.refused["says"]:
            assert words in sentence
    assert told.snapshot("checked") == before, "check mode touched the host"
    assert told.snapshot("after") == before, "a refusal touched the host"
