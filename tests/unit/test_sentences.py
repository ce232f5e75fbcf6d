# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences are not data: no code cuts, replaces, splits, compares or searches what people read.

A problem, a finding, a fault or a step has a code, a place and parameters, from which one function makes its sentence;
code that needs to know something about it asks for those.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# What sentences are called: a name, an attribute, or a key.
TEXTS = {"sentence", "sentences", "message", "msg", "title", "complaint", "complaints", "warning", "warnings"}
ERRORS = {"error", "ours", "second", "refusal", "exception"}
CUTTING = {
    *("replace", "split", "rsplit", "partition", "rpartition", "removeprefix", "removesuffix", "strip", "lstrip"),
    *("rstrip", "startswith", "endswith", "find", "rfind", "index", "rindex", "count", "translate", "lower", "upper"),
    *("capitalize", "casefold", "splitlines"),
}
MATCHING = {"match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}

# Texts of others, which have nothing else to go by, each in one module.
OF_OTHERS = {
    "plugins/module_utils/_host/refusal.py": "libvirt says most of it in its message alone",
    "plugins/module_utils/_host/connection.py": "libvirt's message, in one line",
    "plugins/callback/fleet.py": "what any task of Ansible's prints, line by line",
}


def is_text(node: ast.AST) -> bool:
    """Whether this is something that people read, or one of several."""
    if isinstance(node, ast.Name):
        return node.id in TEXTS
    if isinstance(node, ast.Attribute):
        return node.attr in TEXTS
    if isinstance(node, ast.Subscript):
        key = node.slice
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            return key.value in TEXTS
        return is_text(node.value)  # one of a list, or a part of it
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if isinstance(node.func, ast.Name) and node.func.id in ("str", "repr"):
            return any(is_text(one) or (isinstance(one, ast.Name) and one.id in ERRORS) for one in node.args)
        if name == "get" and node.args and isinstance(node.args[0], ast.Constant):
            return node.args[0].value in TEXTS
        return name in TEXTS
    if isinstance(node, ast.BoolOp):
        return any(map(is_text, node.values))
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(one, ast.FormattedValue) and is_text(one.value) for one in node.values)
    return False


def is_cut(node: ast.Subscript) -> bool:
    """sentence[:90] and sentence[0], but neither sentences[0] nor problem["sentence"]."""
    if not is_text(node.value):
        return False
    if isinstance(node.slice, ast.Slice):
        return not named_in_plural(node.value)
    return (
        isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int) and not named_in_plural(node.value)
    )


def named_in_plural(node: ast.AST) -> bool:
    name = getattr(node, "id", getattr(node, "attr", ""))
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        name = str(node.slice.value)
    return str(name).endswith("s")


def uses(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            # Space around a text from elsewhere says nothing.
            trims = node.func.attr in ("strip", "split") and not node.args
            if node.func.attr in CUTTING and is_text(node.func.value) and not named_in_plural(node.func.value):
                if not trims:
                    yield node.lineno, ast.unparse(node)
            elif node.func.attr in MATCHING and any(map(is_text, node.args)):
                yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.Subscript) and is_cut(node):
            yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.Compare) and not all(isinstance(one, (ast.Is, ast.IsNot)) for one in node.ops):
            if any(is_text(one) and not named_in_plural(one) for one in (node.left, *node.comparators)):
                yield node.lineno, ast.unparse(node)
        elif isinstance(node, (ast.SetComp, ast.DictComp)):
            key = node.key if isinstance(node, ast.DictComp) else node.elt
            if is_text(key):
                yield node.lineno, f"{ast.unparse(key)} as a key"


def found() -> Iterator[str]:
    for path in sorted((ROOT / "plugins").rglob("*.py")):
        name = str(path.relative_to(ROOT))
        if name not in OF_OTHERS:
            yield from (f"{name}:{line}: {what}" for line, what in uses(ast.parse(path.read_text(encoding="utf-8"))))


def test_no_code_reads_a_sentence() -> None:
    assert list(found()) == []


def test_exceptions_are_needed() -> None:
    for name in OF_OTHERS:
        assert list(uses(ast.parse((ROOT / name).read_text(encoding="utf-8")))), f"{name} cuts no text any more"


@pytest.mark.parametrize(
    "source",
    [
        'error.sentence.replace("a", "b")',
        "name not in error.sentence",
        '"in use" in str(error)',
        'str(finding["sentence"]).rstrip(".")',
        "one.sentence[0].lower()",
        "sentence[:90]",
        '(answer.get("msg") or "none").split(": ")',
        're.sub("a", "b", finding["sentence"])',
        "{problem.sentence: problem for problem in problems}",
        "{problem.sentence for problem in problems}",
        "known == problem.sentence",
        "warnings[0].partition(':')",
    ],
)
def test_a_reader_is_found(source: str) -> None:
    assert list(uses(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        'f"{error.sentence} Nothing was changed."',
        "sentences[0]",
        "warnings[:5]",
        'problem["sentence"]',
        "warnings == []",
        "one.sentence is None",
        'str(answer.get("msg") or "There is no result.").strip()',
        "{step.action: step.sentence for step in steps}",
    ],
)
def test_a_sentence_that_is_only_said_passes(source: str) -> None:
    assert list(uses(ast.parse(source))) == []
