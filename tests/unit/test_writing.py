# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Phrases that a reader stumbles over are kept out of everything that users and contributors read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
READ = (
    "README.md",
    "CONTRIBUTING.md",
    "docs/**/*.md",
    "roles/**/*.md",
    "roles/**/*.yml",
    "playbooks/**/*.yml",
    "changelogs/**/*.y*ml",
    "plugins/**/*.py",
    "galaxy.yml",
    "meta/*.yml",
    "Makefile",
)
PHRASES = (
    r"but for\b",
    r"that which\b",
    r"(?:is|are|was|were) told\b",
    r"(?:for|of|by) (?:himself|whom|nobody)\b",
    r"\bshall\b",
    r"\bhappily\b",
    r"\bdeaf\b",
    r"\banew\b",
    r"\bwhoever\b",
    r"\bwhatever it is\b",
    r"(?:is|are) no (?:[a-z]+ )?(?:that|which|such)\b",
    r"(?:is|are) no (?:address|concern|name|network|option|number|mapping|list)\b",
    r"tak(?:e|es|en|ing) (?:\w+ )?back\b",
    r"taken for\b",
    r"as ever\b",
    r"\bso it is with\b",
    r"\bthe way back\b",
    r"has from before\b",
    r"\bwho is who\b",
    r"\bof (?:his|its) own accord\b",
    r"\bnobody\b",
    r"\bsaid (?:once|aloud|of)\b",
    r"\bheld against\b",
    r"\bin the attempt to\b",
    r"[^\"]\"(?:Whether|What|Which|Where|Who) [^\"\n]* (?:is|are) not known",
    # A literal, not the docstrings of the code.
    r"(?<!\")\"(?!\")[^\"\n#]*cannot be seen",
    r"; nor ",
    r"(?:has|have) not[,.]",
    r"(?:is|are) no finding",
    r"\bruns no (?:\{?\w+\}? )?guests\b",
    r"\bon the same wire\b",
    r"\bin any mix\b",
    r"\bless than it had\b",
    r"\bdoes? no harm\b",
    r"\b(?:gave|gives?) no answer\b",
    r"\blooks? for no\b",
    r"\btakes? none\b",
    r"\bcan(?:not)? take it\b",
    r"\b(?:crash(?:es)?) over\b",
    r"\bis none of the hosts\b",
    r"\bput(?:s|ting)? into effect (?:earlier|what)\b",
    r"\bmeant as (?:one|a|an)\b",
    r"\bmend(?:s|ed|ing)?\b",
    r"\bsomebody\b",
    r"\bjudged? (?:more|less) completely\b",
    r"\bcarr(?:y|ies) nothing\b",
    r"\band the like\b",
    r"\bso far the\b",
    r"\bsaid nothing of\b",
    r"\bmeans nothing by itself\b",
    r"\bgo(?:es)? by it\b",
    # The spelling is British; names of qemu.conf and nftables have a hyphen or an underscore before these words.
    r"(?<![-\w])(?:neighbor|behavior|canceled|signaled|misspelled)",
    # Names of tasks are read without the ones before them.
    r"name: (?:Say|Ask) ",
    r"name: \w+ (?:it|them|their \w+)\n",
    r"description: [^\n]*\bwhat became of\b",
)
# The page on writing shows what not to write.
SHOWN = re.compile(r"\| not \| but \|\n(?:\|.*\n)+")


def found_in(text: str) -> list[str]:
    text = SHOWN.sub("", text)
    return [
        f"line {text.count(chr(10), 0, match.start()) + 1}: {match.group()!r}"
        for phrase in PHRASES
        for match in re.finditer(phrase, text, re.IGNORECASE)
    ]


FILES = sorted({path for pattern in READ for path in ROOT.glob(pattern) if path.is_file()})


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_writing(path: Path) -> None:
    assert found_in(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "Nothing but for one.",
        "It is told so.",
        "This is no address.",
        "as ever",
        'x = "It cannot be seen."',
        "- name: Install them\n",
        "The bridge takes none.",
        "kvm2 gave no answer.",
    ],
)
def test_a_phrase_is_found(text: str) -> None:
    assert found_in(text)
