# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody has set for a guest's tap, or for the bridge, is there after a restart, or the plan has named it."""

from __future__ import annotations

import hashlib
import json

import pytest
from replug.bench import BRIDGE, CONTAINER, NAME, Bench
from seamless.company import assert_whole, prepare

pytestmark = pytest.mark.lab

CHANGES = {"MTU": {"mtu": 1400}, "bridge's name": {"bridge": {"name": "virbr39", "stp": False}}}
# Options of `bridge link set`; what this host's bridge does not have yet is left out.
EVERYWHERE_KNOWN = (
    "hairpin on", "guard on", "root_block on", "fastleave on", "flood off", "mcast_flood off", "neigh_suppress on",
    "vlan_tunnel on", "isolated on", "mcast_router 2", "mcast_to_unicast on", "cost 7", "priority 9",
)  # fmt: skip
NEWER = ("locked on", "mab on", "mcast_max_groups 5", "neigh_vlan_suppress on")
BRIDGE_SETTINGS = {
    "ageing_time": "12300", "group_fwd_mask": "0x4000", "multicast_querier": "1", "priority": "4096",
    "multicast_query_interval": "6000", "multicast_router": "2", "nf_call_arptables": "1",
}  # fmt: skip
# By table and name, under /proc/sys/net.
SYSCTLS = {
    "ipv4/conf/BRIDGE/rp_filter": "2", "ipv4/conf/BRIDGE/arp_announce": "2", "ipv4/neigh/BRIDGE/gc_stale_time": "77",
    "ipv6/conf/BRIDGE/accept_redirects": "0", "ipv6/conf/BRIDGE/hop_limit": "33",
}  # fmt: skip
ENTRIES = ("52:54:00:30:00:99", "52:54:00:30:00:98")
STATE = ("state", "ifindex", "master", "flags", "mtu")


# Prints those of NEWER that it knows.
SET = """
tap=$1; bridge=$2
for option in {known}; do bridge link set dev $tap $(echo $option | tr = ' '); done
for option in {newer}; do
  if bridge link set dev $tap $(echo $option | tr = ' ') 2>/dev/null; then echo $option; fi
done
for name in {proxies}; do echo 1 >/sys/class/net/$tap/brport/$name; done
echo 0x4000 >/sys/class/net/$tap/brport/group_fwd_mask
ip link set dev $tap alias "somebody's" txqueuelen 77
bridge mdb add dev $bridge port $tap grp 239.1.1.1 permanent
bridge fdb add {static} dev $tap master static
bridge fdb add {elsewhere} dev $tap master extern_learn
tc qdisc add dev $tap root tbf rate 8mbit burst 20kb latency 50ms
tc qdisc add dev $tap clsact
for setting in {settings}; do echo ${{setting#*=}} >/sys/class/net/$bridge/bridge/${{setting%=*}}; done
cd /proc/sys/net
for setting in {sysctls}; do echo ${{setting#*=}} >$(echo ${{setting%=*}} | sed s/BRIDGE/$bridge/); done
"""
SHOW = """
tap=$1; bridge=$(basename $(readlink /sys/class/net/$tap/master))
bridge -json -details link show dev $tap; echo @
ip -json link show dev $tap; echo @
bridge -json fdb show dev $tap; echo @
bridge mdb show dev $bridge | grep "port $tap .*permanent"; echo @
tc qdisc show dev $tap; echo @
for name in {proxies} group_fwd_mask; do cat /sys/class/net/$tap/brport/$name; done; echo @
for setting in {settings}; do cat /sys/class/net/$bridge/bridge/${{setting%=*}}; done; echo @
cd /proc/sys/net
for setting in {sysctls}; do cat $(echo ${{setting%=*}} | sed s/BRIDGE/$bridge/); done
"""
WORDS = {
    "known": " ".join(option.replace(" ", "=") for option in EVERYWHERE_KNOWN),
    "newer": " ".join(option.replace(" ", "=") for option in NEWER),
    "proxies": "proxyarp proxyarp_wifi",
    "static": ENTRIES[0],
    "elsewhere": ENTRIES[1],
    "settings": " ".join(f"{name}={value}" for name, value in BRIDGE_SETTINGS.items()),
    "sysctls": " ".join(f"{name}={value}" for name, value in SYSCTLS.items()),
}


def set_everything(bench: Bench, tap: str, bridge: str) -> list[str]:
    """What this host knows of NEWER."""
    return bench.hosts.on(bench.host, "sh", "-ec", SET.format(**WORDS), "sh", tap, bridge).split()


def seen(bench: Bench, tap: str) -> dict:
    """Of a tap and its bridge, wherever that is."""
    said = bench.hosts.on(bench.host, "sh", "-c", SHOW.format(**WORDS), "sh", tap).split("@\n")
    port, link, entries = (json.loads(text) for text in said[:3])
    return {
        "port": {name: value for name, value in port[0].items() if name not in STATE},
        "link": [link[0].get(name) for name in ("ifalias", "txqlen")],
        "fdb": sorted(f"{one['mac']} {one.get('state')} {one['flags']}" for one in entries if one["mac"] in ENTRIES),
        "groups": sorted(line.partition("grp")[2] for line in said[3].splitlines()),
        "tc": sorted(line.partition("dev")[2] for line in said[4].splitlines()),
        "rest": said[5:],
    }


def tap_of(bench: Bench, guest: str) -> str:
    return bench.hosts.virsh(bench.host, "domiflist", guest).split()[0]


@pytest.mark.parametrize("restart", ["seamless", "replug"])
@pytest.mark.parametrize("change", CHANGES)
def test_all_settings_of_a_tap_and_its_bridge(each_bench, change, restart):
    bench = each_bench
    prepare(bench, BRIDGE)
    tap = tap_of(bench, "web1")
    known = set_everything(bench, tap, "virbr30")
    before = seen(bench, tap)
    assert (len(before["fdb"]), len(before["groups"])) == (2, 1), before
    assert before["rest"][-1].split() == list(SYSCTLS.values()), before
    if restart == "replug":  # without a temporary bridge
        temporary = "vfbp" + hashlib.sha256(NAME.encode()).hexdigest()[:8]
        bench.hosts.on(bench.host, "ip", "link", "add", temporary, "type", "veth", "peer", "name", "taken0")
    try:
        done = bench.apply({**CHANGES[change], "restart": restart})
    finally:
        bench.hosts.on(bench.host, "ip", "link", "del", "taken0", check=False)
    assert "code" not in done, done
    assert ("bypass" in done["steps"]) == (restart == "seamless"), done
    after = seen(bench, tap)
    assert after == before, known
    print(f"{bench.host}: kept {', '.join((*EVERYWHERE_KNOWN, *known))}", flush=True)
    assert_whole(bench.look())
    assert bench.apply({**CHANGES[change], "restart": restart})["steps"] == []


LOSSES = {
    "backup_port": (f"bridge link set dev TAP backup_port {CONTAINER}", "TAP (backup_port)"),
    "sources": (
        "bridge mdb add dev virbr30 port TAP grp 239.1.1.2 src 10.1.1.1 permanent",
        "TAP (multicast groups with sources)",
    ),
    "macvlan": (
        "ip link add link virbr30 name mv0 type macvlan mode bridge",
        "bridge virbr30 (device mv0 on top of it)",
    ),
    "address": ("ip address add 10.77.0.1/24 dev virbr30", "bridge virbr30 (address 10.77.0.1)"),
    "route": (
        "ip route add 10.99.0.0/16 dev virbr30",
        "bridge virbr30 (route 10.99.0.0/16)",
    ),
    "neighbour": (
        "ip neigh add 10.30.0.77 lladdr 52:54:00:30:00:77 dev virbr30 nud permanent",
        "bridge virbr30 (permanent neighbour 10.30.0.77)",
    ),
    "tc": ("tc qdisc add dev virbr30 root tbf rate 8mbit burst 20kb latency 50ms", "bridge virbr30 (tc)"),
    "entry": (
        "bridge fdb add 52:54:00:30:00:97 dev virbr30 self permanent",
        "bridge virbr30 (forwarding table entries)",
    ),
}


@pytest.mark.parametrize("kind", LOSSES)
def test_what_is_lost_is_named_before(bench, kind):
    """seamless refuses in one sentence and changes nothing; replug warns, in check mode too."""
    prepare(bench, BRIDGE)
    tap = tap_of(bench, "web1")
    make, words = (text.replace("TAP", tap) for text in LOSSES[kind])
    bench.hosts.on(bench.host, "sh", "-ec", make)
    before = bench.look()
    refused = bench.apply({"mtu": 1400, "restart": "seamless"}, {"step": 99, "when": "after", "how": "kill"})
    assert refused["code"] == "SEAMLESS_IMPOSSIBLE", refused
    assert words in refused["sentence"], refused
    assert bench.look() == before
    for check in (True, False):
        done = bench.apply({"mtu": 1400, "restart": "replug", "check": check})
        assert any(words in warning for warning in done["warnings"]), done
    assert_whole(bench.look())


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_rollback_and_a_recovery_restore_the_settings_of_the_bridge(bench, when):
    change = {"mtu": 1400, "restart": "seamless"}
    for step in ("settings", "join"):
        for how in ("error", "kill"):
            prepare(bench, BRIDGE)
            tap = tap_of(bench, "web1")
            set_everything(bench, tap, "virbr30")
            before = seen(bench, tap)
            number = bench.apply({**change, "check": True})["steps"].index(step)
            said = bench.apply(change, {"step": number, "when": when, "how": how})
            if how == "error":
                assert said["left"] == [], said
            else:
                bench.apply({"autostart": True})
            assert seen(bench, tap) == before, (step, how, said)
            assert_whole(bench.look())
