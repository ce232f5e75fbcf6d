# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outputs of 20 hosts in docs/output.md, which `make output` writes, can be read in one look."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "output.md").read_text(encoding="utf-8")
OUTPUTS = dict(re.findall(r"^## ([^\n]*)\n\n[^\n]*\n\n```console\n(\$ .*?)```$", PAGE, re.DOTALL | re.MULTILINE))


def test_the_page_has_the_outputs() -> None:
    assert list(OUTPUTS) == ["A rollout", "A second run", "An audit", "The migration check", "A plan"]


@pytest.mark.parametrize("title", OUTPUTS)
def test_an_output_is_short_and_narrow(title: str) -> None:
    _command, *lines = OUTPUTS[title].splitlines()
    assert len(lines) < 60
    assert max(map(len, lines)) < 100
    assert "kvm20" in OUTPUTS[title]
