# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether dnsmasq runs, is read from files; what is done about it, is planned."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._host.dnsmasq import (
    noted_pid,
    read_dnsmasq,
    wait_for_end,
)
from ansible_collections.virtfleet.network.plugins.module_utils._model.desired import RESTARTS, Desired
from ansible_collections.virtfleet.network.plugins.module_utils._model.dnsmasq import (
    BROKEN,
    DEAD,
    FAULTY,
    STALE,
    needs_dnsmasq,
)
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._model.host import Host
from ansible_collections.virtfleet.network.plugins.module_utils._model.observed import Observed
from ansible_collections.virtfleet.network.plugins.module_utils._model.plugged import Plugged
from ansible_collections.virtfleet.network.plugins.module_utils._plan.plan import plan_network
from ansible_collections.virtfleet.network.plugins.module_utils._plan.step import DESTROY, UPDATE
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import parse_network, write_network

from . import definitions
from .daemon_on_paper import Network
from .test_live_updates import facts

HOST = Host((9, 0, 0))
LIVE = {
    "name": "red",
    "bridge": {"name": "virbr9"},
    "dns": {"txts": [{"name": "t", "value": "1"}], "hosts": [{"ip": "10.9.0.9", "hostnames": ["a"]}]},
    "ips": [
        {"address": "10.9.0.1", "dhcp": {"ranges": [{"start": "10.9.0.50", "end": "10.9.0.59"}], "hosts": []}},
    ],
}
CONF = "interface=virbr9\ntxt-record=t,1\ndhcp-range=10.9.0.50,10.9.0.59,255.255.255.0\n"


class Place:
    """The directories that are read, with a dnsmasq of that configuration running."""

    def __init__(self, root) -> None:
        self.state, self.files, self.proc = (root / name for name in ("state", "files", "proc"))
        for directory in (self.state, self.files, self.proc / "77"):
            directory.mkdir(parents=True)
        (self.state / "red.xml").touch()
        (self.state / "red.pid").write_text("77\n")
        conf = self.files / "red.conf"
        conf.write_text(CONF)
        (self.files / "red.addnhosts").write_text("10.9.0.9\ta\t\n")
        (self.files / "red.hostsfile").write_text("")
        self.cmdline = self.proc / "77" / "cmdline"
        self.cmdline.write_text(f"/usr/sbin/dnsmasq\0--conf-file={conf}\0--leasefile-ro\0")

    def read(self, live=None):
        return read_dnsmasq("red", live or LIVE, str(self.state), str(self.files), str(self.proc))


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_it_runs(place):
    assert place.read() == "running"


def test_it_is_dead_where_it_is_no_more_and_where_another_has_its_pid(place):
    place.cmdline.write_text("/bin/sleep\0")
    assert place.read() in (DEAD, BROKEN)
    place.cmdline.write_text("")  # a zombie
    assert place.read() in (DEAD, BROKEN)
    (place.state / "red.pid").unlink()
    assert place.read() in (DEAD, BROKEN)


def test_it_runs_under_another_number(place):
    (place.state / "red.pid").write_text("4")
    assert place.read() == "running"


@pytest.mark.parametrize("file", ["red.conf", "red.addnhosts", "red.hostsfile"])
def test_it_is_stale_with_other_records(place, file):
    (place.files / file).write_text("txt-record=u,1\n")
    assert place.read() == STALE


def test_it_is_unknown_where_libvirt_keeps_its_state_elsewhere(place):
    (place.state / "red.xml").unlink()
    assert place.read() == "unknown"


@pytest.mark.parametrize(
    ("live", "needed"),
    [
        ({"bridge": {"name": "virbr9"}}, False),
        ({"ips": [{"address": "10.9.0.1"}]}, True),
        ({"ips": [{"address": "10.9.0.1"}], "dns": {"enable": False}}, False),
        ({"ips": [{"address": "10.9.0.1", "tftp": "/srv"}], "dns": {"enable": False}}, True),
        ({"ips": [{"address": "10.9.0.1", "dhcp": {"hosts": [{}]}}], "dns": {"enable": False}}, True),
        ({"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}}, False),
    ],
)
def test_who_has_one(live, needed):
    assert needs_dnsmasq(live) is needed


def observed(document, state, plugged=(), persistent=None):
    document = {**document, "uuid": "6f5b1f1e-0000-4000-8000-000000000001"}
    live = parse_network(write_network(document))
    definition = live if persistent is None else parse_network(write_network(persistent))
    return Observed(
        "red",
        live=live,
        live_xml=write_network(live),
        persistent=definition,
        persistent_xml=write_network(definition),
        plugged=plugged,
        dnsmasq=state,
    )


GUEST = Plugged("guest", "web1", mac="52:54:00:00:00:01", port="port-web1")
RECORDS = ("dns-host", "dns-txt", "dns-srv", "ip-dhcp-host", "ip-dhcp-range")


def updates_that_leave_nothing(plan, seen):
    network = Network(seen.live_xml)
    before = facts(network.records())
    updates = [step for step in plan.steps if step.action == UPDATE]
    for step in updates:
        network.update(step.command, step.section, step.index, step.xml)
    assert facts(network.records()) == before
    return updates


@given(definitions.networks(), st.sampled_from([DEAD, STALE]), st.sampled_from(RESTARTS), st.booleans())
def test_it_is_mended_without_a_stop_and_nothing_stays_of_that(document, state, restart, used):
    seen = observed(document, state, (GUEST,) if used else ())
    plan = plan_network(Desired("red"), seen, HOST, restart)
    assert plan.changed
    assert plan.before != plan.after
    assert all(step.action != DESTROY for step in plan.steps)
    updates = updates_that_leave_nothing(plan, seen)
    assert {step.section for step in updates} <= set(RECORDS if state == DEAD else RECORDS[1:3])


@given(definitions.networks(), st.sampled_from([DEAD, STALE]), st.sampled_from(RESTARTS))
def test_without_dns_it_is_mended_by_dhcp(document, state, restart):
    """libvirt takes no DNS record then."""
    seen = observed({**document, "dns": {"enable": False}}, state)
    plan = plan_network(Desired("red"), seen, HOST, restart)
    updates = updates_that_leave_nothing(plan, seen)
    stopped = any(step.action == DESTROY for step in plan.steps)
    pending = plan.pending == ("dnsmasq",)
    # Only a restart brings other ranges into its configuration.
    assert (stopped, pending) == ((restart != "never", restart == "never") if state == STALE else (False, False))
    assert bool(updates) == (state == DEAD)


@given(definitions.networks(), definitions.networks(), st.sampled_from(FAULTY), st.sampled_from(RESTARTS))
def test_nothing_is_unchanged_over_a_dnsmasq_that_does_not_run(live, persistent, state, restart):
    """It is mended, or pending with a word, or refused."""
    seen = observed(
        live, state, (), {**persistent, "bridge": live["bridge"], "uuid": "6f5b1f1e-0000-4000-8000-000000000001"}
    )
    try:
        plan = plan_network(Desired("red"), seen, HOST, restart)
    except VirtfleetError as error:
        code = error.code
    else:
        code = None
    if code is not None:
        assert code == "DNSMASQ_DEAD"
        return
    assert plan.changed or (restart == "never" and plan.pending == ("dnsmasq",) and plan.warnings)


def many(count):
    return [
        {"mac": f"52:54:00:00:{n // 256:02x}:{n % 256:02x}", "ip": f"10.9.{n // 250}.{2 + n % 250}"}
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("restart", "used", "stops"),
    [
        ("idle", False, True),
        ("never", False, False),
        ("replug", False, True),
        ("idle", True, False),
        ("replug", True, True),
        ("force", True, False),
    ],
)
def test_many_updates_become_one_restart_where_nobody_is_cut_off(restart, used, stops):
    ip = {"address": "10.9.0.1", "prefix": 16}
    seen = observed({"name": "red", "bridge": {"name": "virbr9"}, "ips": [ip]}, "running", (GUEST,) if used else ())
    wanted = Desired("red", declared={"ips": [{**ip, "dhcp": {"hosts": many(300)}}]})
    plan = plan_network(wanted, seen, HOST, restart)
    assert any(step.action == DESTROY for step in plan.steps) is stops
    assert (plan.seconds < 10) is stops
    few = Desired("red", declared={"ips": [{**ip, "dhcp": {"hosts": many(10)}}]})
    assert all(step.action != DESTROY for step in plan_network(few, seen, HOST, restart).steps)


def test_a_stop_waits_for_the_end_of_dnsmasq(tmp_path):
    """The process is there for a while after libvirt has signalled it."""
    process = tmp_path / "proc" / "77"
    process.mkdir(parents=True)
    (process / "cmdline").write_text(f"dnsmasq\0--conf-file={tmp_path}/red.conf\0")
    (tmp_path / "red.pid").write_text("77\n")
    pid = noted_pid("red", str(tmp_path))
    timer = threading.Timer(0.2, lambda: (process / "cmdline").write_text(""))
    timer.start()
    started = time.monotonic()
    wait_for_end("red", pid, files=str(tmp_path), proc=str(tmp_path / "proc"))
    timer.join()
    assert (process / "cmdline").read_text() == ""
    assert time.monotonic() - started < 4
    wait_for_end("red", noted_pid("blue", str(tmp_path)), files=str(tmp_path), proc=str(tmp_path / "proc"))
