# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks that repair findings on the destination: a module and its arguments."""

from __future__ import annotations

from typing import Any

from .finding import Repair

_MODULES = "virtfleet.network."


def change_network(name: str, **options: Any) -> Repair:
    return {"module": _MODULES + "virt_network", "arguments": {"name": name, **options}}


def change_portgroup(network: str, name: str, **options: Any) -> Repair:
    return {"module": _MODULES + "virt_portgroup", "arguments": {"network": network, "name": name, **options}}


def change_pool(name: str, **options: Any) -> Repair:
    return {"module": _MODULES + "virt_iface_pool", "arguments": {"name": name, **options}}


def run_command(*argv: str) -> Repair:
    """For links and sysctls. Lasts until the next boot; configuring links permanently is the system's business."""
    return {"module": "ansible.builtin.command", "arguments": {"argv": list(argv)}}


def set_link_up(device: str) -> Repair:
    return run_command("ip", "link", "set", "dev", device, "up")


def set_link_mtu(device: str, mtu: int) -> Repair:
    return run_command("ip", "link", "set", "dev", device, "mtu", str(mtu))
