# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters, as templates use them, and what is written for people to copy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.virtfleet.network.plugins.filter import networks_desired, networks_faults
from ansible_collections.virtfleet.network.plugins.module_utils._fleet.contract_check import find_faults
from ansible_collections.virtfleet.network.plugins.module_utils._fleet.fault import CODES

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "tests" / "demo"
FLEET = (ROOT / "docs" / "fleet.md").read_text(encoding="utf-8")


def test_desired() -> None:
    join = networks_desired.FilterModule().filters()["networks_desired"]
    (network,) = join([{"name": "red", "reach": "isolated"}], {"red": None})
    assert said(network) == {"name": "red", "state": "active", "autostart": True}
    assert network["forward"] == {}


def said(network: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in network.items() if value}


def test_desired_fails_with_every_fault() -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        networks_desired.networks_desired([{"name": "red", "reach": "nat"}], {"blue": {}})
    assert "BINDING_UNKNOWN: " in str(caught.value)
    assert "BINDING_MISSING: " in str(caught.value)


def test_faults_are_plain_data() -> None:
    judge = networks_faults.FilterModule().filters()["networks_faults"]
    (fault,) = judge([{"name": "red", "reach": "nat"}], {"kvm1": {}})
    assert fault.pop("sentence").startswith("Network red of the contract has no binding on this host")
    assert fault == {"code": "BINDING_MISSING", "host": "kvm1", "network": "red"}


def test_the_filters_examples_are_true() -> None:
    (task,) = yaml.safe_load(networks_desired.EXAMPLES)
    networks = networks_desired.networks_desired(task["vars"]["contract"], task["vars"]["bindings"])
    (sample,) = yaml.safe_load(networks_desired.RETURN)["_value"]["sample"]
    assert said(networks[1]) == sample
    (fault,) = networks_faults.networks_faults([{"name": "red", "reach": "nat"}], {"kvm1": {"bindings": {}}})
    assert yaml.safe_load(networks_faults.RETURN)["_value"]["sample"] == [fault]


def demo(name: str) -> Any:
    return yaml.safe_load((DEMO / name).read_text(encoding="utf-8"))


def test_the_demos_fleet_keeps_its_contracts() -> None:
    hosts = {
        host: {"bindings": demo(f"inventory/host_vars/{host}.yml")["networks_bindings"]}
        for host in demo("inventory/hosts.yml")["kvm"]["hosts"]
    }
    assert len(hosts) == 3
    for contract in ("inventory/group_vars/kvm.yml", "edited.yml"):
        assert find_faults(demo(contract)["networks_contract"], hosts) == []
    broken = find_faults(demo("broken.yml")["networks_contract"], hosts)
    assert {fault.host for fault in broken} == set(hosts)


def copied(heading: str) -> list[Any]:
    """The YAML blocks of a section of docs/fleet.md."""
    section = FLEET.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)]


def test_the_documents_example_is_kept() -> None:
    (contract,) = copied("The contract")
    bindings = copied("A binding")
    assert len(bindings) == 3
    hosts = {f"kvm{number}": {"bindings": found["networks_bindings"]} for number, found in enumerate(bindings, 1)}
    assert find_faults(contract["networks_contract"], hosts) == []


def test_every_code_is_documented_and_no_other() -> None:
    assert re.findall(r"^\| `([A-Z_]+)` \|", FLEET, re.MULTILINE) == list(CODES)
