# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every element and attribute in libvirt's own schemas of a network and of a port is in the model.

`schemas` lists them for each libvirt of the lab, as rng.py reads them from /usr/share/libvirt/schemas there; the
smoke tests compare the list with the hosts of the lab.
When a new libvirt brings a new one: a field in _model, then its documentation.
"""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import rng

from ansible_collections.virtfleet.network.plugins.module_utils._model.field import (
    CHILD,
    CHILDREN,
    METADATA,
    TEXT,
    TEXTS,
    VALUES,
    WRAPPED,
)
from ansible_collections.virtfleet.network.plugins.module_utils._model.host import MODELLED
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import NETWORK
from ansible_collections.virtfleet.network.plugins.module_utils._model.networkport import NETWORKPORT

DIRECTORY = Path(__file__).with_name("schemas")
RELEASES = sorted((path.name for path in DIRECTORY.iterdir()), key=lambda name: [int(part) for part in name.split(".")])
MODELS = {"network": NETWORK, "networkport": NETWORKPORT}
# The schema allows floor here too, but libvirt has never done anything but refuse it.
REFUSED = {("bandwidth/outbound", "floor"), ("portgroup/bandwidth/outbound", "floor")}
PCI = {"type": {"pci"}, "domain": None, "bus": None, "slot": None, "function": None}
YES_NO = {"bool": {"yes", "no"}, "onoff": {"on", "off"}}


def lacking(schema, what):
    """What a schema allows and the model lacks, in words."""
    model = modelled(MODELS[what])
    for path, attributes in schema.items():
        if path not in model:
            yield f"element {path}"
            continue
        for name, values in attributes.items():
            if (path, name) in REFUSED:
                continue
            if name not in model[path]:
                yield f"attribute {name} of {path or what}"
            elif values is not None and not values <= (model[path][name] or values):
                yield f"{path}@{name}: {sorted(values - model[path][name])}"


def modelled(entity, path=""):
    """The model, laid out as rng lays out a schema."""
    found = {path: {name: choices(field) for name, field in entity.attributes.items()}}
    if entity.pci:
        found[path].update(PCI)
    for xml, field in entity.elements.items():
        below = f"{path}/{xml}" if path else xml
        if field.kind in (CHILD, CHILDREN):
            found.update(modelled(field.entity, below))
        else:
            found[below] = {field.attribute: choices(field)} if field.kind == WRAPPED else {}
        if field.kind == VALUES:
            found[f"{below}/{field.item}"] = {field.attribute: None}
    return found


def choices(field):
    return set(field.choices) if field.choices else YES_NO.get(field.type)


def sinces(entity, path=""):
    """From which libvirt on the model says an element (with an empty name) or attribute is there."""
    for name, field in entity.attributes.items():
        yield (path, name), field.since
    for xml, field in entity.elements.items():
        below = f"{path}/{xml}" if path else xml
        yield (below, ""), field.since
        if field.kind in (CHILD, CHILDREN):
            for place, since in sinces(field.entity, below):
                yield place, max(since, field.since)


def schema_of(release, what):
    return rng.load(DIRECTORY / release / f"{what}.json")


def places(release):
    """Every element and attribute of a release's schema of a network."""
    flat = schema_of(release, "network")
    return {(path, name) for path, names in flat.items() for name in ("", *names)}


@pytest.mark.parametrize("what", MODELS)
@pytest.mark.parametrize("release", RELEASES)
def test_the_model_lacks_nothing_that_a_release_has(release, what):
    assert list(lacking(schema_of(release, what), what)) == []


def test_the_model_has_nothing_else():
    every = set().union(*(places(release) for release in RELEASES))
    assert {place for place, _since in sinces(NETWORK)} <= every


@pytest.mark.parametrize("release", RELEASES)
def test_a_release_has_what_the_model_says_it_has(release):
    """The schema is at most late: libvirt took some elements before it said so there, never after."""
    version = (*(int(part) for part in release.split(".")), 0)
    there = places(release)
    missing = {place for place, since in sinces(NETWORK) if since <= version} - there
    early = {place for place, since in sinces(NETWORK) if since > version} & there
    assert (missing, early) == (set(), set())


def test_the_newest_release_is_the_one_that_the_model_claims():
    assert RELEASES[-1] == ".".join(str(part) for part in MODELLED[:2])


@pytest.mark.parametrize(
    ("path", "attribute", "values", "found"),
    [
        ("forward/interface", "fresh", None, "attribute fresh of forward/interface"),
        ("forward", "mode", {"nat", "fresh"}, "forward@mode: ['fresh']"),
        ("ip/dhcp/fresh", "name", None, "element ip/dhcp/fresh"),
    ],
)
def test_something_new_is_found(path, attribute, values, found):
    schema = copy.deepcopy(schema_of(RELEASES[-1], "network"))
    schema.setdefault(path, {})[attribute] = values
    assert found in list(lacking(schema, "network"))


SCHEMA = """<grammar xmlns="http://relaxng.org/ns/structure/1.0">
  <define name="net"><element name="net"><interleave>
    <attribute name="on"><ref name="yes"/></attribute><ref name="inner"/>
  </interleave></element></define>
  <define name="yes"><choice><value>yes</value><value>no</value></choice></define>
  <define name="inner"><zeroOrMore><element name="in"><attribute name="any"><text/></attribute></element></zeroOrMore>
  </define>
</grammar>"""


def test_a_schema_is_read_with_all_that_it_refers_to(tmp_path):
    (tmp_path / "net.rng").write_text(SCHEMA)
    flat = rng.Schema(tmp_path / "net.rng").flat("net")
    assert flat == {"": {"on": {"yes", "no"}}, "in": {"any": None}}
    (tmp_path / "net.json").write_text(rng.dump(flat))
    assert rng.load(tmp_path / "net.json") == flat


def test_elements_with_text_are_text():
    for name in ("name", "uuid", "title", "description"):
        assert NETWORK.elements[name].kind == TEXT
    assert NETWORK.elements["dns"].entity.elements["host"].entity.elements["hostname"].kind == TEXTS
    assert NETWORK.elements["metadata"].kind == METADATA
