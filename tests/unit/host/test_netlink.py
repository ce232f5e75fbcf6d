# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which disciplines of traffic control may drop a link's frames by rules of their own."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._host.netlink import unusual_qdiscs
from ansible_collections.virtfleet.network.plugins.module_utils._model.link_kinds import USUAL_QDISCS


class Attributes(dict):
    def get_attr(self, name):
        return self.get(name)


class Qdisc(Attributes):
    def __init__(self, index, kind, options=None):
        super().__init__(index=index, TCA_KIND=kind, TCA_OPTIONS=options)


def tbf(rate, buffer, limit=64100, peak=0):
    """rate: bytes a second; buffer: in ticks of 64 ns."""
    given = {"rate": rate, "buffer": buffer, "limit": limit, "peak": peak}
    return Qdisc(2, "tbf", Attributes(TCA_TBF_PARMS=given))


KINDS = st.sampled_from(
    [*USUAL_QDISCS, "noop", "ingress", "clsact", "netem", "plug", "red", "hfsc", "tbf", "bfifo", "new"]
)


@given(st.lists(st.tuples(st.integers(1, 3), KINDS)), st.sets(st.integers(1, 3)))
def test_only_what_is_known_as_harmless_is_left_out(qdiscs, filtered):
    found = unusual_qdiscs([Qdisc(*one) for one in qdiscs], {}, lambda index, _parent: index in filtered)
    for index, kind in qdiscs:
        harmless = kind in (*USUAL_QDISCS, "noop") or (kind in ("ingress", "clsact") and index not in filtered)
        assert (f"tc {kind}" in found.get(index, ())) != harmless
    assert sum(map(len, found.values())) <= len(qdiscs)


@pytest.mark.parametrize(
    ("discipline", "mtu", "passes"),
    [
        (tbf(1_250_000, 20_000), 1500, True),  # tc ... tbf rate 10mbit burst 1600
        (tbf(1_250_000, 12_500), 1500, False),  # burst 1000
        (tbf(1_250_000, 20_000), 9000, False),
        (tbf(625_000_000, 2_559, limit=1000), 1500, False),
        (tbf(1_250_000, 20_000, peak=2_500_000), 1500, False),  # whose burst is smaller still
        (Qdisc(2, "tbf"), 1500, False),
        (Qdisc(2, "bfifo", ":".join(f"{one:02x}" for one in (100).to_bytes(4, sys.byteorder))), 1500, False),
        (Qdisc(2, "bfifo", ":".join(f"{one:02x}" for one in (10_000).to_bytes(4, sys.byteorder))), 1500, True),
        (Qdisc(2, "bfifo", {"limit": 10_000}), 1500, False),
    ],
)
def test_a_bucket_that_no_full_frame_fits_into_drops_it(discipline, mtu, passes):
    assert (unusual_qdiscs([discipline], {2: mtu}, lambda _index, _parent: False) == {}) is passes
