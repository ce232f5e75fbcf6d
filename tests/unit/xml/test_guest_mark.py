# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest's origin in its <metadata>."""

from __future__ import annotations

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._xml.etree import parse_xml
from ansible_collections.virtfleet.network.plugins.module_utils._xml.guest_mark import (
    find_origin,
    read_origin,
    remove_origin,
    write_origin,
)
from ansible_collections.virtfleet.network.plugins.module_utils._xml.live_metadata import make_settable

OTHER = '<v:guest xmlns:v="https://virtfleet.network/ns/1" note="x"><v:more></v:more></v:guest>'


@pytest.mark.parametrize("text", [None, OTHER])
def test_what_is_written_is_read(text):
    written = write_origin(text, "kvm3")
    assert read_origin(written) == "kvm3"
    assert find_origin(parse_xml(f"<domain><metadata>{written}</metadata></domain>")) == "kvm3"
    assert make_settable(written) is not None
    assert remove_origin(written) == text


def test_another_origin_replaces_it_and_none_is_none():
    assert read_origin(write_origin(write_origin(None, "kvm3"), "kvm<1>")) == "kvm<1>"
    assert read_origin(None) is None
    assert read_origin(OTHER) is None
    assert find_origin(parse_xml("<domain/>")) is None
