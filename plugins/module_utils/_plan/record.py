# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan and the network it is for, as JSON and back: what is written down before anything is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .._model.bridge_port import BridgePort
from .._model.bridge_settings import BridgeSettings
from .._model.bridge_state import BridgeState
from .._model.leases import Leases
from .._model.observed import Observed
from .._model.plugged import Plugged
from .._xml.network import parse_network
from .step import Plan, Step


@dataclass(frozen=True)
class Entry:
    """A network in a transaction.

    was: the network before it. back: the network is on its way back to that. bridges: bridges whose settings may have
    other values for a moment, as they were. leases: DHCP leases of the network that libvirt removes, or that move.
    """

    plan: Plan
    was: Observed
    back: bool = False
    bridges: tuple[BridgeState, ...] = ()
    leases: tuple[Leases, ...] = ()


def record(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The definitions are libvirt's own texts."""
    return [
        {
            "network": entry.plan.network,
            "live_xml": entry.was.live_xml if entry.was.active else None,
            "persistent_xml": entry.was.persistent_xml if entry.was.persistent is not None else None,
            "autostart": entry.was.autostart,
            "bridge_settings": [list(one) for one in entry.was.bridge_settings.kept],
            "plugged": [asdict(port) for port in entry.was.plugged or ()],
            "steps": [asdict(step) for step in entry.plan.steps],
            "back": entry.back,
            "bridges": [asdict(bridge) for bridge in entry.bridges],
            "leases": [asdict(leases) for leases in entry.leases],
        }
        for entry in entries
    ]


def entries_from_record(entries: list[dict[str, Any]]) -> list[Entry]:
    """Raises ValueError for what record did not write, VirtfleetError XML_INVALID for invalid XML."""
    return [_entry(entry) for entry in entries]


def _entry(entry: Any) -> Entry:
    _check(entry, _ENTRY)
    for records, types in ((entry["bridges"], _BRIDGE), (entry["leases"], _LEASES)):
        for one in records:
            _check(one, types)
    return Entry(
        Plan(entry["network"], tuple(_step(step) for step in entry["steps"])),
        Observed(
            entry["network"],
            live=None if entry["live_xml"] is None else parse_network(entry["live_xml"]),
            live_xml=entry["live_xml"] or "",
            persistent=None if entry["persistent_xml"] is None else parse_network(entry["persistent_xml"]),
            persistent_xml=entry["persistent_xml"] or "",
            autostart=entry["autostart"],
            plugged=tuple(_plugged(port) for port in entry["plugged"]),
            bridge_settings=BridgeSettings(_rows(entry, "bridge_settings", str, int)),
        ),
        entry["back"],
        tuple(BridgeState(**bridge) for bridge in entry["bridges"]),
        tuple(Leases(**leases) for leases in entry["leases"]),
    )


def _step(step: Any) -> Step:
    _check(step, _STEP)
    ports = tuple(_plugged(port) for port in step["ports"])
    return Step(**{**step, "ports": ports, "options": _rows(step, "options", str, int)})


def _plugged(port: Any) -> Plugged:
    _check(port, _PLUGGED)
    tap = port["tap"]
    return Plugged(**{**port, "tap": None if tap is None else _tap(tap)})


def _tap(tap: Any) -> BridgePort:
    _check(tap, _TAP)
    rows = {"options": _rows(tap, "options", str, int), "fdb": _rows(tap, "fdb", str, int, int)}
    return BridgePort(**{**tap, **rows, "groups": _texts(tap, "groups"), "lost": _texts(tap, "lost")})


def _texts(tap: Any, name: str) -> tuple[str, ...]:
    if not all(isinstance(text, str) for text in tap[name]):
        raise ValueError(f"{name} of a tap")
    return tuple(tap[name])


def _rows(record: Any, name: str, *types: type) -> tuple[tuple[Any, ...], ...]:
    if not all(isinstance(row, list) and [type(cell) for cell in row] == list(types) for row in record[name]):
        raise ValueError(f"{name} of a record")
    return tuple(tuple(row) for row in record[name])


# JSON's types of each record's fields.
_TEXT, _OPTIONAL, _FLAG, _NUMBER, _LIST = (str,), (str, type(None)), (bool,), (int,), (list,)
_ENTRY: dict[str, tuple[type, ...]] = {
    "network": _TEXT, "live_xml": _OPTIONAL, "persistent_xml": _OPTIONAL, "autostart": _FLAG, "plugged": _LIST,
    "steps": _LIST, "back": _FLAG, "bridges": _LIST, "leases": _LIST, "bridge_settings": _LIST,
}  # fmt: skip
_STEP: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("action", "network", "doing", "disruption", "xml", "command", "section"), _TEXT),
    "index": _NUMBER, "value": _FLAG, "validate": _FLAG, "ports": _LIST, "options": _LIST,
}  # fmt: skip
_PLUGGED: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("mac", "uuid", "portgroup", "port", "member"), _OPTIONAL),
    **dict.fromkeys(("kind", "name", "xml"), _TEXT), "tap": (dict, type(None)),
}  # fmt: skip
_BRIDGE: dict[str, tuple[type, ...]] = {"name": _TEXT, "index": _NUMBER, "stp": _FLAG}
_LEASES: dict[str, tuple[type, ...]] = {"bridge": _TEXT, "status": _TEXT, "macs": _TEXT}
_TAP: dict[str, tuple[type, ...]] = {
    "name": _TEXT, "mtu": (int, type(None)), "options": _LIST, "fdb": _LIST, "dormant": _FLAG,
    "up": _FLAG, "groups": _LIST, "lost": _LIST,
}  # fmt: skip


def _check(record: Any, types: dict[str, tuple[type, ...]]) -> None:
    if not isinstance(record, dict) or set(record) != set(types):
        raise ValueError("a record has other fields")
    for name, allowed in types.items():
        if type(record[name]) not in allowed:
            raise ValueError(f"{name} is of another type")
