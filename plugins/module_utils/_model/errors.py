# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors, with a sentence that says what to do and a code that a play can test.

What is wrong with a definition is a Problem: a code, the path of an option, and parameters. Problem.sentence is the
only place that makes its sentence, and no code reads that sentence again.
"""

from __future__ import annotations

from typing import Any, Union

# The length of a message that lists several problems, and of a value in it.
_LONG = 350
_SHOWN = 60

PathPart = Union[str, "tuple[str, Any]"]


class VirtfleetError(Exception):
    """A refusal or a failure.

    code: stable upper-case word; sentence: one sentence, no trailing newline;
    details: JSON-ready facts beside it (libvirt_code, libvirt_domain, guests, problems, steps ...).
    names_network: whether the sentence says which network it is about.
    """

    def __init__(self, code: str, sentence: str, **details: Any) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.details = details
        self.names_network = True


class Path:
    """The place of an option: Path("forward", "dev") is forward.dev, Path(("portgroups", "red"), "vlan") the VLAN of a
    portgroup of the list."""

    __slots__ = ("parts",)

    def __init__(self, *parts: PathPart) -> None:
        split: list[PathPart] = []
        for part in parts:
            if isinstance(part, str):
                split += part.split(".")
            else:
                split.append(part)
        self.parts = tuple(split)

    def __truediv__(self, part: PathPart) -> Path:
        return Path(*self.parts, part)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Path) and self.parts == other.parts

    def __hash__(self) -> int:
        return hash(self.parts)

    def __repr__(self) -> str:
        return f"Path({str(self)!r})"

    def __str__(self) -> str:
        """For results: portgroups[red].vlan"""
        return ".".join(part if isinstance(part, str) else f"{part[0]}[{part[1]}]" for part in self.parts)

    def __format__(self, spec: str) -> str:
        """For sentences: vlan of portgroup 'red'"""
        words: list[str] = []
        plain: list[str] = []
        for part in self.parts:
            if isinstance(part, str):
                plain.append(part)
                continue
            words = [_item(*part), *_joined(plain), *words]
            plain = []
        return " of ".join([*_joined(plain), *words]) or "network"

    @property
    def option(self) -> str:
        """The option of the network that the path begins with."""
        first = self.parts[0] if self.parts else ""
        return first if isinstance(first, str) else first[0].partition(".")[0]


def _joined(parts: list[str]) -> list[str]:
    return [".".join(parts)] if parts else []


def _item(option: str, key: Any) -> str:
    if option == "portgroups":
        return f"portgroup {key!a}"
    text = str(key)
    return f"{option} {text if text.isascii() and text.isprintable() else ascii(text)}"


class Problem:
    """One thing wrong with what was asked for. Several are reported at once.

    path: the option. template: the sentence, with {path} and the parameters in it. removable: without this option of
    the network the problem would not exist. removed_by: where the network has the option and the task does not declare
    it, the value that removes it.
    A problem between networks has the name of its own as parameter network; the others do not name it.
    """

    __slots__ = ("code", "parameters", "path", "removable", "removed_by", "template")

    def __init__(self, code: str, path: Path, template: str, /, *, removable: bool = False, **parameters: Any) -> None:
        self.code = code
        self.path = path
        self.template = template
        self.parameters = parameters
        self.removable = removable
        self.removed_by = ""

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Equal for problems that say the same."""
        return self.code, str(self.path), self.template, repr(sorted(self.parameters.items()))

    @property
    def sentence(self) -> str:
        sentence = self.template.format(path=self.path, **self.parameters)
        if self.removed_by:
            option = self.path.option
            sentence += f" {option} is already set on this network; pass {option}: {self.removed_by} to remove it."
        return sentence

    def as_dict(self) -> dict[str, str]:
        return {"code": self.code, "path": str(self.path), "sentence": self.sentence}


def sentence_of(phrase: str) -> str:
    """A sentence of its own from what else is a part of one: "start network 'red'"."""
    return f"{phrase[:1].upper()}{phrase[1:]}."


def shortened(value: Any) -> str:
    """A value from a task or a host in a sentence: in one line, in ASCII, and not endless."""
    shown = ascii(value)
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 3]}..."


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
    error = VirtfleetError(first.code, " ".join(sentences), problems=[p.as_dict() for p in problems], **details)
    error.names_network = "network" in first.parameters
    return error
