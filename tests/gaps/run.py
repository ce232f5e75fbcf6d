# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What guests notice of a replug: three guests ping one another and their host a hundred times a second.

Each change is made by restart: seamless and by hand (net-define, net-destroy, net-start, and every tap back into the
bridge), in turn, five times each, on hosts with every libvirt of the lab and with modular daemons. The answers are
watched at the guests' taps. In the end TCP connections between two members of the network, from a member to the host
and from the host to a member, run through a replug each. The table is left in .cache/gaps.md. See docs/updates.md.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

import guests
from batch import Hosts, hosts_of, task
from state import Lab

NAMES = ("web1", "web2", "web3")
GATEWAY = "10.90.0.1"
ADDRESSES = {name: f"10.90.0.1{number}" for number, name in enumerate(NAMES, 1)}
BASE = {
    "name": "gaps", "forward": {"mode": "nat"}, "bridge": {"name": "virbr90", "stp": False}, "mtu": 1500,
    "ips": [{"address": GATEWAY, "prefix": 24}],
}  # fmt: skip
# Each is made and taken away again, in turn.
CHANGES = {
    "MTU": {"mtu": 1400},
    "bridge's name": {"bridge": {"name": "virbr91", "stp": False}},
    "subnet": {"ips": [{"address": GATEWAY, "prefix": 23}]},
    "mode": {"forward": {"mode": "route"}},
}
TABLE = Path(__file__).resolve().parents[2] / ".cache" / "gaps.md"
# At most; a watch ends when the change has been made.
SECONDS = 90.0
STOP = "/run/gaps-stop"
BY_HAND = """
set -e
taps=$(for name in web1 web2 web3; do virsh -q domiflist $name | awk '{print $1}'; done)
virsh -q net-define /run/gaps-new.xml; virsh -q net-destroy gaps; virsh -q net-start gaps
bridge=$(virsh -q net-info gaps | awk '/^Bridge/ {print $2}')
for tap in $taps; do ip link set $tap master $bridge; done
"""


class Bench:
    def __init__(self, hosts: Hosts, host: str) -> None:
        self.hosts, self.host = hosts, host
        shutil.copy(Path(__file__).with_name("on_host.py"), Lab(hosts.name).dir / "shared" / "gaps.py")
        self.clean()
        self.declare(BASE, "idle")
        files = guests.pinging_initrd(Lab(hosts.name).dir)
        for number, name in enumerate(NAMES, 1):
            peers = [GATEWAY, *(address for other, address in ADDRESSES.items() if other != name)]
            nic = guests.network_interface("gaps", f"52:54:00:90:00:0{number}")
            xml = guests.pinging_domain_xml(name, [nic], files, [f"{ADDRESSES[name]}/24"], pings=peers, every=0.01)
            hosts.on(host, "sh", "-c", f'printf %s "$1" >/run/{name}.xml', "sh", xml)
            hosts.virsh(host, "create", f"/run/{name}.xml")
        self.await_answers()

    def clean(self) -> None:
        for name in self.hosts.virsh(self.host, "list", "--name").split():
            self.hosts.virsh(self.host, "destroy", name)
        for name in ("m1", "m2"):
            self.hosts.on(self.host, "ip", "netns", "del", name, check=False)
        self.hosts.clean(self.host)

    def declare(self, options: dict, restart: str) -> dict:
        done = self.hosts.run(self.host, [task("virt_network", {**options, "restart": restart})])[0]
        assert not done["failed"], done
        return done

    def taps(self) -> list[str]:
        return [self.hosts.virsh(self.host, "domiflist", name).split()[0] for name in NAMES]

    def watched(self, seconds: float) -> subprocess.Popen[str]:
        self.hosts.on(self.host, "rm", "-f", STOP)
        argv = self.hosts.argv("exec", self.host, "--", "python3", "/srv/shared/gaps.py", "pings", str(seconds))
        taps = [f"{tap}={ADDRESSES[name]}" for name, tap in zip(NAMES, self.taps())]
        return subprocess.Popen([*argv, *taps], stdout=subprocess.PIPE, text=True)

    def await_answers(self) -> None:
        until = time.monotonic() + 120
        while len(json.loads(self.watched(1.0).communicate()[0])) < len(NAMES) * len(NAMES):
            assert time.monotonic() < until, "the guests do not answer one another"

    def by_hand(self, options: dict) -> None:
        """The new definition is libvirt's own text with the change, as check mode's network would have it."""
        xml = self.hosts.virsh(self.host, "net-dumpxml", "--inactive", "gaps")
        self.hosts.on(self.host, "sh", "-c", 'printf %s "$1" >/run/gaps-new.xml', "sh", changed(xml, options))
        self.hosts.on(self.host, "sh", "-c", BY_HAND)

    def measured(self, options: dict, way: str) -> dict[str, dict[str, float]]:
        watch = self.watched(SECONDS)
        time.sleep(0.7)
        if way == "by hand":
            self.by_hand(options)
        else:
            self.declare({"name": "gaps", **options}, "seamless")
        time.sleep(1)
        self.hosts.on(self.host, "touch", STOP)
        found = json.loads(watch.communicate()[0])
        among = {
            "host": [one for pair, one in found.items() if pair.endswith(f" {GATEWAY}")],
            "guests": [one for pair, one in found.items() if not pair.endswith(f" {GATEWAY}")],
        }
        assert [len(pairs) for pairs in among.values()] == [3, 6], found
        return {whom: {key: max(one[key] for one in pairs) for key in pairs[0]} for whom, pairs in among.items()}

    def stream(self, source: str, target: str, address: str) -> list[int]:
        argv = self.hosts.argv("exec", self.host, "--", "python3", "/srv/shared/gaps.py", "stream", "30")
        with subprocess.Popen([*argv, source, target, address], stdout=subprocess.PIPE, text=True) as running:
            time.sleep(2)
            self.declare(
                {
                    "name": "gaps",
                    "domain": {"name": f"to-{target.strip('-') or 'host'}-from-{source.strip('-') or 'host'}"},
                },
                "seamless",
            )
            return list(json.loads(running.communicate()[0]))


def changed(xml: str, options: dict) -> str:
    """libvirt's text with one of CHANGES, or with what it was before."""
    if "mtu" in options:
        return re.sub(r"<mtu size='\d+'/>", f"<mtu size='{options['mtu']}'/>", xml)
    if "bridge" in options:
        return re.sub(r"<bridge name='\w+'", f"<bridge name='{options['bridge']['name']}'", xml)
    if "ips" in options:
        return re.sub(r"(<ip [^>]*prefix=)'\d+'", rf"\1'{options['ips'][0]['prefix']}'", xml)
    return re.sub(r"<forward mode='\w+'", f"<forward mode='{options['forward']['mode']}'", xml)


HEAD = (
    "host",
    "change",
    "way",
    "among guests: silence",
    "pings lost in a row",
    "to the host: silence",
    "pings lost in a row",
)


def row(what: str, kind: str, way: str, rounds: list[dict[str, dict[str, float]]]) -> tuple[str, ...]:
    """Of a table: median and longest silence, and the most pings in a row, over all rounds and pairs."""
    cells = [what, kind, way]
    for whom in ("guests", "host"):
        silences = [one[whom]["silence_ms"] for one in rounds]
        lost = [int(one[whom]["in_a_row"]) for one in rounds]
        cells += [f"{median(silences):.0f}, at most {max(silences):.0f} ms", f"{median(lost):.0f}, at most {max(lost)}"]
    return tuple(cells)


def rates(found: list[int]) -> str:
    """Megabytes a second in the first and last second, and in that with the least; and in how many tenths of a second
    in a row nothing came."""
    silent = max(map(len, "".join(" " if one else "x" for one in found[10:-10]).split()), default=0)
    before, after = sum(found[:10]), sum(found[-10:])
    during = min(sum(found[place : place + 10]) for place in range(10, len(found) - 19))
    megabytes = [f"{one / 1e6:.1f}" for one in (before, during, after)]
    return "{} before, {} in the worst second, {} after, nothing for {} s".format(*megabytes, silent / 10)


def changed_in_turn(bench: Bench, kind: str, runs: int) -> dict[str, list[dict[str, dict[str, float]]]]:
    """The change by one way and back by the other. After a bridge was renamed by hand libvirt has another name for it
    than the network; so there the way back is not measured, and by restart: replug."""
    change = CHANGES[kind]
    back = {option: BASE[option] for option in change}
    found: dict[str, list] = {"seamless": [], "by hand": []}
    for number in range(runs):
        ways = list(found) if number % 2 else list(reversed(found))
        for way, options in zip(ways, (change, back)):
            if kind == "bridge's name":
                found[way].append(bench.measured(change, way))
                bench.declare({"name": "gaps", **back}, "replug")
            else:
                found[way].append(bench.measured(options, way))
            bench.await_answers()
    return found


def report(hosts: Hosts, host: str, what: str, runs: int) -> None:
    """Printed, and added to TABLE."""
    version = hosts.virsh(host, "version", "--daemon").strip().splitlines()[-1].split()[-1]
    what = f"{what}, libvirt {version}"
    bench = Bench(hosts, host)
    calm = json.loads(bench.watched(5.0).communicate()[0])
    print(f"{what}: without any change, longest silence {max(o['silence_ms'] for o in calm.values()):.0f} ms")
    for kind in CHANGES:
        for way, rounds in changed_in_turn(bench, kind, runs).items():
            line = f"| {' | '.join(row(what, kind, way, rounds))} |"
            print(line, flush=True)
            with TABLE.open("a") as table:
                table.write(line + "\n")
    for name, number in (("m1", 21), ("m2", 22)):
        hosts.on(
            host, "sh", "-ec",
            f"ip netns add {name}; ip link add v{name} type veth peer name eth0 netns {name};"
            f"ip link set v{name} up master virbr90; ip -n {name} address add 10.90.0.{number}/24 dev eth0;"
            f"ip -n {name} link set eth0 up",
        )  # fmt: skip
    print(f"{what}: TCP between members, MB/s: {rates(bench.stream('m1', 'm2', '10.90.0.22'))}", flush=True)
    print(f"{what}: TCP from a member to the host, MB/s: {rates(bench.stream('m1', '-', GATEWAY))}", flush=True)
    print(f"{what}: TCP from the host to a member, MB/s: {rates(bench.stream('-', 'm1', '10.90.0.21'))}", flush=True)
    bench.clean()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--hosts", default="bullseye,bookworm,trixie,testing,bookworm/modular")
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    wanted = chosen.hosts.split(",")
    TABLE.write_text("".join(f"| {' | '.join(line)} |\n" for line in (HEAD, ("---",) * len(HEAD))))
    releases = [what.partition("/")[0] for what in wanted]
    daemons = [what.partition("/")[2] or "monolithic" for what in wanted]
    with (
        tempfile.TemporaryDirectory() as directory,
        hosts_of("gaps", Path(directory), releases, len(wanted), daemons) as hosts,
    ):
        for number, what in enumerate(wanted, 1):
            report(hosts, f"kvm{number}", what, chosen.runs)


if __name__ == "__main__":
    main()
