# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two guests and a container's veth on one network, so that there is company."""

from __future__ import annotations

from replug.bench import CONTAINER, MAC, NAME, OTHER, Bench, guests, seen_bridge


def prepare(bench: Bench, network: dict, isolated: bool = False) -> dict:
    """How the host looks then. isolated: the guests' taps are, with other settings that a change must not lose."""
    bench.prepare(network, guest=False)
    bench.start_guest("web1", guests.network_interface(NAME, MAC))
    bench.start_guest("web2", guests.network_interface(NAME, OTHER))
    bridge = network["bridge"]["name"]
    bench.hosts.on(bench.host, "ip", "link", "add", CONTAINER, "type", "veth", "peer", "name", "inside-ct")
    bench.hosts.on(bench.host, "sh", "-c", f"ip link set inside-ct up; ip link set {CONTAINER} up master {bridge}")
    if isolated:
        for tap in bench.look()["masters"]:
            if tap != CONTAINER:
                where = f"/sys/class/net/{tap}/brport"
                bench.hosts.on(bench.host, "sh", "-c", f"cd {where}; echo 1 >isolated; echo 1 >hairpin_mode")
    return bench.look()


def assert_whole(seen: dict) -> None:
    """All are plugged in, and nothing of a bypass is left."""
    assert seen["bypasses"] == [], seen
    assert seen["journals"] == [], seen
    assert len(seen["ports"]) == 2, seen["ports"]
    assert len(seen["masters"]) == 3, seen["masters"]
    assert set(seen["masters"].values()) == {seen_bridge(seen)}, seen
