# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a bridge, as its kernel shows them while the spanning tree works."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._host import bridge_settings

ROOT, OTHER = "8000.525400000001", "7000.525400000002"
OURS = {"ageing_time": 6000, "hello_time": 300, "max_age": 1500, "priority": 4096, "group_fwd_mask": 8}
# As linux/net/bridge/br_stp.c shows them: forward delay times two, and the root's timers.
SHORTENED = {"ageing_time": 400}
OF_ROOT = {"hello_time": 100, "max_age": 600}


class Bridge:
    """A kernel's bridge in which the spanning tree begins or ends its work after some reads."""

    def __init__(self, own, changes, is_root, flips_after):
        self.own, self.changes, self.is_root, self.left = own, changes, is_root, flips_after

    def read(self, _bridge, _directory, name):
        self.left -= 1
        if self.left == 0:
            self.changes, self.is_root = not self.changes, not self.is_root
        if name in ("topology_change", "bridge_id", "root_id"):
            return {"topology_change": str(int(self.changes)), "bridge_id": ROOT,
                    "root_id": ROOT if self.is_root else OTHER}[name]  # fmt: skip
        shown = {**self.own, **(SHORTENED if self.changes else {}), **({} if self.is_root else OF_ROOT)}
        return str(shown.get(name, bridge_settings._USUAL[name][0]))


@given(
    st.sets(st.sampled_from(sorted(OURS))).map(lambda names: {name: OURS[name] for name in names}),
    st.booleans(),
    st.booleans(),
    st.integers(0, 45),
)
def test_the_spanning_tree_s_values_are_never_kept(own, changes, is_root, flips_after):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bridge_settings, "read_setting", Bridge(own, changes, is_root, flips_after).read)
        kept = dict(bridge_settings._kept("virbr0", ()))
    assert kept.items() <= own.items()
    shown = set(own) - ({"ageing_time"} if changes else set()) - (set() if is_root else {"hello_time", "max_age"})
    assert flips_after > 0 or set(kept) == shown
