# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios drawn at random from a grammar: a source, a destination that differs from it a little, and a guest.

The same seed and number give the same scenario. What a difference means is not said anywhere: reality says it.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from world import BRIDGES, KINDS, MISSING, VIRTUAL, WAYS, World

MAC = "52:54:00:77:00:00"  # of the guest's first NIC, as guest.py gives it
_CPU = "<vcpu>2</vcpu><cpu {}><topology sockets='{}' cores='{}' threads='{}'/></cpu>"
CPUS = (
    ("", 8),
    *((_CPU.format(mode, *shape), 1) for mode in ("mode='host-model'", "mode='maximum'", "")
      for shape in ((2, 1, 1), (1, 2, 1), (1, 1, 2))),
)  # fmt: skip
RELEASES = ((["bookworm", "bookworm"], 5), (["bookworm", "trixie"], 3), (["trixie", "trixie"], 1))
DIFFERENCES = ((0, 2), (1, 6), (2, 3), (3, 1))
ON_BOTH = 0.15  # how often a difference is the source's too
# Few, since each set of devices is booted once.
DEVICES: tuple[tuple[str, ...], ...] = (
    (),
    (),
    (),
    (),
    ("<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>",),
    ("<graphics type='vnc' port='-1' autoport='yes' listen='127.0.0.1'/>",),
    (
        "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>",
        "<input type='tablet' bus='virtio'/>",
    ),
)
Difference = Callable[[World, random.Random], None]


def draw(seed: str, number: int) -> dict[str, Any]:
    """A scenario as its file would say it."""
    choose = random.Random(f"{seed}.{number}")
    source = _source(choose)
    destination = copy.deepcopy(source)
    names = []
    for _turn in range(_weighted(choose, DIFFERENCES)):
        name = _change(destination, choose)
        both = choose.random() < ON_BOTH and name not in ONE_SIDED and CHANGES[name][0](source)
        state = choose.getstate()
        CHANGES[name][1](destination, choose)
        if both:
            choose.setstate(state)
            CHANGES[name][1](source, choose)
        names.append(f"{name} (on both)" if both else name)
    interface = _interface(source, choose)
    devices, releases = list(choose.choice(DEVICES)), _weighted(choose, RELEASES)
    return {
        "name": f"{source.kind}, {source.way}: {', '.join(names) or 'no difference'}",
        "source": source.side(),
        "destination": destination.side(),
        # What answers on the wire is in no VLAN.
        "guest": {
            "interfaces": [interface],
            "devices": devices,
            "domain": _weighted(choose, CPUS),
            "boot": not source.vlan,
        },
        "releases": releases,
        "needs": ["bond"] if ("bridge", "bond") in ((one.kind, one.way) for one in (source, destination)) else [],
    }


def write(seed: str, count: int, directory: Path) -> list[Path]:
    """A file for each, so that any of them can be run again alone."""
    directory.mkdir(parents=True, exist_ok=True)
    files = []
    for number in range(count):
        file = directory / f"drawn-{seed}-{number:04}.yaml"
        file.write_text(yaml.safe_dump(draw(seed, number), sort_keys=False, width=110))
        files.append(file)
    return files


def _change(world: World, choose: random.Random) -> str:
    """One that fits; more often one that not every network may have."""
    fitting = [name for name, (fits, _do) in CHANGES.items() if fits(world)]
    own = [name for name in fitting if name not in GENERAL]
    return choose.choice(own if own and choose.random() < 0.65 else fitting)


def _weighted(choose: random.Random, table: tuple[tuple[Any, int], ...]) -> Any:
    return choose.choices([value for value, _weight in table], [weight for _value, weight in table])[0]


def _source(choose: random.Random) -> World:
    world = World(choose.choice((*KINDS, *BRIDGES, *BRIDGES)))
    if world.kind in BRIDGES:
        world.way = choose.choice([way for way in WAYS[world.kind] if way != "none"])
        world.bridge = {"bridge": "br7", "switch": "ovs7"}[world.kind]
    elif world.is_virtual:
        world.bridge = "virbr7"
    if choose.random() < 0.15 and world.kind != "switch":
        world.mtu = 9000
    if world.has_address:
        world.dhcp = choose.choice([None, (2, 100), (100, 200)])
        world.domain = choose.choice(["", "", "lan.example"])
        world.names = choose.choice([{}, {}, {"nine": 9}])
        world.ipv6 = choose.choice(["", "", "fd00:20::1"])
    if choose.random() < 0.2:
        world.portgroups = {"web": "", "db": ""}
        world.default = choose.choice(["", "web"])
    if world.kind == "switch" and choose.random() < 0.3:
        world.vlan = 40
    world.isolated = choose.random() < 0.1
    return world


def _interface(source: World, choose: random.Random) -> str:
    group = (
        f" portgroup='{choose.choice(sorted(source.portgroups))}'"
        if source.portgroups and choose.random() < 0.6
        else ""
    )
    link = "<link state='down'/>" if choose.random() < 0.08 else ""
    return f"<interface type='network'><source network='red'{group}/>{link}</interface>"


def _set(**values: Any) -> Difference:
    def change(world: World, _choose: random.Random) -> None:
        for name, value in values.items():
            setattr(world, name, copy.deepcopy(value))

    return change


def _runs(*commands: str, undo: str = "") -> Difference:
    """Commands in which {bridge} and {nic} stand for what the world has."""

    def change(world: World, _choose: random.Random) -> None:
        nic = world.there[0]
        world.run += [command.format(bridge=world.bridge, nic=nic) for command in commands]
        world.undo += [undo] if undo else []

    return change


def _other_bridge(world: World, _choose: random.Random) -> None:
    world.bridge = {"br7": "br9", "ovs7": "ovs9", "virbr7": "virbr9"}.get(world.bridge, world.bridge)


def _other_kind(world: World, choose: random.Random) -> None:
    world.kind = choose.choice([kind for kind in KINDS if kind != world.kind])
    world.way = choose.choice(WAYS[world.kind]) if world.kind in BRIDGES else "one"
    world.bridge = {"bridge": "br7", "switch": "ovs7"}.get(world.kind, "virbr7")
    world.vlan = world.vlan if world.kind == "switch" else 0
    world.mtu = 0 if world.kind == "switch" else world.mtu


def _other_way(world: World, choose: random.Random) -> None:
    world.way = choose.choice([way for way in WAYS[world.kind] if way != world.way])


def _no_cable(world: World, choose: random.Random) -> None:
    world.unplugged.append(choose.choice(world.there))


def _other_guest(world: World, choose: random.Random) -> None:
    mac = choose.choice(["52:54:00:77:09:09", "52:54:00:77:09:09", MAC])
    nic = f"<interface type='network'><mac address='{mac}'/><source network='red'/></interface>"
    world.others.append({"name": f"other{len(world.others) + 1}", "interfaces": [nic], "start": choose.random() < 0.8})


def _same_name(world: World, choose: random.Random) -> None:
    world.others.append({"name": "guest", "interfaces": [], "start": choose.random() < 0.5})


def _member_gone(world: World, choose: random.Random) -> None:
    world.nics[choose.randrange(len(world.nics))] = MISSING


def _member_in_a_bridge(world: World, choose: random.Random) -> None:
    nic = choose.choice(world.there)
    world.run += ["ip link add br6 type bridge", f"ip link set {nic} master br6"]


def _mtu(world: World, choose: random.Random) -> None:
    world.mtu = choose.choice([size for size in (0, 1400, 9000) if size != world.mtu])


def _any(_world: World) -> bool:
    return True


def _of(*kinds: str) -> Callable[[World], bool]:
    return lambda world: world.kind in kinds


def _addressed(world: World) -> bool:
    return _started(world) and world.has_address


def _started(world: World) -> bool:
    return world.present and world.active and not world.transient and world.is_virtual


def _served(world: World) -> bool:
    return world.has_address


def _pool(world: World) -> bool:
    return world.is_pool


def _has_a_member(world: World) -> bool:
    return world.is_pool and bool(world.there)


def _uplinked(*kinds: str) -> Callable[[World], bool]:
    """With commands about a port that is there."""
    return lambda world: world.kind in kinds and world.way in ("one", "spare") and bool(world.there)


def _guests_fit(world: World) -> bool:
    return world.present and world.active


# A difference: where it fits, and what it does.
CHANGES: dict[str, tuple[Callable[[World], bool], Difference]] = {
    "no such network": (_any, _set(present=False)),
    "not started": (_any, _set(active=False)),
    "no autostart": (_any, _set(autostart=False)),
    "transient": (_any, _set(transient=True)),
    "another network beside it": (
        _any,
        _set(more=["<network><name>blue</name><bridge name='virbr6' stp='off' delay='0'/></network>"]),
    ),
    "another kind": (_any, _other_kind),
    "another bridge": (_of(*VIRTUAL, *BRIDGES), _other_bridge),
    "another MTU": (lambda world: world.kind != "switch", _mtu),
    "another guest": (_guests_fit, _other_guest),
    "a guest of the same name": (_any, _same_name),
    "isolated ports": (_any, lambda world, choose: setattr(world, "isolated", not world.isolated)),
    "no portgroups": (_any, _set(portgroups={}, default="")),
    "more portgroups": (_any, lambda world, choose: world.portgroups.setdefault("mail", "")),
    "another default portgroup": (lambda world: bool(world.portgroups), _set(default="db")),
    "a change waits": (
        lambda world: not world.transient and world.present and world.active,
        _set(waiting="<title>later</title>"),
    ),
    # networks that libvirt makes
    "another subnet": (_served, _set(subnet="10.21.0")),
    "another address of the host": (_served, _set(host=254)),
    "a larger subnet": (_served, _set(prefix=23)),
    "IPv6": (_served, _set(ipv6="fd00:20::1")),
    "no IPv6": (_served, _set(ipv6="")),
    "no DHCP": (_served, _set(dhcp=None)),
    "another DHCP range": (_served, _set(dhcp=(150, 220))),
    "another domain": (_served, _set(domain="other.example")),
    "other names": (_served, _set(names={"ten": 10})),
    "more names": (_served, lambda world, choose: world.names.setdefault("eleven", 11)),
    "no DNS": (_served, _set(dns=False, names={}, domain="")),
    "its bridge has no address": (_addressed, _runs("ip address flush dev {bridge}")),
    "its bridge is down": (_started, _runs("ip link set {bridge} down")),
    "forwarding is off": (
        _served,
        _runs("sysctl -qw net.ipv4.ip_forward=0", undo="sysctl -qw net.ipv4.ip_forward=1"),
    ),
    # the host's own bridges
    "another way to the wire": (_of(*BRIDGES), _other_way),
    "no cable": (lambda world: not world.is_virtual and bool(world.there), _no_cable),
    "another NIC": (_of(*BRIDGES), _set(nics=["p3", "p4"])),
    "the bridge is down": (_of("bridge"), _runs("ip link set {bridge} down")),
    "the uplink is down": (_uplinked(*BRIDGES), _runs("ip link set {nic} down")),
    "the uplink is isolated": (_uplinked("bridge"), _runs("bridge link set dev {nic} isolated on")),
    "the uplink does not learn": (_uplinked("bridge"), _runs("bridge link set dev {nic} learning off")),
    "the uplink floods nothing unknown": (_uplinked("bridge"), _runs("bridge link set dev {nic} flood off")),
    "the uplink's port is disabled": (_uplinked("bridge"), _runs("bridge link set dev {nic} state 0")),
    "smaller frames on the uplink": (_uplinked("bridge"), _runs("ip link set {nic} mtu 1400")),
    "the uplink in a VLAN": (_uplinked("switch"), _runs("ovs-vsctl set port {nic} tag=40")),
    "the uplink takes some VLANs": (_uplinked("switch"), _runs("ovs-vsctl set port {nic} trunks=40,41")),
    "another VLAN": (_of("switch"), lambda world, choose: setattr(world, "vlan", choose.choice([0, 41]))),
    "fail mode secure": (_of("switch"), _runs("ovs-vsctl set-fail-mode {bridge} secure")),
    # pools
    "a member is missing": (_pool, _member_gone),
    "members in another order": (_pool, lambda world, choose: world.nics.reverse()),
    "one member": (_pool, lambda world, choose: world.nics.__delitem__(slice(1, None))),
    "a member in a bridge": (_has_a_member, _member_in_a_bridge),
    "a member is down": (_has_a_member, _runs("ip link set {nic} down")),
}
# On the source these would keep the guest from starting there.
ONE_SIDED = {
    "no such network", "not started", "a guest of the same name", "another guest", "a member is missing",
    "a member in a bridge", "another kind", "its bridge is down", "its bridge has no address", "fail mode secure",
}  # fmt: skip
GENERAL = {
    "no such network", "not started", "no autostart", "transient", "another network beside it", "another kind",
    "another bridge", "another MTU", "another guest", "a guest of the same name", "isolated ports", "no portgroups",
    "more portgroups", "another default portgroup", "a change waits",
}  # fmt: skip
