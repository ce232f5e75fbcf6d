# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines for people: in natural order, folded without loss, and under 100 columns."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._fleet.lines import (
    WIDTH,
    alike,
    columns,
    entry,
    first_that_fits,
    fold_names,
    natural_order,
)

WORDS = st.text("abcdefgh", min_size=1, max_size=12)
TEXTS = st.lists(WORDS, max_size=40).map(" ".join)
# With and without a domain, with leading zeros, and without a number.
NAMES = st.builds(
    "{}{}{}".format, st.sampled_from(["kvm", "k-1v", "n."]), st.integers(0, 120), st.sampled_from(["", ".example.org"])
) | st.sampled_from(["alpha", "kvm", "kvm007", "kvm08", "kvm009", "192.0.2.7", "192.0.2.8", "192.0.2.9", "10.1.1.1"])


def unfolded(text: str) -> list[str]:
    names = []
    for part in text.split(", "):
        found = re.fullmatch(r"(.*?)([0-9]+)((?:\.[a-z.]+)?)-(\1([0-9]+)\3)", part)
        run = re.fullmatch(r"(.*?)([0-9]+)-(\1([0-9]+)(\.[a-z.]+)?)", part) if not found else None
        if found:
            names += [f"{found[1]}{n:0{len(found[2])}}{found[3]}" for n in range(int(found[2]), int(found[5]) + 1)]
        elif run:
            names += [f"{run[1]}{n:0{len(run[2])}}{run[5] or ''}" for n in range(int(run[2]), int(run[4]) + 1)]
        else:
            names.append(part)
    return names


@given(st.sets(NAMES, min_size=1))
def test_folding_loses_no_name_and_keeps_the_order(names: set[str]) -> None:
    assert unfolded(fold_names(names)) == sorted(names, key=natural_order)


@given(st.sets(NAMES, min_size=1), st.integers(1, 5))
def test_what_is_not_shown_is_counted(names: set[str], most: int) -> None:
    shown, _and, rest = fold_names(names, most).partition(" and ")
    assert len(unfolded(shown)) + int(rest.split()[0] if rest else 0) == len(names)
    assert len(shown.split(", ")) <= most + 1


@given(st.sets(NAMES), st.randoms())
def test_the_order_depends_on_the_names_only(names: set[str], chance: random.Random) -> None:
    shuffled = list(names)
    chance.shuffle(shuffled)
    assert sorted(shuffled, key=natural_order) == sorted(names, key=natural_order)


@pytest.mark.parametrize(
    ("names", "folded"),
    [
        (["kvm10", "kvm2", "kvm1", "kvm3"], "kvm1-kvm3, kvm10"),
        (["kvm9", "kvm10"], "kvm9, kvm10"),
        (["kvm09", "kvm10", "kvm11"], "kvm09-kvm11"),
        (["kvm9.a.org", "kvm10.a.org", "kvm11.a.org", "kvm12.b.org"], "kvm9-kvm11.a.org, kvm12.b.org"),
        (["10.0.0.1", "11.0.0.1", "12.0.0.1"], "10.0.0.1, 11.0.0.1, 12.0.0.1"),
        ([], ""),
    ],
)
def test_examples(names: list[str], folded: str) -> None:
    assert fold_names(names) == folded


@given(st.lists(st.tuples(st.integers(0, 3), NAMES)))
def test_alike_keeps_every_pair_once(pairs: list[tuple[int, str]]) -> None:
    groups = alike(pairs)
    assert len(groups) == len({key for key, _name in pairs})
    assert {(key, name) for key, names in groups for name in names} == set(pairs)
    assert all(names == sorted(set(names), key=natural_order) for _key, names in groups)


@given(st.sets(NAMES, min_size=1), st.lists(TEXTS, max_size=3))
def test_an_entry_is_narrow_and_has_every_word(names: set[str], texts: list[str]) -> None:
    lines = entry("error", fold_names(names), *texts)
    assert max(map(len, lines)) <= WIDTH
    assert " ".join(lines).split() == [
        "error",
        *fold_names(names).split(),
        *(w for text in texts for w in text.split()),
    ]


@given(st.lists(st.tuples(WORDS, WORDS, TEXTS), min_size=1))
def test_a_table_wraps_its_last_column(rows: list[tuple[str, str, str]]) -> None:
    lines = columns(["one", "two", "three"], rows)
    assert max(map(len, lines)) <= WIDTH
    assert " ".join(lines[2:]).split() == [word for row in rows for word in " ".join(row).split()] or len(
        lines
    ) > 2 + len(rows)
    assert sorted(" ".join(lines[2:]).split()) == sorted(word for row in rows for text in row for word in text.split())


def test_the_first_table_that_fits() -> None:
    wide, narrow = ["x" * (WIDTH + 1)], ["x"]
    assert first_that_fits(lambda: wide, lambda: narrow, lambda: wide) == narrow
    assert first_that_fits(lambda: None, lambda: wide) == wide


@pytest.mark.parametrize("odd", ["\x1b[2J", "\x7f", "\x85", "\x9b", "\u2028", "\u202e", "\ufeff", "\r"])
def test_nothing_that_a_terminal_obeys(odd: str) -> None:
    """Wherever it comes from."""
    text = f"a{odd}b"
    lines = [*entry(text, text, text), *columns(["host", "finding"], [[text, text]])]
    assert all(line.isprintable() for line in lines)
