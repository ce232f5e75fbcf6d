# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook `audit` over a host with libvirt 9.0 and one with 11.3: a clean fleet has no finding, a fault on each
host is found there and nothing else, and the repair, by the rollout where that is said, ends it.
"""

from __future__ import annotations

import json
import subprocess
from contextlib import ExitStack
from typing import Any

import pytest
from batch import Hosts, hosts_of
from harness import EVERYWHERE
from harness.playbook import PROGRAM, environment

pytestmark = pytest.mark.lab

RELEASES = ("bookworm", "trixie")
FLEET = {
    "networks_contract": [
        {"name": "red", "reach": "l2", "mtu": 1500, "portgroups": [{"name": "eng", "default": True}]},
        {"name": "lab", "reach": "nat", "mtu": 1500, "subnets": ["10.67.0.0/24"]},
        {"name": "wire", "reach": "l2"},
    ],
    "networks_bindings": {
        "red": {"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}},
        "lab": {
            "bridge": {"name": "virbr67"},
            "forward": {"mode": "nat", "nat": {"address": {"start": "10.68.0.9", "end": "10.68.0.9"}}},
            "ips": [{"address": "10.67.0.1", "prefix": 24,
                     "dhcp": {"ranges": [{"start": "10.67.0.50", "end": "10.67.0.99"}]}}],
        },
        "wire": {"forward": {"mode": "passthrough", "interfaces": [{"dev": "p2"}, {"dev": "p3"}]}},
    },
}  # fmt: skip
RECORD = "<host ip='10.67.0.9'><hostname>by-hand</hostname></host>"
NETDEV = "/etc/systemd/network/br0.netdev"
NETWORKD = "/etc/systemd/system/multi-user.target.wants/systemd-networkd.service"
ROLLOUT = "rollout"
# With an MTU of its own, a bridge does not take that of its ports.
MAKE_BRIDGE = (
    "ip link add br0 type bridge; ip link set br0 mtu 1400; ip link set br0 mtu 1500; ip link set br0 up; "
    "ip link set p0 up master br0"
)
# From which the host sends packets of guests in lab.
NAT_ADDRESS = "ip addr add 10.68.0.9/32 dev nat0"
MAKE_NAT = (
    "ip link add nat0 up type veth peer name nat1; ip link set nat1 up; ip addr add 10.68.0.1/24 dev nat0; "
    f"{NAT_ADDRESS}"
)
# How a fault comes about, what is found of it, and what repairs it.
FAULTS = {
    "no uplink": ("ip link set p0 nomaster", {"UPLINK_MISSING"}, "ip link set p0 master br0"),
    "uplink down": ("ip link set p0 down", {"UPLINK_DOWN"}, "ip link set p0 up"),
    "bridge down": ("ip link set br0 down", {"BRIDGE_DOWN"}, "ip link set br0 up"),
    "no bridge": (
        "ip link set p0 nomaster; ip link del br0; ip link add br0 type veth peer name br1; ip link set br0 up",
        {"NOT_A_BRIDGE"}, f"ip link del br0; {MAKE_BRIDGE}",
    ),
    "small uplink": ("ip link set p0 mtu 1400", {"PATH_MTU"}, "ip link set p0 mtu 1500"),
    "small bridge": ("ip link set br0 mtu 1400", {"MTU_BROKEN"}, "ip link set br0 mtu 1500"),
    "not at boot": (f"mv {NETDEV} /run/br0", {"NOT_AT_BOOT"}, f"mv /run/br0 {NETDEV}"),
    "unknown at boot": (f"mv {NETWORKD} /run/unit", {"BOOT_UNKNOWN"}, f"mv /run/unit {NETWORKD}"),
    "firewall": (
        "iptables -I FORWARD -i virbr67 -j DROP", {"FIREWALL_DROPS"}, "iptables -D FORWARD -i virbr67 -j DROP",
    ),
    "firewall that is not understood": (
        "iptables -I FORWARD -i virbr67 -m mark --mark 7 -j DROP", {"FIREWALL_UNKNOWN"},
        "iptables -D FORWARD -i virbr67 -m mark --mark 7 -j DROP",
    ),
    "forwarding": ("sysctl -w net.ipv4.ip_forward=0", {"FORWARDING_OFF"}, "sysctl -w net.ipv4.ip_forward=1"),
    "forwarding by one link": (
        "sysctl -w net.ipv4.conf.virbr67.forwarding=0", {"FORWARDING_OFF"},
        "sysctl -w net.ipv4.conf.virbr67.forwarding=1",
    ),
    "dnsmasq": ("kill $(cat /run/libvirt/network/lab.pid)", {"DNSMASQ_FAULTY"}, ROLLOUT),
    "inactive": ("virsh net-destroy red", {"NETWORK_INACTIVE"}, ROLLOUT),
    "missing": ("virsh net-destroy red; virsh net-undefine red", {"NETWORK_MISSING"}, ROLLOUT),
    "transient": ("virsh net-undefine red", {"NETWORK_TRANSIENT"}, ROLLOUT),
    "autostart": ("virsh net-autostart red --disable", {"AUTOSTART_DIFFERS"}, ROLLOUT),
    "live record": (f'virsh net-update lab add dns-host "{RECORD}" --live', {"LIVE_DIFFERS"}, ROLLOUT),
    "defined record": (f'virsh net-update lab add dns-host "{RECORD}" --config', {"DEFINITION_DIFFERS"}, ROLLOUT),
    "small libvirt bridge": ("ip link set virbr67 mtu 1400", {"BRIDGE_MTU"}, "ip link set virbr67 mtu 1500"),
    "joined": (
        "ip link add join0 link p1 type macvlan mode passthru; ip link set join0 master virbr67", {"BRIDGE_JOINED"},
        "ip link del join0",
    ),
    "no ARP": ("ip link set virbr67 arp off", {"NO_ARP"}, "ip link set virbr67 arp on"),
    "route": (
        "ip link set p1 up; ip route add 10.67.0.128/25 dev p1", {"SUBNET_MISROUTED"},
        "ip route del 10.67.0.128/25; ip link set p1 down",
    ),
    "address of NAT": ("ip addr del 10.68.0.9/32 dev nat0", {"NAT_UNREACHABLE"}, NAT_ADDRESS),
    "address of NAT that is no host's": (
        "ip addr flush dev nat0", {"NAT_UNKNOWN"}, f"ip addr add 10.68.0.1/24 dev nat0; {NAT_ADDRESS}",
    ),
    "STP": (
        "ip link set virbr67 type bridge stp_state 1 forward_delay 1500", {"STP_DELAY"},
        "ip link set virbr67 type bridge forward_delay 200",
    ),
    "hook": (
        "install -D -m 755 /bin/true /etc/libvirt/hooks/network", {"HOOK_SCRIPT"}, "rm /etc/libvirt/hooks/network",
    ),
    "libvirt's bridge": ("ip link set virbr67 down", {"BRIDGE_FAULTY"}, ROLLOUT),
    "member": ("ip link set p2 name gone", {"LINK_MISSING", "MEMBER_MISSING"}, "ip link set gone name p2"),
    "foreign": (
        "echo '<network><name>other</name></network>' >/run/other.xml; virsh net-define /run/other.xml",
        {"NETWORK_FOREIGN"}, "virsh net-undefine other",
    ),
}  # fmt: skip


class Fleet:
    def __init__(self, hosts: Hosts) -> None:
        self.hosts = hosts
        self.saved = hosts.directory / "audit.json"

    def play(self, name: str, *args: str) -> tuple[int, str]:
        done = subprocess.run(
            [PROGRAM, "-i", self.hosts.inventory, f"virtfleet.network.{name}", "-e", json.dumps(FLEET), *args],
            env=environment(self.hosts.directory / "lines", ""),
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def rollout(self) -> None:
        code, output = self.play("rollout")
        assert code == 0, output

    def audit(self, *args: str) -> list[dict[str, Any]]:
        _code, output = self.play("audit", "-e", f"audit_output={self.saved}", "-e", "audit_fail_on=never", *args)
        assert self.saved.exists(), output
        found = json.loads(self.saved.read_text())["findings"]
        self.saved.unlink()
        return list(found)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with hosts_of("audit", tmp_path_factory.mktemp("audit"), RELEASES) as hosts:
        for host in ("kvm1", "kvm2"):
            hosts.on(host, "sh", "-c", f"{MAKE_BRIDGE}; {MAKE_NAT}")
            # The lab's hosts have no systemd; these are the files by which it makes the bridge.
            declared = f"echo '[NetDev]\nName=br0\nKind=bridge' >{NETDEV}; ln -s /dev/zero {NETWORKD}"
            hosts.on(
                host, "sh", "-c", f"mkdir -p {NETDEV.rpartition('/')[0]} {NETWORKD.rpartition('/')[0]}; {declared}"
            )
        fleet = Fleet(hosts)
        fleet.rollout()
        yield fleet


def test_a_clean_fleet(fleet):
    assert fleet.audit() == []
    code, output = fleet.play("audit")
    assert code == 0, output
    assert "clean kvm1, kvm2" in " ".join(output.split())


# Each fault beside another one; with IT_EVERYWHERE on both hosts.
PAIRS = list(zip(FAULTS, reversed(FAULTS)))[: None if EVERYWHERE else len(FAULTS) // 2]


@pytest.mark.parametrize("pair", PAIRS, ids=" | ".join)
def test_faults_are_found_and_repaired(fleet, pair):
    """What is left of a fault would be found with the next pair."""
    faults = [(host, *FAULTS[name]) for host, name in zip(("kvm1", "kvm2"), pair)]
    # Each repair is tried, also where another one, or a command, fails; the rollout at last.
    with ExitStack() as repairs:
        if any(repair == ROLLOUT for _host, _command, _codes, repair in faults):
            repairs.callback(fleet.rollout)
        for host, command, _codes, repair in faults:
            if repair != ROLLOUT:
                repairs.callback(fleet.hosts.on, host, "sh", "-c", repair)
            fleet.hosts.on(host, "sh", "-c", command)
        found = fleet.audit()
    expected = {(host, code) for host, _command, codes, _repair in faults for code in codes}
    assert {(one["host"], one["code"]) for one in found} == expected, found


def test_a_host_that_is_in_the_inventory_twice(fleet):
    """As kvm1 and as kvm7: both are named, and nothing of it is said to be used twice."""
    hosts = json.loads(fleet.hosts.inventory.read_text())["kvm"]["hosts"]
    more = fleet.hosts.directory / "more.yml"
    more.write_text(json.dumps({"kvm": {"hosts": {"kvm7": hosts["kvm1"]}}}))
    found = fleet.audit("-i", str(more))
    assert {(one["host"], one["code"]) for one in found} == {("kvm1", "HOST_TWICE"), ("kvm7", "HOST_TWICE")}, found


def test_the_fleet_is_clean_again(fleet):
    assert fleet.audit() == []
