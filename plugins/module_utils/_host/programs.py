# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running programs of the host that show something."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from typing import NamedTuple, Optional

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
# The output is read by this code, not by people.
_ENVIRONMENT = {"PATH": _PATH, "LC_ALL": "C"}


class ProgramResult(NamedTuple):
    """status: the exit status; out, err: what was written, with a replacement for what is not UTF-8."""

    status: int
    out: str
    err: str


def find_program(name: str) -> Optional[str]:
    """Its path, or None."""
    return shutil.which(name, path=_PATH)


def run_program(argv: Sequence[str], seconds: float, given: str = "") -> Optional[ProgramResult]:
    """given: its standard input. None if it cannot be run, or takes longer."""
    try:
        # AnsibleModule.run_command is not at hand: this layer works without Ansible.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            list(argv),
            input=given,
            env=_ENVIRONMENT,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return ProgramResult(done.returncode, done.stdout, done.stderr)


def output_of(argv: Sequence[str], seconds: float) -> Optional[str]:
    """What it wrote, or None if it failed."""
    done = run_program(argv, seconds)
    return done.out if done is not None and done.status == 0 else None
