# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long plans take, by the number of guests and hosts: writes the tables and plots in docs/evacuation.md.

    python tests/bench/planning.py

Fleets are generated facts. Each size is measured in a process of its own: the plan that empties one host, N-1 for all
of them, and the memory of that process. Seconds are the processor's, which others on the machine do not make longer.
The exit status is 1 when the fleet of GUESTS by HOSTS takes more than SECONDS or MEGABYTES, or a plan is not proven.
"""

from __future__ import annotations

import copy
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import fleet

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "evacuation.md"
BEGIN, END = "<!-- Written by `tests/bench/planning.py`. -->", "<!-- end of what was written -->"
GUESTS, HOSTS, POOLS = 1000, 50, 20
SECONDS = {"plan": 10.0, "N-1": 60.0}
MEGABYTES = 1000.0
BY_GUESTS = [(guests, HOSTS) for guests in (125, 250, 500, GUESTS, 2000)]
BY_HOSTS = [(GUESTS, hosts) for hosts in (6, 12, 25, HOSTS, 100)]
# Of each pool of each host beside the members in use: one that is free, this often.
FREE = 0.3
WIDTH = 40
SHARED, MEMBER = ("lan", "red"), "MEMBER"
LINKS = [{"name": "virbr0", "kind": "bridge"}, {"name": "br7", "kind": "bridge"}, {"name": "p1", "master": "br7"}]

Size = tuple[int, int]
Row = dict[str, Any]


def pool(name: str, members: list[str], held: int = 0) -> str:
    """held: of its first members, how many guests have."""
    given = "".join(f"<interface dev='{one}' connections='{int(place < held)}'/>" for place, one in enumerate(members))
    forward = f"<forward mode='passthrough'>{given}</forward>"
    return f"<network connections='{held}'><name>{name}</name>{forward}</network>"


def invent(guests: int, hosts: int, pools: int = POOLS) -> tuple[dict[str, Any], dict[str, Any]]:
    """By host what virt_guest_info and virt_network_info return. Every second guest has a NIC in a pool."""
    paper = fleet.read_paper()
    dice = random.Random(guests * 1000 + hosts)
    names = [f"pool{number:02}" for number in range(pools)]
    models = _models(paper, names)
    found: dict[str, Any] = {f"kvm{number:03}": {"guests": []} for number in range(hosts)}
    taken: dict[tuple[str, str], list[str]] = {}
    for number in range(guests):
        home = list(found)[number % hosts]
        networks = [dice.choice(SHARED), *([dice.choice(names)] if dice.random() < 0.5 else [])]
        guest = copy.deepcopy(models[networks[0]])
        guest["nics"] = [copy.deepcopy(models[network]["nics"][0]) for network in networks]
        guest.update(name=f"g{number:05}", uuid=f"00000000-0000-0000-0000-{number:012d}")
        guest.update(memory=dice.choice((1, 2, 4)) << 20)
        guest["host"] = {**guest["host"], "name": home, "uuid": f"uuid-of-{home}"}
        for place, nic in enumerate(guest["nics"]):
            nic["mac"] = f"52:54:{place:02x}:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
            if networks[place] in names:
                taken.setdefault((home, networks[place]), []).append(_on_member(paper, guest, nic))
        found[home]["guests"].append(guest)
    facts = {}
    for home in found:
        held = {name: taken.get((home, name), []) for name in names}
        facts[home] = _host(paper, home, held, len(found[home]["guests"]), dice)
    everyone = [guest for host in found.values() for guest in host["guests"]]
    answers = paper.refusals(guest["question"] for guest in everyone)
    return found, {home: paper.plain({**told, "refusals": answers}) for home, told in facts.items()}


def _host(paper: Any, name: str, held: dict[str, list[str]], guests: int, dice: random.Random) -> Any:
    """held: pool -> the guests that have its first members; guests: how many there are in all. A quarter of the memory
    is free."""
    links: list[Any] = [*LINKS]
    networks, running = [*fleet.NETWORKS], []
    for pool_name, texts in held.items():
        number = max(len(texts) + (dice.random() < FREE), 1)
        members = [f"{pool_name}m{place}" for place in range(number)]
        networks.append(pool(pool_name, members, len(texts)))
        links += members
        running += [xml.replace(MEMBER, member) for xml, member in zip(texts, members)]
    memory = {"total": (guests + 1) * 3 << 20, "available": (guests + 4) * 3 << 18, "pages": {}}
    return paper.info({"name": name, "networks": networks, "links": links, "guests": running, "memory": memory})


def _models(paper: Any, names: Iterable[str]) -> dict[str, Any]:
    """By network a guest with one NIC in it."""
    nets = [*fleet.NETWORKS, *(pool(name, [f"{name}m0"]) for name in names)]
    host = {"name": "model", "networks": nets, "links": [*LINKS, *(f"{name}m0" for name in names)]}
    return {network: paper.described(host, paper.domain(paper.interface(network))) for network in (*SHARED, *names)}


def _on_member(paper: Any, guest: dict[str, Any], nic: dict[str, Any]) -> str:
    """The guest's XML as it runs; its member is filled in later."""
    source = f"<source network='{nic['network']}' dev='{MEMBER}' mode='passthrough'/>"
    interface = f"<interface type='direct'><mac address='{nic['mac']}'/>{source}<model type='virtio'/></interface>"
    return str(paper.domain(interface, name=guest["name"])).replace(
        "00000000-0000-0000-0000-000000000001", guest["uuid"]
    )


def measure_one(guests: int, hosts: int) -> Row:
    """In this process. Its seconds of the processor."""
    found, facts = invent(guests, hosts)  # makes the collection importable
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.planning.plan import plan_migrations
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.planning.resilience import check_resilience

    began = time.process_time()
    plan = plan_migrations(found, facts, {"sources": ["kvm000"]})
    planned = time.process_time()
    result = check_resilience(found, facts, {})
    return {
        "guests": guests,
        "hosts": hosts,
        "plan": planned - began,
        "N-1": time.process_time() - planned,
        "moves": len(plan["steps"]),
        "stays": len(plan["stays"]),
        "proven": plan["optimal"],
        "full": sum(1 for row in result["hosts"] if row["verdict"] == "ok"),
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def measure_all(sizes: Iterable[Size]) -> dict[Size, Row]:
    rows = {}
    for size in dict.fromkeys(sizes):
        command = [sys.executable, __file__, *map(str, size)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
        rows[size] = json.loads(done.stdout)
        print(table([rows[size]])[-1], flush=True)
    return rows


def table(rows: Iterable[Row]) -> list[str]:
    head = ["guests", "hosts", "plan, s", "moves", "stay", "N-1, s", "hosts that can be emptied", "MB"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---:|" * len(head)]
    for row in rows:
        cells = [row["guests"], row["hosts"], f"{row['plan']:.1f}", row["moves"], row["stays"], f"{row['N-1']:.1f}"]
        cells += [row["full"], f"{row['megabytes']:.0f}"]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines


def plot(rows: list[Row], by: str, what: str) -> list[str]:
    """A mark for each size."""
    most = max(row[what] for row in rows)
    lines = [f"{what}, seconds, by {by}"]
    for row in rows:
        mark = "#" * max(round(row[what] / most * WIDTH), 1)
        lines.append(f"{row[by]:5} {mark:{WIDTH}} {row[what]:6.1f}")
    return lines


def written(rows: dict[Size, Row]) -> str:
    plots = []
    for by, sizes, other in (("guests", BY_GUESTS, f"{HOSTS} hosts"), ("hosts", BY_HOSTS, f"{GUESTS} guests")):
        for what in SECONDS:
            plots += [*plot([rows[size] for size in sizes], f"{by}", what), ""]
            plots[-len(sizes) - 2] += f" ({other})"
    return "\n".join([BEGIN, "", *table(rows[size] for size in sorted(rows)), "", "```", *plots[:-1], "```", "", END])


def main(arguments: list[str]) -> int:
    if arguments:
        print(json.dumps(measure_one(*map(int, arguments))))
        return 0
    rows = measure_all([(GUESTS, HOSTS), *BY_GUESTS, *BY_HOSTS])
    text = PAGE.read_text(encoding="utf-8")
    before, _begin, rest = text.partition(BEGIN)
    PAGE.write_text(f"{before}{written(rows)}{rest.partition(END)[2]}", encoding="utf-8")
    named = rows[GUESTS, HOSTS]
    good = all(named[what] <= most for what, most in SECONDS.items()) and named["megabytes"] <= MEGABYTES
    return 0 if good and all(row["proven"] for row in rows.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
