# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random networks as options: likely ones of every mode, and now and then a value that is odd or wrong."""

from __future__ import annotations

import copy
import random
from typing import Any

Options = dict[str, Any]

SLOTS = 6  # subnets, bridges and names are few, so that they meet
VIRTUAL = ("nat", "isolated", "route", "open")
MACVTAP = ("bridge-pool", "private", "vepa", "passthrough")
MODES = {"nat": 6, "isolated": 3, "route": 2, "open": 1, "bridge": 3, "bridge-pool": 1, "private": 1, "vepa": 1,
         "passthrough": 2, "hostdev": 0.3}  # fmt: skip

# By the option's own name; what is not here gets one of its type.
ODD: dict[str, list[Any]] = {
    "address": ["10.1.0.0", "10.1.0.255", "0.0.0.0", "127.0.0.1", "224.0.0.5", "::1", "fe80::1", "10.1.0.1/24",
                "010.1.0.1", "FD00:1::1", "fd00:1::", "::ffff:10.1.0.1", "10.1.0", "198.18.0.1"],
    "prefix": [0, 1, 8, 30, 31, 32, 33, 64, 127, 128, -1],
    "netmask": ["255.255.255.0", "255.255.0.0", "255.0.255.0", "0.0.0.0", "255.255.255.255", "24"],
    "start": ["10.1.0.0", "10.1.0.255", "10.1.0.1", "10.9.0.1", "fd00:1::", 0, 70000],
    "end": ["10.1.0.0", "10.1.0.255", "10.1.0.1", "10.9.0.9", "fd00:1::ffff", 0, 70000],
    "ip": ["10.1.0.0", "10.1.0.255", "10.1.0.1", "10.77.0.5", "fd00:1::1", "x", "10.1.0.5"],
    "mac": ["52-54-00-00-01-01", "5254.0000.0101", "01:00:5e:00:00:01", "52:54:00:AB:CD:EF", "0:0:0:0:0:1",
            "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "52:54:00:00:00"],
    "mtu": [0, 1, 67, 68, 576, 1279, 1280, 1500, 9000, 65535, 65536, 70000],
    "metric": [0, 1, 2, 4294967295, 4294967296, -1],
    "priority": [0, 1, 65535, 65536], "weight": [0, 1, 65535, 65536], "port": [0, 1, 53, 65535, 65536],
    "expiry": [0, 1, 2, 119, 120, 4294967295], "unit": ["seconds", "hours", "days"],
    "zone": ["nosuch", "public", ""], "delay": [0, 1, 30, 31, 4294967295], "dev": ["p9", "nosuch0", "lo", "br0", "p0"],
    "target": ["", "t" * 300, "a,b", "host.", "."], "value": ["", "a b", "a,b", 'a"b', "v" * 300, "ä"],
    "hostnames": [[], ["a"], ["a", "a"], ["a", "b", "c"], ["a,b"], ["a.b."], [""]],
    "service": ["", "sip", "a b", "x" * 70], "protocol": ["", "tcp", "udp", "sctp"], "domain": ["", "a.b", "a,b", "."],
    "addr": ["8.8.8.8", "::1", "x", ""], "tftp": ["/nowhere", "", "/srv", "relative"], "file": ["", "a", "a,b", "a b"],
    "server": ["10.1.0.9", "x", ""], "id": [0, 1, 4094, 4095, -1, "0:1:2", ""],
    "average": [0, 1, 1000, 2**40], "peak": [0, 1, 2000], "burst": [0, 1], "floor": [1],
    "uuid": ["6f5b1f1e0f3a4d518f430c2f5b9b8f11", "6F5B1F1E-0F3A-4D51-8F43-0C2F5B9B8F11", "x", ""],
    "interfaceid": ["6f5b1f1e0f3a4d518f430c2f5b9b8f11", "x"], "instanceid": ["6f5b1f1e0f3a4d518f430c2f5b9b8f11", "x"],
    "profileid": ["", "p", "p" * 40], "typeid": [0, 16777215, 16777216], "managerid": [0, 255, 256],
    "typeidversion": [0, 255, 256], "type": ["openvswitch", "802.1Qbg", "802.1Qbh", "midonet", "x"],
    "mac_table_manager": ["kernel", "libvirt"], "native_mode": ["tagged", "untagged"], "family": ["ipv4", "ipv6"],
    "gateway": ["10.1.0.2", "10.1.0.1", "10.66.0.1", "fd00:1::2", "x"], "driver": [{}, {"name": "vfio"}],
}  # fmt: skip
NAMES = ["x", "", " ", "a b", "a,b", "a'b", 'a"b', "a<b>", "a&b", "x'/><forward mode='nat'/><x y='", "ä", "a\nb",
         "é" * 7, "à", "virbr%d", "virbr7", "br0", "p0", "lo", "n" * 16, "n" * 300, "a/b", "-x", "%d", "."]  # fmt: skip
STRINGS = ["", " ", "a b", "a,b", "a'b", 'a"b', "<x/>", "ä", "a\nb", "0", "no", "z" * 300]
NUMBERS = [0, 1, -1, 2, 255, 256, 4095, 65535, 65536, 2**31, 2**32 - 1, 2**32, 2**63, 2**64]


class Networks:
    """A source of networks."""

    def __init__(self, choose: random.Random) -> None:
        self.choose = choose

    def some(self, chance: float) -> bool:
        return self.choose.random() < chance

    def mode(self) -> str:
        return self.choose.choices(list(MODES), list(MODES.values()))[0]

    def whole(self, mode: str, slot: int) -> Options:
        """A network of a mode. slot: which subnet and bridge it would have."""
        made: Options = {"forward": self.forward(mode)}
        virtual = mode in VIRTUAL
        if virtual:
            if mode != "isolated" or self.some(0.7):
                made["ips"] = self.ips(slot)
            if self.some(0.3):
                made["bridge"] = self.bridge(slot)
            if self.some(0.2):
                made["mtu"] = self.choose.choice([1280, 1400, 1500, 4000, 9000])
            if self.some(0.15):
                made["mac"] = f"52:54:00:0{slot}:00:{self.choose.randrange(3):02x}"
            if self.some(0.3):
                made["domain"] = {"name": self.choose.choice(["a.example", "b.example"])}
                if self.some(0.4):
                    made["domain"]["local_only"] = self.some(0.5)
            if made.get("ips") and self.some(0.4):
                made["dns"] = self.dns(slot)
            if made.get("ips") and self.some(0.15):
                made["routes"] = [self.route(slot, number) for number in range(self.choose.randint(1, 2))]
            if self.some(0.15):
                made["port"] = {"isolated": self.some(0.7)}
            if self.some(0.1):
                made["ipv6"] = self.some(0.7)
            if self.some(0.1):
                made["dnsmasq_options"] = self.choose.sample(["expand-hosts", "no-negcache", "domain-needed"], 2)
        elif mode == "bridge":
            made["bridge"] = {"name": "br0"}
        if (virtual or mode == "bridge") and self.some(0.03):
            made["bandwidth"] = self.bandwidth()
        if self.some(0.35):
            made["portgroups"] = self.portgroups(mode)
        if mode == "passthrough" and self.some(0.15):
            made["vlan"] = self.vlan()
        if mode in MACVTAP and self.some(0.05):
            made["virtualport"] = {"type": "802.1Qbg", "parameters": {"managerid": 1, "typeid": 2, "typeidversion": 3}}
        if self.some(0.1):
            made["trust_guest_rx_filters"] = self.some(0.7)
        if self.some(0.1):
            made["metadata"] = [f"<a:x xmlns:a='urn:walk:{n}'>{self.choose.randrange(3)}</a:x>" for n in range(2)]
        if self.some(0.07):
            made["title"] = self.choose.choice(["one", "two & three"])
        if self.some(0.07):
            made["description"] = self.choose.choice(["a text", "two\nlines"])
        return made

    def part(self, mode: str, slot: int) -> Options:
        """Some options of a network that is there."""
        every: Options = {}
        for _attempt in range(8):
            every = {**self.whole(mode, slot), **every}
        every.pop("mac", None)
        if self.some(0.85):
            every.pop("forward")
        chosen = {
            name: every[name] for name in self.choose.sample(sorted(every), min(len(every), self.choose.randint(1, 3)))
        }
        for name in chosen:
            if self.some(0.1):
                chosen[name] = {dict: {}, list: [], str: "", int: 0}.get(type(chosen[name]), chosen[name])
        return chosen

    def forward(self, mode: str) -> Options:
        if mode == "isolated":
            return {}
        if mode == "bridge-pool" or mode in MACVTAP:
            members = self.choose.sample([f"p{number}" for number in range(8)], self.choose.randint(1, 4))
            return {"mode": mode.partition("-")[0], "interfaces": [{"dev": dev} for dev in members]}
        made: Options = {"mode": mode}
        if mode in ("nat", "route") and self.some(0.15):
            made["dev"] = self.choose.choice(["p0", "eth0"])
        if mode == "nat" and self.some(0.15):
            made["nat"] = self.choose.choice(
                [{"port": {"start": 2000, "end": 3000}}, {"ipv6": True}, {"port": {"start": 1024, "end": 65535}},
                 {"address": {"start": "10.200.0.1", "end": "10.200.0.9"}}]
            )  # fmt: skip
        if mode == "hostdev":
            made.update(
                self.choose.choice(
                    [{"addresses": [{"address": "0000:03:10.1"}]}, {"managed": True}, {"pf": {"dev": "p0"}}]
                )
            )
        return made

    def bridge(self, slot: int) -> Options:
        made: Options = {"name": self.choose.choice([f"vb{slot}", f"vb{slot}x", f"vb{self.choose.randrange(SLOTS)}"])}
        if self.some(0.5):
            made["stp"] = self.some(0.5)
        if self.some(0.3):
            made["delay"] = self.choose.choice([0, 2, 5])
        if self.some(0.1):
            made["mac_table_manager"] = self.choose.choice(["kernel", "libvirt"])
        return made if self.some(0.8) else {name: value for name, value in made.items() if name != "name"} or made

    def ips(self, slot: int) -> list[Options]:
        if self.some(0.05):
            slot = self.choose.randrange(SLOTS)
        net = f"10.{slot + 1}.0"
        four: Options = {"address": f"{net}.1", **self.choose.choice([{"prefix": 24}, {"netmask": "255.255.255.0"}])}
        if self.some(0.8):
            four["dhcp"] = self.dhcp(net)
        if self.some(0.05):
            four["local_ptr"] = True
        if self.some(0.05):
            four["tftp"] = "/srv"
        found = [four]
        if self.some(0.25):
            six: Options = {"family": "ipv6", "address": f"fd00:{slot + 1}::1", "prefix": 64}
            if self.some(0.5):
                six["dhcp"] = {"ranges": [{"start": f"fd00:{slot + 1}::100", "end": f"fd00:{slot + 1}::1ff"}]}
                if self.some(0.5):
                    six["dhcp"]["hosts"] = [{"id": "0:1:0:1:18:aa:bb:cc", "ip": f"fd00:{slot + 1}::9"}]
            found.append(six)
        if self.some(0.08):
            found.append({"address": f"10.{slot + 1}.1.1", "prefix": 24})
        self.choose.shuffle(found)
        return found

    def dhcp(self, net: str) -> Options:
        made: Options = {}
        if self.some(0.9):
            first = self.choose.choice([50, 100])
            made["ranges"] = [{"start": f"{net}.{first}", "end": f"{net}.{first + self.choose.choice([9, 40])}"}]
            if self.some(0.2):
                made["ranges"].append({"start": f"{net}.200", "end": f"{net}.210"})
            if self.some(0.15):
                made["ranges"][0]["lease"] = {"expiry": self.choose.choice([0, 2, 60]), "unit": "minutes"}
        if self.some(0.6):
            made["hosts"] = [
                self.host(net, number) for number in self.choose.sample(range(1, 7), self.choose.randint(1, 3))
            ]
        if self.some(0.05):
            made["bootp"] = {"file": "pxe.0", "server": f"{net}.1"}
        return made

    def host(self, net: str, number: int) -> Options:
        made: Options = {"ip": f"{net}.{10 + number}", "mac": f"52:54:00:00:00:{number:02x}"}
        if self.some(0.5):
            made["name"] = f"h{number}"
        if made.get("name") and self.some(0.15):
            del made["mac"]
        return made

    def dns(self, slot: int) -> Options:
        made: Options = {}
        if self.some(0.08):
            return {"enable": self.some(0.5)}
        if self.some(0.5):
            made["hosts"] = [
                {"ip": self.choose.choice([f"10.{slot + 1}.0.{n + 20}", f"fd00:{slot + 1}::{n + 20}"]),
                 "hostnames": self.choose.sample(["a", "b", "c", f"d{n}"], self.choose.randint(1, 2))}
                for n in range(self.choose.randint(1, 3))
            ]  # fmt: skip
        if self.some(0.3):
            made["txts"] = [
                {"name": self.choose.choice(["t", "u"]), "value": self.choose.choice(["v=1", "v=2"])}
                for _n in range(self.choose.randint(1, 2))
            ]
        if self.some(0.3):
            made["srvs"] = [self.srv() for _n in range(self.choose.randint(1, 2))]
        if self.some(0.2):
            made["forwarders"] = [{"addr": self.choose.choice(["10.99.0.1", "10.99.0.2"])}]
        if self.some(0.1):
            made["forward_plain_names"] = self.some(0.5)
        return made or {"txts": [{"name": "t", "value": "v"}]}

    def srv(self) -> Options:
        made: Options = {"service": self.choose.choice(["sip", "ldap"]), "protocol": "tcp"}
        if self.some(0.7):
            made.update(target=self.choose.choice(["s1.example", "s2.example"]), port=self.choose.choice([1, 1024]))
            if self.some(0.4):
                made.update(priority=self.choose.choice([1, 10]), weight=self.choose.choice([1, 10]))
        if self.some(0.5):
            made["domain"] = self.choose.choice(["a.example", "b.example"])
        return made

    def route(self, slot: int, number: int) -> Options:
        made: Options = {"address": f"10.{50 + number}.{slot}.0", "prefix": 24, "gateway": f"10.{slot + 1}.0.2"}
        if self.some(0.4):
            made["metric"] = self.choose.choice([1, 2, 5])
        return made

    def bandwidth(self) -> Options:
        rates = {"average": self.choose.choice([1000, 2000]), "peak": 5000, "burst": 1024}
        return {self.choose.choice(["inbound", "outbound"]): rates}

    def vlan(self) -> Options:
        tags = self.choose.sample([10, 20, 30], self.choose.choice([1, 1, 2]))
        made: Options = {"tags": [{"id": tag} for tag in tags]}
        if len(tags) > 1 or self.some(0.3):
            made["trunk"] = True
        return made

    def portgroups(self, mode: str) -> list[Options]:
        names = self.choose.sample(["pg1", "pg2", "pg3"], self.choose.randint(1, 3))
        default = self.choose.choice([*names, None])
        return [{"name": name, **({"default": True} if name == default else {}), **self.group(mode)} for name in names]

    def group(self, mode: str) -> Options:
        made: Options = {}
        if mode in (*VIRTUAL, "bridge") and self.some(0.2):
            made["bandwidth"] = self.bandwidth()
        if mode == "passthrough" and self.some(0.4):
            made["vlan"] = self.vlan()
        if self.some(0.2):
            made["trust_guest_rx_filters"] = self.some(0.5)
        return made

    def odd(self, made: Options) -> Options:
        """With one value at some depth replaced, added, doubled or taken away."""
        made = copy.deepcopy(made)
        places = list(_places(made))
        if not places:
            return made
        holder, key, name = self.choose.choice(places)
        kind = self.choose.random()
        if kind < 0.08:
            del holder[key]
        elif kind < 0.16 and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        elif kind < 0.22 and isinstance(holder, dict):
            other = self.choose.choice(sorted(ODD))
            holder[other] = self.choose.choice(ODD[other])
        else:
            holder[key] = self.value(name, holder[key])
        return made

    def value(self, name: str, now: Any) -> Any:
        if name in ("name", "prefix") and isinstance(now, str):
            return self.choose.choice(NAMES)
        if name in ODD and self.some(0.85):
            return self.choose.choice(ODD[name])
        if isinstance(now, bool):
            return self.choose.choice([not now, "maybe", 1, 0, "yes", ""])
        if isinstance(now, int):
            return self.choose.choice([*NUMBERS, True, "7", ""])
        if isinstance(now, str):
            return self.choose.choice(STRINGS)
        return self.choose.choice([[], {}, "", 0, [1], [{}], {"x": 1}, None])


def _places(value: Any, name: str = "") -> Any:
    """Everywhere that a value stands: what holds it, by which key, and the name of its option."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(pairs):
        if str(key).startswith("$"):
            continue  # what the host is to fill in
        mine = key if isinstance(key, str) else name
        yield value, key, mine
        yield from _places(item, mine)
