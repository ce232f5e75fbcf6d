# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of virt_migrate that cannot be used are refused before libvirt is asked."""

from __future__ import annotations

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.virt_migrate import _refuse
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._model.move import Move, MoveSettings

ONE = [Move("web1", "qemu+ssh://kvm2/system")]


@pytest.mark.parametrize(
    ("moves", "settings", "said"),
    [
        (ONE, MoveSettings(bandwidth=-1), "bandwidth is -1; it must be 0 to 2147483647."),
        (ONE, MoveSettings(timeout=-1), "timeout is -1; it must be 0 to 2147483647."),
        (ONE, MoveSettings(timeout=float("nan")), "timeout is nan; it must be 0 to 2147483647."),
        (ONE, MoveSettings(parallel=2**31), "parallel is 2147483648; it must be 0 to 2147483647."),
        (ONE, MoveSettings(on_timeout="post_copy"), "on_timeout: post_copy requires post_copy: true."),
        (ONE, MoveSettings(compression="zstd"), "compression: zstd requires parallel connections."),
        (ONE * 2, MoveSettings(), "guests lists 'web1' more than once."),
    ],
)
def test_what_cannot_be_used(moves, settings, said):
    with pytest.raises(VirtfleetError) as refused:
        _refuse(moves, settings)
    assert (refused.value.code, refused.value.sentence) == ("OPTIONS_INVALID", said)


@pytest.mark.parametrize(
    "settings",
    [
        MoveSettings(),
        MoveSettings(compression="xbzrle"),
        MoveSettings(compression="zlib", parallel=2),
        MoveSettings(post_copy=True, on_timeout="post_copy"),
    ],
)
def test_what_can_be_used(settings):
    _refuse(ONE, settings)
