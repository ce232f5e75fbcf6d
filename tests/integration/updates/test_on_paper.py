# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt on paper (tests/unit/updates) says what libvirt does: generated updates are given to both."""

from __future__ import annotations

import json
import random
import subprocess
import warnings
import xml.etree.ElementTree as ET

import pytest
from harness.playbook import ROOT
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._model.canonical import canonical
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import NETWORK
from ansible_collections.virtfleet.network.plugins.module_utils._plan.live_updates import live_updates
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import parse_network, write_network
from ansible_collections.virtfleet.network.tests.unit.updates import definitions
from ansible_collections.virtfleet.network.tests.unit.updates.daemon_on_paper import Network, RefusedError
from ansible_collections.virtfleet.network.tests.unit.updates.test_live_updates import facts, parts

pytestmark = pytest.mark.lab

CASES = 12
PATHS = {"dns-host": "dns/host", "dns-txt": "dns/txt", "dns-srv": "dns/srv", "portgroup": "portgroup"}


def generated(strategy, count):
    """Cases drawn from a strategy, the same ones every time."""
    found = []

    @seed(1)
    @settings(max_examples=count, phases=(Phase.generate,), database=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def draw(case):
        found.append(case)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        draw()
    return found[:count]


def on_host(hosts, host, cases):
    script = (ROOT / "tests/integration/updates/on_host.py").read_text()
    argv = hosts.argv("exec", host, "--", "python3", "-c", script)
    done = subprocess.run(argv, input=json.dumps(cases), capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def any_updates(document, other, dice):
    """Commands that make sense and such that do not."""
    roots = [ET.fromstring(write_network(side)) for side in (document, other)]
    updates = []
    for section in (*PATHS, "ip-dhcp-range", "ip-dhcp-host"):
        places = [0, 1, 2] if section.startswith("ip") else [-1]
        for place in places:
            path = PATHS.get(section, f"ip[{place + 1}]/dhcp/{section[8:]}")
            for node in (node for root in roots for node in root.findall(path)):
                said = dice.choice([ET.tostring(node).decode(), *parts(node)])
                command = dice.choice(["add", "add_first", "delete", "delete", "modify"])
                if command == "modify" and section not in ("ip-dhcp-host", "portgroup"):
                    command = "delete"  # newer releases modify more than older ones
                updates.append([command, section, place, said])
    dice.shuffle(updates)
    return updates[:8]


def test_paper_and_libvirt_agree(hosts, where):
    pairs = generated(st.tuples(definitions.networks(), definitions.networks()), CASES)
    cases = [
        [write_network(have), any_updates(have, other, random.Random(place))]
        for place, (have, other) in enumerate(pairs)
    ]
    seen = 0
    for (xml, updates), shown in zip(cases, on_host(hosts, where, cases)):
        paper = Network(xml)
        for update, (taken, after) in zip(updates, shown[1:]):
            try:
                paper.update(*update)
                said = True
            except RefusedError:
                said = False
            assert (said, facts(paper.records())) == (taken, facts(Network(after).records())), (xml, update)
            seen += 1
    assert seen > CASES


def test_the_planners_updates_lead_to_the_goal(hosts, where):
    cases = []
    goals = []
    for have, shall in generated(st.tuples(definitions.networks(), definitions.networks()), CASES):
        running = parse_network(write_network(have))
        live, wanted = (canonical(NETWORK, side) for side in (running, shall))
        steps, stuck = live_updates("red", live, wanted, running, (9, 0, 0))
        cases.append([write_network(have), [[step.command, step.section, step.index, step.xml] for step in steps]])
        goals.append({option: wanted.get(option) for option in ("dns", "ips", "portgroups") if option not in stuck})
    for goal, shown in zip(goals, on_host(hosts, where, cases)):
        assert all(taken for taken, _after in shown)
        found = canonical(NETWORK, parse_network(shown[-1][1]))
        assert {option: found.get(option) for option in goal} == goal
