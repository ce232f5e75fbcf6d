# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What listens on a host, by its own sockets."""

from __future__ import annotations

import socket

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._host.listeners import answers, is_free, read_listeners

KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


@pytest.mark.parametrize("protocol", KINDS)
@pytest.mark.parametrize(
    ("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, ""), (socket.AF_INET6, "::1")]
)
def test_a_socket_of_this_test_is_seen(protocol, family, address):
    with socket.socket(family, KINDS[protocol]) as own:
        try:
            own.bind((address, 0))
        except OSError:
            pytest.skip("no IPv6 here")
        if protocol == "tcp":
            own.listen()
        port = own.getsockname()[1]
        there = read_listeners()
        assert is_free(there, protocol, address, port) is False
        assert is_free(there, protocol, "", port) is False
        assert is_free(there, "udp" if protocol == "tcp" else "tcp", address, port) is True
        if address:
            assert answers(there, protocol, address, port) is True
            assert is_free(there, protocol, "192.0.2.1", port) is True
        assert answers(there, protocol, "127.0.0.1", port) is (address != "::1")
    there = read_listeners()
    assert is_free(there, protocol, address, port) is True
    assert answers(there, protocol, "127.0.0.1", port) is False


def test_what_is_another_hosts_is_not_known():
    assert answers((), "tcp", "192.0.2.1", 7000) is None
    assert answers((), "tcp", "log.example.com", 7000) is None
    assert is_free((), "tcp", "kvm1.example.com", 7000) is None
    assert is_free((), "tcp", "localhost", 7000) is True


def test_the_words_of_the_kernel_are_read_as_they_lie_in_memory(tmp_path):
    (tmp_path / "tcp6").write_text(
        "  sl  local_address\n"
        "   0: 0000000000000000FFFF00000100007F:1F90 00000000000000000000000000000000:0000 0A 0\n"
        "   1: 00000000000000000000000001000000:1F91 00000000000000000000000000000000:0000 01 0\n"
    )
    (found,) = read_listeners(str(tmp_path))
    assert (found.protocol, str(found.address), found.port) == ("tcp", "127.0.0.1", 8080)
