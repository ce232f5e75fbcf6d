# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt's define accepts in a definition that it can never start."""

from __future__ import annotations

from collections.abc import Iterator

from ..._model import address
from ..._model.errors import Path, Problem
from ..._model.field import Document
from ..._model.forward import is_virtual, mode_of
from ..._model.ip import prefix_of

# The minimum MTU of a link with IPv6 (RFC 8200); the kernel disables IPv6 on a link with a smaller one.
IPV6_MTU = 1280
# Of how many bits a digit of a reverse domain is, by the bits of the family.
_PTR_BITS = {32: 8, 128: 4}


def check_start(document: Document) -> Iterator[Problem]:
    """document: not canonical."""
    if not is_virtual(document):
        return
    ips = [ip for ip in document.get("ips") or () if address.packed(str(ip.get("address", ""))) is not None]
    mtu = document.get("mtu") or IPV6_MTU
    seen: set[bytes] = set()
    for ip in ips:
        raw = address.packed(ip["address"]) or b""
        if raw in seen:
            yield Problem(
                "ADDRESS_INVALID", Path("ips"), "{path} lists {address} more than once.", address=ip["address"]
            )
        seen.add(raw)
        if len(raw) == 16 and mtu < IPV6_MTU:
            yield Problem(
                "MTU_INVALID",
                Path("mtu"),
                "mtu is {mtu}; with an IPv6 address in ips, it must be {least} or more.",
                mtu=mtu,
                least=IPV6_MTU,
            )
        if not _can_be_a_links(raw):
            yield Problem(
                "ADDRESS_INVALID", Path(("ips", ip["address"])), "{path} cannot be used as the address of a link."
            )
        if len(raw) == 4 and mode_of(document) == "nat" and prefix_of(ip) == 0:
            yield Problem(
                "PREFIX_INVALID",
                Path(("ips", ip["address"])),
                "{path} has the prefix 0, so no address is left to forward to.",
            )
        dns = (document.get("dns") or {}).get("enable", True)
        if dns and ip.get("local_ptr"):
            yield from _check_reverse_zone(ip, len(raw) * 8)


def _can_be_a_links(raw: bytes) -> bool:
    """Whether the kernel takes an address for one of a link: of IPv4 it takes all."""
    return len(raw) == 4 or (any(raw) and raw[0] != 0xFF and raw != bytes(15) + b"\x01")


def _check_reverse_zone(ip: Document, bits: int) -> Iterator[Problem]:
    prefix, step = prefix_of(ip), _PTR_BITS[bits]
    if prefix is None or prefix in (0, bits) or prefix % step:
        yield Problem(
            "PREFIX_INVALID",
            Path(("ips", ip["address"])),
            "{path} has local_ptr and prefix {prefix}; with local_ptr, the prefix must be a multiple of {step} "
            "between 0 and {bits}.",
            prefix=prefix,
            step=step,
            bits=bits,
        )
