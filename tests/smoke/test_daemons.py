# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every daemon killed, stopped and started again under running guests: what is told of them stays right.

A killed modular daemon comes back with the next connection, as with systemd's sockets. One that was stopped is named by
whatever needs it, with its socket and its unit. Without the others nothing is missed on the host itself.
"""

from __future__ import annotations

import fleet
import pytest
from story import Call, Probe, Task, guest, lab, nic, story

LAN = {"name": "lan", "forward": {"mode": "nat"}, "ips": [{"address": "10.20.0.1", "prefix": 24}], "autostart": True}
FAST = {"name": "fast", "forward": {"mode": "passthrough", "interfaces": [{"dev": f"p{n}"} for n in range(3)]}}
MACS = [f"52:54:00:30:00:0{number}" for number in range(4)]
NEEDED = {"libvirtd": "libvirt-sock", "virtnetworkd": "virtnetworkd-sock", "virtqemud": "virtqemud-sock"}
# What nobody needs who tells of networks and guests; killed and stopped together.
OTHERS = ("virtlogd", "virtsecretd", "virtstoraged", "virtinterfaced", "virtproxyd")
CASES = {**{daemon: (daemon,) for daemon in NEEDED}, "the-others": OTHERS}


def runs(host: fleet.Host, daemons: tuple[str, ...]) -> bool:
    return host.modular != (daemons == ("libvirtd",))


def look(name: str) -> tuple[Call, Call, Task]:
    """Networks and pools; guests; and whether the guests could come here, who are here."""
    options = {"guests": f"{{{{ {name}_guests.guests }}}}", "fail_on": "never"}
    return (
        Call(f"{name}_networks", "virt_network_info"),
        Call(f"{name}_guests", "virt_guest_info"),
        Task(f"{name}_verdict", {"virtfleet.network.virt_migrate_check": options}),
    )


def killed(host: fleet.Host, daemons: tuple[str, ...]):
    if not runs(host, daemons):
        return ()
    return (
        Probe("start", clean=True),
        Call("lan", "virt_network", LAN),
        Call("fast", "virt_network", FAST),
        Probe(
            "guests",
            run=(
                guest("web1", nic("lan", MACS[1]), nic("fast", MACS[2])),
                guest("web2", nic("fast", MACS[3])),
            ),
        ),
        *look("before"),
        lab("killed", "kill", host, *daemons),
        # libvirtd has no sockets of systemd's kind here.
        *([] if host.modular else [lab("started", "start", host, *daemons)]),
        *look("after"),
        lab("stopped", "stop", host, *daemons),
        Call("without", "virt_network_info"),
        lab("back", "start", host, *daemons),
        Call("next", "virt_iface_pool", {"name": "fast", "members": ["p3"]}),
        Probe("more", run=(guest("web3", nic("fast", MACS[0])),)),
        Call("end", "virt_network_info"),
    )


def told_of(told, name):
    networks, found, verdict = (told.ok(f"{name}_{what}") for what in ("networks", "guests", "verdict"))
    holders = {
        member["name"]: (member["state"], [holder["name"] for holder in member["holders"]])
        for member in networks["pools"]["fast"]["members"]
    }
    plugged = {
        network: sorted((one["name"], one["mac"], one["tap"]) for one in details["plugged"])
        for network, details in networks["details"].items()
    }
    nics = {
        one["name"]: [(nic["mac"], nic["network"], nic["attached"], nic["plugged_as"]) for nic in one["nics"]]
        for one in found["guests"]
    }
    findings = {
        verdict["guest"]: sorted(finding["code"] for finding in verdict["findings"]) for verdict in verdict["verdicts"]
    }
    return {"holders": holders, "plugged": plugged, "nics": nics, "findings": findings}


@story(killed, **CASES)
def test_a_daemon_goes_and_comes_under_running_guests(host, case, told):
    if not runs(host, case):
        pytest.skip(f"{host.said} does not run {', '.join(case)}")
    for step in ("killed", "stopped", "back"):
        told.ok(step)
    before = told_of(told, "before")
    assert before["holders"] == {"p0": ("held", ["web1"]), "p1": ("held", ["web2"]), "p2": ("free", [])}
    assert told_of(told, "after") == before
    if case != OTHERS:
        said = told.refused("without", "DAEMON_UNREACHABLE")
        assert f"/run/libvirt/{NEEDED[case[0]]}" in said
        assert f"'systemctl start {case[0]}.socket'" in said
    else:
        told.ok("without")
    told.ok("next")
    pool = told.ok("end")["pools"]["fast"]
    assert sorted(holder["name"] for member in pool["members"] for holder in member["holders"]) == [
        "web1",
        "web2",
        "web3",
    ]
    assert pool["miscounted"] == []
