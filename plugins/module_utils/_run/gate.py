# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installs, renews and removes the gate that judges incoming guests."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any, Optional

from .._host.gate_files import HOOK, SETTINGS, read_text
from .._host.gate_install import (
    KEEP_OUT,
    LET_IN,
    code_directory,
    has_code,
    hook_text,
    is_installed,
    read_sources,
    refuse_unwritable,
    reload_daemons,
    remove_gate,
    remove_other_code,
    script_in,
    write_code,
    write_facts,
    write_hook,
    write_settings,
)
from .._migrate.gate import GateSettings
from .._migrate.lookup_kinds import HOST, LINKS
from .._model.errors import VirtfleetError
from .gate_hook import REFUSED
from .gather import gather

URI = "qemu:///system"


def install_gate(settings: GateSettings, timeout: int, check_mode: bool) -> dict[str, Any]:
    """changed, and what to run to renew the facts. Renewing them is no change.

    Raises VirtfleetError GATE_UNWRITABLE, or what gathering raises.
    """
    # First of all: a gate without facts would be installed in vain.
    facts = _facts()
    sources = read_sources()
    directory = code_directory(sources)
    hook = hook_text(directory, timeout, REFUSED, LET_IN if settings.pass_without_facts else KEEP_OUT)
    files = {SETTINGS: _json(asdict(settings)), HOOK: hook}
    before = {path: read_text(path) for path in files}
    new_code = not has_code(directory, sources)
    if new_code or before != files or not check_mode:
        refuse_unwritable()
    if not check_mode:
        if new_code:
            write_code(directory, sources)
        write_facts(facts)
        if before[SETTINGS] != files[SETTINGS]:
            write_settings(files[SETTINGS])
        # Last, so that it never finds less than it needs.
        if before[HOOK] != files[HOOK]:
            write_hook(files[HOOK])
            reload_daemons()
        remove_other_code(directory)
    return {
        "changed": new_code or before != files,
        "refresh_command": [sys.executable, "-I", "-B", script_in(directory), "refresh"],
        "diff": _diff(before, files),
    }


def uninstall_gate(check_mode: bool) -> dict[str, Any]:
    """Raises VirtfleetError GATE_UNWRITABLE."""
    changed = is_installed()
    before = {path: read_text(path) for path in (SETTINGS, HOOK)}
    if changed:
        refuse_unwritable()
        if not check_mode:
            remove_gate()
            reload_daemons()
    return {"changed": changed, "refresh_command": [], "diff": _diff(before, {})}


def refresh_facts() -> int:
    """Gathers the host's facts again, on the host itself. The exit status."""
    try:
        write_facts(_facts())
    except VirtfleetError as error:
        sys.stderr.write(f"{error.code}: {error.sentence}\n")
        return 1
    return 0


def _facts() -> str:
    return _json(gather(URI, None, (LINKS, HOST)))


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True) + "\n"


def _diff(before: dict[str, Optional[str]], after: dict[str, str]) -> list[dict[str, str]]:
    return [
        {
            "before": before.get(path) or "",
            "after": after.get(path) or "",
            "before_header": path,
            "after_header": path,
        }
        for path in sorted({*before, *after})
        if (before.get(path) or "") != (after.get(path) or "")
    ]
