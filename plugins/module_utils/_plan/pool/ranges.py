# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many members in one line: ens1f0v[0-15,32-47], VF numbers 0-15,32-47, PCI addresses from one to another."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Optional

from ..._model import address
from ..._model.errors import VirtfleetError, shortened
from ..._model.plain_number import plain_number

# More than any card or rack has; a slip such as [0-99999999] must not fill the memory.
MOST = 4096

_BRACKET = re.compile(r"\[([^\[\]]*)\]")
_SPAN = re.compile(r"\s*([0-9]{1,8})\s*(?:-\s*([0-9]{1,8})\s*)?")
_PARTS = re.compile(r"([0-9]+)")


def numbers(text: str, what: str) -> list[int]:
    """[0, 1, 2, 7] for 0-2,7. Raises VirtfleetError RANGE_INVALID."""
    found: list[int] = []
    for part in text.split(","):
        span = _SPAN.fullmatch(part)
        first, last = (int(span.group(1)), int(span.group(2) or span.group(1))) if span else (1, 0)
        if last < first:
            raise VirtfleetError(
                "RANGE_INVALID",
                f"{what} has {shortened(part.strip())}, which is neither a number nor a valid range, such as 0-15.",
            )
        if last - first >= MOST or len(found) >= MOST:
            raise VirtfleetError("RANGE_INVALID", f"{what} has more than {MOST} numbers.")
        found += range(first, last + 1)
    return found


def expand_ranges(names: Iterable[str]) -> list[str]:
    """Every name that is meant, in order; ens1f0v[0-2] means three. Raises VirtfleetError RANGE_INVALID."""
    result: list[str] = []
    for name in names:
        result += _expanded(name)
        if len(result) > MOST:
            raise _too_many()
    return result


def _expanded(name: str) -> list[str]:
    result, rest = [""], 0
    for bracket in _BRACKET.finditer(name):
        head, rest = name[rest : bracket.start()], bracket.end()
        digits = numbers(bracket.group(1), f"members {shortened(name)}")
        if len(result) * len(digits) > MOST:
            raise _too_many()
        result = [f"{before}{head}{number}" for before in result for number in digits]
    return [f"{before}{name[rest:]}" for before in result]


def _too_many() -> VirtfleetError:
    return VirtfleetError("RANGE_INVALID", f"members has more than {MOST} names.")


def pci_spans(text: str) -> list[tuple[str, str]]:
    """[(first, last), ...] for 0000:03:10.0-0000:03:11.7,0000:04:00.1. Raises VirtfleetError RANGE_INVALID."""
    spans = []
    for part in text.split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        last = last if dash else first
        if not address.is_pci(first) or not address.is_pci(last) or _place(first) > _place(last):
            raise VirtfleetError(
                "RANGE_INVALID",
                f"match.pci has {shortened(part.strip())}, which is neither a PCI address, such as 0000:03:10.1, nor a "
                "valid range, such as 0000:03:10.0-0000:03:11.7.",
            )
        spans.append((address.pci(first), address.pci(last)))
    return spans


def in_spans(pci: Optional[str], spans: Iterable[tuple[str, str]]) -> bool:
    return pci is not None and any(_place(first) <= _place(pci) <= _place(last) for first, last in spans)


def _place(pci: str) -> tuple[int, ...]:
    return tuple(int(part, 16) for part in re.split("[:.]", address.pci(pci)))


def sort_names(names: Iterable[str]) -> list[str]:
    """p2 before p10, whatever order the host lists its links in."""
    return sorted(names, key=lambda name: (_counted(name), name))


def _counted(name: str) -> list[Any]:
    if address.is_pci(name):
        return [(1, number, "") for number in _place(name)]
    counted = [(part, plain_number(part)) for part in _PARTS.split(name)]
    return [(0, 0, part) if number is None else (1, number, "") for part, number in counted]
