# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An import in a function keeps code out of runs that do not need it, or it is at the top of its file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2] / "plugins" / "module_utils"


class Late(NamedTuple):
    """An import in a function: the file's module and what it imports, as _run.gather."""

    module: str
    function: str
    imported: str


class Sources:
    """Every module's imports of others: those that come with it, and those that functions make."""

    def __init__(self, files: dict[str, str]) -> None:
        self.names = set(files)
        self.with_it: dict[str, set[str]] = {}
        self.late: list[Late] = []
        for name, text in files.items():
            tree = ast.parse(text)
            in_functions = {
                (function.name, node)
                for function in ast.walk(tree)
                if isinstance(function, ast.FunctionDef)
                for node in ast.walk(function)
                if isinstance(node, ast.ImportFrom)
            }
            for_types = {node for block in ast.walk(tree) if isinstance(block, ast.If) for node in ast.walk(block)}
            late = {node for _function, node in in_functions}
            at_once = {node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)} - late - for_types
            self.with_it[name] = {found for node in at_once for found in self._targets(name, node)}
            self.late += [
                Late(name, where, found) for where, node in in_functions for found in self._targets(name, node)
            ]

    def _targets(self, name: str, node: ast.ImportFrom) -> Iterator[str]:
        if not node.level:
            return
        package = ".".join(name.split(".")[: -node.level])
        base = ".".join(part for part in (package, node.module) if part)
        for found in (base, *(f"{base}.{alias.name}" for alias in node.names)):
            if found in self.names:
                yield found

    def loaded(self, name: str) -> set[str]:
        """What comes with a module."""
        seen: set[str] = set()
        left = [name]
        while left:
            one = left.pop()
            if one not in seen:
                seen.add(one)
                left += self.with_it[one]
        return seen

    def needless(self) -> list[Late]:
        """Late imports of what the file brings along anyway, or in a file that itself is only imported late, by
        somebody who could as well have waited for both."""
        entrances = [name for name in self.names if name.startswith("_ansible.virt_")]
        # The gate for dependencies speaks before the work's code is imported.
        begun = {name: self.loaded(name).union(*map(self.loaded, self._work_of(name))) for name in entrances}
        return sorted(
            late
            for late in self.late
            if not late.module.startswith("_ansible.")
            and not any(late.module in loaded and late.imported not in loaded for loaded in begun.values())
        )

    def _work_of(self, name: str) -> list[str]:
        return [late.imported for late in self.late if late.module == name]


def read(root: Path) -> dict[str, str]:
    return {
        ".".join(path.relative_to(root).with_suffix("").parts): path.read_text("utf-8") for path in root.rglob("*.py")
    }


def test_late_imports_save_something() -> None:
    assert Sources(read(ROOT)).needless() == []


SAVING = {
    "_ansible.virt_a": "def _work():\n    from .._run.a import work",
    "_run.a": "from .b import b\ndef work():\n    from .change import change",
    "_run.b": "",
    "_run.change": "",
}


def test_one_that_saves_is_allowed() -> None:
    assert Sources(SAVING).needless() == []


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("_run.a", "from .change import other\ndef work():\n    from .change import change"),
        ("_run.b", "from .change import other"),
        ("_run.change", "def change():\n    from .b import b"),
    ],
)
def test_a_needless_one_is_found(module: str, text: str) -> None:
    assert Sources({**SAVING, module: text}).needless() != []
