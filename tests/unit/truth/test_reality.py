# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as lost: more than a guest had is no loss, unless its network kept it apart."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "truth"))

from reality import Seen, judge


def seen(**nic):
    return Seen("running", [{"mac": "52:54:00:77:00:00", "link": "up", "mtu": 1500, **nic}])


@pytest.mark.parametrize(
    ("was", "now", "verdict"),
    [
        ("nat", "isolated", "blocked"),
        ("isolated", "routed", "blocked"),
        ("isolated", "the host", "warning"),
        ("the host", "routed", "ok"),
        ("the host", "isolated", "ok"),
        ("the host", "nothing", "blocked"),
        ("the host", "l2", "blocked"),
        ("routed", "the host", "blocked"),
        ("nothing", "l2", "ok"),
    ],
)
def test_reach(was, now, verdict):
    assert judge(None, seen(reach=was), seen(reach=now)).verdict == verdict


def test_connections_from_outside_that_are_no_longer_forwarded():
    before = seen(reach="nat", forwards=["10.20.0.5:80"])
    assert judge(None, before, seen(reach="nat", forwards=[])).verdict == "warning"
    assert judge(None, before, seen(reach="nat", forwards=["10.20.0.5:80", "10.20.0.6:80"])).verdict == "ok"
