# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RETURN has every key that a failure can have: the facts beside all errors in the files that a module imports.

tests/integration compares the results of real calls with it.
"""

from __future__ import annotations

import ast
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.failure import renamed
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.destination_facts import (
    DestinationHost,
    MigrationSettings,
    NetworkDetails,
)
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.guest_facts import (
    GuestFacts,
    GuestHost,
    NicFacts,
    NicSettings,
)
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.host_links import Link, OvsBridge
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.router.facts import BridgeRouting
from ansible_collections.virtfleet.network.plugins.module_utils._model.host_link import ProbedLink

ROOT = Path(__file__).resolve().parents[2]
UTILS = ROOT / "plugins" / "module_utils"
MODULES = sorted((ROOT / "plugins" / "modules").glob("virt_*.py"))
# In files that a module imports for something else.
NEVER = {
    "virt_migrate_gate": {"problems"},
    "virt_network": {"refused"},
    "virt_network_confirm": {
        "missing",
        "network_name",
        "plugged",
        "problems",
        "recovered",
        "run",
        "signal",
    },
}
ALWAYS = {"code", "sentences", "exception"}


def imported(file):
    """Wherever in the file it is imported."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = file.parents[node.level - 1]
            module = base / (node.module or "").replace(".", "/")
            names = [module / f"{alias.name}.py" for alias in node.names]
            yield from (path for path in (module.with_suffix(".py"), *names) if path.exists())


def reached(file):
    seen, new = set(), {file}
    while new:
        seen |= new
        new = {path for one in new for path in imported(one)} - seen
    return seen


def facts(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in ("VirtfleetError", "refuse", "_with"):
                yield from (keyword.arg for keyword in node.keywords if keyword.arg)
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.value, ast.Attribute)
            and node.value.attr == "details"
            and isinstance(node.slice, ast.Constant)
        ):
            yield node.slice.value


def returned(module):
    text = module.read_text().partition('RETURN = r"""')[2].partition('"""')[0]
    return yaml.safe_load(text)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_every_key_of_a_failure_is_in_return(module):
    found = {fact for file in reached(UTILS / "_ansible" / module.name) for fact in facts(file)}
    keys = set(renamed(dict.fromkeys(found - {"refused"}))) | (found & {"refused"}) | ALWAYS
    assert keys - NEVER.get(module.stem, set()) - set(returned(module)) == set()


def test_a_key_means_the_same_in_all_modules():
    kinds = {}
    for module in MODULES:
        for key, said in returned(module).items():
            if key in ALWAYS or "fail" in str(said["returned"]) or "refuse" in str(said["returned"]):
                kinds.setdefault(key, set()).add((said["type"], said.get("elements")))
    assert {key: kind for key, kind in kinds.items() if len(kind) > 1} == {}


def documented(module, *path):
    text = (ROOT / "plugins" / "modules" / f"{module}.py").read_text().partition('RETURN = r"""')[2].partition('"""')[0]
    found = {"contains": yaml.safe_load(text)}
    for key in path:
        found = found["contains"][key]
    return set(found["contains"])


def names(record):
    return {field.name for field in fields(record)}


def test_the_fields_of_links_are_documented():
    assert documented("virt_network_info", "links") == set(ProbedLink.__annotations__)
    assert names(Link) <= documented("virt_network_info", "links")


@pytest.mark.parametrize(
    ("path", "record"),
    [
        (("virt_network_info", "host"), DestinationHost),
        (("virt_network_info", "host", "migration"), MigrationSettings),
        (("virt_network_info", "ovs_bridges"), OvsBridge),
        (("virt_network_info", "routers"), BridgeRouting),
        (("virt_network_info", "details"), NetworkDetails),
        (("virt_guest_info", "guests"), GuestFacts),
        (("virt_guest_info", "host"), GuestHost),
        (("virt_guest_info", "guests", "nics"), NicFacts),
        (("virt_guest_info", "guests", "nics", "settings"), NicSettings),
    ],
)
def test_what_the_check_reads_is_documented(path, record):
    assert names(record) <= documented(*path)
