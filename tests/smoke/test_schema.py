# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schemas that the hosts' libvirt has are those that the model is held to."""

from __future__ import annotations

import subprocess
from pathlib import Path

import fleet
import pytest
import rng

XML = fleet.ROOT / "tests" / "unit" / "xml"
FILES = ("network", "networkport", "networkcommon", "basictypes")


@pytest.mark.parametrize("host", fleet.HOSTS, ids=lambda host: host.said)
def test_the_schema_of_the_host_is_one_that_the_model_is_held_to(host, versions, tmp_path: Path):
    kept = XML / "schemas" / versions[host.name]["libvirt"].rpartition(".")[0]
    assert kept.is_dir(), f"{host.said}: run tests/unit/xml/rng.py on its /usr/share/libvirt/schemas, for {kept}"
    for name in FILES:
        shown = [*fleet.LAB, "exec", host.name, "--", "cat", f"/usr/share/libvirt/schemas/{name}.rng"]
        there = subprocess.run(shown, check=True, capture_output=True, text=True).stdout
        (tmp_path / f"{name}.rng").write_text(there)
    for name in ("network", "networkport"):
        assert rng.Schema(tmp_path / f"{name}.rng").flat(name) == rng.load(kept / f"{name}.json")
