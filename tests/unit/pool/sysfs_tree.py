# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lays out a sysfs as SR-IOV cards do: a PF with VFs, each with a link, without one, or bound to vfio-pci.

The layout follows what the kernel documents and drivers such as ixgbe and mlx5 show; no card was at hand.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

PF_ADDRESS = "0000:03:00.0"


def vf_address(number: int) -> str:
    """0000:03:10.0 to 0000:03:17.7 for 64 VFs."""
    return f"0000:03:{0x10 + number // 8:02x}.{number % 8}"


def card(root: Path, vfs: int = 64, bare: tuple[int, ...] = (), vfio: tuple[int, ...] = ()) -> list[dict[str, Any]]:
    """Write the tree; netlink's facts of its links, in the order of their indexes. bare: VFs without a driver."""
    _function(root, PF_ADDRESS, "ixgbe", "ens1f0", speed=10000)
    names = ["ens1f0"]
    for number in range(vfs):
        name = None if number in bare or number in vfio else f"ens1f0v{number}"
        driver = "vfio-pci" if number in vfio else None if number in bare else "ixgbevf"
        _function(root, vf_address(number), driver, name, speed=10000)
        here = root / "bus/pci/devices" / vf_address(number)
        (here / "physfn").symlink_to(f"../{PF_ADDRESS}")
        (root / "bus/pci/devices" / PF_ADDRESS / f"virtfn{number}").symlink_to(f"../{vf_address(number)}")
        names += [name] if name else []
    return [link(name, index + 2) for index, name in enumerate(names)]


def link(name: str, index: int, **facts: Any) -> dict[str, Any]:
    return {
        "name": name, "index": index, "kind": "physical", "mac": "02:00:00:00:00:01", "mtu": 1500, "state": "up",
        "admin": "up", "carrier": True, "master": None, "parent": None, "mode": None, "addresses": (),
        "default_route": False, **facts,
    }  # fmt: skip


def _function(root: Path, address: str, driver: str | None, name: str | None, speed: int) -> None:
    # As in the kernel, the devices of a bus are all in one directory here; class/net points into it.
    here = root / "bus/pci/devices" / address
    here.mkdir(parents=True)
    (here / "class").write_text("0x020000\n")
    if driver:
        (root / "bus/pci/drivers" / driver).mkdir(parents=True, exist_ok=True)
        (here / "driver").symlink_to(f"../../drivers/{driver}")
    if name:
        (here / "net" / name).mkdir(parents=True)
        (here / "net" / name / "speed").write_text(f"{speed}\n")
        (here / "net" / name / "device").symlink_to(f"../../../{address}")
        (root / "class/net").mkdir(parents=True, exist_ok=True)
        (root / "class/net" / name).symlink_to(f"../../bus/pci/devices/{address}/net/{name}")
