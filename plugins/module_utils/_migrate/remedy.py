# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What repairs a finding on the destination: a module with its arguments, as a task of a play takes them."""

from __future__ import annotations

from typing import Any

_MODULES = "virtfleet.network."


def network(name: str, **options: Any) -> dict[str, Any]:
    return {"module": _MODULES + "virt_network", "arguments": {"name": name, **options}}


def portgroup(network: str, name: str, **options: Any) -> dict[str, Any]:
    return {"module": _MODULES + "virt_portgroup", "arguments": {"network": network, "name": name, **options}}


def pool(name: str, **options: Any) -> dict[str, Any]:
    return {"module": _MODULES + "virt_iface_pool", "arguments": {"name": name, **options}}


def command(*argv: str) -> dict[str, Any]:
    """For what is no network of libvirt's. Lasts until the next boot: how links come up is the system's business."""
    return {"module": "ansible.builtin.command", "arguments": {"argv": list(argv)}}


def link_up(device: str) -> dict[str, Any]:
    return command("ip", "link", "set", "dev", device, "up")


def link_mtu(device: str, mtu: int) -> dict[str, Any]:
    return command("ip", "link", "set", "dev", device, "mtu", str(mtu))
