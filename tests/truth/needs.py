# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What scenarios need of the machine, tried rather than looked up: one that lacks something is named, not passed."""

from __future__ import annotations

import subprocess
import sys
from functools import lru_cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))

import features
from state import Lab, LabError

# What shaping a tap takes is tried on a pair of links that go with their namespace.
_PAIR = "ip link add t0 type veth peer name t1 && tc qdisc add dev t0 "
OWN = {
    "bond": "ip link add b0 type bond",
    "tc-sfq": _PAIR + "root sfq perturb 10",
    "tc-police": _PAIR + "ingress && tc filter add dev t0 parent ffff: protocol all u32 match u32 0 0 "
    "police rate 1000kbps burst 64kb mtu 64kb drop flowid :1",
    # none of the machine's own, which the hosts of the lab would share
    "hugepages": "grep -qw hugetlbfs /proc/filesystems && test -w /proc/sys/vm/nr_hugepages && "
    'test "$(cat /proc/sys/vm/nr_hugepages)" = 0',
    "overcommit": 'test -w /proc/sys/vm/overcommit_memory && test "$(cat /proc/sys/vm/overcommit_memory)" = 0',
    "sriov": "grep -q [1-9] /sys/class/net/*/device/sriov_totalvfs",
}


def missing(needed: tuple[str, ...]) -> list[str]:
    """The features among these that the machine lacks. An unknown name counts as lacking."""
    return [feature for feature in needed if not _has(feature)]


@lru_cache(None)
def _has(feature: str) -> bool:
    if feature in OWN:
        argv = ["unshare", "--net", "--", "sh", "-ec", OWN[feature]]
        return subprocess.run(argv, capture_output=True, check=False).returncode == 0
    try:
        return features.has(Lab("truth"), feature)
    except LabError:
        return False
