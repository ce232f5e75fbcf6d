# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What those in a network see of one another while it restarts, and when that is refused.

Network namespaces stand for guests: what they send and receive can be counted frame by frame.
"""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import contextmanager

import pytest
from batch import assert_refused, task

pytestmark = pytest.mark.lab

NET = {
    "name": "sea", "forward": {"mode": "nat"}, "bridge": {"name": "virbr80"}, "mtu": 1500,
    "ips": [{"address": "10.80.0.1", "prefix": 24}],
}  # fmt: skip
MEMBERS = ("c1", "c2", "c3")
CHANGES = {
    "MTU": {"mtu": 1400},
    "bridge's name": {"bridge": {"name": "virbr81"}},
    "subnet": {"ips": [{"address": "10.80.0.1", "prefix": 23}]},
    "STP": {"bridge": {"name": "virbr80", "stp": False}},
    "mode": {"forward": {"mode": "route"}},
}
# Sends a numbered datagram a hundred times a second to each peer, and prints which of theirs came, and from whom.
TALK = """
import json, select, socket, sys, time
own, peers, seconds = sys.argv[1], sys.argv[2].split(","), float(sys.argv[3])
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
link.bind((own, 7777))
number, until, due, came = 0, time.monotonic() + seconds, time.monotonic(), {}
while time.monotonic() < until:
    if time.monotonic() >= due:
        due += 0.01
        number += 1
        for peer in peers:
            try:
                link.sendto(b"%d" % number, (peer, 7777))
            except OSError:
                pass
    ready, _, _ = select.select([link], [], [], max(0, due - time.monotonic()))
    if ready:
        data, (peer, _port) = link.recvfrom(100)
        came.setdefault(peer, []).append(int(data))
print(number, json.dumps(came))
"""


@pytest.fixture(params=["kvm1", "kvm2"], ids=["bookworm", "trixie"])
def host(hosts, request):
    host = request.param
    made = hosts.run(host, [task("virt_network", NET)])
    assert made[0]["changed"], made
    hosts.on(host, "sh", "-c", 'printf %s "$1" >/run/talk.py', "sh", TALK)
    for number, name in enumerate(MEMBERS, 1):
        hosts.on(
            host, "sh", "-ec",
            f"ip netns add {name}; ip link add v{name} type veth peer name eth0 netns {name};"
            f"ip link set v{name} up master virbr80; ip -n {name} address add 10.80.0.1{number}/24 dev eth0;"
            f"ip -n {name} link set eth0 up; ip -n {name} link set lo up",
        )  # fmt: skip
    await_forwarding(hosts, host)
    yield host
    for name in MEMBERS:
        hosts.on(host, "ip", "netns", "del", name)
    hosts.clean(host)


def await_forwarding(hosts, host):
    until = time.monotonic() + 20
    while {port["state"] for port in ports(hosts, host).values()} != {"forwarding"}:
        assert time.monotonic() < until, ports(hosts, host)
        time.sleep(0.3)


def ports(hosts, host) -> dict[str, dict]:
    shown = json.loads(hosts.on(host, "bridge", "-json", "-details", "link", "show"))
    return {port["ifname"]: port for port in shown if port["ifname"] in {f"v{name}" for name in MEMBERS}}


@contextmanager
def talking(hosts, host, who, seconds=14.0):
    """who: by member, the peers that it sends to. Yields what came, filled in at the end: by member, what it sent, and
    the numbers from each peer."""
    started = {}
    for name, peers in who.items():
        own, others = address(name), ",".join(map(address, peers))
        argv = ["ip", "netns", "exec", name, "python3", "/run/talk.py", own, others, str(seconds)]
        started[name] = subprocess.Popen(hosts.argv("exec", host, "--", *argv), stdout=subprocess.PIPE, text=True)
    heard: dict = {}
    time.sleep(1)
    try:
        yield heard
    finally:
        for name, process in started.items():
            said, _errors = process.communicate(timeout=60)
            sent, _space, came = said.partition(" ")
            heard[name] = (int(sent), json.loads(came))


def address(name: str) -> str:
    return f"10.80.0.1{name[1:]}"


def replug(hosts, host, change, restart="seamless"):
    return hosts.run(host, [task("virt_network", {"name": "sea", **change, "restart": restart})])[0]


@pytest.mark.parametrize("change", CHANGES)
def test_members_hear_one_another_throughout(hosts, host, change):
    """Of two hundred frames in two seconds a plain restart costs forty or more."""
    with talking(hosts, host, {"c1": ["c2", "c3"], "c2": ["c1", "c3"], "c3": ["c1", "c2"]}) as heard:
        done = replug(hosts, host, CHANGES[change])
    assert done["changed"], done
    assert done["expected_gaps"]["guests_ms"] == 50
    assert {one["name"] for one in done["replugged"]} == {f"v{name}" for name in MEMBERS}
    for one in done["replugged"]:
        assert 0 < one["guests_gap_ms"] < one["gap_ms"]
    for name, (_sent, came) in heard.items():
        for peer, numbers in came.items():
            runs = [later - one - 1 for one, later in zip(numbers, numbers[1:])]
            assert max(runs) <= 10, (name, peer, max(runs))
            assert sum(runs) <= 20, (name, peer, sum(runs))
        assert len(came) == 2, (name, came.keys())


# Asks the host for an echo ten times a second, and answers its questions for an address 0.8 s late; until told to stop.
SLOW = """
import os, socket, struct, sys, time
own, host = socket.inet_aton(sys.argv[1]), socket.inet_aton(sys.argv[2])
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
link.bind(("eth0", 0))
link.settimeout(0.02)
mac, late, due = link.getsockname()[4], [], time.monotonic()
ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28, 0, 0, 64, 1, 0, own, host)
total = sum(struct.unpack(">10H", ip))
ip = ip[:10] + struct.pack(">H", 0xFFFF - (total % 0xFFFF)) + ip[12:]
echo = ip + struct.pack(">BBHHH", 8, 0, 0xF7FE, 1, 0)
while not os.path.exists("/run/stop"):
    if time.monotonic() >= due:
        due = time.monotonic() + 0.1
        link.send(bytes.fromhex(sys.argv[3]) + mac + b"\\x08\\x00" + echo)
    while late and late[0][0] <= time.monotonic():
        link.send(late.pop(0)[1])
    try:
        frame = link.recv(100)
    except TimeoutError:
        continue
    if frame[12:14] == b"\\x08\\x06" and frame[21] == 1 and frame[38:42] == own:
        answer = frame[6:12] + mac + frame[12:21] + b"\\x02" + mac + own + frame[22:32]
        late.append((time.monotonic() + 0.8, answer))
"""


def test_nobody_moves_while_the_host_waits_for_an_address(hosts, host):
    """It would ask a second time only a second later, and nobody would hear from it until then."""
    hosts.on(host, "ip", "-n", "c1", "link", "set", "eth0", "arp", "off")
    hosts.on(host, "sh", "-c", 'printf %s "$1" >/run/slow.py', "sh", SLOW)
    mac = json.loads(hosts.on(host, "ip", "-json", "link", "show", "virbr80"))[0]["address"].replace(":", "")
    member = ["ip", "netns", "exec", "c1", "python3", "/run/slow.py", address("c1"), "10.80.0.1", mac]
    watch = "ip monitor link neigh >/run/events & while [ ! -e /run/stop ]; do sleep 0.1; done; kill $!"
    hosts.on(host, "rm", "-f", "/run/stop")
    with (
        subprocess.Popen(hosts.argv("exec", host, "--", *member)),
        subprocess.Popen(hosts.argv("exec", host, "--", "sh", "-c", watch)),
    ):
        try:
            until = time.monotonic() + 30
            while "REACHABLE" not in hosts.on(host, "ip", "neighbour", "show", address("c1"), "dev", "virbr80"):
                assert time.monotonic() < until, "the member that answers late is not found"
                time.sleep(0.2)
            done = replug(hosts, host, {"mtu": 1400})
        finally:
            hosts.on(host, "touch", "/run/stop")
    seen = hosts.on(host, "cat", "/run/events").splitlines()
    assert done["changed"], done
    started = max(at for at, line in enumerate(seen) if ": virbr80: " in line and "state DOWN" in line)
    found = next(at for at, line in enumerate(seen) if at > started and line.startswith(f"{address('c1')} dev virbr80"))
    moved = next(at for at, line in enumerate(seen) if at > started and ": vc1" in line and "master virbr80" in line)
    assert found < moved, seen[started:]


def know_one_another(hosts, host) -> dict[str, str]:
    """Without ARP. The MAC address of each member."""
    macs = {name: json.loads(hosts.on(host, "ip", "-n", name, "-json", "link", "show", "eth0"))[0]["address"]
            for name in MEMBERS}  # fmt: skip
    for name in MEMBERS:
        for peer in set(MEMBERS) - {name}:
            where = ["ip", "-n", name, "neighbour", "replace", address(peer), "lladdr", macs[peer], "dev", "eth0"]
            hosts.on(host, *where)
    return macs


def test_isolated_members_never_hear_one_another(hosts, host):
    """And those who are not isolated hear both throughout."""
    for name in ("c1", "c2"):
        hosts.on(host, "bridge", "link", "set", "dev", f"v{name}", "isolated", "on")
        hosts.on(host, "ip", "-n", name, "neighbour", "flush", "all")
    # Without ARP, which isolation stops: the frames themselves must not arrive.
    know_one_another(hosts, host)
    with talking(hosts, host, {"c1": ["c2", "c3"], "c2": ["c1", "c3"], "c3": ["c1", "c2"]}, 20.0) as heard:
        for change in ("MTU", "bridge's name"):
            done = replug(hosts, host, CHANGES[change])
            assert done["changed"], done
    assert address("c2") not in heard["c1"][1], "an isolated port heard another"
    assert address("c1") not in heard["c2"][1], "an isolated port heard another"
    for name, peer in (("c1", "c3"), ("c2", "c3"), ("c3", "c1"), ("c3", "c2")):
        numbers = heard[name][1][address(peer)]
        assert max(later - one - 1 for one, later in zip(numbers, numbers[1:])) <= 10, (name, peer)
    assert {name: port["isolated"] for name, port in ports(hosts, host).items()} == {
        "vc1": True, "vc2": True, "vc3": False,
    }  # fmt: skip


def test_a_locked_member_that_nobody_let_in_is_never_heard(hosts, host):
    """And one that is in the table is heard throughout, though its entry was learned and left with the port."""
    macs = know_one_another(hosts, host)
    hosts.on(host, "bridge", "fdb", "replace", macs["c1"], "dev", "vc1", "master", "dynamic")
    for name in ("c1", "c3"):
        hosts.on(host, "bridge", "link", "set", "dev", f"v{name}", "locked", "on")
    hosts.on(host, "bridge", "fdb", "del", macs["c3"], "dev", "vc3", "master", check=False)
    with talking(hosts, host, {"c1": ["c2", "c3"], "c2": ["c1", "c3"], "c3": ["c1", "c2"]}, 20.0) as heard:
        for change in ("MTU", "bridge's name"):
            done = replug(hosts, host, CHANGES[change])
            assert done["changed"], done
    for name in ("c1", "c2"):
        assert address("c3") not in heard[name][1], "a locked port was open"
    for name, peer in (("c1", "c2"), ("c2", "c1"), ("c3", "c1"), ("c3", "c2")):
        numbers = heard[name][1][address(peer)]
        assert max(later - one - 1 for one, later in zip(numbers, numbers[1:])) <= 10, (name, peer)
    assert {name: port["locked"] for name, port in ports(hosts, host).items()} == {
        "vc1": True, "vc2": False, "vc3": True,
    }  # fmt: skip


# Bytes that came in each tenth of a second over one connection.
BULK = """
import json, socket, sys, threading, time
kind, where, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
if kind == "take":
    with socket.create_server((where, 7779)) as server:
        server.settimeout(60)
        link, _peer = server.accept()
        link.settimeout(0.1)
        begun, found = time.monotonic(), [0] * int(seconds * 10)
        while (place := int((time.monotonic() - begun) * 10)) < len(found):
            try:
                data = link.recv(1 << 16)
            except OSError as error:
                if isinstance(error, TimeoutError) or "timed out" in str(error):
                    continue
                raise
            if not data:
                break
            found[place] += len(data)
    print(json.dumps(found))
else:
    with socket.create_connection((where, 7779)) as link:
        until = time.monotonic() + seconds + 1
        while time.monotonic() < until:
            try:
                link.sendall(bytes(20000))
            except OSError:
                break
            time.sleep(0.01)
"""


@pytest.mark.parametrize("way", ["between members", "to the host", "from the host"])
def test_a_connection_carries_on_at_its_rate(hosts, host, way):
    """One TCP connection, without an error; its rate before, during and after the replug."""
    source, target, where = {
        "between members": ("c1", "c2", address("c2")),
        "to the host": ("c1", "-", "10.80.0.1"),
        "from the host": ("-", "c1", address("c1")),
    }[way]
    hosts.on(host, "sh", "-c", 'printf %s "$1" >/run/bulk.py', "sh", BULK)

    def started(kind, member, **pipes):
        inside = [] if member == "-" else ["ip", "netns", "exec", member]
        argv = hosts.argv("exec", host, "--", *inside, "python3", "/run/bulk.py", kind, where, "20")
        return subprocess.Popen(argv, text=True, **pipes)

    with started("take", target, stdout=subprocess.PIPE) as taker:
        time.sleep(2)
        with started("send", source):
            time.sleep(2)
            done = replug(hosts, host, {"mtu": 1400})
            said, _errors = taker.communicate(timeout=120)
    assert done["changed"], done
    found = json.loads(said)
    silent = max(map(len, "".join(" " if one else "x" for one in found[5:-5]).split()), default=0)
    before, after = sum(found[:10]), sum(found[-20:-10])
    print(f"{way}: {before / 1e6:.1f} MB/s before, {after / 1e6:.1f} after, nothing for {silent / 10} s", flush=True)
    assert before
    assert after > before / 2, found
    assert silent <= (10 if way == "between members" else 50), found


def in_the_way(hosts, host, kind):
    """What keeps a network from having a bypass; and how that is taken away again."""
    if kind == "names":
        name = hosts.on(
            host, "python3", "-c", "import hashlib; print('vfbp' + hashlib.sha256(b'sea').hexdigest()[:8])"
        ).strip()
        return ["ip", "link", "add", name, "type", "veth", "peer", "name", "taken0"], ["ip", "link", "del", name], name
    if kind == "firewall":
        # Frames within a bridge meet it only where the kernel passes them to iptables.
        seen = "/proc/sys/net/bridge/bridge-nf-call-iptables"
        add = f"cat {seen} >/run/seen; echo 1 >{seen}; iptables -P FORWARD DROP"
        return ["sh", "-ec", add], ["sh", "-c", f"iptables -P FORWARD ACCEPT; cat /run/seen >{seen}"], "FORWARD"
    # A loop, which STP opens again.
    add = "ip link add loop1 type veth peer name loop2; ip link set loop1 up master virbr80"
    return (
        ["sh", "-ec", f"{add}; ip link set loop2 up master virbr80; sleep 5"],
        ["sh", "-c", "ip link del loop1 2>/dev/null || true"],
        "STP keeps loop",
    )


@pytest.mark.parametrize("kind", ["names", "firewall", "loop"])
def test_where_it_is_not_possible(hosts, host, kind):
    """seamless refuses and changes nothing; replug does without, and says so before and after."""
    made, gone, word = in_the_way(hosts, host, kind)
    hosts.on(host, *made)
    try:
        before = hosts.snapshot(host)
        options = {"name": "sea", "mtu": 1400}
        checked, refused, announced = hosts.run(
            host,
            [
                task("virt_network", {**options, "restart": "seamless"}, check=True),
                task("virt_network", {**options, "restart": "seamless"}),
                task("virt_network", {**options, "restart": "replug"}, check=True),
            ],
        )
        for result in (checked, refused):
            assert_refused(result, "SEAMLESS_IMPOSSIBLE", word, "restart: replug")
        assert hosts.snapshot(host) == before
        assert announced["expected_gaps"]["guests_ms"] == announced["expected_gaps"]["host_ms"]
        if kind == "loop":
            return
        done = replug(hosts, host, {"mtu": 1400}, "replug")
        assert done["changed"], done
        assert [step["action"] for step in done["steps"]] == [step["action"] for step in announced["steps"]]
        assert "bypass" not in [step["action"] for step in done["steps"]]
        assert any(word in warning for warning in done["warnings"]), done
        for one in done["replugged"]:
            assert one["guests_gap_ms"] == one["gap_ms"] > 50
    finally:
        hosts.on(host, *gone)
    assert {port["master"] for port in ports(hosts, host).values()} == {"virbr80"}


def test_settings_hold_in_the_temporary_bridge(hosts, host):
    """Looked at from outside, again and again, while it is there."""
    hosts.on(host, "bridge", "link", "set", "dev", "vc1", "isolated", "on", "hairpin", "on", "mcast_flood", "off")
    hosts.on(host, "bridge", "link", "set", "dev", "vc2", "learning", "off", "flood", "off")
    hosts.on(host, "bridge", "fdb", "add", "52:54:00:80:00:99", "dev", "vc2", "master", "static")
    before = ports(hosts, host)
    hosts.on(host, "rm", "-f", "/run/stop")
    watch = "while [ ! -e /run/stop ]; do bridge -json -details link show; sleep 0.02; done >/run/watched"
    argv = hosts.argv("exec", host, "--", "sh", "-c", watch)
    with subprocess.Popen(argv):
        time.sleep(0.5)
        try:
            done = replug(hosts, host, {"mtu": 1400})
        finally:
            hosts.on(host, "touch", "/run/stop")
    assert done["changed"], done
    names = ("isolated", "learning", "flood", "mcast_flood", "hairpin")
    inside = 0
    for line in hosts.on(host, "cat", "/run/watched").splitlines():
        if line.startswith("["):
            shown = {port["ifname"]: port for port in json.loads(line)}
            for name, port in before.items():
                now = shown.get(name, {})
                settled = now.get("state") == "forwarding" and name == "vc1"
                if str(now.get("master", "")).startswith("vfbp") and settled:
                    inside += 1
                    assert [now[one] for one in names] == [port[one] for one in names], (name, now)
    assert inside, "the temporary bridge was never seen, so this shows nothing"
    after = ports(hosts, host)
    assert [[port[one] for one in names] for port in after.values()] == [
        [port[one] for one in names] for port in before.values()
    ]
    assert "52:54:00:80:00:99" in hosts.on(host, "bridge", "fdb", "show", "dev", "vc2")


# Entries of the forwarding table, all of a port that learns: static, one that stays with its port, to the host.
ENTRIES = (("99", "static"), ("98", "static sticky"), ("97", "permanent"))


def test_what_somebody_set_stays(hosts, host):
    """Entries of the forwarding table, and that a port is down; and a device's MTU is its owner's."""
    for last, kind in ENTRIES:
        hosts.on(host, "bridge", "fdb", "add", f"52:54:00:80:00:{last}", "dev", "vc1", "master", *kind.split())
    hosts.on(host, "ip", "link", "set", "vc2", "down")
    before = [entries(hosts, host), flags_and_mtu(hosts, host)]
    assert len(before[0]) == len(ENTRIES), before
    for change in ("MTU", "bridge's name"):
        done = replug(hosts, host, CHANGES[change])
        assert done["changed"], done
        assert [entries(hosts, host), flags_and_mtu(hosts, host)] == before


def entries(hosts, host) -> list[str]:
    shown = json.loads(hosts.on(host, "bridge", "-json", "fdb", "show", "dev", "vc1"))
    return sorted(f"{one['mac']} {one.get('state')} {one['flags']}" for one in shown if "52:54:00:80" in one["mac"])


def flags_and_mtu(hosts, host) -> list[tuple[str, bool, int]]:
    shown = [json.loads(hosts.on(host, "ip", "-json", "link", "show", f"v{name}"))[0] for name in MEMBERS]
    return [(link["ifname"], "UP" in link["flags"], link["mtu"]) for link in shown]
