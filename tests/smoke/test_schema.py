# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schemas that the hosts' libvirt has are those that the model is held to."""

from __future__ import annotations

import subprocess

import fleet
import pytest

KEPT = fleet.ROOT / "tests" / "unit" / "xml" / "schemas"


@pytest.mark.parametrize("host", fleet.HOSTS, ids=lambda host: host.said)
@pytest.mark.parametrize("name", ["network", "networkport", "networkcommon", "basictypes"])
def test_the_schema_of_the_host_is_one_that_the_model_is_held_to(host, name, versions):
    release = versions[host.name]["libvirt"].rpartition(".")[0]
    shown = [*fleet.LAB, "exec", host.name, "--", "cat", f"/usr/share/libvirt/schemas/{name}.rng"]
    there = subprocess.run(shown, check=True, capture_output=True, text=True).stdout
    assert (KEPT / release).is_dir(), f"copy the schemas of libvirt {release} of {host.said} to {KEPT}"
    assert there == (KEPT / release / f"{name}.rng").read_text()
