# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks that plan moves judge guests by the same variables of the inventory as the steps that move them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.virtfleet.network.plugins.doc_fragments.migration import ModuleDocFragment
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.choice import ACCEPTABLE

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOKS = ROOT / "playbooks"
PLANNING = ("evacuate", "migrate", "resilience", "return")


@pytest.mark.parametrize("variable", ["migrate_policy", "migrate_unsafe"])
@pytest.mark.parametrize("name", PLANNING)
def test_a_plan_is_made_as_its_steps_are_checked(name: str, variable: str) -> None:
    tasks = [line for line in (PLAYBOOKS / f"{name}.yml").read_text().splitlines() if not line.startswith("#")]
    assert any(f"{variable} | default(" in line for line in tasks)


def test_plans_and_steps_accept_the_same_verdicts() -> None:
    assert yaml.safe_load(ModuleDocFragment.CAPACITY)["options"]["accept"]["choices"] == list(ACCEPTABLE)
    role = yaml.safe_load((ROOT / "roles" / "migrate" / "meta" / "argument_specs.yml").read_text())
    assert role["argument_specs"]["main"]["options"]["migrate_accept"]["choices"] == list(ACCEPTABLE)
