# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which disciplines of traffic control may drop a link's frames by rules of their own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._host.netlink import unusual_qdiscs
from ansible_collections.virtfleet.network.plugins.module_utils._model.link_kinds import USUAL_QDISCS


class Qdisc(dict):
    def __init__(self, index, kind):
        super().__init__(index=index, kind=kind)

    def get_attr(self, name):
        return self["kind"] if name == "TCA_KIND" else None


KINDS = st.sampled_from([*USUAL_QDISCS, "noop", "ingress", "clsact", "netem", "plug", "red", "new"])


@given(st.lists(st.tuples(st.integers(1, 3), KINDS)), st.sets(st.integers(1, 3)))
def test_only_what_is_known_as_harmless_is_left_out(qdiscs, filtered):
    found = unusual_qdiscs([Qdisc(*one) for one in qdiscs], lambda index, _parent: index in filtered)
    for index, kind in qdiscs:
        harmless = kind in (*USUAL_QDISCS, "noop") or (kind in ("ingress", "clsact") and index not in filtered)
        assert (f"tc {kind}" in found.get(index, ())) != harmless
    assert sum(map(len, found.values())) <= len(qdiscs)
