# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest's port on Open vSwitch."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any, Optional

import tools
import wire


def of(device: str) -> Optional[str]:
    """The switch that a tap is plugged in to."""
    if not Path("/run/openvswitch/db.sock").exists():
        return None
    done = subprocess.run(["ovs-vsctl", "port-to-br", device], capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def port(device: str, bridge: str, links: dict[str, dict[str, Any]]) -> dict[str, Any]:
    ports = tools.run("ovs-vsctl", "list-ports", bridge).split()
    parent = tools.run("ovs-vsctl", "br-to-parent", bridge).strip()  # of a fake bridge
    leading = uplinks(parent, links)
    carrying = [link for link in leading if wire.carries(link)]
    columns = {column: _value("port", device, column) for column in ("tag", "trunks", "vlan_mode")}
    shaping = {column: _value("interface", device, column) for column in ("ingress_policing_rate",)}
    ids = _value("interface", device, "external_ids")
    shaping["qos"] = "" if _value("port", device, "qos") == "[]" else _queue(device)
    return {
        "plug": "switch",
        "on": bridge,
        "reach": "l2" if carrying else "nothing" if leading else "isolated",
        "mtu": min([links[device]["mtu"], *(link["mtu"] for link in carrying)]),
        "peers": True,
        "profile": "".join(re.findall(r'port-profile="?([^",}]+)', ids)),
        "vlan": columns,
        "bandwidth": shaping,
        "silent": _silent(parent),
        "twins": sum(
            links[other]["address"] == links[device]["address"]
            and [_value("port", other, column) for column in ("tag", "trunks")] == [columns["tag"], columns["trunks"]]
            for other in ports
            if other in links and other != device
        ),
    }


def _silent(bridge: str) -> float:
    """How many seconds a switch that speaks STP keeps a new port silent."""
    if _value("bridge", bridge, "stp_enable") != "true":
        return 0
    return 2 * int(_value("bridge", bridge, "other_config:stp-forward-delay", "--if-exists").strip('"') or 15)


def waits(device: str) -> bool:
    """Whether a tap's switch does not let its frames through yet."""
    return (
        of(device) is not None and re.search(r"stp_state=(listen|learn)", _value("port", device, "status")) is not None
    )


def uplinks(bridge: str, links: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [links[name] for name in _behind(bridge, []) if name in links and not wire.is_tap(links[name])]


def _behind(bridge: str, seen: list[str]) -> list[str]:
    """The interfaces of a switch, those of bonds among them, and of the switches that it is patched to."""
    seen.append(bridge)
    found = []
    for name in tools.run("ovs-vsctl", "list-ifaces", bridge).split():
        if _value("interface", name, "type") != "patch":
            found.append(name)
            continue
        other = of(_value("interface", name, "options:peer").strip('"'))
        if other is not None and other not in seen:
            found += _behind(other, seen)
    return found


def _value(table: str, record: str, column: str, *options: str) -> str:
    return tools.run("ovs-vsctl", *options, "get", table, record, column).strip()


def _queue(device: str) -> str:
    qos = _value("port", device, "qos")
    return _value("qos", qos, "other_config")
