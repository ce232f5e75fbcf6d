# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What someone has set for the ports of a bridge and sysfs does not show: read, so that it can be put back, and put
back."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Optional

from .port_settings import SYSFS_SETTINGS, parse_bridge_port
from .raw_netlink import NESTED, dump_route, pack_attribute, parse_attributes, request_change

# linux/rtnetlink.h, if_link.h, if_bridge.h
_GETLINK, _SETLINK, _NEWMDB, _GETMDB, _GETNEIGH = 18, 19, 84, 86, 30
_CREATE = 0x400  # NLM_F_CREATE
_PROTINFO, _AF_SPEC, _VLAN_INFO, _EXT_MASK, _WITH_VLANS = 12, 26, 2, 29, 2
_ENTRY_SIZE, _PERMANENT_GROUP, _SOURCES, _SOURCE = 28, 1, 2, 4
# IFLA_BRPORT_*: name, how it is packed, and what a new port has.
_KEPT = {
    29: ("vlan_tunnel", "=B", 0),
    37: ("multicast_eht_hosts_limit", "=I", 512),
    39: ("locked", "=B", 0),
    40: ("mab", "=B", 0),
    42: ("multicast_limit", "=I", 0),
    43: ("neigh_vlan_suppress", "=B", 0),
}
_NUMBERS = {name: (number, form) for number, (name, form, _usual) in _KEPT.items()}
# A device or an object that may be elsewhere by then, or a state of a protocol.
_LOST = {34: "backup_port", 35: "MRP", 36: "MRP", 44: "backup_nexthop"}
_DEFAULT_VLAN = ((1, 0x06),)  # BRIDGE_VLAN_INFO_PVID, _UNTAGGED
# linux/neighbour.h: entries that do not age, that a guest may send by through a locked port, or that wait for someone
# to let it.
_NOARP, _PERMANENT, _REACHABLE = 0x40, 0x80, 0x02
_EXT_LEARNED, _STICKY, _EXT_LOCKED = 0x10, 0x40, 0x02
_ADDRESS, _MASTER, _FLAGS_EXT = 2, 9, 15


@dataclass
class PortNetlink:
    """Of one port. options: by the names that BridgePort has for them; groups: entries of the multicast table, as the
    kernel takes them; lost: names of settings that cannot be put back."""

    options: list[tuple[str, int]] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class FdbEntry:
    """index: of its port; state, flags: as the kernel takes them; waits: for someone to let it in (MAB)."""

    index: int
    mac: str
    state: int
    flags: int
    waits: bool

    @property
    def is_set(self) -> bool:
        """By someone, in contrast to an entry that was learned."""
        return bool(self.state & (_NOARP | _PERMANENT) or self.flags)


def read_port_netlink() -> dict[int, PortNetlink]:
    """By the index of a port of any bridge. Raises VirtfleetError LINKS_UNREADABLE."""
    found: dict[int, PortNetlink] = {}
    for answer in dump_route(_GETLINK, struct.pack("=BBHiII", 0, 0, 0, 0, 0, 0)):
        index, settings = parse_bridge_port(answer)
        if settings is not None:
            found[index] = netlink_of(settings)
    for answer in dump_route(_GETMDB, struct.pack("=Bxxxi", socket.AF_BRIDGE, 0)):
        for index, group, whole in groups_of(answer):
            port = found.setdefault(index, PortNetlink())
            if whole:
                port.groups.append(group)
            else:
                port.lost.append("multicast groups with sources")
    return found


def note_vlans(ports: dict[int, PortNetlink]) -> None:
    """Adds to what read_port_netlink found which ports have VLANs, for a bridge that goes by them.

    Raises VirtfleetError LINKS_UNREADABLE.
    """
    head = struct.pack("=BBHiII", socket.AF_BRIDGE, 0, 0, 0, 0, 0)
    for answer in dump_route(_GETLINK, head + pack_attribute(_EXT_MASK, struct.pack("=I", _WITH_VLANS))):
        index, vlans = vlans_of(answer)
        if vlans not in ((), _DEFAULT_VLAN):
            ports.setdefault(index, PortNetlink()).lost.append("VLANs")


def netlink_of(settings: Sequence[tuple[int, bytes]]) -> PortNetlink:
    """settings: IFLA_BRPORT_* with their values."""
    port = PortNetlink()
    for number, value in settings:
        if number in _KEPT:
            name, form, usual = _KEPT[number]
            told = struct.unpack(form, value[: struct.calcsize(form)])[0]
            if told != usual:
                port.options.append((name, told))
        elif number not in SYSFS_SETTINGS and any(value):
            port.lost.append(_LOST.get(number, f"attribute {number}"))
    return port


def groups_of(answer: bytes) -> Iterator[tuple[int, str, bool]]:
    """Of an answer about the multicast tables of bridges: those that someone has entered, each with the index of its
    port, and whether that is all of it."""
    for _kind, table in parse_attributes(answer[8:]):
        for _entry, infos in parse_attributes(table):
            for _info, info in parse_attributes(infos):
                told = info[:_ENTRY_SIZE]
                if len(told) == _ENTRY_SIZE and told[4] == _PERMANENT_GROUP:
                    extra = {number for number, value in parse_attributes(info[_ENTRY_SIZE:]) if any(value)}
                    yield struct.unpack_from("=i", told)[0], told.hex(), not extra & {_SOURCES, _SOURCE}


def vlans_of(answer: bytes) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Index of a port, and its VLANs with their flags."""
    index = struct.unpack_from("=i", answer, 4)[0]
    inside = dict(parse_attributes(answer[16:])).get(_AF_SPEC, b"")
    told = (struct.unpack("=HH", value[:4]) for number, value in parse_attributes(inside) if number == _VLAN_INFO)
    return index, tuple((vlan, flags) for flags, vlan in told)


def read_fdb() -> list[FdbEntry]:
    """Of all bridges. Raises VirtfleetError LINKS_UNREADABLE."""
    answers = dump_route(_GETNEIGH, struct.pack("=BBHiHBB", socket.AF_BRIDGE, 0, 0, 0, 0, 0, 0))
    return [entry for entry in map(fdb_entry_of, answers) if entry is not None]


def fdb_entry_of(answer: bytes) -> Optional[FdbEntry]:
    """None of an entry of no bridge."""
    index, state, flags = struct.unpack_from("=iHB", answer, 4)
    told = dict(parse_attributes(answer[12:]))
    if _ADDRESS not in told or _MASTER not in told:
        return None
    waits = bool(told.get(_FLAGS_EXT, b"\0")[0] & _EXT_LOCKED)
    kept = flags & (_STICKY | _EXT_LEARNED)
    return FdbEntry(index, told[_ADDRESS].hex(":"), state & (_NOARP | _PERMANENT) or _REACHABLE, kept, waits)


def write_options(index: int, options: Sequence[tuple[str, int]]) -> None:
    """Those that sysfs does not have, at once: MAB is of ports that are locked. Raises OSError."""
    mine = ((*_NUMBERS[name], value) for name, value in options if name in _NUMBERS)
    data = b"".join(pack_attribute(number, struct.pack(form, value)) for number, form, value in mine)
    if data:
        head = struct.pack("=BBHiII", socket.AF_BRIDGE, 0, 0, index, 0, 0)
        request_change(_SETLINK, 0, head + pack_attribute(_PROTINFO | NESTED, data))


def write_group(bridge: int, group: str) -> None:
    """bridge: its index. Raises OSError."""
    request_change(
        _NEWMDB, _CREATE, struct.pack("=Bxxxi", socket.AF_BRIDGE, bridge) + pack_attribute(1, bytes.fromhex(group))
    )


def is_in_netlink(option: str) -> bool:
    """Whether sysfs does not have it."""
    return option in _NUMBERS
