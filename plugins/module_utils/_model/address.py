# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP, MAC and PCI addresses in the one spelling in which two of them can be compared."""

from __future__ import annotations

import ipaddress
import re
from typing import Optional, Union

_PCI = re.compile(r"(?:([0-9a-fA-F]{1,8}):)?([0-9a-fA-F]{1,2}):([0-9a-fA-F]{1,2})\.([0-7])")
# libvirt reads on no further than white space.
_MAC = re.compile(r"[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5} *")
# What C's inet_aton takes for one of the parts between the dots.
_PART = re.compile(r"0[xX][0-9a-fA-F]{1,8}|0[0-7]{0,11}|[1-9][0-9]{0,9}", re.ASCII)
# As libvirt writes one.
_PLAIN_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
# libvirt takes dashes and spaces anywhere between the pairs of digits, and white space around them.
_UUID = re.compile(r"\s*(?:[- ]*[0-9a-fA-F]{2}){16}\s*", re.ASCII)


def packed(address: str) -> Optional[bytes]:
    """The address as 4 or 16 bytes in network order, None when it is no IP address."""
    found = _parsed(address)
    return None if found is None else found.packed


def ip(address: str) -> str:
    """As libvirt prints it (IPv6 compressed); anything but an address is returned unchanged."""
    found = _parsed(address)
    return address if found is None else str(found)


def _parsed(address: str) -> Optional[Union[ipaddress.IPv4Address, ipaddress.IPv6Address]]:
    if "%" in address:  # a zone is no part of an address to libvirt
        return None
    if ":" not in address:
        return _ipv4(address)
    try:
        return ipaddress.IPv6Address(address)
    except ValueError:
        return None


def _ipv4(address: str) -> Optional[ipaddress.IPv4Address]:
    """As C reads it, and so libvirt: 0x begins a hexadecimal number, another 0 an octal one, and the last of fewer than
    four parts fills the rest."""
    parts = address.split(".")
    if len(parts) > 4 or not all(_PART.fullmatch(part) for part in parts):
        return None
    numbers = [_number(part) for part in parts]
    rest = 256 ** (5 - len(numbers))
    if any(number > 255 for number in numbers[:-1]) or numbers[-1] >= rest:
        return None
    value = numbers[-1]
    for place, number in enumerate(numbers[:-1]):
        value += number << 8 * (3 - place)
    return ipaddress.IPv4Address(value)


def _number(part: str) -> int:
    return int(part, 16) if part[:2] in ("0x", "0X") else int(part, 8 if part[0] == "0" else 10)


def mac(address: str) -> str:
    """52:54:00:0a:0b:0c; anything but a MAC address only in lower case."""
    return (
        ":".join(part.zfill(2) for part in address.lower().strip().split(":")) if is_mac(address) else address.lower()
    )


def is_mac(address: str) -> bool:
    return bool(_MAC.fullmatch(address))


def pci(address: str) -> str:
    """0000:03:10.1; a missing domain is 0000; anything but a PCI address is returned unchanged."""
    found = _PCI.fullmatch(address)
    if not found:
        return address
    domain, bus, slot, function = found.groups()
    return f"{int(domain or '0', 16):04x}:{int(bus, 16):02x}:{int(slot, 16):02x}.{function}"


def is_pci(address: str) -> bool:
    return bool(_PCI.fullmatch(address))


def is_uuid(text: str) -> bool:
    return bool(_UUID.fullmatch(text))


def uuid(text: str) -> str:
    """6f5b1f1e-0f3a-4d51-8f43-0c2f5b9b8f11, however it is spelled; anything but a UUID only in lower case."""
    if _PLAIN_UUID.fullmatch(text) or not is_uuid(text):
        return text.lower()
    digits = "".join(character for character in text.lower() if character.isalnum())
    return "-".join(digits[start:end] for start, end in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))


def netmask_prefix(netmask: str) -> Optional[int]:
    """24 for 255.255.255.0; None when it is no contiguous IPv4 netmask."""
    raw = packed(netmask)
    if raw is None or len(raw) != 4:
        return None
    bits = bin(int.from_bytes(raw, "big"))[2:].zfill(32)
    return None if "01" in bits else bits.count("1")


def default_prefix(address: str) -> Optional[int]:
    """The prefix libvirt takes when neither prefix nor netmask is given: 64, or the IPv4 class's; 0 for :: and
    0.0.0.0."""
    raw = packed(address)
    if raw is None:
        return None
    if not any(raw):
        return 0
    if len(raw) == 16:
        return 64
    if raw[0] < 128:
        return 8
    if raw[0] < 192:
        return 16
    return 24 if raw[0] < 224 else None


def subnet(address: str, prefix: int) -> Optional[tuple[int, int, int]]:
    """(bits of the family, first, last) of the subnet as integers; None when it is not a valid address or prefix."""
    raw = packed(address)
    if raw is None or not 0 <= prefix <= len(raw) * 8:
        return None
    bits = len(raw) * 8
    size = 1 << (bits - prefix)
    first = int.from_bytes(raw, "big") // size * size
    return bits, first, first + size - 1
