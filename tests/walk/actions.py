# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a walk does next: calls of the modules, and everything that others do to a host meanwhile.

An action is JSON and says all that is to be done, so that a walk can be done again from its list of actions. What only
the host knows (a tap's name, a definition as it is) is named, not copied.
"""

from __future__ import annotations

import random
import re
from typing import Any

from networks import MACVTAP, NAMES, SLOTS, VIRTUAL, Networks, Options

Action = dict[str, Any]
Look = dict[str, Any]

RESTARTS = ("idle", "never", "replug", "seamless", "force")
STATES = {"active": 10, "inactive": 1, "present": 2, "absent": 1.5}
GUESTS = 4
MODE = re.compile(r"<forward[^>]* mode='(\w+)'")


def first_actions(choose: random.Random) -> list[Action]:
    """What the host has before the walk begins."""
    made = [{"do": "shell", "argv": ["ip", "link", "add", "br0", "type", "bridge"]}]
    made.append({"do": "shell", "argv": ["ip", "link", "set", "br0", "up"]})
    if choose.random() < 0.2:
        made.append({"do": "shell", "argv": ["ip", "address", "add", "10.3.0.77/24", "dev", "p7"]})
    return made


class Actions:
    """calls: whether a walk has calls of the modules only, beside what makes them interesting."""

    def __init__(self, choose: random.Random) -> None:
        self.choose = choose
        self.networks = Networks(choose)
        self.made = 0
        self.kinds: dict[Any, float] = {
            self.network: 30,
            self.networks_call: 12,
            self.portgroup: 8,
            self.pool: 8,
            self.guest: 12,
            self.guest_ends: 6,
            self.hand: 14,
            self.bridge_hand: 4,
            self.daemon: 2,
            self.dnsmasq: 2,
        }

    def next(self, seen: Look) -> Action:
        while True:
            action = self.choose.choices(list(self.kinds), list(self.kinds.values()))[0](seen)
            if action:
                return dict(action)

    def some(self, chance: float) -> bool:
        return self.choose.random() < chance

    # The modules

    def call(self, module: str, options: Options, odd: float = 0.25) -> Action:
        if self.some(odd):
            options = self.networks.odd(options)
        if module != "virt_portgroup" and self.some(0.6):
            options["restart"] = self.choose.choice(RESTARTS)
        action: Action = {"do": "call", "module": module, "options": options}
        if self.some(0.1):
            action["interrupt"] = self.interrupt()
            if self.some(0.3):
                action["next"] = {"module": "virt_networks", "options": {"networks": []}}
        return action

    def interrupt(self) -> Action:
        name = self.choose.choice(["KILL", "KILL", "KILL", "TERM", "HUP", "INT"])
        if self.some(0.3):
            return {"signal": name, "after": round(self.choose.uniform(0.02, 0.8), 3)}
        found = {"signal": name, "call": self.choose.randrange(8), "when": self.choose.choice(["before", "after"])}
        return {**found, "signal": "KILL", "daemon": True} if self.some(0.2) else found

    def name(self, seen: Look, known: float = 0.7) -> str:
        there = sorted(seen["networks"])
        if there and self.some(known):
            return self.choose.choice(there)
        return f"n{self.choose.randrange(SLOTS)}" if self.some(0.96) else self.choose.choice(NAMES)

    def slot(self, name: str) -> int:
        return int(name[1:]) if name[1:].isdigit() and self.some(0.95) else self.choose.randrange(SLOTS)

    def one(self, seen: Look, name: str) -> Options:
        """One network's options."""
        there = seen["networks"].get(name)
        options: Options = {"name": name}
        if self.some(0.5 if there else 0.15):
            options["state"] = self.choose.choices(list(STATES), list(STATES.values()))[0]
        if self.some(0.2):
            options["autostart"] = self.some(0.6)
        if options.get("state") in ("absent", "inactive") and self.some(0.9):
            return options
        mode = mode_of(there)
        if there and self.some(0.12):
            options["xml"] = {"$xml": {"network": name, "sub": self.edits(name), "inactive": self.some(0.8)}}
        elif there and self.some(0.75):
            options.update(self.networks.part(mode, self.slot(name)))
        elif not there or self.some(0.5):
            options.update(self.networks.whole(self.networks.mode(), self.slot(name)))
        return options

    def network(self, seen: Look) -> Action:
        return self.call("virt_network", self.one(seen, self.name(seen)))

    def networks_call(self, seen: Look) -> Action:
        there = sorted(seen["networks"])
        kind = self.choose.random()
        if kind < 0.15 and there:
            return self.call("virt_networks", {"networks": {"$info": True}}, odd=0)
        if kind < 0.35 and there:  # a network gets another name
            old = self.choose.choice(there)
            new = {"name": f"n{self.choose.randrange(SLOTS)}", "xml": {"$xml": {"network": old, "sub": [
                ["<name>.*?</name>", ""], ["<uuid>.*?</uuid>", ""], ["<mac .*?/>", ""]]}}}  # fmt: skip
            new["xml"]["$xml"]["sub"][0][1] = f"<name>{new['name']}</name>"
            entries = [{"name": old, "state": "absent"}, new]
            self.choose.shuffle(entries)
            return self.call("virt_networks", {"networks": entries}, odd=0.05)
        if kind < 0.55:
            return self.call("virt_networks", {"networks": self.exchange(there)}, odd=0.05)
        names = {self.name(seen, 0.5) for _n in range(self.choose.randint(0, 4))}
        options: Options = {"networks": [self.one(seen, name) for name in sorted(names)]}
        if self.some(0.3):
            options["purge"] = True
        return self.call("virt_networks", options)

    def exchange(self, there: list[str]) -> list[Options]:
        """Networks that pass on their bridges, their subnets, or both, in a circle or otherwise."""
        every = [f"n{number}" for number in range(SLOTS)]
        names = self.choose.sample(every, self.choose.randint(2, min(4, SLOTS)))
        bridges, subnets = [int(name[1:]) for name in names], [int(name[1:]) for name in names]
        what = self.choice(["bridges", "subnets", "both", "both apart"])
        if what != "subnets":
            self.choose.shuffle(bridges)
        if what in ("subnets", "both apart"):
            self.choose.shuffle(subnets)
        if what == "both":
            subnets = bridges
        entries = [
            {
                "name": name,
                "forward": {"mode": self.choice(["nat", "nat", "route"])},
                "bridge": {"name": f"vb{bridge}"},
                "ips": self.networks.ips(subnet),
            }
            for name, bridge, subnet in zip(names, bridges, subnets)
        ]
        for entry in entries:
            if entry["name"] in there and self.some(0.4):
                del entry["forward"]
        if self.some(0.2):  # one gives up what it has
            entries[0] = {"name": entries[0]["name"], "state": self.choice(["absent", "inactive"])}
        return entries

    def portgroup(self, seen: Look) -> Action | None:
        if not seen["networks"]:
            return None
        name = self.name(seen, 0.95)
        mode = mode_of(seen["networks"].get(name))
        options: Options = {
            "network": name,
            "name": self.choose.choice(["pg1", "pg2", "pg3"]),
            **self.networks.group(mode),
        }
        if self.some(0.3):
            options["default"] = self.some(0.7)
        if self.some(0.25):
            options["state"] = "absent"
        if self.some(0.2):
            options["in_use"] = self.choose.choice(["refuse", "allow"])
        return self.call("virt_portgroup", options, odd=0.2)

    def pool(self, seen: Look) -> Action | None:
        pools = [name for name, facts in sorted(seen["networks"].items()) if mode_of(facts) in MACVTAP]
        if not pools:
            return None
        name = self.choose.choice(pools) if self.some(0.95) else self.name(seen)
        options: Options = {"name": name}
        kind = self.choose.random()
        if kind < 0.8:
            options["members"] = [f"p{n}" for n in self.choose.sample(range(8), self.choose.randint(1, 3))]
            options["state"] = self.choose.choice(["present", "present", "absent"])
        elif kind < 0.9:
            options["match"] = {"name": self.choose.choice(["p*", "p[0-3]", "eth*"])}
        if self.some(0.2):
            options["exclusive"] = True
        if self.some(0.25):
            options["drain"] = True
        if self.some(0.15):
            options["reclaim_stale"] = True
        if self.some(0.1):
            options["max_guests"] = self.choose.choice([0, 1, 8])
        return self.call("virt_iface_pool", options, odd=0.15)

    # Guests

    def guest(self, seen: Look) -> Action | None:
        active = [name for name, facts in sorted(seen["networks"].items()) if facts["active"] and facts["persistent"]]
        if not active or len(seen["guests"]) >= GUESTS:
            return None
        nics = []
        for _n in range(self.choose.choice([1, 1, 2])):
            self.made += 1
            nics.append({"network": self.choose.choice(active), "mac": f"52:54:00:99:00:{self.made:02x}"})
            if self.some(0.3):
                nics[-1]["portgroup"] = self.choose.choice(["pg1", "pg2", "pg3"])
        return {"do": "guest", "name": f"g{self.made}", "nics": nics}

    def guest_ends(self, seen: Look) -> Action | None:
        if not seen["guests"]:
            return None
        name = self.choose.choice(sorted(seen["guests"]))
        if self.some(0.3):
            return {"do": "crash", "name": name}
        return {"do": "virsh", "argv": ["destroy", name]}

    # What others do

    def hand(self, seen: Look) -> Action | None:
        if not seen["networks"] or self.some(0.05):
            number = self.choose.randrange(2)
            xml = self.choose.choice(
                [f"<ip address='10.2{number}.0.1' prefix='24'/>",
                 f"<forward mode='passthrough'><interface dev='p{number + 6}'/></forward>"]
            )  # fmt: skip
            xml = f"<network><name>t{number}</name>{xml}</network>"
            return {"do": "virsh", "argv": [self.choose.choice(["net-create", "net-define"]), {"file": xml}]}
        name = self.name(seen, 1)
        slot = self.slot(name) + 1
        one, two = self.choose.randrange(3), self.choose.randrange(3)
        host = {"file": f"<host mac='52:54:00:77:00:0{one}' ip='10.{slot}.0.3{two}'/>"}
        entry = {"file": f"<host ip='10.{slot}.0.4{self.choose.randrange(3)}'><hostname>by-hand</hostname></host>"}
        group = {"file": f"<portgroup name='{self.choose.choice(['pg1', 'pg2', 'hand'])}'/>"}
        range_ = {"file": f"<range start='10.{slot}.0.120' end='10.{slot}.0.129'/>"}
        where = self.choice([[], ["--live"], ["--config"], ["--live", "--config"]])
        command = self.choice(["add", "add", "delete", "modify"])
        return self.choice(
            [
                {"do": "edit", "network": name, "sub": self.edits(name)},
                {"do": "edit", "network": name, "sub": self.edits(name)},
                {"do": "virsh", "argv": ["net-update", name, command, "ip-dhcp-host", host, *where]},
                {"do": "virsh", "argv": ["net-update", name, command, "dns-host", entry, *where]},
                {"do": "virsh", "argv": ["net-update", name, command, "portgroup", group, *where]},
                {"do": "virsh", "argv": ["net-update", name, command, "ip-dhcp-range", range_, *where]},
                {"do": "virsh", "argv": ["net-destroy", name]},
                {"do": "virsh", "argv": ["net-start", name]},
                {"do": "virsh", "argv": ["net-start", name]},
                {"do": "virsh", "argv": ["net-autostart", name, *self.choice([[], ["--disable"]])]},
                {"do": "virsh", "argv": ["net-undefine", name]},
            ]
        )

    def choice(self, things: list[Any]) -> Any:
        return self.choose.choice(things)

    def edits(self, name: str) -> list[list[str]]:
        """Substitutions in a definition, by regular expressions; those that find nothing do nothing."""
        slot = self.slot(name) + 1
        return self.choose.sample(
            [
                ["</network>", f"<mtu size='{self.choice([1400, 1500, 9000])}'/></network>"],
                ["<mtu .*?/>", ""],
                ["</network>", "<domain name='hand.example'/></network>"],
                ["</dhcp>", f"<host mac='52:54:00:66:00:01' ip='10.{slot}.0.60'/></dhcp>"],
                ["<range .*?/>", f"<range start='10.{slot}.0.130' end='10.{slot}.0.139'/>"],
                ["<host .*?/>", ""],
                ["<portgroup.*?(/>|</portgroup>)", ""],
                ["</network>", "<portgroup name='hand'/></network>"],
                ["<bridge name='[^']*'", f"<bridge name='{self.choice(['hand0', f'vb{slot}'])}'"],
                ["stp='on'", "stp='off'"],
                ["<mac .*?/>", ""],
                ["<forward mode='nat'>", "<forward mode='route'>"],
                ["<forward mode='nat'/>", "<forward mode='route'/>"],
                ["</network>", f"<dns><host ip='10.{slot}.0.44'><hostname>by-hand</hostname></host></dns></network>"],
                ["<network>", "<network ipv6='yes'>"],
                ["</network>", "<metadata><b:y xmlns:b='urn:hand'/></metadata></network>"],
                ["<uuid>", "<uuid>"],
            ],
            self.choose.choice([0, 1, 1, 2]),
        )

    def bridge_hand(self, seen: Look) -> Action | None:
        virtual = [
            name for name, facts in sorted(seen["networks"].items()) if facts["active"] and mode_of(facts) in VIRTUAL
        ]
        made: list[Action] = []
        if virtual:
            name = self.choice(virtual)
            made.append({"do": "attach", "network": name, "link": self.choice(["w0", "w1"])})
            made.append({"do": "bridge", "network": name, "how": self.choice(["deleted", "down", "without addresses"])})
            made.append({"do": "lease", "network": name, "mac": "52:54:00:99:00:01", "last": 55})
        if seen["guests"]:
            settings = self.choice(
                [["type", "bridge_slave", "isolated", "on"], ["type", "bridge_slave", "hairpin", "on"],
                 ["type", "bridge_slave", "learning", "off"], ["mtu", "1300"], ["nomaster"],
                 ["nomaster"],
                 ["type", "bridge_slave", "flood", "off"], ["type", "bridge_slave", "cost", "7"]]
            )  # fmt: skip
            made.append({"do": "tap", "guest": self.choice(sorted(seen["guests"])), "nic": 0, "settings": settings})
        return self.choice(made) if made else None

    def daemon(self, _seen: Look) -> Action:
        return {"do": "daemon", "how": self.choice(["TERM", "KILL"])}

    def dnsmasq(self, seen: Look) -> Action | None:
        with_one = [name for name, facts in sorted(seen["networks"].items()) if facts["dnsmasq"]["pid"]]
        return {"do": "dnsmasq", "network": self.choice(with_one)} if with_one else None


def mode_of(facts: dict[str, Any] | None) -> str:
    """A network's mode as networks.py calls it."""
    if not facts:
        return "nat"
    xml = facts["inactive"] or facts["live"]
    found = MODE.search(xml)
    if not found:
        return "isolated"
    return "bridge-pool" if found.group(1) == "bridge" and "<bridge name=" not in xml else found.group(1)
