# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is there, given back: nothing is done, and what waits for the next start goes on waiting, in every run alike."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.argument_spec import DEFINITION
from ansible_collections.virtfleet.network.plugins.module_utils._model.canonical import canonical
from ansible_collections.virtfleet.network.plugins.module_utils._model.desired import RESTARTS, Desired, declaration
from ansible_collections.virtfleet.network.plugins.module_utils._model.drift import drift
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import NETWORK
from ansible_collections.virtfleet.network.plugins.module_utils._model.options import network_options
from ansible_collections.virtfleet.network.plugins.module_utils._plan.plan import plan_network
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import parse_network, write_network

from .libvirt_on_paper import run_transaction
from .networks import EVERYTHING_ELSE_GONE, definitions
from .test_properties import GUEST, HOST, desired, observations, planned, requests


def given_back(seen):
    told = network_options(seen)
    return Desired(
        seen.name,
        state=told["state"],
        autostart=told["autostart"],
        declared=declaration({option: told[option] for option in DEFINITION if option in told}),
        pending=tuple(told.get("pending", ())),
    )


@given(observations(), st.sampled_from(RESTARTS), st.booleans())
def test_what_is_there_is_left_as_it_is(seen, restart, used):
    if not seen.exists:
        return
    seen = replace(seen, plugged=(GUEST,) if used and seen.active else ())
    plan = plan_network(given_back(seen), seen, HOST, restart)
    if seen.persistent is None:
        assert [step.action for step in plan.steps] == ["define"]
        return
    assert plan.steps == ()
    assert sorted(plan.pending) == sorted(drift(seen))
    assert plan.before == plan.after
    assert bool(plan.warnings) == bool(plan.pending)


@given(observations(), definitions(), st.sampled_from(RESTARTS))
def test_what_is_asked_for_comes_under_the_usual_rules(seen, options, restart):
    """Whatever was pending, an option that the task changes is applied, or waits as it would have."""
    wanted = replace(desired({**EVERYTHING_ELSE_GONE, **options}), pending=tuple(DEFINITION))
    plain = replace(wanted, pending=())
    after = run_transaction(seen, plan_network(wanted, seen, HOST, restart).steps)
    as_usual = run_transaction(seen, plan_network(plain, seen, HOST, restart).steps)
    assert after.persistent == as_usual.persistent
    if seen.live is not None and as_usual.live is not None:
        changed = {option for option in DEFINITION if seen.persistent is None or option not in drift(seen)}
        runs, would_run = canonical(NETWORK, after.live), canonical(NETWORK, as_usual.live)
        assert {option: runs.get(option) for option in changed} == {option: would_run.get(option) for option in changed}


@settings(max_examples=500)
@given(requests(), observations(), st.sampled_from(["never", "replug"]), st.booleans(), st.booleans())
def test_what_is_pending_is_so_in_every_run(wanted, seen, restart, used, exact):
    seen = replace(seen, plugged=(GUEST,) if used and seen.active and restart == "never" else ())
    if exact:
        given = {option: value for option, value in wanted.declared.items() if value is not None}
        document = parse_network(write_network({"name": "red", **given}))
        del document["name"]
        wanted = replace(wanted, declared=document, exact=True)
    plan, refusal = planned(wanted, seen, restart)
    if refusal:
        return
    after = run_transaction(seen, plan.steps)
    again = plan_network(wanted, after, HOST, restart)
    assert again.steps == ()
    assert again.pending == plan.pending
