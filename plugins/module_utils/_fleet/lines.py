# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines for people in a terminal: the only place that sorts, folds, wraps and aligns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import Callable, Optional, TypeVar, Union

# Columns of a line.
WIDTH = 99
# Width of an entry's label. Names that continue in the next line are indented further than the texts below them.
LABEL = 9
_HANG = 2
# Between the columns of a table, and of its last one, however wide the others are.
_GAP = "  "
_LEAST = 30

# kvm7.example.org: what is before the number, the number, and the domain.
_IN_DOMAIN = re.compile(r"([^.]*[^.0-9])([0-9]+)(\..*)", re.DOTALL)

Key = TypeVar("Key")


def natural_order(name: str) -> list[tuple[int, Union[int, str]]]:
    """A sort key: kvm2 before kvm10. Equal only for equal names."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [*((0, int(part)) if part.isdecimal() else (1, part) for part in parts), (-1, name)]


def fold_names(names: Iterable[str], most: Optional[int] = None) -> str:
    """kvm1-kvm3, kvm10: runs of at least three numbered names, in natural order.

    most: of the names and runs that are shown; then follows how many more names there are.
    """
    return fold_in_order(sorted(set(names), key=natural_order), most)


def fold_in_order(names: Iterable[str], most: Optional[int] = None) -> str:
    """The same, in the order given."""
    runs: list[list[str]] = []
    for name in names:
        if runs and _next(runs[-1][-1]) == name:
            runs[-1].append(name)
        else:
            runs.append([name])
    parts = [(part, size) for run in runs for part, size in _parts(run)]
    rest = sum(size for _part, size in parts[most:]) if most is not None else 0
    if rest < 2:
        return ", ".join(part for part, _size in parts)
    return f"{', '.join(part for part, _size in parts[:most])} and {rest} more"


def _parts(run: Sequence[str]) -> list[tuple[str, int]]:
    if len(run) < 3:
        return [(name, 1) for name in run]
    before, number, _domain = _numbered(run[0])
    return [(f"{before}{number}-{run[-1]}", len(run))]


def _next(name: str) -> str:
    before, number, domain = _numbered(name)
    return f"{before}{int(number) + 1:0{len(number)}}{domain}" if number else ""


def _numbered(name: str) -> tuple[str, str, str]:
    found = re.fullmatch(r"(.*?)([0-9]+)()", name, re.DOTALL) or _IN_DOMAIN.fullmatch(name)
    return (found[1], found[2], found[3]) if found else (name, "", "")


def alike(pairs: Iterable[tuple[Key, str]]) -> list[tuple[Key, list[str]]]:
    """What several hosts have in common, once, with these hosts in natural order; in the order of the first of each."""
    groups: dict[Key, set[str]] = {}
    for key, name in pairs:
        groups.setdefault(key, set()).add(name)
    return [(key, sorted(names, key=natural_order)) for key, names in groups.items()]


def entry(label: str, subject: str, *texts: str, width: int = LABEL, indent: int = 0) -> list[str]:
    """A label with names beside it, and texts below the names. Lines fit into WIDTH, unless a single word is longer.

    width: of the label; indent: of the whole.
    """
    left = " " * (indent + width)
    text = make_printable(f"{' ' * indent}{label:<{width}}{subject}")
    lines = wrap(text, WIDTH, subsequent_indent=left + " " * _HANG)
    return lines + [line for text in texts for line in paragraph(text, len(left))]


def paragraph(text: str, indent: int = 0, hang: int = 0) -> list[str]:
    """hang: how much further right the text continues."""
    return wrap(
        make_printable(text), WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + hang)
    )  # fmt: skip


def make_printable(text: str) -> str:
    """One line without characters that a terminal obeys or that end a comment of YAML: spaces for those that separate
    words, question marks for the others."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else " " if one.isspace() else "?" for one in text)


def columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """One line for the head, one of dashes, one for each row; columns as wide as what is in them, except that the last
    one is wrapped where the table would be wider than WIDTH."""
    rows = [[make_printable(cell) for cell in row] for row in rows]
    widths = [max(len(row[place]) for row in [head, *rows]) for place in range(len(head))]
    room = max(_LEAST, WIDTH - sum(widths[:-1]) - len(_GAP) * (len(widths) - 1))
    table: list[Sequence[str]] = []
    if widths[-1] > room and any(" " in row[-1] for row in rows):
        for *row, last in rows:
            first, *more = wrap(last, room) or [""]
            table += [[*row, first], *([*[""] * len(row), text] for text in more)]
        widths[-1] = max(len(row[-1]) for row in [head, *table])
    else:
        table = list(rows)
    lines = [_GAP.join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in [head, *table]]
    lines.insert(1, _GAP.join("-" * width for width in widths))
    return lines


def first_that_fits(*tables: Callable[[], Optional[list[str]]]) -> list[str]:
    """The first that is not wider than WIDTH, else the last. A table is None if it is of no use anyway."""
    lines: Optional[list[str]] = None
    for make in tables:
        lines = make()
        if lines is not None and max(map(len, lines), default=0) <= WIDTH:
            return lines
    return lines or []


def count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
