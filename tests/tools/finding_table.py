# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of codes in docs/migration.md, from the declarations of the rules.

Without arguments: writes them into the file, between its two markers. --check: says whether they differ.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docs" / "migration.md"
BEGIN, END = "<!-- Written by tests/tools/finding_table.py; change the rules instead. -->", "<!-- end of the tables -->"


def tables() -> str:
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.finding import FindingKind
    from ansible_collections.virtfleet.network.plugins.module_utils._migrate.rules.catalog import CHAPTERS

    home: dict[str, str] = {}
    rows: dict[str, list[FindingKind]] = {}
    for title, modules in CHAPTERS.items():
        kinds = [kind for module in modules for kind in _own(module) if isinstance(kind, FindingKind)]
        for kind in kinds:
            if kind.means:
                home.setdefault(kind.code, title)
                known = rows.setdefault(kind.code, [])
                if kind not in known:
                    known.append(kind)
    lines = []
    for title in CHAPTERS:
        lines += [f"### {title}", "", "| code | severity | means | repair |", "|---|---|---|---|"]
        for code in (code for code, where in home.items() if where == title):
            for place, kind in enumerate(sorted(rows[code], key=lambda kind: kind.severity != rows[code][0].severity)):
                lines.append(f"| {'' if place else f'`{code}`'} | {kind.severity} | {kind.means} | {kind.repair} |")
        lines.append("")
    return "\n".join(lines)


def _own(module: Any) -> list[Any]:
    """What a module defines itself, not what it imports."""
    names = re.findall(r"^(\w+) = ", inspect.getsource(module), re.MULTILINE)
    return [getattr(module, name) for name in names]


def filled(text: str) -> str:
    before, _begin, rest = text.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables()}\n{END}{after}"


def main() -> int:
    sys.path.insert(0, str(ROOT / ".cache" / "collections"))
    text = FILE.read_text()
    if "--check" in sys.argv:
        return int(filled(text) != text)
    FILE.write_text(filled(text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
