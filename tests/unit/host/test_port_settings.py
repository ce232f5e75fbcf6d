# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports of bridges, as netlink shows them: attributes on paper."""

from __future__ import annotations

import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._host import port_settings
from ansible_collections.virtfleet.network.plugins.module_utils._host.port_settings import settings_of_port
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError


def attribute(kind, value):
    size = 4 + len(value)
    return struct.pack("=HH", size, kind) + value + bytes(-size % 4)


def message(kind, *settings):
    data = b"".join(attribute(number, value) for number, value in settings)
    info = attribute(4, kind + bytes(1)) + attribute(5 | 0x8000, data)
    return struct.pack("=BBHiII", 0, 0, 1, 7, 0, 0) + attribute(3, b"p1\0") + attribute(18 | 0x8000, info)


def test_only_what_is_set_counts():
    assert settings_of_port(message(b"bridge", (8, b"\1"), (39, b"\0"), (1, b"\3"))) == (7, {})
    assert settings_of_port(message(b"bridge", (39, b"\1"))) == (7, {"locked": True})
    assert settings_of_port(message(b"bridge", (29, b"\1"), (42, struct.pack("=I", 5)))) == (
        7, {"vlan_tunnel": True, "multicast_limit": True},
    )  # fmt: skip


def test_what_is_newer_has_its_number_for_a_name():
    assert settings_of_port(message(b"bridge", (77, b"\1"), (78, b"\0"))) == (7, {"attribute 77": True})


def test_a_member_of_something_else_has_none():
    assert settings_of_port(message(b"bond", (39, b"\1"))) == (7, {})
    assert settings_of_port(struct.pack("=BBHiII", 0, 0, 1, 7, 0, 0)) == (7, {})


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
        patch.setattr(port_settings.socket, "socket", lambda *_kind: kernel)
        return port_settings.dump_of(18, b"")


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
