# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes one side of a scenario: links, filters, networks, and commands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import clean
import tools


def setup(links: list[dict[str, Any]], nwfilters: list[str], networks: list[dict[str, Any]]) -> None:
    for link in links:
        _link(link)
    for xml in nwfilters:
        tools.conn().nwfilterDefineXML(xml)
    for network in networks:
        _network(**network)


def run_all(commands: list[str]) -> None:
    os.makedirs(clean.SCRATCH, exist_ok=True)
    for command in commands:
        tools.run("sh", "-ec", command)


def qemu_conf(lines: list[str]) -> None:
    """These lines before the host's own, since libvirt takes the first."""
    conf, own = Path("/etc/libvirt/qemu.conf"), Path("/etc/libvirt/qemu.conf.own")
    if not own.exists():
        own.write_text(conf.read_text())
    conf.write_text("\n".join([*lines, own.read_text()]))


def _link(link: dict[str, Any]) -> None:
    name, kind = link["name"], link.get("kind")
    members = link.get("members", [])
    if kind == "ovs":
        _switch(name, members)
    elif kind == "bridge":
        tools.ip([f"link add {name} type bridge forward_delay 0"])
        tools.ip([f"link set {member} master {name} up" for member in members])
    elif kind:
        on = f"link {link['over']} " if "over" in link else ""
        tools.ip([f"link add {on}name {name} type {kind} {link.get('options', '')}"])
    if "mtu" in link:
        tools.ip([f"link set {name} mtu {link['mtu']}"])
    tools.ip([f"addr add {address} dev {name}" for address in link.get("addresses", [])])
    tools.ip([f"link set {name} {link.get('state', 'up')}"])


def _switch(name: str, members: list[str]) -> None:
    tools.run("ovs-vsctl", "--may-exist", "add-br", name, "--", "set", "bridge", name, "datapath_type=netdev")
    for member in members:
        tools.run("ovs-vsctl", "add-port", name, member)


def _network(xml: str, start: bool = True, autostart: bool = True, transient: bool = False, live: str = "") -> None:
    """live: what it runs with, when that is to differ from what it is defined as."""
    if transient:
        tools.conn().networkCreateXML(xml)
        return
    network = tools.conn().networkDefineXML(live or xml)
    network.setAutostart(autostart)
    if start:
        network.create()
    if live:
        tools.conn().networkDefineXML(xml.replace("</name>", f"</name><uuid>{network.UUIDString()}</uuid>", 1))
