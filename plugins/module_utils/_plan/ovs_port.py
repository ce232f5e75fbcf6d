# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of an Open vSwitch port as arguments of ovs-vsctl, as libvirt gives them to it
(src/util/virnetdevopenvswitch.c)."""

from __future__ import annotations

from .._model.field import Document

# libvirt counts bandwidth in kilobytes, Open vSwitch in kilobits.
_BITS = 8


def ovs_vlan(tap: str, vlan: Document) -> list[str]:
    """In one transaction of Open vSwitch's database: no frame passes with half of it."""
    tags = vlan.get("tags") or []
    native = next((tag for tag in tags if tag.get("native_mode")), None)
    words = []
    if native:
        words += [f"vlan_mode=native-{native['native_mode']}", f"tag={native['id']}"]
    if len(tags) > 1 or vlan.get("trunk"):
        words.append("trunks=" + ",".join(str(tag["id"]) for tag in tags))
    elif tags and not native:
        words.append(f"tag={tags[0]['id']}")
    clear = [word for column in ("tag", "trunks", "vlan_mode") for word in ("--", "clear", "port", tap, column)][1:]
    return [*clear, *(("--", "set", "port", tap, *words) if words else ())]


def ovs_outbound(tap: str, outbound: Document) -> list[str]:
    """What the guest sends. Open vSwitch takes a rate of 0 for no limit, and a burst of 0 for its default."""
    rate, burst = (_BITS * outbound.get(name, 0) for name in ("average", "burst"))
    return ["set", "interface", tap, f"ingress_policing_rate={rate}", f"ingress_policing_burst={burst}"]
