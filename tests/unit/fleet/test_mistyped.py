# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Misspelt variables of roles and playbooks are named with the one that is meant; users' own are left alone."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path
from typing import Any, Optional

import pytest
import yaml
from ansible.plugins.lookup import LookupBase

from ansible_collections.virtfleet.network.plugins.lookup import mistyped_variables
from ansible_collections.virtfleet.network.plugins.module_utils._fleet.mistyped import find_mistyped

ROOT = Path(__file__).resolve().parents[3]
PREFIXES = ("networks_", "audit_", "adopt_", "host_", "migrate_", "evacuate_", "resilience_")


def told(hosts: dict[str, dict[str, Any]], *prefixes: str) -> list[str]:
    class Raw:
        def raw_get(self, host: str) -> dict[str, Any]:
            return hosts[host]

    lookup = mistyped_variables.LookupModule()
    assert isinstance(lookup, LookupBase)
    first = next(iter(hosts))
    lookup.set_options = lambda **_given: None
    more = {"inventory_hostname": first, "ansible_play_hosts_all": list(hosts), "hostvars": Raw()}
    return lookup.run(list(prefixes or PREFIXES), {**hosts[first], **more})


def near(name: str, value: Any = 1) -> Optional[str]:
    found = told({"kvm1": {name: value}})
    return found[0].rpartition(" ")[2].rstrip(".") if found else None


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("networks_canry", "networks_canary"),
        ("networks_host", "networks_hosts"),
        ("networks_Purge", "networks_purge"),
        ("networks_confirm_timout", "networks_confirm_timeout"),
        ("networks_binding", "networks_bindings"),
        ("networks_serials", "networks_serial"),
        ("audit_failon", "audit_fail_on"),
        ("audit_baselin", "audit_baseline"),
        ("adopt_dir", None),
        ("adopt_directroy", "adopt_directory"),
        ("host_deamons", "host_daemons"),
        ("migrate_check_destinaton", "migrate_check_destination"),
        ("migrate_postcopy", "migrate_post_copy"),
        ("evacuate_option", "evacuate_options"),
        ("resilience_jsn", "resilience_json"),
        # users' own
        ("networks_vlan_count", None),
        ("networks_site", None),
        ("host_ip", None),
        ("host_role", None),
        ("my_networks_purg", None),
    ],
)  # fmt: skip
def test_what_is_meant(typo: str, meant: Optional[str]) -> None:
    assert near(typo) == meant


def test_every_option_is_known_and_one_slip_in_it_is_found() -> None:
    known, options = mistyped_variables._names()
    assert {"networks_canary", "networks_serial", "networks_hosts", "migrate_hosts", "evacuate_plan"} <= options
    dice = random.Random(1)
    for option in sorted(options):
        prefix = next((one for one in PREFIXES if option.startswith(one)), "")
        assert told({"kvm1": {option: 1}}) == []
        place = dice.randrange(len(prefix), len(option))
        slip = option[:place] + option[place + 1 :]
        if prefix and len(option) - len(prefix) > 3 and slip not in known:
            assert near(slip) is not None, slip


def test_a_variable_that_another_one_reads_is_the_users_own() -> None:
    own = {"networks_binding": {}, "networks_bindings": "{{ networks_binding | combine(more) }}"}
    assert told({"kvm1": own}) == []


def test_hosts_that_have_it_are_named() -> None:
    hosts: dict[str, dict[str, Any]] = {f"kvm{number}": {} for number in range(1, 10)}
    hosts["kvm3"] = {"networks_bindigs": {}}
    (sentence,) = told(hosts)
    assert sentence == (
        "networks_bindigs, which is set for kvm3, is not a variable of this collection; the closest one is "
        "networks_bindings."
    )
    (sentence,) = told({host: {"networks_bindigs": {}} for host in hosts})
    assert sentence.startswith("networks_bindigs is not a variable of this collection")


def test_the_words_of_the_roles_themselves_are_no_mistakes() -> None:
    known, options = mistyped_variables._names()
    assert find_mistyped({"kvm1": dict.fromkeys(known, 1)}, PREFIXES, known, options) == []


MISSPELT = {
    "adopt": ("adopt_directroy", "adopt_directory", {}),
    "audit": ("audit_failon", "audit_fail_on", {"networks_contract": []}),
    "host": ("host_deamons", "host_daemons", {}),
    "migrate": ("evacuate_option", "evacuate_options", {"migrate_plan": {}}),
    "migrate_check": ("resilience_jsn", "resilience_json", {}),
    "migrate_gate": ("migrate_gate_max_ages", "migrate_gate_max_age", {}),
    "networks": ("networks_canry", "networks_canary", {"networks_contract": []}),
}


def test_each_role_has_its_variables_checked() -> None:
    assert sorted(MISSPELT) == sorted(path.name for path in (ROOT / "roles").iterdir())


def test_every_role_refuses_a_misspelt_variable_first(tmp_path: Path) -> None:
    report = [{"ansible.builtin.debug": {"msg": "REFUSED {{ ansible_failed_result.msg }}"}}]
    plays: list[dict[str, Any]] = [
        {
            "name": role,
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"ansible_connection": "local", typo: 1, **needed},
            "tasks": [
                {"block": [{"ansible.builtin.import_role": {"name": f"virtfleet.network.{role}"}}], "rescue": report}
            ],
        }
        for role, (typo, _meant, needed) in MISSPELT.items()
    ]
    playbook = tmp_path / "roles.yml"
    playbook.write_text(yaml.safe_dump(plays))
    command = ["ansible-playbook", "-i", "localhost,", str(playbook)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    shown = done.stdout
    refused = re.findall(r"REFUSED (\w+) is not a variable of this\s+collection; the closest one is (\w+)\.", shown)
    assert refused == [(typo, meant) for typo, meant, _needed in MISSPELT.values()], shown
