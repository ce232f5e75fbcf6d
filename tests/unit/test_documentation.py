# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documented options are the model's fields, no more and no fewer.

A field without documentation: write its option in plugins/doc_fragments/network.py, at the path that the test names.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from ansible_collections.virtfleet.network.plugins.doc_fragments.attributes import ModuleDocFragment as Attributes
from ansible_collections.virtfleet.network.plugins.doc_fragments.network import ModuleDocFragment as Fragment
from ansible_collections.virtfleet.network.plugins.module_utils._model.field import (
    CHILD,
    CHILDREN,
    METADATA,
    TEXTS,
    VALUES,
)
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import NETWORK
from ansible_collections.virtfleet.network.plugins.module_utils._model.portgroup import PORTGROUP

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
LISTS = (TEXTS, VALUES, METADATA)
# Options of the modules that are no field of a network.
BESIDE = {"xml", "state", "autostart", "pending"}


def load(text):
    return yaml.safe_load(text)


def options(name):
    return load(getattr(Fragment, name))["options"]


def expected(field):
    """What the documentation of a field has to say, as far as the model knows."""
    said = {"type": {"onoff": "bool"}.get(field.type, field.type)}
    if field.kind == CHILD:
        said["type"] = "dict"
    elif field.kind == CHILDREN:
        said.update(type="list", elements="dict")
    elif field.kind in LISTS:
        said.update(type="list", elements="str")
    if field.choices:
        said["choices"] = list(field.choices)
    if field.required:
        said["required"] = True
    return said


def differences(entity, documented, path=""):
    """A line for each place where documentation and entity differ."""
    fields = {name: field for name, field in entity.fields.items() if not field.volatile}
    found = [f"{path}{name}: no documentation" for name in fields if name not in documented]
    for name, option in documented.items():
        if name not in fields:
            found.append(f"{path}{name}: documented, but no field")
            continue
        field = fields[name]
        want = expected(field)
        said = {key: option[key] for key in ("type", "elements", "choices", "required", "default") if key in option}
        if said != want:
            found.append(f"{path}{name}: documented as {said}, is {want}")
        if field.entity:
            found += differences(field.entity, option.get("suboptions", {}), f"{path}{name}.")
        elif "suboptions" in option:
            found.append(f"{path}{name}: has suboptions, but is no element with fields")
    return found


def described(documented):
    """Each option with its description."""
    for name, option in documented.items():
        text = option.get("description", "")
        yield name, option, [text] if isinstance(text, str) else text
        yield from described(option.get("suboptions", {}))


def network_options(name):
    documented = options(name)
    if name == "NETWORKS":
        documented = documented["networks"]["suboptions"]
    return {option: text for option, text in documented.items() if option not in BESIDE}


def test_every_field_of_a_network_is_documented_as_it_is():
    # The modules document the name themselves, since it is what a task is about.
    documented = {**network_options("DOCUMENTATION"), "name": {"type": "str", "required": True}}
    assert not differences(NETWORK, documented)


def test_networks_has_the_same_options_and_a_name():
    assert not differences(NETWORK, network_options("NETWORKS"))
    nested = options("NETWORKS")["networks"]["suboptions"]
    del nested["name"]
    assert nested == options("DOCUMENTATION")


def test_every_field_of_a_portgroup_is_documented_as_it_is():
    assert not differences(PORTGROUP, options("PORTGROUP"))
    assert options("PORTGROUP") == options("DOCUMENTATION")["portgroups"]["suboptions"]


def test_the_walk_notices_what_it_is_there_to_notice():
    documented = {**network_options("DOCUMENTATION"), "name": {"type": "str", "required": True}}
    del documented["mtu"]
    documented["surplus"] = {"type": "str"}
    documented["ipv6"] = {"type": "str"}
    documented["vlan"] = {"type": "dict", "suboptions": {**documented["vlan"]["suboptions"], "id": {"type": "int"}}}
    documented["forward"] = {"type": "dict"}
    found = " / ".join(differences(NETWORK, documented))
    for line in ("mtu: no documentation", "surplus: documented", "ipv6: documented as", "vlan.id:", "forward.mode: no"):
        assert line in found


@pytest.mark.parametrize("name", ["DOCUMENTATION", "NETWORKS", "PORTGROUP", "CONNECTION", "RESTART"])
def test_every_option_is_described_in_sentences(name):
    for option, spec, texts in described(options(name)):
        assert all(texts), option
        assert texts, option
        assert all(text.endswith(".") for text in texts), (option, texts)
        assert "type" in spec, option
        assert (spec["type"] == "list") == ("elements" in spec), option


def test_what_needs_a_newer_libvirt_says_so():
    def walk(entity, documented, path=""):
        for name, field in entity.fields.items():
            if field.volatile or (entity is NETWORK and name == "name"):
                continue
            if field.since > (0, 0, 0):
                text = " ".join(
                    [documented[name]["description"]]
                    if isinstance(documented[name]["description"], str)
                    else documented[name]["description"]
                )
                assert f"libvirt {field.since[0]}.{field.since[1]} or newer" in text, path + name
            if field.entity:
                walk(field.entity, documented[name]["suboptions"], f"{path}{name}.")

    walk(NETWORK, options("DOCUMENTATION"))


def test_the_modules_own_options():
    documented = options("DOCUMENTATION")
    assert documented["state"]["choices"] == ["active", "inactive", "present", "absent"]
    assert documented["state"]["default"] == "active"
    assert documented["autostart"]["type"] == "bool"
    assert "default" not in documented["autostart"]
    assert options("RESTART")["restart"]["choices"] == ["idle", "never", "replug", "seamless", "force"]
    assert options("CONNECTION")["uri"]["default"] == "qemu:///system"


@pytest.mark.parametrize("name", ["DOCUMENTATION", "INFO"])
def test_attributes(name):
    attributes = load(getattr(Attributes, name))["attributes"]
    assert set(attributes) == {"check_mode", "diff_mode", "platform", "idempotent"}
    assert all(entry["description"] and entry["support"] in ("full", "N/A") for entry in attributes.values())


def test_no_option_is_described_twice():
    """Shared options are in plugins/doc_fragments. A reference to another plugin's option may be repeated."""
    places = defaultdict(list)
    for path in sorted(PLUGINS.glob("*/*.py")):
        found = re.search(r'^DOCUMENTATION = r"""(.*?)"""', path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
        for name, option in (load(found.group(1)).get("options", {}) if found else {}).items():
            text = str(option["description"])
            if not re.search(r"\b[Aa]s (for )?[OP]\(|\bas RV\(", text):
                places[name, text].append(path.name)
    assert {name: files for (name, _text), files in places.items() if len(files) > 1} == {}


def test_the_readme_names_all_modules_roles_playbooks_and_pages():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    names = [
        *(f"`{path.stem}`" for path in PLUGINS.glob("modules/*.py")),
        *(f"role `{path.name}`" for path in ROOT.glob("roles/*")),
        *(f"`virtfleet.network.{path.stem}`" for path in ROOT.glob("playbooks/*.yml")),
        *(f"(docs/{path.name})" for path in ROOT.glob("docs/*.md")),
    ]
    assert [name for name in names if name not in readme] == []


@pytest.mark.parametrize("role", sorted(ROOT.glob("roles/*")), ids=lambda role: role.name)
def test_every_variable_of_a_role_is_in_its_readme_or_a_page(role):
    pages = [role / "README.md", *ROOT.glob("docs/*.md")]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    specs = load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    assert [name for spec in specs.values() for name in spec["options"] if f"`{name}`" not in text] == []
