# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the gate's hook, its settings and its code onto the host, and takes them away."""

from __future__ import annotations

import compileall
import hashlib
import os
import py_compile
import shlex
import shutil
import signal
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any, cast

from .._model.errors import VirtfleetError
from .gate_files import FACTS, GATE_DIRECTORY, HOOK, SETTINGS, read_text

_PACKAGE = __name__.rpartition("._host.")[0]
# The layers that judging and gathering need; the rest is for Ansible.
_LAYERS = ("_fleet", "_host", "_migrate", "_model", "_plan", "_run", "_xml")
_NAME = "virtfleet_gate"
_SCRIPT_NAME = "gate.py"
_SCRIPT = '''"""Judges the guest on standard input, or with "refresh" writes this host's facts."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
if sys.argv[1:] == ["refresh"]:
    from {name}._run.gate import refresh_facts as main
else:
    from {name}._run.gate_hook import judge_incoming as main
sys.exit(main())
'''
# libvirt calls the hook for every step of every guest: name, operation, step. What it writes to standard output would
# replace the guest's XML.
_HOOK = """#!/bin/sh
# Written by virtfleet.network.virt_migrate_gate.
[ "$2" = migrate ] && [ "$3" = begin ] || exit 0
timeout -k 1 {timeout} {python} -I -B {script} >/dev/null
case $? in
  0) exit 0 ;;
  {refused}) exit 1 ;;
esac
{failed}
"""
LET_IN = "exit 0"
KEEP_OUT = (
    'echo "virtfleet.network refuses the guest: GATE_FAILED: the gate failed or took too long. Run virt_migrate_gate'
    ' on this host." >&2\nexit 1'
)
# Of the daemons that call hooks for guests. libvirt looks for hooks when it starts, and when it gets SIGHUP.
_PID_FILES = ("/run/libvirtd.pid", "/run/virtqemud.pid")
_DAEMONS = ("libvirtd", "virtqemud")


def read_sources() -> dict[str, str]:
    """The collection's modules that this run has, by their paths. Ansible sends them in a zip file."""
    sources = {"__init__.py": ""}
    for layer in _LAYERS:
        sources.update(_sources_of(layer))
    return sources


def code_directory(sources: dict[str, str]) -> str:
    """Named by its content, so a hook never sees half of a new version."""
    digest = hashlib.sha256(repr((sorted(sources.items()), _SCRIPT, sys.version)).encode()).hexdigest()
    return os.path.join(GATE_DIRECTORY, f"code-{digest[:16]}")


def hook_text(directory: str, timeout: int, refused: int, failed: str) -> str:
    """timeout: seconds after which the judgement is ended; refused: the exit status by which it refuses; failed:
    LET_IN or KEEP_OUT, what becomes of a guest when the judgement fails."""
    return _HOOK.format(
        refused=refused,
        timeout=timeout,
        python=shlex.quote(sys.executable),
        script=shlex.quote(script_in(directory)),
        failed=failed,
    )


def script_in(directory: str) -> str:
    """What the hook and the timer run."""
    return os.path.join(directory, _SCRIPT_NAME)


def has_code(directory: str, sources: dict[str, str]) -> bool:
    """Whether all of it is there, and nothing of it was changed."""
    return all(read_text(os.path.join(directory, path)) == text for path, text in _files(sources).items())


def _files(sources: dict[str, str]) -> dict[str, str]:
    """By their paths in the code's directory."""
    files = {os.path.join(_NAME, path): text for path, text in sources.items()}
    return {**files, _SCRIPT_NAME: _SCRIPT.format(name=_NAME)}


def write_code(directory: str, sources: dict[str, str]) -> None:
    """With its byte code, since compiling takes longer than judging. Raises VirtfleetError."""
    try:
        os.makedirs(GATE_DIRECTORY, 0o700, exist_ok=True)
        new = tempfile.mkdtemp(prefix=".new-", dir=GATE_DIRECTORY)
        for path, text in _files(sources).items():
            file = os.path.join(new, path)
            os.makedirs(os.path.dirname(file), 0o700, exist_ok=True)
            _write(file, text, 0o600)
        # The directory is named by its content, so Python need not compare byte code with source.
        unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
        compileall.compile_dir(new, quiet=2, stripdir=new, prependdir=directory, invalidation_mode=unchecked)
        if os.path.isdir(directory):  # damaged
            shutil.rmtree(directory)
        os.rename(new, directory)
    except OSError as error:
        raise _unwritable(error) from None


def remove_other_code(directory: str) -> None:
    """Versions before, and what a run that was broken off left."""
    with suppress(OSError):
        for name in os.listdir(GATE_DIRECTORY):
            path = os.path.join(GATE_DIRECTORY, name)
            if name.startswith(("code-", ".new-")) and path != directory:
                shutil.rmtree(path, ignore_errors=True)


def write_settings(text: str) -> None:
    """Raises VirtfleetError."""
    _replace(SETTINGS, text, 0o600)


def write_facts(text: str) -> None:
    """Raises VirtfleetError."""
    _replace(FACTS, text, 0o600)


def write_hook(text: str) -> None:
    """Raises VirtfleetError."""
    _replace(HOOK, text, 0o755)


def remove_gate() -> None:
    """Raises VirtfleetError."""
    try:
        with suppress(FileNotFoundError):
            os.unlink(HOOK)
        if os.path.isdir(GATE_DIRECTORY):
            shutil.rmtree(GATE_DIRECTORY)
    except OSError as error:
        raise _unwritable(error) from None


def is_installed() -> bool:
    """Or left in part."""
    return os.path.lexists(HOOK) or os.path.isdir(GATE_DIRECTORY)


def refuse_unwritable() -> None:
    """Raises VirtfleetError GATE_UNWRITABLE when this user cannot install or remove the gate."""
    for path in (HOOK, GATE_DIRECTORY):
        there = path
        while not os.path.lexists(there):
            there = os.path.dirname(there)
        there = there if os.path.isdir(there) else os.path.dirname(there)
        if not os.access(there, os.W_OK | os.X_OK):
            raise _unwritable(PermissionError(13, "Permission denied", there))


def reload_daemons() -> None:
    """Has libvirt look for hooks again. Guests, networks and migrations go on."""
    for path in _PID_FILES:
        text = (read_text(path) or "").strip()
        # The number may be another process's by now.
        if text.isdigit():
            with suppress(OSError):
                if os.path.basename(os.readlink(f"/proc/{text}/exe")) in _DAEMONS:
                    os.kill(int(text), signal.SIGHUP)


def _sources_of(package: str) -> dict[str, str]:
    """package: a path below the collection's module_utils, with slashes."""
    found = {f"{package}/__init__.py": ""}
    spec = find_spec(f"{_PACKAGE}.{package.replace('/', '.')}")
    for module in iter_modules(spec.submodule_search_locations if spec else None):
        path = f"{package}/{module.name}"
        if module.ispkg:
            found.update(_sources_of(path))
        else:
            found[f"{path}.py"] = _source_of(path)
    return found


def _source_of(path: str) -> str:
    name = f"{_PACKAGE}.{path.replace('/', '.')}"
    spec = find_spec(name)
    # Both of Python's loaders have it: that of files, and that of zip files.
    source = cast(Any, spec.loader).get_source(name) if spec else None
    if source is None:
        raise VirtfleetError("GATE_UNWRITABLE", f"The source of {name} cannot be read. Nothing was changed.")
    return str(source)


def _replace(path: str, text: str, mode: int) -> None:
    try:
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
        handle, new = tempfile.mkstemp(prefix=".new-", dir=os.path.dirname(path))
        os.close(handle)
        try:
            _write(new, text, mode)
            os.replace(new, path)
        except OSError:
            os.unlink(new)
            raise
    except OSError as error:
        raise _unwritable(error) from None


def _write(path: str, text: str, mode: int) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(file.fileno(), mode)


def _unwritable(error: OSError) -> VirtfleetError:
    return VirtfleetError(
        "GATE_UNWRITABLE",
        f"{error.filename or GATE_DIRECTORY} cannot be written ({error.strerror or error}). The gate needs root on the "
        "host (become: true) and room for a few megabytes.",
    )
