# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""guests: update, judged by virsh, tc and ovs-vsctl: who gets the new settings while plugged in, what holds afterwards,
who is left and why, and what a refused step leaves."""

from __future__ import annotations

import json
import time
from xml.etree import ElementTree as ET

import pytest
from batch import assert_refused, task

from ansible_collections.virtfleet.network.tests.integration.rollout.rollouts import rollout

from .conftest import OVS

pytestmark = pytest.mark.lab

MAC = "52:54:00:00:00:0{}".format
NAT = (
    "<network><name>red</name><forward mode='nat'/><bridge name='virbr9'/><mtu size='1400'/>"
    "<ip address='10.66.0.1' prefix='24'/>{}</network>"
)
LINUX = "<network><name>red</name><forward mode='bridge'/><bridge name='br0'/>{}</network>"
# The lab's kernel lacks sfq, the fw classifier and policing. libvirt's limits of what a guest receives are a class of
# htb, which it has; this stands in for the rest. It refuses links that are named in /run/tc-refuses,
# and waits as many seconds as /run/tc-waits says.
TC = """#!/bin/sh
[ -e /run/tc-refuses ] && for name in $(cat /run/tc-refuses); do
    case "$*" in *"add dev $name "*) echo "$name is refused" >&2; exit 2;; esac
done
[ -e /run/tc-waits ] && touch /run/tc-waiting && sleep $(cat /run/tc-waits)
case "$*" in
*"sfq perturb 10"*) set -- qdisc add dev "$4" parent "$6" handle "$8" pfifo;;
*" fw flowid"*|*police*) exit 0;;
esac
exec /usr/sbin/tc.real "$@"
"""
RATES = {"inbound": {"average": 1000, "peak": 2000, "burst": 256}}
RATES_XML = "<bandwidth><inbound average='{}' peak='2000' burst='256'/></bandwidth>"


@pytest.fixture
def shaping(hosts):
    """Hosts on which libvirt can limit what guests receive."""
    for host in ("kvm1", "kvm2"):
        hosts.on(host, "sh", "-c", "cp -n /usr/sbin/tc /usr/sbin/tc.real; rm -f /run/tc-refuses /run/tc-wait*")
        hosts.on(host, "sh", "-c", 'printf %s "$1" >/usr/sbin/tc.new; chmod +x /usr/sbin/tc.new', "sh", TC)
        hosts.on(host, "mv", "/usr/sbin/tc.new", "/usr/sbin/tc")
    yield hosts
    for host in ("kvm1", "kvm2"):
        hosts.on(host, "cp", "/usr/sbin/tc.real", "/usr/sbin/tc.new")
        hosts.on(host, "mv", "/usr/sbin/tc.new", "/usr/sbin/tc")


def tap(hosts, host, guest, mac):
    return hosts.nic(host, guest, mac).find("target").get("dev")


def rate(hosts, host, guest, mac):
    """The rate of the tap's class, "" without one: nothing of a limit may be left then."""
    name = tap(hosts, host, guest, mac)
    classes = hosts.on(host, "tc", "class", "show", "dev", name).split()
    if not classes:
        assert "noqueue" in hosts.on(host, "tc", "qdisc", "show", "dev", name)
        return ""
    return classes[classes.index("rate") + 1]


def link(hosts, host, guest, mac):
    """What unplugging would change: the tap, its index, its bridge and how often its carrier came and went."""
    (found,) = json.loads(hosts.on(host, "ip", "-j", "link", "show", tap(hosts, host, guest, mac)))
    changes = hosts.on(host, "cat", f"/sys/class/net/{found['ifname']}/carrier_changes").strip()
    return found["ifname"], found["ifindex"], found.get("master"), found["mtu"], changes


def own(hosts, host, guest):
    """The guest's NICs as they migrate: what is theirs, without what their networks give."""
    domain = ET.fromstring(hosts.virsh(host, "dumpxml", guest, "--migratable"))
    return [ET.canonicalize(ET.tostring(nic, encoding="unicode"), strip_text=True) for nic in domain.iter("interface")]


def ports(hosts, host):
    """libvirt's records, by MAC address."""
    found = {}
    for uuid in hosts.virsh(host, "net-port-list", "red").split():
        port = ET.fromstring(hosts.virsh(host, "net-port-dumpxml", "red", uuid))
        found[port.find("mac").get("address")] = port
    return found


def left(result):
    return {one["mac"]: (one["differs"], one["live"], one["takes_effect"]) for one in result["guests_on_old_settings"]}


def reasons(result):
    return [one["reason"] for one in result["guests_on_old_settings"]]


@pytest.mark.parametrize("network", [NAT, LINUX], ids=["nat", "linux bridge"])
def test_a_tap_in_a_linux_bridge_gets_its_limits(shaping, where, network):
    """And loses them; its NIC keeps following the portgroup."""
    hosts = shaping
    hosts.on(where, "sh", "-c", "ip link show br0 || ip link add br0 up type bridge")
    hosts.started(where, network.format("<portgroup name='eng' default='yes'/>"))
    hosts.guest(where, "web1", ("red", MAC(1), "eng"), ("red", MAC(2), None))
    before = own(hosts, where, "web1"), [link(hosts, where, "web1", MAC(n)) for n in (1, 2)]
    limited, freed = hosts.quartets(
        where,
        {"name": "eng", "bandwidth": RATES, "trust_guest_rx_filters": True, "guests": "update"},
        {"name": "eng", "bandwidth": {}, "guests": "update"},
    )
    for result in (limited, freed):
        assert [step["action"] for step in result["steps"]][-2:] == ["refresh", "refresh"]
        assert {step["disruption"] for step in result["steps"]} == {"none"}
        assert result["guests_on_old_settings"] == []
    assert f"web1 ({MAC(1)})" in limited["diff"]["before"]
    assert "average: 1000" in limited["diff"]["after"].partition("guests:")[2]
    assert [rate(hosts, where, "web1", MAC(n)) for n in (1, 2)] == ["", ""]
    hosts.portgroup(where, {"name": "eng", "bandwidth": RATES, "guests": "update"})
    assert [rate(hosts, where, "web1", MAC(n)) for n in (1, 2)] == ["8Mbit", "8Mbit"]
    assert ports(hosts, where)[MAC(2)].find("bandwidth/inbound").get("average") == "1000"
    assert ports(hosts, where)[MAC(1)].find("rxfilters").get("trustGuest") == "yes"
    assert (own(hosts, where, "web1"), [link(hosts, where, "web1", MAC(n)) for n in (1, 2)]) == before


def test_without_it_guests_are_left(shaping):
    hosts = shaping
    hosts.started("kvm1", NAT.format("<portgroup name='eng'/>"))
    hosts.guest("kvm1", "web1", ("red", MAC(1), "eng"))
    real = hosts.quartet("kvm1", name="eng", bandwidth=RATES)
    assert left(real) == {MAC(1): (["bandwidth"], True, ["next_migration", "next_start"])}
    assert real["guests_on_old_settings"][0]["methods"][0]["method"] == "update"
    assert rate(hosts, "kvm1", "web1", MAC(1)) == ""
    # The portgroup is as it should be: now only the guest changes.
    later = hosts.quartet("kvm1", name="eng", bandwidth=RATES, guests="update")
    assert [step["action"] for step in later["steps"]] == ["refresh"]
    assert rate(hosts, "kvm1", "web1", MAC(1)) == "8Mbit"


def test_what_the_kernel_refuses_is_rolled_back(hosts, where):
    """This kernel has no sfq: libvirt limits the tap, fails at the next command and leaves the limit behind."""
    hosts.started(where, NAT.format("<portgroup name='eng'/>"))
    hosts.guest(where, "web1", ("red", MAC(1), "eng"))
    before = hosts.snapshot(where)
    (failed,) = hosts.portgroup(where, {"name": "eng", "bandwidth": RATES, "guests": "update"})
    assert_refused(failed, "LIBVIRT_REFUSED", "web1", "qdisc kind is unknown", "rolled back")
    assert failed["failed_step"]["action"] == "refresh"
    assert failed["left"] == []
    assert hosts.snapshot(where) == before
    assert rate(hosts, where, "web1", MAC(1)) == ""
    assert ports(hosts, where)[MAC(1)].find("bandwidth") is None


def test_a_refused_guest_brings_the_others_back_to_their_old_limits(shaping, where):
    hosts = shaping
    hosts.started(where, NAT.format(f"<portgroup name='eng'>{RATES_XML.format(500)}</portgroup>"))
    hosts.guest(where, "app1", ("red", MAC(1), "eng"))
    hosts.guest(where, "web1", ("red", MAC(2), "eng"))
    before = own(hosts, where, "app1"), own(hosts, where, "web1"), hosts.groups(where)
    hosts.on(where, "sh", "-c", f"echo {tap(hosts, where, 'web1', MAC(2))} >/run/tc-refuses")
    (failed,) = hosts.portgroup(where, {"name": "eng", "bandwidth": RATES, "guests": "update"})
    assert (failed["failed"], failed["code"]) == (True, "LIBVIRT_REFUSED")
    assert "vnet" in failed["sentences"][0]
    assert rate(hosts, where, "app1", MAC(1)) == "4Mbit"
    assert (own(hosts, where, "app1"), own(hosts, where, "web1"), hosts.groups(where)) == before
    # What is still refused is said; the next run ends it.
    assert any("web1" in sentence for sentence in failed["left"])
    hosts.on(where, "rm", "/run/tc-refuses")
    (done,) = hosts.portgroup(where, {"name": "eng", "bandwidth": RATES, "guests": "update"})
    assert (done["failed"], done["guests_on_old_settings"]) == (False, [])
    assert [rate(hosts, where, guest, MAC(n)) for n, guest in ((1, "app1"), (2, "web1"))] == ["8Mbit", "8Mbit"]


def test_a_vlan_on_open_vswitch(hosts):
    """Set, held over a restart of the daemon, and after a migration that of the network over there."""
    for host in ("kvm1", "kvm2"):
        hosts.started(host, OVS.format("<portgroup name='eng'><vlan><tag id='40'/></vlan></portgroup>"))
    hosts.guest("kvm1", "web1", ("red", MAC(1), "eng"))
    before, plugged = own(hosts, "kvm1", "web1"), link(hosts, "kvm1", "web1", MAC(1))
    native = {"tags": [{"id": 50, "native_mode": "untagged"}, {"id": 51}]}
    for vlan, seen in (
        ({"tags": [{"id": 41}]}, ("41", "[]", "[]")),
        (native, ("50", "[50, 51]", "native-untagged")),
        ({}, ("[]", "[]", "[]")),
        (native, ("50", "[50, 51]", "native-untagged")),
    ):
        real = hosts.quartet("kvm1", name="eng", vlan=vlan, guests="update")
        assert real["steps"][-1]["action"] == "refresh"
        assert real["guests_on_old_settings"] == []
        assert tuple(hosts.ovs_port("kvm1", "web1", MAC(1)).values()) == seen
    hosts.lab("restart", "kvm1", "libvirtd")
    (again,) = hosts.portgroup("kvm1", {"name": "eng", "vlan": native, "guests": "update"})
    assert (again["changed"], again["guests_on_old_settings"]) == (False, [])
    assert hosts.ovs_port("kvm1", "web1", MAC(1))["tag"] == "50"
    assert (own(hosts, "kvm1", "web1"), link(hosts, "kvm1", "web1", MAC(1))) == (before, plugged)
    hosts.portgroup("kvm2", {"name": "eng", "vlan": {"tags": [{"id": 43}]}})
    hosts.virsh("kvm1", "migrate", "--live", "web1", "qemu+ssh://kvm2/system")
    assert hosts.ovs_port("kvm2", "web1", MAC(1))["tag"] == "43"


def test_a_vlan_that_libvirt_would_take_back_is_not_set(hosts):
    """In a userspace datapath, this libvirt sets the tag again that it plugged the NIC in with. When this fails, it has
    learnt to leave it."""
    hosts.started("kvm2", OVS.format("<portgroup name='eng'><vlan><tag id='40'/></vlan></portgroup>"))
    hosts.guest("kvm2", "web1", ("red", MAC(1), "eng"))
    real = hosts.quartet("kvm2", name="eng", vlan={"tags": [{"id": 41}]}, guests="update")
    assert left(real) == {MAC(1): (["vlan"], False, ["next_migration", "next_start"])}
    assert "userspace" in reasons(real)[0]
    assert hosts.ovs_port("kvm2", "web1", MAC(1))["tag"] == "40"
    hosts.on("kvm2", "ovs-vsctl", "set", "port", tap(hosts, "kvm2", "web1", MAC(1)), "tag=41")
    hosts.lab("restart", "kvm2", "libvirtd")
    hosts.virsh("kvm2", "list")
    assert hosts.ovs_port("kvm2", "web1", MAC(1))["tag"] == "40"


def test_what_a_guest_sends_through_open_vswitch(hosts, where):
    hosts.started(where, OVS.format("<portgroup name='eng'/>"))
    hosts.guest(where, "web1", ("red", MAC(1), "eng"))

    def policing():
        name = tap(hosts, where, "web1", MAC(1))
        return [
            hosts.on(where, "ovs-vsctl", "get", "interface", name, f"ingress_policing_{column}").strip()
            for column in ("rate", "burst")
        ]

    limits = {"outbound": {"average": 1000, "burst": 256}}
    hosts.quartet(where, name="eng", bandwidth=limits, guests="update")
    assert policing() == ["8000", "2048"]
    # As libvirt sets it itself.
    hosts.guest(where, "new", ("red", MAC(2), "eng"))
    name = tap(hosts, where, "new", MAC(2))
    assert hosts.on(where, "ovs-vsctl", "get", "interface", name, "ingress_policing_rate").strip() == "8000"
    real = hosts.quartet(where, name="eng", bandwidth={**limits, **RATES}, guests="update")
    assert left(real)[MAC(1)] == (["bandwidth"], False, ["next_migration", "next_start"])
    assert "queue" in reasons(real)[0]
    hosts.quartet(where, name="eng", bandwidth={}, guests="update")
    assert policing() == ["0", "0"]


def test_a_macvtap_waits(hosts, where):
    hosts.started(
        where, "<network><name>red</name><forward mode='bridge'><interface dev='p0'/></forward>"
        "<portgroup name='eng'/></network>"
    )  # fmt: skip
    hosts.guest(where, "web1", ("red", MAC(1), "eng"))
    real = hosts.quartet(where, name="eng", trust_guest_rx_filters=True, guests="update")
    assert left(real) == {MAC(1): (["trust_guest_rx_filters"], False, ["next_migration", "next_start"])}
    assert "macvtap" in reasons(real)[0]


def test_filters_alone_need_libvirt_10(hosts, where):
    hosts.started(where, NAT.format("<portgroup name='eng'/>"))
    hosts.guest(where, "web1", ("red", MAC(1), "eng"))
    real = hosts.quartet(where, name="eng", trust_guest_rx_filters=True, guests="update")
    if where == "kvm1":
        assert left(real) == {MAC(1): (["trust_guest_rx_filters"], False, ["next_migration", "next_start"])}
    else:
        assert left(real) == {}
    assert (ports(hosts, where)[MAC(1)].find("rxfilters") is not None) is (where == "kvm2")


def test_all_networks_of_a_host(shaping, where):
    """virt_networks does the same, over a restart that plugs guests in again too; then the audit's facts are clean."""
    hosts = shaping
    hosts.started(where, NAT.format("<portgroup name='eng'/>"))
    hosts.guest(where, "web1", ("red", MAC(1), "eng"))
    network = {"name": "red", "portgroups": [{"name": "eng", "bandwidth": RATES}]}

    def call(check, guests="update", **options):
        wanted = {"networks": [{**network, **options}], "restart": "replug", "guests": guests}
        return task("virt_networks", wanted, check, diff=True)

    info = {"virtfleet.network.virt_network_info": {"name": "red", "gather": ["ports", "guests"]}}
    leaving, old, check, real, again, fresh = hosts.run(
        where, [call(False, "leave"), info, call(True), call(False), call(False), info]
    )
    assert "guests_on_old_settings" not in leaving["networks"][0]
    assert [one["live"] for one in old["details"]["red"]["guests_on_old_settings"]] == [True]
    for result in (check, real):
        assert not result["failed"], result["msg"]
        (one,) = result["networks"]
        assert [step["action"] for step in one["steps"]] == ["refresh"]
        assert one["guests_on_old_settings"] == []
    assert (check["diff"], again["changed"]) == (real["diff"], False)
    assert fresh["details"]["red"]["guests_on_old_settings"] == []
    assert rate(hosts, where, "web1", MAC(1)) == "8Mbit"
    network["portgroups"][0]["bandwidth"] = {"inbound": {"average": 250}}
    check, real, again = hosts.run(where, [call(check, mtu=1300) for check in (True, False, False)])
    assert [step["action"] for step in check["networks"][0]["steps"]][-1] == "refresh"
    assert check["networks"][0]["steps"] == real["networks"][0]["steps"]
    assert (real["failed"], again["changed"]) == (False, False)
    assert rate(hosts, where, "web1", MAC(1)) == "2Mbit"


def test_a_change_that_is_not_confirmed_takes_the_settings_back(shaping):
    hosts = shaping
    hosts.started("kvm1", NAT.format(f"<portgroup name='eng'>{RATES_XML.format(500)}</portgroup>"))
    hosts.guest("kvm1", "web1", ("red", MAC(1), "eng"))
    options = {"network": "red", "name": "eng", "guests": "update", "confirm_timeout": 60}
    (limited,) = hosts.run("kvm1", [task("virt_portgroup", {**options, "bandwidth": RATES})])
    assert rate(hosts, "kvm1", "web1", MAC(1)) == "8Mbit"
    back = {"run": limited["confirm"]["run"], "decision": "roll_back"}
    (decided,) = hosts.run("kvm1", [task("virt_network_confirm", back)])
    assert not decided["failed"], decided
    assert rate(hosts, "kvm1", "web1", MAC(1)) == "4Mbit"
    assert 'average="500"' in hosts.groups("kvm1")[0]["eng"]

    hosts.empty("kvm1")
    hosts.started("kvm1", OVS.format("<portgroup name='eng'><vlan><tag id='40'/></vlan></portgroup>"))
    hosts.guest("kvm1", "web1", ("red", MAC(1), "eng"))
    (tagged,) = hosts.run("kvm1", [task("virt_portgroup", {**options, "vlan": {"tags": [{"id": 41}]}})])
    assert hosts.ovs_port("kvm1", "web1", MAC(1))["tag"] == "41"
    back = {"run": tagged["confirm"]["run"], "decision": "roll_back"}
    (decided,) = hosts.run("kvm1", [task("virt_network_confirm", back)])
    assert not decided["failed"], decided
    assert hosts.ovs_port("kvm1", "web1", MAC(1))["tag"] == "40"
    assert ports(hosts, "kvm1")[MAC(1)].find("vlan/tag").get("id") == "40"


def test_a_killed_run_is_completed_by_the_next(shaping):
    """In the middle of a refresh: libvirt ends its call, and the second guest is left."""
    hosts = shaping
    hosts.started("kvm1", NAT.format("<portgroup name='eng'/>"))
    hosts.guest("kvm1", "app1", ("red", MAC(1), "eng"))
    hosts.guest("kvm1", "web1", ("red", MAC(2), "eng"))
    hosts.on("kvm1", "sh", "-c", "echo 4 >/run/tc-waits")
    change = task("virt_portgroup", {"network": "red", "name": "eng", "bandwidth": RATES, "guests": "update"})
    # With a file of its own, the module can be told from others.
    process, lines = hosts.start("kvm1", [change], {"ansible_pipelining": False})
    for _tenth in range(600):
        if hosts.on("kvm1", "ls", "/run/tc-waiting", check=False):
            break
        time.sleep(0.1)
    hosts.on("kvm1", "pkill", "-KILL", "-f", "AnsiballZ_virt_portgroup")
    # Its session ends with it.
    process.wait(60)
    assert '"status": "ok"' not in lines.read_text()
    hosts.on("kvm1", "rm", "/run/tc-waits", "/run/tc-waiting")
    (again,) = hosts.run("kvm1", [change])
    assert not again["failed"], again
    assert "interrupted" in " ".join(again["warnings"])
    assert (again["changed"], again["guests_on_old_settings"]) == (False, [])
    assert [rate(hosts, "kvm1", guest, MAC(n)) for n, guest in ((1, "app1"), (2, "web1"))] == ["8Mbit", "8Mbit"]


def test_the_rollout_brings_guests_up_to_date(shaping):
    hosts = shaping
    network = {"name": "red", "reach": "isolated", "portgroups": [{"name": "eng"}]}
    switched = {"name": "edge", "reach": "l2", "portgroups": [{"name": "eng"}]}
    edge = {"forward": {"mode": "bridge"}, "bridge": {"name": "ovsbr0"}, "virtualport": {"type": "openvswitch"}}
    variables = {
        "networks_contract": [network, switched],
        "networks_bindings": {"red": {"bridge": {"name": "virbr9"}}, "edge": edge},
        "networks_guests": "update",
    }
    told = rollout(hosts, "-e", json.dumps(variables))
    assert told.code == 0, told.output
    for host in ("kvm1", "kvm2"):
        hosts.guest(host, "web1", ("red", MAC(1), "eng"), ("edge", MAC(2), "eng"))
    network["portgroups"] = switched["portgroups"] = [{"name": "eng", "bandwidth": RATES}]
    checked = rollout(hosts, "-e", json.dumps(variables), "--check")
    told = rollout(hosts, "-e", json.dumps(variables))
    for one in (checked, told):
        assert one.code == 0, one.output
        line = "~2 networks: edge, red 1 guest on old settings until the next migration or start"
        assert line in " ".join(" ".join(one.table).split())
        (left_over,) = one.summary["hosts"]["kvm1"]["guests_on_old_settings"]
        assert (left_over["network"], left_over["guest"], left_over["mac"]) == ("edge", "web1", MAC(2))
        assert "queue" in left_over["reason"]
    assert [rate(hosts, host, "web1", MAC(1)) for host in ("kvm1", "kvm2")] == ["8Mbit", "8Mbit"]
    again = rollout(hosts, "-e", json.dumps(variables))
    assert "changed=1" not in again.output
    assert (
        again.summary["hosts"]["kvm2"]["guests_on_old_settings"]
        == told.summary["hosts"]["kvm2"]["guests_on_old_settings"]
    )
