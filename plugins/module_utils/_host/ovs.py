# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open vSwitch bridges, of which the kernel shows little. Columns are those of ovs-vswitchd.conf.db(5)."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Optional

from .._model.errors import VirtfleetError
from .programs import output_of, run_program

_DATABASE = "/run/openvswitch/db.sock"
_SECONDS = 5
_PRIORITY = 32768  # of a flow that shows none
_FORWARD_DELAY = "15"  # seconds, of the spanning tree
_TABLES = {
    "Bridge": ("name", "ports", "fail_mode", "controller", "stp_enable", "other_config"),
    "Port": (
        "_uuid",
        "name",
        "interfaces",
        "tag",
        "trunks",
        "vlan_mode",
        "bond_mode",
        "lacp",
        "other_config",
        "bond_active_slave",
        "fake_bridge",
    ),
    "Interface": ("_uuid", "name", "type", "options", "admin_state", "link_state", "lacp_current"),
    "Mirror": ("output_port",),
}
# Of ovs-ofctl show: a port, and how it is set by OpenFlow.
_SHOWN_PORT = re.compile(r"^ +\w+\((.+)\): addr:")
_SHOWN_SETTINGS = re.compile(r"^ +config: +(.+)$")


def read_ovs_bridges() -> Optional[dict[str, dict[str, Any]]]:
    """All bridges by name: fail_mode, controllers (how many), flows (normal, none, other, or None where they cannot be
    seen), stp_delay (how many seconds a new port is silent) and ports, by name: tag, trunks, vlan_mode, needs_lacp
    (whether it passes no frames before LACP is negotiated), mirrors (whether it only gets copies) and interfaces, each
    with name, type, peer (of a patch port), up and lacp (both None where Open vSwitch does not say) and settings (by
    OpenFlow, such as NO_FWD; None where they cannot be seen). Empty if Open vSwitch does not run; None if it
    does not answer or its tools are missing.
    """
    if not os.path.exists(_DATABASE):
        return {}
    command = ["ovs-vsctl", f"--timeout={_SECONDS}", "--format=json"]
    for table, columns in _TABLES.items():
        command += ["--", f"--columns={','.join(columns)}", "list", table]
    said = output_of(command, 2 * _SECONDS)
    if said is None:
        return None
    bridges, ports, interfaces, mirrors = (_rows(json.loads(line)) for line in said.splitlines())
    by_uuid = {row["_uuid"]: row for row in interfaces}
    copies = {uuid for row in mirrors for uuid in _listed(row["output_port"])}
    by_port = {row["_uuid"]: row for row in ports}
    found: dict[str, dict[str, Any]] = {}
    for row in bridges:
        name = str(row["name"])
        settings = _settings(name)
        its = [by_port[uuid] for uuid in _listed(row["ports"]) if uuid in by_port]
        found[name] = {
            "fail_mode": row["fail_mode"] or None,
            "controllers": len(_listed(row["controller"])),
            "flows": _flows(name),
            "stp_delay": _stp_delay(row),
            "ports": {
                str(port["name"]): {**_port(port, by_uuid, settings), "mirrors": port["_uuid"] in copies}
                for port in its
            },
        }
        for port in its:
            if port["fake_bridge"] is True and isinstance(port["tag"], int):
                found[str(port["name"])] = _without_ports_of(found[name], str(port["name"]), port["tag"])
    return found


def _without_ports_of(bridge: dict[str, Any], fake: str, tag: int) -> dict[str, Any]:
    """A fake bridge, a name for the access ports of a VLAN (ovs-vsctl(8)), which are taken from their bridge; as if the
    two were patched."""
    ports = bridge["ports"]
    own = {name: port for name, port in ports.items() if port["tag"] == tag and port["vlan_mode"] in (None, "access")}
    ends = (f"{fake} in {tag}", f"{tag} of {fake}")
    usual: dict[str, Any] = {"tag": None, "trunks": [], "vlan_mode": None, "needs_lacp": False, "mirrors": False}
    shown: dict[str, Any] = {"type": "patch", "up": None, "lacp": None, "settings": []}
    for name in own:
        del ports[name]
    ports[ends[0]] = {**usual, "tag": tag, "interfaces": [{**shown, "name": ends[0], "peer": ends[1]}]}
    patch = {**usual, "interfaces": [{**shown, "name": ends[1], "peer": ends[0]}]}
    return {**bridge, "ports": {**{name: {**port, "tag": None} for name, port in own.items()}, ends[1]: patch}}


def _stp_delay(bridge: dict[str, Any]) -> float:
    """A new port listens and then learns, for a forward delay each. RSTP needs no such time for guests' ports."""
    config = bridge["other_config"] if isinstance(bridge["other_config"], dict) else {}
    delay = str(config.get("stp-forward-delay", _FORWARD_DELAY))
    return 2 * float(delay if delay.isdigit() else _FORWARD_DELAY) if bridge["stp_enable"] else 0


def read_datapaths() -> Optional[dict[str, str]]:
    """All bridges by name, each with its datapath_type. Empty or None as in read_ovs_bridges."""
    if not os.path.exists(_DATABASE):
        return {}
    said = output_of(
        ["ovs-vsctl", f"--timeout={_SECONDS}", "--format=json", "--columns=name,datapath_type", "list", "Bridge"],
        2 * _SECONDS,
    )
    return None if said is None else {str(row["name"]): str(row["datapath_type"]) for row in _rows(json.loads(said))}


def run_ovs_vsctl(arguments: Sequence[str]) -> None:
    """Run ovs-vsctl. Raises VirtfleetError SWITCH_REFUSED; then it has changed nothing."""
    done = run_program(["ovs-vsctl", f"--timeout={_SECONDS}", *arguments], 2 * _SECONDS)
    if done is None or done.status:
        reason = "it cannot be run, or does not answer" if done is None else done.err.strip() or "it failed"
        raise VirtfleetError("SWITCH_REFUSED", f"ovs-vsctl {' '.join(arguments)} failed: {reason}.")


def _port(
    row: dict[str, Any], interfaces: dict[Any, dict[str, Any]], settings: Optional[dict[str, list[str]]]
) -> dict[str, Any]:
    return {
        "tag": row["tag"] if isinstance(row["tag"], int) else None,
        "trunks": sorted(_listed(row["trunks"])),
        "vlan_mode": row["vlan_mode"] or None,
        "needs_lacp": _needs_lacp(row),
        "interfaces": [
            {**_interface(interfaces[uuid], settings), "lacp": _has_partner(interfaces[uuid], row)}
            for uuid in _listed(row["interfaces"])
            if uuid in interfaces
        ],
    }


def _has_partner(row: dict[str, Any], port: dict[str, Any]) -> Optional[bool]:
    """A new bond counts as negotiated before a partner has answered, and has no active member then."""
    if len(_listed(port["interfaces"])) > 1 and not port["bond_active_slave"]:
        return False
    return row["lacp_current"] if isinstance(row["lacp_current"], bool) else None


def _needs_lacp(row: dict[str, Any]) -> bool:
    """A bond that falls back to active-backup does not need it."""
    config = row["other_config"] if isinstance(row["other_config"], dict) else {}
    asks = row["lacp"] in ("active", "passive") or row["bond_mode"] == "balance-tcp"
    return asks and config.get("lacp-fallback-ab") != "true"


def _interface(row: dict[str, Any], settings: Optional[dict[str, list[str]]]) -> dict[str, Any]:
    states = {row["admin_state"], row["link_state"]} - {None}
    options = row["options"] if isinstance(row["options"], dict) else {}
    return {
        "name": str(row["name"]),
        "type": str(row["type"] or ""),
        "peer": options.get("peer"),
        "up": None if not states else states == {"up"},
        "settings": None if settings is None else settings.get(str(row["name"]), []),
    }


def _rows(table: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(zip(table["headings"], map(_value, row))) for row in table["data"]]


def _value(value: Any) -> Any:
    """An empty set is None, one of a single item that item (RFC 7047, 5.1)."""
    if not isinstance(value, list):
        return value
    kind, content = value
    if kind == "uuid":
        return content
    if kind == "map":
        return {_value(key): _value(item) for key, item in content}
    items = [_value(item) for item in content]
    return None if not items else items[0] if len(items) == 1 else items


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _settings(bridge: str) -> Optional[dict[str, list[str]]]:
    """Of each port that has any, by OpenFlow."""
    said = output_of(["ovs-ofctl", f"--timeout={_SECONDS}", "show", bridge], 2 * _SECONDS)
    return None if said is None else settings_of_ports(said)


def settings_of_ports(shown: str) -> dict[str, list[str]]:
    """shown: by ovs-ofctl show."""
    found: dict[str, list[str]] = {}
    name = None
    for line in shown.splitlines():
        port, config = _SHOWN_PORT.match(line), _SHOWN_SETTINGS.match(line)
        if port:
            name = port.group(1)
        elif config and name is not None and config.group(1).strip() != "0":
            found[name] = config.group(1).split()
    return found


def _flows(bridge: str) -> Optional[str]:
    said = output_of(["ovs-ofctl", f"--timeout={_SECONDS}", "--no-stats", "dump-flows", bridge], 2 * _SECONDS)
    return None if said is None else kind_of_flows(said)


def kind_of_flows(said: str) -> str:
    """said: by ovs-ofctl dump-flows. normal: they make Open vSwitch a learning switch, whatever their numbers and
    names; none: they drop everything."""
    flows = [_flow(line) for line in said.splitlines() if "actions=" in line]
    first = [flow for flow in flows if flow.table == 0]
    for _priority, together in groupby(sorted(first, key=_by_priority), key=_by_priority):
        same = list(together)
        # Of flows with one priority any may be the one that is taken.
        if any(flow.actions != same[0].actions for flow in same):
            return "other"
        if any(flow.matches_all for flow in same):
            return {"NORMAL": "normal", "drop": "none"}.get(same[0].actions, "other")
        if same[0].actions != "NORMAL":
            return "other"
    return "other" if first else "none"


@dataclass(frozen=True)
class _Flow:
    table: int
    priority: int
    matches_all: bool
    actions: str


def _flow(line: str) -> _Flow:
    """As ovs-ofctl(8) shows it."""
    head, _word, actions = line.strip().partition("actions=")
    fields = dict(field.partition("=")[::2] for field in re.split(r"[,\s]+", head) if field)
    matches = [name for name in fields if name not in ("cookie", "table", "priority")]
    return _Flow(int(fields.get("table", "0")), int(fields.get("priority", _PRIORITY)), not matches, actions.strip())


def _by_priority(flow: _Flow) -> int:
    return -flow.priority
