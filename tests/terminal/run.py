# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fleet of 20 hosts prints: writes the outputs in docs/output.md, from real runs on a lab's hosts.

python tests/terminal/run.py [HOSTS]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))

from batch import hosts_of
from harness.playbook import ROOT
from scenes import Fleet, Scene, scenes

PAGE = ROOT / "docs" / "output.md"
BEGIN, END = "<!-- Written by `make output`. -->", "<!-- end of what was written -->"


def written(shown: list[Scene]) -> str:
    parts = [f"## {one.title}\n\n{one.note}\n\n```console\n$ {one.command}\n{one.output}\n```\n" for one in shown]
    return "\n".join([BEGIN + "\n", *parts, END])


def main(number: int = 20) -> int:
    with (
        tempfile.TemporaryDirectory() as directory,
        hosts_of("terminal", Path(directory), ["bookworm"], number) as hosts,
    ):
        shown = scenes(Fleet(hosts, number))
    text = PAGE.read_text(encoding="utf-8")
    before, _begin, rest = text.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    PAGE.write_text(f"{before}{written(shown)}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
