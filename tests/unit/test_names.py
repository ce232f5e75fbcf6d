# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One name, one meaning; no function that takes more than a reader can hold, or that does two things by a boolean."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UTILS = ROOT / "plugins" / "module_utils"
# Each module of _ansible has one, which its module calls.
OF_MODULES = {"main"}
# Parameters, without self: from this number on, a record is missing.
MOST = 6
# Ansible's own boolean: a run that plans, and leaves out the changes. All others get a second function, an enum or a
# record.
SWITCHES = {"check_mode"}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(UTILS.rglob("*.py")):
        yield str(path.relative_to(UTILS)), ast.parse(path.read_text(encoding="utf-8"))


def named(tree: ast.Module) -> Iterator[str]:
    """Public functions, classes and aliases of types. Constants are named by their module too."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if not name.isupper() and len(name) > 1:  # T is a type variable
                yield name


def clashes(files: Iterator[tuple[str, ast.Module]]) -> dict[str, list[str]]:
    places: dict[str, list[str]] = defaultdict(list)
    for file, tree in files:
        for name in set(named(tree)):
            if not name.startswith("_") and name not in OF_MODULES:
                places[name].append(file)
    return {name: found for name, found in places.items() if len(found) > 1}


def parameters(node: ast.FunctionDef) -> list[ast.arg]:
    every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return [one for one in every if one.arg not in ("self", "cls")]


def long_functions(files: Iterator[tuple[str, ast.Module]]) -> dict[tuple[str, str], int]:
    """A constructor is a record itself."""
    return {
        (file, node.name): len(parameters(node))
        for file, tree in files
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name != "__init__" and len(parameters(node)) >= MOST
    }


def is_boolean(parameter: ast.arg) -> bool:
    """Also what may be one or None."""
    notes = [] if parameter.annotation is None else list(ast.walk(parameter.annotation))
    names = {note.id for note in notes if isinstance(note, ast.Name)}
    return "bool" in names and names <= {"bool", "Optional"}


def decisions(test: ast.expr) -> Iterator[str]:
    """The names that a condition goes by as they are."""
    if isinstance(test, ast.BoolOp):
        for value in test.values:
            yield from decisions(value)
    elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield from decisions(test.operand)
    elif isinstance(test, ast.Name):
        yield test.id


def conditions(node: ast.AST) -> Iterator[ast.expr]:
    for one in ast.walk(node):
        if isinstance(one, (ast.If, ast.IfExp, ast.While)):
            yield one.test
        elif isinstance(one, ast.comprehension):
            yield from one.ifs


def switched_functions(files: Iterator[tuple[str, ast.Module]]) -> set[tuple[str, str, str]]:
    """Functions that do one thing or another by a boolean that they are given."""
    found = set()
    for file, tree in files:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                booleans = {one.arg for one in parameters(node) if is_boolean(one)} - SWITCHES
                asked = {name for test in conditions(node) for name in decisions(test)}
                found |= {(file, node.name, name) for name in booleans & asked}
    return found


def test_a_name_means_one_thing() -> None:
    assert clashes(sources()) == {}


def test_functions_take_few_parameters() -> None:
    assert long_functions(sources()) == {}


def test_no_boolean_switches_what_a_function_does() -> None:
    assert switched_functions(sources()) == set()


@pytest.mark.parametrize(
    "body",
    [
        "if b: return c",
        "return c if not b else 1",
        "return [one for one in c if not (one and b)]",
        "while c and (b or d): pass",
    ],
)
@pytest.mark.parametrize("kind", ["bool", "Optional[bool]", "bool | None"])
def test_a_switch_is_found(body: str, kind: str) -> None:
    tree = ast.parse(f"def a(c: int, *, b: {kind} = True):\n {body}")
    assert switched_functions(iter([("a.py", tree)])) == {("a.py", "a", "b")}


@pytest.mark.parametrize("body", ["return c(b)", "return A(b=b)", "return c and b", "if c(b): pass", "if c: pass"])
def test_a_boolean_that_is_data_is_not(body: str) -> None:
    assert switched_functions(iter([("a.py", ast.parse(f"def a(c, b: bool):\n {body}"))])) == set()


@pytest.mark.parametrize("source", ["def table(): pass", "class table: pass", "table = dict[str, int]"])
def test_a_clash_is_found(source: str) -> None:
    files = [("_plan/a.py", ast.parse("def table(): pass")), ("_host/b.py", ast.parse(source))]
    assert clashes(iter(files)) == {"table": ["_plan/a.py", "_host/b.py"]}


def test_a_long_function_is_found() -> None:
    tree = ast.parse("class A:\n    def b(self, c, d, e, f, /, g, *, h): pass")
    assert long_functions(iter([("a.py", tree)])) == {("a.py", "b"): 6}
