# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fleets by chance: a host is emptied for real and filled again, and all that its guests had is there."""

from __future__ import annotations

import os

import pytest
from fleet import HOSTS, Fleet, invent, outcome, place
from harness.playbook import ROOT

pytestmark = pytest.mark.lab

FIRST, NUMBER = int(os.environ.get("SEED", "1")), int(os.environ.get("FLEETS", "1"))
PLANNER = (ROOT / "plugins/filter/migrate_plan.py").exists()


@pytest.mark.parametrize("seed", range(FIRST, FIRST + NUMBER))
def test_a_host_is_emptied_and_filled_again(seed: int, fleet: Fleet) -> None:
    told = invent(seed, HOSTS)
    source, homes = told["source"], told["guests"]
    for host in HOSTS:
        fleet.networks(host, told["members"][host])
    for number, (name, (host, networks)) in enumerate(homes.items()):
        fleet.guest(host, name, networks, number)
    before = {host: (fleet.running(host), fleet.held(host), fleet.counted(host)) for host in HOSTS}
    given = () if PLANNER else ("-e", fleet.plan(*place(told, HOSTS)))
    code, output = fleet.play("evacuate", "-e", f"source={source}", *given)
    assert code == 0, (seed, output)
    rows = outcome(output)
    assert set(rows) >= {name for name, (host, _networks) in homes.items() if host == source}
    assert fleet.defined(source) == set()
    assert (fleet.held(source), fleet.counted(source)) == (0, 0)
    places = {name: host for host in HOSTS for name in fleet.running(host)}
    assert set(places) == set(homes)
    for name, (host, networks) in homes.items():
        assert fleet.plugged(places[name], name) == networks
        if name in rows:
            assert rows[name][:3] == [host, places[name], "moved"], (seed, output)
            assert fleet.origin(places[name], name) == host
    for host in HOSTS:
        wanted = sum("fast" in homes[name][1] for name, where in places.items() if where == host)
        assert (fleet.held(host), fleet.counted(host)) == (wanted, wanted), (seed, host)
    for host in {homes[name][0] for name in rows}:
        code, output = fleet.play("return", "-e", f"host={host}")
        assert code == 0, (seed, output)
    assert {host: (fleet.running(host), fleet.held(host), fleet.counted(host)) for host in HOSTS} == before
    assert all(fleet.origin(host, name) is None for name, (host, _networks) in homes.items())
