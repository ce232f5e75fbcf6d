# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One name, one meaning; and no function that takes more than a reader can hold."""

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
# What is still to be split. A new one is not added here: it gets a record.
LEFT = {
    ("_migrate/frame_path.py", "_out_of_switch_port"),
    ("_migrate/router/ruleset.py", "_walk"),
    ("_plan/plan.py", "plan_network"),
}


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


def test_a_name_means_one_thing() -> None:
    assert clashes(sources()) == {}


def test_functions_take_few_parameters() -> None:
    assert set(long_functions(sources())) == LEFT


@pytest.mark.parametrize("source", ["def table(): pass", "class table: pass", "table = dict[str, int]"])
def test_a_clash_is_found(source: str) -> None:
    files = [("_plan/a.py", ast.parse("def table(): pass")), ("_host/b.py", ast.parse(source))]
    assert clashes(iter(files)) == {"table": ["_plan/a.py", "_host/b.py"]}


def test_a_long_function_is_found() -> None:
    tree = ast.parse("class A:\n    def b(self, c, d, e, f, /, g, *, h): pass")
    assert long_functions(iter([("a.py", tree)])) == {("a.py", "b"): 6}
