# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a template gives a filter, it answers or says in one sentence what is wrong.

Arguments are made of the keys that the filters look for, right ones with one value replaced, and plain rubbish.
"""

from __future__ import annotations

import copy
import importlib
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._migrate.host_links import Link
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.lookup_kinds import INFO_FORMAT

ROOT = Path(__file__).resolve().parents[3]
FILTERS = sorted(path.stem for path in (ROOT / "plugins" / "filter").glob("networks_*.py"))
MODULE = "ansible_collections.virtfleet.network.plugins.filter."

CONTRACT = [
    {"name": "red", "reach": "l2", "mtu": 1500},
    {"name": "lab", "reach": "nat", "subnets": ["10.20.0.0/24"], "portgroups": [{"name": "a", "default": True}]},
]
BINDINGS = {
    "red": {"forward": {"mode": "passthrough"}, "pool": {"match": {"driver": "ixgbe"}, "max_guests": 2}},
    "lab": {"ips": [{"address": "10.20.0.1", "prefix": 24}], "autostart": False},
}
NETWORKS = [{"name": "red", "forward": {"mode": "passthrough", "interfaces": [{"dev": "p0"}]}, "state": "active"}]
LINKS = [{"name": "p0", "kind": None, "mtu": 1500, "bridge": None, "up": True}]

DETAILS = {"active": True, "persistent": True, "autostart": True, "managed": True, "drift": [], "live": {}}
INFO = {
    "format": INFO_FORMAT,
    "networks": [{**NETWORKS[0], "uuid": "a1", "autostart": True}],
    "transient": [],
    "details": {"red": {**DETAILS, "dnsmasq": "none", "bridge_link": "none"}},
    "pools": {"red": {
        "members": [{"name": "p0", "state": "free", "holders": [], "max_guests": None}], "miscounted": [],
        "capacity": {"left": 1},
    }},
    "links": [{
        **dict.fromkeys(field.name for field in fields(Link)),
        "name": "p0", "kind": "physical", "mtu": 1500, "admin": "up", "carrier": True, "default_route": False,
        "addresses": [], "programs": [], "bound": [],
    }],
    "ovs_bridges": {},
    "nwfilters": {},
    "guests": [
        {
            "name": "web1", "uuid": "1", "running": True, "tcp_ports": [],
            "nics": [
                {"mac": "52:54:00:00:00:01", "type": "network", "network": "red", "source": None, "transient": False},
            ],
        },
    ],
    "host": {
        "libvirt_version": "9.0.0", "hostname": "kvm1", "remote": False, "forwarding": {"ipv4": True, "ipv6": True},
    },
}  # fmt: skip
FINDING = {
    "code": "LIVE_DIFFERS", "severity": "error", "host": "kvm1", "network": "red", "parameters": {"options": ["dns"]},
    "sentence": "a", "expected": {"dns": None}, "found": {"dns": {}}, "repair": "b",
}  # fmt: skip
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "networks_desired": (CONTRACT, BINDINGS, NETWORKS),
    "networks_audit": (CONTRACT, {"kvm1": {"bindings": BINDINGS, "info": INFO}, "kvm2": {"info": {"msg": "off"}}}),
    "networks_audit_report": ([FINDING], "xml", ["kvm1", "kvm2"], "error"),
    "networks_adopt": ({"kvm1": INFO, "kvm2": {**INFO, "networks": NETWORKS}}, {"kvm": ["kvm1", "kvm2"]}),
    "networks_of_host": ([{**CONTRACT[0], "hosts": ["kvm"]}, CONTRACT[1]], "kvm1", {"kvm": ["kvm1", "kvm2"]}),
    "networks_pools": (CONTRACT, BINDINGS),
    "networks_rollout": (
        {
            "kvm1": {
                "state": "new",
                "networks": ["lab"],
                "failed": True,
                "code": "A",
                "reason": "b",
                "guests": {"lab": [{"guest": "web1"}]},
            }
        },
    ),
    "networks_faults": (CONTRACT, {"kvm1": {"bindings": BINDINGS, "links": LINKS, "contract": CONTRACT}}),
}


def keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {str(key) for key in value}.union(*map(keys, value.values()))
    return set().union(*map(keys, value)) if isinstance(value, (list, tuple)) else set()


KEYS = sorted(keys(list(ARGUMENTS.values())))
SCALARS = (
    st.none() | st.booleans() | st.integers(-5, 70000) | st.floats() | st.binary(max_size=3)
    | st.sampled_from(["", "red", "lab", "l2", "nat", "passthrough", "p[0-3]", "10.20.0.1", "\udc80", "\0"])
)  # fmt: skip
KEY_LIKE = SCALARS.filter(lambda value: not isinstance(value, float))
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS) | SCALARS.filter(lambda key: not isinstance(key, float)), inner, max_size=4
        )
        | st.tuples(inner)
    ),
    max_leaves=10,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in items for place in places(item, (*path, key)))]


@st.composite
def arguments(draw, name: str) -> list[Any]:
    given_ = copy.deepcopy(list(ARGUMENTS[name]))
    for _number in range(draw(st.integers(1, 2))):
        *path, last = draw(st.sampled_from([place for place in places(given_) if place]))
        holder: Any = given_
        for key in path:
            holder = holder[key]
        if draw(st.booleans()):
            holder[last] = draw(VALUES)
        elif isinstance(holder, dict):
            del holder[last]
    return given_


def answer(name: str, given_: list[Any]) -> None:
    function = importlib.import_module(MODULE + name).FilterModule().filters()[name]
    refused = ""
    try:
        result = function(*given_)
    except AnsibleFilterError as error:
        refused = str(error)
    else:
        # This one returns items of its input as they are.
        if name != "networks_of_host":
            json.dumps(result, default=repr)
        return
    assert name != "networks_faults", "it says that it never raises"
    assert refused.endswith("."), refused
    assert "\n" not in refused
    assert "Error(" not in refused, "a sentence, not Python's"


def test_every_filter_is_tried():
    assert sorted(ARGUMENTS) == FILTERS


@pytest.mark.parametrize("name", FILTERS)
def test_the_right_arguments_are_answered(name):
    function = importlib.import_module(MODULE + name).FilterModule().filters()[name]
    function(*copy.deepcopy(ARGUMENTS[name]))


@pytest.mark.parametrize("name", FILTERS)
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_argument(name, data):
    answer(name, data.draw(arguments(name)))


@pytest.mark.parametrize("name", FILTERS)
def test_what_is_nested_deeply(name):
    for index in range(len(ARGUMENTS[name])):
        for wrapped in (lambda value: [value], lambda value: {"red": value, "name": value}):
            deep: Any = "red"
            for _level in range(3000):
                deep = wrapped(deep)
            given_ = copy.deepcopy(list(ARGUMENTS[name]))
            given_[index] = deep
            try:
                answer(name, given_)
            except RecursionError:
                pytest.fail(f"{name}: argument {index}")
