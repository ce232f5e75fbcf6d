# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A link's name is bytes to the kernel, and the same text wherever the collection reads it."""

from __future__ import annotations

import ctypes
import os
import socket
import struct

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._host import bridges, host_facts, routing
from ansible_collections.virtfleet.network.plugins.module_utils._host.tables import read_optional_table
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import Path
from ansible_collections.virtfleet.network.plugins.module_utils._plan.rules.names import check_device_name

# What dev_valid_name() of the kernel refuses: isspace() of its own table, in which 0xa0 is one.
NEVER = set(b" \t\n\v\f\r\xa0/:\0")
ODD = "aéäß日😀à\u0420\u00a0\u0085\u2028\u3000\x1c-.%"
TEXTS = st.text(st.sampled_from(ODD), min_size=1, max_size=8)
EACH = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def fits(name):
    raw = os.fsencode(name)
    return len(raw) <= 15 and not NEVER & set(raw) and name not in (".", "..")


NAMES = TEXTS.filter(fits)


@given(TEXTS)
def test_no_name_that_the_kernel_refuses_is_accepted(name):
    assert fits(name) or list(check_device_name(Path("bridge.name"), name)), name


@EACH
@given(NAMES)
def test_addresses_are_of_the_link_that_has_them(monkeypatch, tmp_path, name):
    raw = os.fsencode(name)
    row = bridges._IFREQ.pack(raw, socket.inet_aton("10.1.0.1"))

    def answered(_number, _code, asked):
        _space, where = struct.unpack("iL", asked)
        ctypes.memmove(where, row, len(row))
        return struct.pack("iL", len(row), where)

    file = tmp_path / "if_inet6"
    file.write_bytes(b"fd000000000000000000000000000001 05 40 00 80 " + raw.rjust(8) + b"\n")
    monkeypatch.setattr(bridges.fcntl, "ioctl", answered)
    monkeypatch.setattr(bridges, "_IPV6_ADDRESSES", str(file))
    assert bridges.read_addresses() == {name: ["10.1.0.1", "fd00::1"]}


@EACH
@given(NAMES)
def test_routes_are_of_the_link_that_has_them(monkeypatch, tmp_path, name):
    raw = os.fsencode(name)
    (tmp_path / "net").mkdir(exist_ok=True)
    file = tmp_path / "net" / "route"
    file.write_bytes(b"Iface Destination\n" + raw + b"\t0000010A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n")
    monkeypatch.setattr(host_facts, "read_optional_table", lambda _path: read_optional_table(str(file)))
    assert [route.link for route in host_facts._routes()] == [name]
    assert [link for _address, _prefix, link, *_rest in routing._ipv4(str(tmp_path))] == [name]
