# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host of a drawn scenario: a network 'red' of some kind, what it stands on, and how a scenario's file says it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional

VIRTUAL = ("nat", "route", "open", "isolated", "very isolated")  # the last has no address
BRIDGES = ("bridge", "switch")  # the host's own: a Linux bridge, Open vSwitch
POOLS = ("pool bridge", "pool private", "pool vepa", "pool passthrough")
MISSING = "p99"  # a NIC that no host has
KINDS = (*VIRTUAL, *BRIDGES, *POOLS)
# How the host's own bridge comes to its uplink; a spare one has no cable, since two would close a loop.
WAYS = {
    "bridge": ("one", "spare", "veth", "bond", "none"),
    "switch": ("one", "spare", "patch", "bond", "none"),
}


@dataclass
class World:
    """kind: one of KINDS. There is no uplink by the way "none". present: whether the network is defined.

    run, undo: commands as of a scenario's side. others: of its guests. faults: links without a cable, or set down.
    """

    kind: str
    bridge: str = "br7"
    way: str = "one"
    nics: list[str] = field(default_factory=lambda: ["p1", "p2"])
    unplugged: list[str] = field(default_factory=list)
    mtu: int = 0
    subnet: str = "10.20.0"
    host: int = 1
    prefix: int = 24
    ipv6: str = ""
    dhcp: Optional[tuple[int, int]] = None
    domain: str = ""
    names: dict[str, int] = field(default_factory=dict)
    dns: bool = True
    portgroups: dict[str, str] = field(default_factory=dict)  # XML within, by name
    default: str = ""
    isolated: bool = False
    vlan: int = 0
    present: bool = True
    active: bool = True
    autostart: bool = True
    transient: bool = False
    waiting: str = ""  # an element that its definition has, and not what runs
    more: list[str] = field(default_factory=list)  # networks beside it
    others: list[dict[str, Any]] = field(default_factory=list)
    run: list[str] = field(default_factory=list)
    undo: list[str] = field(default_factory=list)

    @property
    def is_virtual(self) -> bool:
        return self.kind in VIRTUAL

    @property
    def is_pool(self) -> bool:
        return self.kind in POOLS

    @property
    def there(self) -> list[str]:
        """Without the member that the host lacks."""
        return [nic for nic in self.nics if nic != MISSING]

    @property
    def has_address(self) -> bool:
        return self.is_virtual and self.kind != "very isolated"

    def side(self) -> dict[str, Any]:
        """As docs/truth.md has it."""
        found: dict[str, Any] = {
            "links": self._links(),
            "networks": [*([self._network()] if self.present else []), *self.more],
            "guests": self.others,
            "run": [*self._late(), *self.run],
            "undo": self.undo,
        }
        return {key: value for key, value in found.items() if value}

    def _links(self) -> list[dict[str, Any]]:
        size = {"mtu": self.mtu} if self.mtu else {}
        links: list[dict[str, Any]] = []
        if self.mtu and not self.is_virtual:
            links += [{"name": nic, **size} for nic in self.there]
        if self.kind in BRIDGES:
            links += getattr(self, f"_{self.kind}")(size)
        spare = self.there[1:] if self.kind in BRIDGES and self.way == "spare" else []
        return links + [{"name": nic, "carrier": False} for nic in dict.fromkeys((*self.unplugged, *spare))]

    def _bridge(self, size: dict[str, int]) -> list[dict[str, Any]]:
        own = {"name": self.bridge, "kind": "bridge", **size}
        if self.way == "veth":
            return [
                {"name": "va", "kind": "veth", "options": "peer name vb", **size},
                {"name": "br8", "kind": "bridge", "members": ["vb", self.there[0]], **size},
                {**own, "members": ["va"]},
            ]
        if self.way == "bond":
            return [{"name": "bond7", "kind": "bond", "options": "mode active-backup miimon 100", **size}, own]
        return [{**own, "members": self.there[: {"none": 0, "one": 1, "spare": 2}[self.way]]}]

    def _switch(self, size: dict[str, int]) -> list[dict[str, Any]]:
        own = {"name": self.bridge, "kind": "ovs"}
        if self.way == "patch":
            return [own, {"name": "ovs8", "kind": "ovs", "members": [self.there[0]]}]
        return [{**own, "members": self.there[: {"none": 0, "bond": 0, "one": 1, "spare": 2}[self.way]]}]

    def _late(self) -> list[str]:
        """What links alone do not say."""
        if (self.kind, self.way) == ("bridge", "bond"):
            slaves = [
                f"ip link set {nic} down; ip link set {nic} master bond7; ip link set {nic} up" for nic in self.there
            ]
            return [*slaves, f"ip link set bond7 master {self.bridge} up"]
        if (self.kind, self.way) == ("switch", "bond"):
            return [f"ovs-vsctl add-bond {self.bridge} bond7 {' '.join(self.there)}"]
        if (self.kind, self.way) == ("switch", "patch"):
            return [
                f"ovs-vsctl add-port {self.bridge} pa -- set interface pa type=patch options:peer=pb",
                "ovs-vsctl add-port ovs8 pb -- set interface pb type=patch options:peer=pa",
            ]
        return []

    def _network(self) -> dict[str, Any] | str:
        xml = self._xml("")
        if self.transient:
            return {"xml": xml, "transient": True}
        if self.waiting:
            return {"xml": self._xml(self.waiting), "live": xml}
        if self.active and self.autostart:
            return xml
        return {"xml": xml, "start": self.active, "autostart": self.autostart}

    def _xml(self, waiting: str) -> str:
        return f"<network><name>red</name>{self._plug()}{waiting}{self._settings()}</network>"

    def _plug(self) -> str:
        if self.is_pool:
            members = "".join(f"<interface dev='{nic}'/>" for nic in self.nics)
            return f"<forward mode='{self.kind.split()[1]}'>{members}</forward>"
        if self.kind in BRIDGES:
            switch = "<virtualport type='openvswitch'/>" if self.kind == "switch" else ""
            vlan = f"<vlan><tag id='{self.vlan}'/></vlan>" if self.vlan else ""
            return f"<forward mode='bridge'/><bridge name='{self.bridge}'/>{switch}{vlan}"
        forward = "" if "isolated" in self.kind else f"<forward mode='{self.kind}'/>"
        mtu = f"<mtu size='{self.mtu}'/>" if self.mtu else ""
        return f"{forward}<bridge name='{self.bridge}' stp='off' delay='0'/>{mtu}{self._served()}"

    def _served(self) -> str:
        if not self.has_address:
            return ""
        domain = f"<domain name='{self.domain}'/>" if self.domain else ""
        records = ((f"{self.subnet}.{number}", name) for name, number in self.names.items())
        hosts = "".join(f"<host ip='{address}'><hostname>{name}</hostname></host>" for address, name in records)
        dns = f"<dns>{hosts}</dns>" if self.dns else "<dns enable='no'/>"
        dhcp = "" if self.dhcp is None else self._range(*self.dhcp)
        second = f"<ip family='ipv6' address='{self.ipv6}' prefix='64'/>" if self.ipv6 else ""
        return f"{domain}{dns}<ip address='{self.subnet}.{self.host}' prefix='{self.prefix}'>{dhcp}</ip>{second}"

    def _range(self, first: int, last: int) -> str:
        return f"<dhcp><range start='{self.subnet}.{first}' end='{self.subnet}.{last}'/></dhcp>"

    def _settings(self) -> str:
        isolated = "<port isolated='yes'/>" if self.isolated and not self.is_pool and self.kind != "switch" else ""
        defaults = {self.default: " default='yes'"}
        groups = "".join(
            f"<portgroup name='{name}'{defaults.get(name, '')}>{xml}</portgroup>"
            for name, xml in self.portgroups.items()
        )
        return isolated + groups
