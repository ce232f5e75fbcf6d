# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a host back to what it was before the first scenario, in a moment rather than by a restart."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import firewall
import libvirt
import tools

SCRATCH = Path("/var/lib/truth")  # for the files of scenarios
UNDEFINE = (
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
)
# The NICs that the fabric gives a host; every other link that was not there before was made by a scenario.
_before: dict[str, Any] = {}


def remember() -> dict[str, Any]:
    """What clean() goes back to: the host as it is now."""
    recall(
        {
            "links": {link["ifname"]: [link["mtu"], link["address"]] for link in _links()},
            "filters": [one.name() for one in tools.conn().listAllNWFilters()],
            "routes": _routes(),
            "firewall": firewall.state(),
        }
    )
    return _before


def recall(before: dict[str, Any]) -> None:
    """As remember(), for a host that was made anew with the definitions that it had on its disk."""
    _before.update(before)


def clean(undo: list[str]) -> list[str]:
    """undo: commands for what only the scenario knows. Returns what is still not as it was; normally nothing."""
    SCRATCH.mkdir(exist_ok=True)
    _guests()
    for command in undo:
        tools.run("sh", "-ec", command)
    _networks()
    _filters_and_pools()
    firewall.back(_before["firewall"])
    _links_back()
    for path in SCRATCH.iterdir():
        path.unlink()
    for path in Path("/var/log/libvirt").glob("*-console.log"):
        path.unlink()
    return _left()


def _guests() -> None:
    for guest in tools.conn().listAllDomains():
        with suppress(libvirt.libvirtError):  # a transient one goes with its end
            if guest.isActive():
                guest.destroy()
        with suppress(libvirt.libvirtError):
            guest.undefineFlags(UNDEFINE)


def _networks() -> None:
    for network in tools.conn().listAllNetworks():
        for action in (network.destroy, network.undefine):
            with suppress(libvirt.libvirtError):
                action()


def _filters_and_pools() -> None:
    for one in tools.conn().listAllNWFilters():
        if one.name() not in _before["filters"]:
            one.undefine()
    for pool in tools.conn().listAllStoragePools():
        for action in (pool.destroy, pool.undefine):
            with suppress(libvirt.libvirtError):
                action()


def _links() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tools.shown("ip", "-json", "-details", "link", "show")
    return found


def _routes() -> list[str]:
    return sorted(line.strip() for line in tools.run("ip", "-4", "route", "show").splitlines())


def _links_back() -> None:
    _switches_back()
    made = [link["ifname"] for link in _links() if link["ifname"] not in _before["links"]]
    tools.ip([f"link del {name}" for name in made], force=True)
    lines = []
    for link in _links():
        name = link["ifname"]
        if name in _before["links"] and name.startswith("p") and name[1:].isdigit():
            mtu, mac = _before["links"][name]
            lines += [f"link set {name} nomaster", f"addr flush dev {name}", f"link set {name} mtu {mtu}"]
            lines += [f"link set {name} address {mac}"]  # passthrough lends a member its guest's
            lines += [f"link set {name} promisc off", f"link set {name} up"]
    tools.ip(lines, force=True)
    for route in set(_routes()) - set(_before["routes"]):
        with suppress(RuntimeError):
            tools.run("ip", "route", "del", *route.replace("linkdown", "").split())
    for route in set(_before["routes"]) - set(_routes()):
        with suppress(RuntimeError):
            tools.run("ip", "route", "replace", *route.replace("linkdown", "").split())


def _switches_back() -> None:
    if not Path("/run/openvswitch/db.sock").exists():
        return
    for bridge in tools.run("ovs-vsctl", "list-br").split():
        ports = tools.run("ovs-vsctl", "list-ports", bridge).split()
        for port in ports:
            tools.run("ovs-vsctl", "--if-exists", "del-port", bridge, port)
        if bridge != "ovsbr0":
            tools.run("ovs-vsctl", "del-br", bridge)
    with suppress(RuntimeError):
        tools.ip(["link set ovsbr0 down"])


def _left() -> list[str]:
    links = {link["ifname"] for link in _links()}
    for _attempt in range(50):
        if links == set(_before["links"]):
            break
        time.sleep(0.05)  # a link goes a moment after the process that held it
        links = {link["ifname"] for link in _links()}
    left = [f"link {name} is still there" for name in sorted(links - set(_before["links"]))]
    left += [f"link {name} is gone" for name in sorted(set(_before["links"]) - links)]
    left += firewall.left(_before["firewall"])
    left += [f"guest {one.name()}" for one in tools.conn().listAllDomains()]
    left += [f"network {one.name()}" for one in tools.conn().listAllNetworks()]
    return left
