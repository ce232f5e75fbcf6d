# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Golden cases: tests/unit/cases/portgroup/<case>/{observed,desired,plan}.yaml.

observed.yaml: libvirt (version), live and persistent (network XML), ports (XML of each), guests (for each the XML that
there is of live, asked and inactive; left out where guests cannot be seen). desired.yaml: virt_portgroup's options.
plan.yaml: steps, pending, before, after and who is on old settings; or refused (code, sentence).
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._model.host import Host
from ansible_collections.virtfleet.network.plugins.module_utils._model.observed import Observed
from ansible_collections.virtfleet.network.plugins.module_utils._plan.portgroup import DesiredPortgroup
from ansible_collections.virtfleet.network.plugins.module_utils._xml.guest import parse_guest
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import parse_network
from ansible_collections.virtfleet.network.plugins.module_utils._xml.port import parse_port

from .paper import worked_out

CASES = Path(__file__).parents[1] / "cases" / "portgroup"


def observed_of(facts):
    def document(key):
        return parse_network(facts[key]) if key in facts else None

    return Observed(
        "red",
        live=document("live"),
        live_xml=facts.get("live", ""),
        persistent=document("persistent"),
        persistent_xml=facts.get("persistent", ""),
        plugged=tuple(parse_port(xml) for xml in facts.get("ports", ())),
    )


def outcome(directory):
    facts, options = (yaml.safe_load((directory / f"{side}.yaml").read_text()) for side in ("observed", "desired"))
    host = Host(tuple(int(part) for part in facts.get("libvirt", "9.0.0").split(".")))
    guests = tuple(parse_guest(**guest) for guest in facts["guests"]) if "guests" in facts else None
    name, state, in_use = options.pop("name"), options.pop("state", "present"), options.pop("in_use", "refuse")
    try:
        plan, old = worked_out(DesiredPortgroup("red", name, state, options), observed_of(facts), guests, host, in_use)
    except VirtfleetError as error:
        return {"refused": error.details.get("problems") or [{"code": error.code, "sentence": error.sentence}]}
    result = {"steps": [step.as_dict() for step in plan.steps]}
    if plan.pending:
        result["pending"] = list(plan.pending)
    if plan.steps or plan.pending:
        result.update(before=plan.before, after=plan.after)
    if old:
        result["old"] = [
            {
                **{key: one[key] for key in ("guest", "mac", "differs")},
                "methods": [method["method"] for method in one["methods"]],
            }
            for one in old
        ]
    return result


@pytest.mark.parametrize("directory", sorted(CASES.iterdir()), ids=lambda directory: directory.name)
def test_case(directory):
    assert outcome(directory) == yaml.safe_load((directory / "plan.yaml").read_text())
