# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Netlink without pyroute2: what the kernel answers, on paper."""

from __future__ import annotations

import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._host import raw_netlink
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError


class Kernel:
    """What the kernel answers to a question after the other, each a list of what one recv returns."""

    def __init__(self, *dumps):
        self.dumps, self.rest = list(dumps), []

    def __enter__(self):
        return self

    def __exit__(self, *_reason):
        self.rest = []

    def settimeout(self, _seconds):
        """As a socket."""

    def send(self, _question):
        self.rest = list(self.dumps.pop(0))

    def recv(self, _size):
        told = self.rest.pop(0)
        if isinstance(told, OSError):
            raise told
        return told


def part(body, kind=16, flags=0):
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body + bytes(-len(body) % 4)


DONE = part(struct.pack("=i", 0), 3)
BODIES = st.lists(st.binary(min_size=1, max_size=40), max_size=6)


def ask(*dumps):
    with pytest.MonkeyPatch.context() as patch:
        kernel = Kernel(*dumps)
        patch.setattr(raw_netlink.socket, "socket", lambda *_kind: kernel)
        return raw_netlink.dump_route(18, b"")


@given(BODIES, BODIES)
def test_a_dump_is_whole(first, second):
    assert ask([b"".join(map(part, first)) + part(b"last"), b"".join(map(part, second)) + DONE]) == [
        *first, b"last", *second,
    ]  # fmt: skip


@given(
    BODIES,
    st.one_of(
        st.integers(1, 133).filter(lambda code: code != errno.EOPNOTSUPP).flatmap(
            lambda code: st.sampled_from([part(struct.pack("=i", -code), kind) for kind in (2, 3)])
        ),
        st.just(TimeoutError("timed out")),
        st.just(b"\4\0\0\0" + bytes(12)),
        st.binary(min_size=1, max_size=7),
    ),
)  # fmt: skip
def test_a_kernel_that_does_not_answer_is_not_a_host_without_settings(first, fault):
    with pytest.raises(VirtfleetError) as raised:
        ask([part(b"some") + b"".join(map(part, first)), fault])
    assert raised.value.code == "LINKS_UNREADABLE"


def test_a_kernel_without_a_table_has_nothing_in_it():
    assert ask([part(struct.pack("=i", -errno.EOPNOTSUPP), 2)]) == []


def test_a_dump_in_which_links_came_and_went_is_repeated():
    assert ask([part(b"half", flags=0x10) + DONE], [part(b"whole") + DONE]) == [b"whole"]
    assert ask(*[[part(b"half", flags=0x10) + DONE]] * 5) == [b"half"]


@given(st.lists(st.tuples(st.integers(0, 0x3FFF), st.binary(max_size=20)), max_size=6))
def test_attributes_come_back_as_they_were_packed(attributes):
    data = b"".join(raw_netlink.pack_attribute(kind | raw_netlink.NESTED, value) for kind, value in attributes)
    assert list(raw_netlink.parse_attributes(data)) == attributes
