# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every element and attribute of libvirt's domain schema is classified, and what is not listed is not understood."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import rng

from ansible_collections.virtfleet.network.plugins.module_utils._model.domain_schema import (
    CONTAINERS,
    HARMLESS,
    JUDGED,
    MEANINGS,
    NOT_LISTED,
    UNKNOWN,
    meaning_of,
    meaning_of_attribute,
)
from ansible_collections.virtfleet.network.plugins.module_utils._xml.descriptor import parse_descriptor

SCHEMAS = sorted((Path(__file__).parent / "schemas").glob("*/domain.json"))


def parts(file: Path):
    """Of the schema: path of each element, with "" for it and then each of its attributes."""
    return [(path, name) for path, attributes in rng.load(file).items() for name in ("", *attributes)]


@pytest.mark.parametrize("file", SCHEMAS, ids=lambda file: file.parent.name)
def test_every_part_of_the_schema_is_classified(file):
    counts: Counter[str] = Counter()
    missing = []
    for path, name in parts(file):
        if path.startswith("{"):  # QEMU's, Xen's and others' own: never understood
            counts[UNKNOWN] += 1
        elif path or name:
            found = (meaning_of_attribute(path, name) if name else None) or meaning_of(path, {}, "")
            if found == NOT_LISTED:
                missing.append(f"{path}@{name}" if name else path)
            counts[found[0]] += 1
    assert not missing, f"_model/domain_schema.py says nothing of {missing}"
    print(
        f"\nlibvirt {file.parent.name}: " + ", ".join(f"{counts[kind]} {kind}" for kind in (JUDGED, HARMLESS, UNKNOWN))
    )
    assert all(counts[kind] > 100 for kind in (JUDGED, HARMLESS, UNKNOWN))


def test_nothing_is_listed_that_libvirt_does_not_have():
    there = {path if not name else f"{path}@{name}" for file in SCHEMAS for path, name in parts(file)}
    spelled = {key.partition("=")[0] for key in MEANINGS if "*" not in key}
    assert spelled <= there, spelled - there
    assert there >= CONTAINERS


def guest(body: str) -> str:
    return f"<domain type='kvm'><name>a</name><memory>1</memory>{body}</domain>"


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ("<devices><future/></devices>", ["devices/future"]),
        ("<vcpu cpuset='0-3'>2</vcpu>", []),
        ("<vcpu placement='auto'>2</vcpu>", ["vcpu"]),
        ("<numatune><memory mode='strict' placement='auto'/></numatune>", ["numatune/memory"]),
        ("<devices><disk type='network'><source protocol='nbd'/></disk></devices>", []),
        ("<devices><disk type='network'><source protocol='rbd'/></disk></devices>", ["devices/disk/source/@protocol"]),
        ("<clock offset='utc'><timer name='tsc' frequency='1'/></clock>", ["clock/timer/@frequency"]),
        ("<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'/>", ["q:commandline"]),
        ("<devices><tpm model='tpm-tis'><backend type='passthrough'/></tpm></devices>", ["devices/tpm/backend"]),
        ("<devices><audio id='1' type='pulseaudio'/></devices>", ["devices/audio"]),
        ("<devices><audio id='1' type='none'/></devices>", []),
        ("<resource><partition>/machine</partition></resource>", []),
        ("<resource><partition>/ours</partition></resource>", ["resource/partition"]),
        ("<metadata><x:y xmlns:x='urn:x'/></metadata>", []),
        ("<features><acpi/><hyperv mode='custom'><relaxed state='on'/></hyperv></features>", []),
        ("<features><hyperv mode='custom'><evmcs state='on'/></hyperv></features>", ["features/hyperv/evmcs"]),
    ],
)
def test_what_is_not_understood_is_named_by_its_path(body, paths):
    assert list(parse_descriptor(guest(body)).not_understood) == paths


def test_equal_guests_ask_the_same_question():
    """Name, UUID, addresses and paths make no difference to what QEMU must have."""
    bodies = [
        f"<uuid>{number * 8}-1111-1111-1111-111111111111</uuid><title>{number}</title><devices><disk type='file'>"
        f"<source file='/images/{number}.raw'/><target dev='vda'/><alias name='d{number}'/></disk>"
        f"<interface type='network'><mac address='52:54:00:00:00:0{number}'/></interface><video/></devices>"
        for number in "123"
    ]
    questions = {parse_descriptor(guest(body)).question for body in bodies}
    assert len(questions) == 1
    assert "<video" in questions.pop()
