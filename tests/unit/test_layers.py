# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads every import below plugins/ and holds the order of the layers."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = ("ansible_collections", "virtfleet", "network")
UTILS = ("plugins", "module_utils")

# what each place may import besides the standard library and itself: layers (or one module of a layer), and packages
ALLOWED = {
    "_model": (),
    "_xml": ("_model", "lxml"),
    "_plan": ("_model", "_xml"),
    "_fleet": ("_model", "_xml", "_plan"),
    # planning solves integer programs, on the controller
    "_migrate": ("_model", "_xml", "_plan", "_fleet", "numpy", "scipy"),
    "_audit": ("_model", "_plan", "_fleet", "_migrate"),
    "_host": ("_model", "_xml", "_plan", "libvirt", "libvirt_qemu", "libvirtmod", "pyroute2"),
    "_run": ("_model", "_xml", "_plan", "_fleet", "_migrate", "_host"),
    "_ansible": ("_model", "_xml", "_plan", "_fleet", "_migrate", "_run", "ansible"),
    "modules": ("_ansible", "ansible"),
    "action": ("_migrate", "ansible"),
    "callback": ("_fleet", "ansible"),
    "lookup": ("_fleet", "ansible"),
    "filter": ("_fleet", "_migrate", "_audit", "_model.errors", "ansible.errors"),
    "doc_fragments": (),
}
LAYERS = tuple(place for place in ALLOWED if place.startswith("_"))
PURE = LAYERS[: LAYERS.index("_host")]
# how the standard library reaches the world around it
OUTSIDE = {
    "asyncio",
    "ctypes",
    "fcntl",
    "http",
    "multiprocessing",
    "shutil",
    "socket",
    "subprocess",
    "tempfile",
    "urllib",
}
# of these, what reads text and reaches nothing
TEXT_ONLY = ("urllib", "parse")
# slow, or not everywhere: a run that needs no link or no plan must not pay for it
LAZY = {"pyroute2", "numpy", "scipy"}


@dataclass(frozen=True)
class Import:
    line: int
    name: tuple[str, ...]  # a layer's modules without what stands before the layer: ("_model", "errors", "Error")
    lazy: bool  # within a function, or for the type checker only


def place_of(file: Path) -> str:
    """The layer, or the kind of plugin, that a path relative to the collection's root belongs to."""
    parts = file.parts
    return parts[2] if parts[:2] == UTILS and len(parts) > 3 else parts[1] if parts[:2] != UTILS else "module_utils"


def absolute(node: ast.ImportFrom, file: Path) -> tuple[str, ...]:
    """What a `from` names, relative to the collection's root if it lies in there."""
    named = tuple(node.module.split(".")) if node.module else ()
    if not node.level:
        return named
    package = file.parent.parts
    return COLLECTION + package[: len(package) - node.level + 1] + named


def short(name: tuple[str, ...]) -> tuple[str, ...]:
    prefix = COLLECTION + UTILS
    return name[len(prefix) :] if name[: len(prefix)] == prefix else name


def for_type_checker(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def imports(node: ast.AST, file: Path, lazy: bool = False) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(node.lineno, short(tuple(alias.name.split("."))), lazy)
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield Import(node.lineno, short((*absolute(node, file), alias.name)), lazy)
    elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
        "importlib.import_module",
        "import_module",
        "__import__",
    ):
        named = node.args[0] if node.args else None
        if isinstance(named, ast.Constant) and isinstance(named.value, str):
            yield Import(node.lineno, short(tuple(named.value.split("."))), lazy)
    lazy = lazy or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) or for_type_checker(node)
    for child in ast.iter_child_nodes(node):
        yield from imports(child, file, lazy)


def fault(place: str, imported: Import) -> str | None:
    name, top = imported.name, imported.name[0]
    if top in LAZY and top in ALLOWED[place] and not imported.lazy:
        return f"imports {top} when it is imported itself; import it in the function that needs it"
    if place == "filter" and top in LAYERS and not imported.lazy:
        return (
            f"imports {top} when it is imported itself, as Ansible does with all filters for each task that needs one"
        )
    if top == place or any(
        name[: len(allowed)] == allowed for allowed in (tuple(a.split(".")) for a in ALLOWED[place])
    ):
        return None
    if top in sys.stdlib_module_names:
        reaches_out = top in OUTSIDE and name[:2] != TEXT_ONLY
        return f"is pure and imports {top}" if place in PURE and reaches_out else None
    return f"must not import {'.'.join(name)}"


def faults(root: Path) -> list[str]:
    found = []
    for path in sorted((root / "plugins").rglob("*.py")):
        file = path.relative_to(root)
        place = place_of(file)
        tree = ast.parse(path.read_text(encoding="utf-8"), str(file))
        if place not in ALLOWED:
            found.append(f"{file}: {place} is none of {', '.join(ALLOWED)}")
            continue
        found += [f"{file}:{i.line}: {place} {why}" for i in imports(tree, file) if (why := fault(place, i))]
        found += [
            f"{file}:{n.lineno}: assert vanishes under -O; raise" for n in ast.walk(tree) if isinstance(n, ast.Assert)
        ]
    return found


def test_layers() -> None:
    rooms = {place.name for place in ROOT.joinpath(*UTILS).iterdir() if place.is_dir() and list(place.glob("*.py"))}
    assert rooms <= set(LAYERS), "a layer without a place in the order"
    assert {"_model", "_xml", "_plan", "_fleet", "_migrate", "_host", "_run", "_ansible"} <= rooms, (
        "has a layer been renamed?"
    )
    assert faults(ROOT) == []


def test_packages_are_empty() -> None:
    """ansible-core 2.17 refuses others: Ansible sends a module the __init__.py of every package on the way."""
    assert [path for path in (ROOT / "plugins").rglob("__init__.py") if path.read_bytes()] == []


FULL = ".".join(COLLECTION + UTILS)
WRONG = {
    "a later layer, relative": ("module_utils/_model/a.py", "from .._xml.b import c", "must not import _xml.b.c"),
    "a later layer, from its parent": ("module_utils/_plan/a.py", "from .. import _fleet", "must not import _fleet"),
    "a later layer, from below": ("module_utils/_plan/rules/a.py", "from ..._host import b", "must not import _host.b"),
    "a later layer, absolute": ("module_utils/_fleet/a.py", f"import {FULL}._host.b", "must not import _host.b"),
    "a later layer, in a function": (
        "module_utils/_plan/a.py",
        "class A:\n    def b(self):\n        from .._ansible import run",
        "a.py:3: _plan must not import _ansible.run",
    ),
    "a later layer, from __init__": (
        "module_utils/_xml/__init__.py",
        "from .._plan import b",
        "must not import _plan.b",
    ),
    "a later layer, for types only": (
        "module_utils/_model/a.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .._plan import b",
        "must not import _plan.b",
    ),
    "a later layer, by name": ("module_utils/_plan/a.py", f"import_module('{FULL}._host')", "must not import _host"),
    "lxml outside _xml": ("module_utils/_model/a.py", "from lxml import etree", "must not import lxml.etree"),
    "libvirt outside _host": ("module_utils/_ansible/a.py", "def b():\n    import libvirt", "must not import libvirt"),
    "the world outside": ("module_utils/_migrate/a.py", "import subprocess", "is pure and imports subprocess"),
    "pyroute2 at once": (
        "module_utils/_host/a.py",
        "try:\n    import pyroute2\nexcept E:\n    pass",
        "imports pyroute2",
    ),
    "a solver at once": ("module_utils/_migrate/a.py", "from scipy import optimize", "imports scipy"),
    "ansible in a pure layer": ("module_utils/_plan/a.py", "import ansible.errors", "must not import ansible.errors"),
    "_fleet in _host": ("module_utils/_host/a.py", "from .._fleet import b", "must not import _fleet.b"),
    "a module past _ansible": ("modules/a.py", f"from {FULL}._host.b import c", "must not import _host.b.c"),
    "a filter past _fleet": ("filter/a.py", f"def c():\n    from {FULL}._plan import b", "must not import _plan.b"),
    "a filter into _model": (
        "filter/a.py",
        f"def c():\n    from {FULL}._model.network import B",
        "must not import _model.network.B",
    ),
    "a filter with its layer": ("filter/a.py", f"from {FULL}._fleet import b", "imports _fleet when it is imported"),
    "a package nobody has": ("module_utils/_host/a.py", "import requests", "must not import requests"),
    "another collection": ("modules/a.py", "import ansible_collections.a.b.plugins", "must not import ansible_coll"),
    "no layer": ("module_utils/a.py", "", "module_utils is none of"),
    "assert": ("module_utils/_model/a.py", "assert 1", "assert vanishes"),
}
RIGHT = {
    "module_utils/_model/a.py": "from __future__ import annotations\nimport re\nfrom . import b\nfrom .b import c",
    "module_utils/_plan/rules/a.py": "from ..._model.b import c\nfrom ..step import d\nfrom ... import _xml",
    "module_utils/_xml/a.py": "try:\n    from lxml import etree\nexcept ImportError:\n    etree = None",
    "module_utils/_host/a.py": "import libvirt\ndef b():\n    from pyroute2 import IPRoute\nfrom .._plan import c",
    "module_utils/_ansible/a.py": "from ansible.module_utils.basic import AnsibleModule\nfrom .._run import b",
    "modules/a.py": f"from {FULL}._ansible.b import c\nfrom ansible.module_utils.basic import AnsibleModule",
    "filter/a.py": f"from ansible.errors import E\ndef d():\n    from {FULL}._fleet import b",
    "filter/b.py": f"def d():\n    from {FULL}._model.errors import C",
}


def write(root: Path, file: str, source: str) -> None:
    path = root / "plugins" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")


@pytest.mark.parametrize(("file", "source", "expected"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_import_is_found(tmp_path: Path, file: str, source: str, expected: str) -> None:
    write(tmp_path, file, source)
    (found,) = faults(tmp_path)
    assert expected in found


@pytest.mark.parametrize(("file", "source"), RIGHT.items(), ids=RIGHT.keys())
def test_a_right_import_passes(tmp_path: Path, file: str, source: str) -> None:
    write(tmp_path, file, source)
    assert faults(tmp_path) == []
