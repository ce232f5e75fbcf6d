# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses in one spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._model import address


@pytest.mark.parametrize(
    ("spelled", "same"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:0DB8:0:0:0:0:0:1", "2001:db8::1"),
        ("0:0:0:0:0:0:0:0", "::"),
        ("10.0.0.256", "10.0.0.256"),
        ("host.example", "host.example"),
        ("", ""),
        ("10.0.0.1\x00", "10.0.0.1\x00"),
        ("\uff110.0.0.1", "\uff110.0.0.1"),
    ],
)
def test_ip(spelled, same):
    assert address.ip(spelled) == same


@pytest.mark.parametrize(
    ("spelled", "same"),
    [
        ("03:10.1", "0000:03:10.1"),
        ("0000:03:10.1", "0000:03:10.1"),
        ("0:3:10.1", "0000:03:10.1"),
        ("0000:AF:1F.7", "0000:af:1f.7"),
        ("ens2f0", "ens2f0"),
        ("03:10.8", "03:10.8"),
        ("03:10", "03:10"),
        ("10000:01:00.0", "10000:01:00.0"),
        ("", ""),
    ],
)
def test_pci(spelled, same):
    assert address.pci(spelled) == same
    assert address.is_pci(spelled) == (same.startswith(("0000:", "10000:")))


@pytest.mark.parametrize(
    ("spelled", "valid"),
    [
        ("52:54:00:0a:0B:0c", True),
        ("2:4:0:a:b:c", True),
        ("52-54-00-0a-0b-0c", False),
        ("52:54:00:0a:0b", False),
        ("52:54:00:0a:0b:0c:0d", False),
        ("52:54:00:0a:0b:0g", False),
        ("", False),
    ],
)
def test_mac(spelled, valid):
    assert address.is_mac(spelled) == valid


def test_mac_is_lower_case_and_padded():
    assert address.mac("2:4:0:A:b:c") == "02:04:00:0a:0b:0c"
    assert address.mac("2:4:0:A") == "2:4:0:a"
    assert address.mac("52:54:00:AA:BB:0C") == "52:54:00:aa:bb:0c"


@pytest.mark.parametrize("prefix", range(33))
def test_every_netmask_is_a_prefix(prefix):
    bits = (0xFFFFFFFF << (32 - prefix)) & 0xFFFFFFFF
    netmask = ".".join(str(byte) for byte in bits.to_bytes(4, "big"))
    assert address.netmask_prefix(netmask) == prefix


@pytest.mark.parametrize("netmask", ["255.0.255.0", "0.0.0.255", "255.255.255.1", "ffff::", "24", ""])
def test_what_is_no_netmask(netmask):
    assert address.netmask_prefix(netmask) is None


@pytest.mark.parametrize(
    ("ip", "prefix"),
    [
        ("10.0.0.1", 8),
        ("127.255.0.1", 8),
        ("128.0.0.1", 16),
        ("191.0.0.1", 16),
        ("192.168.0.1", 24),
        ("223.0.0.1", 24),
        ("224.0.0.1", None),
        ("fd00::1", 64),
        ("nowhere", None),
    ],
)
def test_default_prefix(ip, prefix):
    assert address.default_prefix(ip) == prefix


def test_subnet():
    assert address.subnet("10.20.0.77", 24) == (32, 0x0A140000, 0x0A1400FF)
    assert address.subnet("10.20.0.77", 32) == (32, 0x0A14004D, 0x0A14004D)
    assert address.subnet("10.20.0.77", 0) == (32, 0, 0xFFFFFFFF)
    assert address.subnet("fd00::1", 64) == (128, 0xFD00 << 112, (0xFD00 << 112) + (1 << 64) - 1)
    assert address.subnet("10.20.0.77", 33) is None
    assert address.subnet("10.20.0.77", -1) is None
    assert address.subnet("nowhere", 8) is None


@given(st.ip_addresses(), st.integers(0, 128))
def test_an_address_is_in_its_own_subnet(ip, prefix):
    found = address.subnet(str(ip), prefix)
    if prefix > ip.max_prefixlen:
        assert found is None
    else:
        bits, first, last = found
        assert bits == ip.max_prefixlen
        assert first <= int(ip) <= last
        assert last - first + 1 == 1 << (bits - prefix)


@given(st.text(max_size=20))
def test_no_text_is_too_strange(text):
    assert address.ip(address.ip(text)) == address.ip(text)
    assert address.pci(address.pci(text)) == address.pci(text)
    assert address.mac(address.mac(text)) == address.mac(text)
    address.netmask_prefix(text)
    address.default_prefix(text)
