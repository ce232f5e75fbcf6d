# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of one host are broken: it is unknown, or its faults are found as before; the other hosts are judged."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from test_audit import CONTRACT, FAULTS, fleet

from ansible_collections.virtfleet.network.plugins.filter.networks_audit import networks_audit
from ansible_collections.virtfleet.network.plugins.module_utils._audit import audit as audit_module
from ansible_collections.virtfleet.network.plugins.module_utils._audit.audit import audit

Place = tuple[Any, ...]
BROKEN, OTHERS = "kvm2", ("kvm1", "kvm3")
# Of these, null says something: no master, not a VLAN, nothing known.
NULL_SAYS_SOMETHING = {
    "master", "mac", "index", "parent", "vlan", "vlan_filtering", "vlan_protocol", "default_pvid", "vlans", "mode",
    "stp_delay", "port_state", "port_settings", "mtu", "carrier", "had_carrier", "vf",
    "multi_queue", "subnets", "link_local",
}  # fmt: skip
WRONG: tuple[Any, ...] = ("", "x", 7, -1.5, True, [], {}, ["x"], [[]], {"x": 1}, b"x", float("nan"))
# A failed call is no answer, whatever else it says.
HIDDEN = sorted(set(FAULTS) - {"HOST_UNKNOWN"})


def places(value: Any, path: Place = ()) -> Iterator[Place]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def holder_of(facts: Any, place: Place) -> Any:
    for key in place[:-1]:
        facts = facts[key]
    return facts


def same_type(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return isinstance(one, bool) and isinstance(other, bool)
    return any(isinstance(one, kind) and isinstance(other, kind) for kind in (str, int, float, list, dict))


def faulty_fleet(fault: str) -> dict[str, dict[str, Any]]:
    """Each other host has a fault of its own, which must be found, too."""
    hosts = copy.deepcopy(fleet())
    FAULTS["UPLINK_MISSING"](hosts["kvm1"]["info"])
    FAULTS["AUTOSTART_DIFFERS"](hosts["kvm3"]["info"])
    FAULTS[fault](hosts[BROKEN]["info"])
    return copy.deepcopy(hosts)  # faults share what they put in


def found_on_others(found: list[Any]) -> list[dict[str, Any]]:
    return [one.as_dict() for one in found if one.host in OTHERS]


@cache
def expected_on_others() -> list[dict[str, Any]]:
    return found_on_others(audit(CONTRACT, faulty_fleet("NETWORK_MISSING")))


def judge(hosts: dict[str, Any]) -> list[Any]:
    found = audit(CONTRACT, hosts)
    assert found_on_others(found) == expected_on_others()
    assert "UNEXPECTED" not in [one.code for one in found], [one.sentence() for one in found]
    return [one for one in found if one.host == BROKEN]


@st.composite
def broken(draw: Any, lost: bool) -> tuple[str, dict[str, Any], str]:
    """A fault, and the fleet whose second host has it and lost something besides; lost: only what a host that
    answers cannot say."""
    fault = draw(st.sampled_from(HIDDEN))
    hosts = faulty_fleet(fault)
    info = hosts[BROKEN]["info"]
    place = draw(st.sampled_from(list(places(info))))
    holder = holder_of(info, place)
    if isinstance(holder, dict) and draw(st.booleans()):
        del holder[place[-1]]
        return fault, hosts, f"without {place}"
    wrong = [value for value in WRONG if not lost or not same_type(value, holder[place[-1]])]
    if not lost or place[-1] not in NULL_SAYS_SOMETHING:
        wrong.append(None)
    value = draw(st.sampled_from(wrong))
    said = f"{place}: {holder[place[-1]]!r} is {value!r}"
    holder[place[-1]] = value
    return fault, hosts, said


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(broken(lost=True))
def test_what_is_lost_hides_no_fault(case: tuple[str, dict[str, Any], str]) -> None:
    fault, hosts, said = case
    assert judge(hosts), f"{fault} is hidden: {said}"


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(broken(lost=False))
def test_whatever_one_host_says_the_others_are_judged(case: tuple[str, dict[str, Any], str]) -> None:
    _fault, hosts, _said = case
    judge(hosts)


@pytest.mark.parametrize("info", [None, 7, "off", [], {}, {"networks": None}, {"msg": 3}, {"networks": [], "host": 1}])
def test_no_answer_of_one_host(info: Any) -> None:
    hosts: dict[str, Any] = faulty_fleet("NETWORK_MISSING")
    hosts[BROKEN]["info"] = info
    assert [one.code for one in judge(hosts)] == ["HOST_UNKNOWN"]


@pytest.mark.parametrize("facts", [None, 7, "off", [], {}])
def test_nothing_of_one_host(facts: Any) -> None:
    hosts: dict[str, Any] = faulty_fleet("NETWORK_MISSING")
    hosts[BROKEN] = facts
    result = networks_audit(CONTRACT, hosts)
    assert {one["code"] for one in result["findings"] if one["host"] == BROKEN} == {"HOST_UNKNOWN"}
    assert any(one["code"] == "UPLINK_MISSING" for one in result["findings"])


def test_an_error_of_ours_is_said_of_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found before stays."""
    real = audit_module.find_obstacles

    def fail(host: str, *args: Any) -> Any:
        if host == BROKEN:
            raise ZeroDivisionError("oops")
        return real(host, *args)

    monkeypatch.setattr(audit_module, "find_obstacles", fail)
    hosts = faulty_fleet("AUTOSTART_DIFFERS")
    found = audit(CONTRACT, hosts)
    assert [one.code for one in found if one.host == BROKEN] == ["AUTOSTART_DIFFERS", "UNEXPECTED"]
    assert [one.code for one in found if one.host in OTHERS] == ["UPLINK_MISSING", "AUTOSTART_DIFFERS"]
