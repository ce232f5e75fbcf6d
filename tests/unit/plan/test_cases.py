# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Golden plans: each directory of tests/unit/cases/plan says what is there, what is wanted, and the plan.

observed.yaml: libvirt (version), live and persistent (network XML, left out where there is none), autostart,
plugged (names of guests; or mappings with name, mac, tap, mtu, member, kind) and others (network name -> XML).
desired.yaml: virt_network's options and restart.
plan.yaml: steps (action, disruption, sentence), pending, before and after; or refused (code, sentences).
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.virtfleet.network.plugins.module_utils._model.bridge_port import BridgePort
from ansible_collections.virtfleet.network.plugins.module_utils._model.desired import Desired, declaration
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._model.host import Host
from ansible_collections.virtfleet.network.plugins.module_utils._model.observed import Observed
from ansible_collections.virtfleet.network.plugins.module_utils._model.plugged import Plugged
from ansible_collections.virtfleet.network.plugins.module_utils._plan.plan import plan_network
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import parse_network

CASES = Path(__file__).parents[1] / "cases" / "plan"
NAME = "red"


def observed_of(facts):
    def document(key):
        return parse_network(facts[key]) if key in facts else None

    return Observed(
        NAME,
        live=document("live"),
        live_xml=facts.get("live", ""),
        persistent=document("persistent"),
        persistent_xml=facts.get("persistent", ""),
        autostart=facts.get("autostart", False),
        plugged=tuple(plugged_of(item) for item in facts.get("plugged", ())),
    )


def plugged_of(item):
    facts = {"name": item} if isinstance(item, str) else dict(item)
    tap = BridgePort(facts.pop("tap"), facts.pop("mtu", None)) if "tap" in facts else None
    return Plugged(**{"kind": "guest", "port": f"port-{facts['name']}", "tap": tap, **facts})


def desired_of(options):
    options = dict(options)
    options.pop("restart", None)
    state, autostart, xml = options.pop("state", "active"), options.pop("autostart", None), options.pop("xml", None)
    if xml is not None:
        document = parse_network(xml)
        document.pop("name")
        return Desired(NAME, state, autostart, document, exact=True)
    return Desired(NAME, state, autostart, declaration(options))


def outcome(directory: Path):
    facts, options = (
        yaml.safe_load((directory / f"{side}.yaml").read_text()) or {} for side in ("observed", "desired")
    )
    host = Host(tuple(int(part) for part in facts.get("libvirt", "9.0.0").split(".")))
    others = {name: parse_network(xml) for name, xml in facts.get("others", {}).items()}
    try:
        plan = plan_network(desired_of(options), observed_of(facts), host, options.get("restart", "idle"), others)
    except VirtfleetError as error:
        problems = error.details.get("problems") or [{"code": error.code, "sentence": error.sentence}]
        return {"refused": problems}
    result = {"steps": [step.as_dict() for step in plan.steps]}
    for name in ("pending", "warnings"):
        if getattr(plan, name):
            result[name] = list(getattr(plan, name))
    if plan.steps or plan.pending:
        result.update(before=plan.before, after=plan.after)
    return result


@pytest.mark.parametrize("directory", sorted(CASES.iterdir()), ids=lambda directory: directory.name)
def test_case(directory):
    assert outcome(directory) == yaml.safe_load((directory / "plan.yaml").read_text())
