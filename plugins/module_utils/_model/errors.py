# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors, with a sentence that says what to do and a code that a play can test."""

from __future__ import annotations

from typing import Any

# The length of a message that lists several problems.
_LONG = 350


class VirtfleetError(Exception):
    """A refusal or a failure.

    code: stable upper-case word; sentence: one sentence, no trailing newline;
    details: JSON-ready facts beside it (libvirt_code, libvirt_domain, guests, problems, steps ...).
    """

    def __init__(self, code: str, sentence: str, **details: Any) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.details = details


class Problem:
    """One thing wrong with what was asked for: code and sentence. Several are reported at once.

    option: the option of the network that would have to be removed, if that is the problem.
    """

    __slots__ = ("code", "option", "sentence")

    def __init__(self, code: str, sentence: str, option: str = "") -> None:
        self.code = code
        self.sentence = sentence
        self.option = option

    def as_dict(self) -> dict[str, str]:
        return {"code": self.code, "sentence": self.sentence}


def refuse(problems: list[Problem], **details: Any) -> VirtfleetError:
    """One error out of one or more problems; the first one leads, all are listed."""
    first = problems[0]
    sentences = [first.sentence]
    for problem in problems[1:]:
        if len(" ".join(sentences)) + len(problem.sentence) > _LONG:
            break
        sentences.append(problem.sentence)
    rest = len(problems) - len(sentences)
    if rest:
        sentences.append(f"{rest} more {'is' if rest == 1 else 'are'} listed in problems.")
    return VirtfleetError(first.code, " ".join(sentences), problems=[p.as_dict() for p in problems], **details)
