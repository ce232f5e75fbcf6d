# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that cannot be read is named, and takes nothing from what is said of the others."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.plugins.filter.core import to_nice_yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import Environment

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "audit"))

from test_audit import info
from test_broken_facts import WRONG, holder_of, places, same_type

from ansible_collections.virtfleet.network.plugins.filter.networks_adopt import networks_adopt

ROLE = Path(__file__).resolve().parents[3] / "roles" / "adopt"
BROKEN = "kvm2"
# What adopting reads of a host.
READ = ("networks", "transient", "links", "details")


def fleet() -> dict[str, Any]:
    hosts = {f"kvm{number}": info(number) for number in (1, 2, 3)}
    hosts["kvm3"]["networks"][0]["portgroups"] = []
    return hosts


def without_broken(hosts: dict[str, Any]) -> dict[str, Any]:
    return networks_adopt({host: facts for host, facts in hosts.items() if host != BROKEN})


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_what_is_broken_is_named_and_the_rest_is_adopted(data: Any) -> None:
    hosts = fleet()
    place = data.draw(st.sampled_from([one for one in places(hosts[BROKEN]) if one[0] in READ]))
    holder = holder_of(hosts[BROKEN], place)
    wrong = data.draw(st.sampled_from([None, *(one for one in WRONG if not same_type(one, holder[place[-1]]))]))
    holder[place[-1]] = copy.deepcopy(wrong)
    result = networks_adopt(hosts)
    assert set(result["unread"]) <= {BROKEN}
    expected = without_broken(fleet())
    if result["unread"]:
        assert {key: result[key] for key in ("contract", "differences")} == {
            key: expected[key] for key in ("contract", "differences")
        }
        assert result["lines"][0].split() == ["unread", BROKEN]
    else:
        assert {entry["name"] for entry in result["contract"]} == {"lab", "red", "wire"}


@pytest.mark.parametrize("answer", [None, 7, [], {}, {"msg": "no route", "unreachable": True}, {"networks": 1}])
def test_no_answer(answer: Any) -> None:
    hosts = fleet()
    hosts[BROKEN] = answer
    result = networks_adopt(hosts)
    assert list(result["unread"]) == [BROKEN]
    assert result["contract"] == without_broken(hosts)["contract"]
    assert BROKEN not in result["bindings"]


@pytest.mark.parametrize("odd", ["\x7f", "\x85", "\x9b", "\u2028", "\ufeff", "\r"])
def test_odd_characters_do_not_break_the_files(odd: str) -> None:
    """Neither in the comments nor in the values: Ansible reads what was found."""
    hosts = fleet()
    for facts in hosts.values():
        network = facts["networks"][0]
        odd_name = f"a{odd}networks_contract: ["
        facts["details"][odd_name] = facts["details"].pop(network["name"])
        network["name"] = odd_name
    found = networks_adopt(hosts)
    assert found["unread"] == {}
    assert found["differences"]
    environment = Environment(trim_blocks=True, keep_trailing_newline=True)  # as Ansible's
    environment.filters["to_nice_yaml"] = to_nice_yaml
    item = {"key": "kvm3", "value": found["bindings"]["kvm3"]}
    written = {
        name: environment.from_string((ROLE / "templates" / f"{name}.yml.j2").read_text()).render(
            adopt_result=found, item=item
        )
        for name in ("contract", "bindings")
    }
    assert yaml.safe_load(written["contract"]) == {"networks_contract": found["contract"]}
    assert yaml.safe_load(written["bindings"]) == {"networks_bindings": item["value"]}
