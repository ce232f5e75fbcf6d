# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Updates of a running network are held against what the host's dnsmasq accepts, before the first of them."""

from __future__ import annotations

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._model.desired import Desired, declaration
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._model.host import Host
from ansible_collections.virtfleet.network.plugins.module_utils._model.observed import Observed
from ansible_collections.virtfleet.network.plugins.module_utils._plan.plan import plan_network
from ansible_collections.virtfleet.network.plugins.module_utils._run import check_against_host
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import parse_network, write_network

HOST = Host((9, 0, 0))
OPTIONS = {
    "forward": {"mode": "nat"},
    "bridge": {"name": "virbr7"},
    "ips": [{"address": "10.9.0.1", "prefix": 24}],
    "dns": {"txts": [{"name": "bad-there", "value": "a"}]},
}
BAD = {"srvs": [{"service": "s", "protocol": "tcp", "target": "bad"}]}


@pytest.fixture(autouse=True)
def dnsmasq(monkeypatch):
    """It accepts no line with "bad" in it."""

    def refused(lines):
        return next((f"bad option in '{line}'" for line in lines if "bad" in line), "")

    monkeypatch.setattr(check_against_host, "refused_options", refused)
    monkeypatch.setattr(check_against_host, "_facts", lambda document: None)


def held(given, **how):
    uuid = "11111111-2222-4333-8444-555555555555"
    xml = write_network({"name": "red", "uuid": uuid, **OPTIONS})
    observed = Observed("red", parse_network(xml), xml, parse_network(xml), xml, plugged=())
    desired = Desired("red", declared=declaration(given))
    plan = plan_network(desired, observed, HOST, how.get("restart", "idle"))
    return check_against_host.check_against_host(desired, plan, observed, HOST, frozenset())


def test_a_record_that_dnsmasq_refuses_is_refused_at_once():
    with pytest.raises(VirtfleetError) as refused:
        held({"dns": {**OPTIONS["dns"], **BAD}})
    assert refused.value.code == "DNSMASQ_REFUSES"
    assert "srv-host=_s._tcp,bad" in refused.value.sentence


def test_what_it_runs_with_already_is_not_asked_about():
    dns = {"txts": [*OPTIONS["dns"]["txts"], {"name": "good", "value": "a"}]}
    assert [step.action for step in held({"dns": dns}).steps] == ["define", "update"]


def test_what_waits_for_the_next_start_is_not_in_the_way():
    plan = held(
        {"dnsmasq_options": ["bad"], "dns": {"txts": [{"name": "good", "value": "a"}]}},
        restart="never",
    )
    assert (plan.pending, "update" in {step.action for step in plan.steps}) == (("dnsmasq_options",), True)
