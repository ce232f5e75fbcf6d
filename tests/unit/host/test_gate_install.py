# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate's hook, with something else for the judgement; and the code that it brings."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._host import gate_install
from ansible_collections.virtfleet.network.plugins.module_utils._host.sysfs import link_states

REFUSED = 3
UTILS = Path(__file__).resolve().parents[3] / "plugins" / "module_utils"


@pytest.mark.parametrize(
    ("judgement", "passing", "refusing"),
    [
        ("exit 0", 0, 0),
        ("echo why >&2; exit 3", 1, 1),
        ("exit 1", 0, 1),
        ("kill -9 $$", 0, 1),
        ("sleep 60", 0, 1),
        ("trap '' TERM; while :; do sleep 1; done", 0, 1),
        ("yes | head -c 1000000; exit 0", 0, 0),
    ],
)
def test_the_hook(tmp_path, monkeypatch, judgement, passing, refusing):
    python = tmp_path / "a 'python' $x"
    python.write_text(f"#!/bin/sh\n{judgement}\n")
    python.chmod(0o755)
    monkeypatch.setattr(gate_install.sys, "executable", str(python))
    for failed, expected in ((gate_install.LET_IN, passing), (gate_install.KEEP_OUT, refusing)):
        hook = tmp_path / "hook"
        hook.write_text(gate_install.hook_text(str(tmp_path), 1, REFUSED, failed))
        run = subprocess.run(
            ["/bin/sh", hook, "guest", "migrate", "begin", "-"], input="<domain/>", capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        # What it writes to standard output would replace the guest.
        assert (run.returncode, run.stdout) == (expected, ""), run.stderr
        assert not expected or run.stderr.strip()


@pytest.mark.parametrize(
    "event", [("prepare", "begin"), ("start", "begin"), ("migrate", "end"), ("release", "end"), ()]
)
def test_other_events_are_left_alone(tmp_path, event):
    hook = tmp_path / "hook"
    hook.write_text(gate_install.hook_text("/nowhere", 1, REFUSED, gate_install.KEEP_OUT))
    assert subprocess.run(["/bin/sh", hook, "guest", *event], check=False).returncode == 0


def test_the_code_is_complete_and_named_by_its_content():
    sources = gate_install.read_sources()
    files = {str(path.relative_to(UTILS)): path.read_text() for path in UTILS.rglob("*.py")}
    assert sources == {"__init__.py": ""} | {
        path: text for path, text in files.items() if not path.startswith(("_ansible/", "_audit/"))
    }
    directory = gate_install.code_directory(sources)
    assert gate_install.code_directory(dict(reversed(sources.items()))) == directory
    assert gate_install.code_directory({**sources, "_run/gate.py": ""}) != directory
    for path, text in sources.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.level:
                assert node.level <= path.count("/") + 1, f"{path} imports from beyond the code"


def test_states_of_links(tmp_path):
    for name, flags, carrier in (("up", "0x1003", "1"), ("plugless", "0x1003", "0"), ("down", "0x1002", None)):
        directory = tmp_path / "class" / "net" / name
        directory.mkdir(parents=True)
        (directory / "flags").write_text(f"{flags}\n")
        if carrier:
            (directory / "carrier").write_text(f"{carrier}\n")
    assert link_states(str(tmp_path)) == {"up": (True, True), "plugless": (True, False), "down": (False, None)}
