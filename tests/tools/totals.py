# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sums up what tests/tools/timed noted. Usage: totals.py DIRECTORY"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main() -> None:
    files = sorted(Path(sys.argv[1]).glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
    results = {file.stem: json.loads(file.read_text()) for file in files}
    print(f"\n{'tier':20} {'passed':>8} {'failed':>8} {'skipped':>8} {'seconds':>8}")
    for name, result in results.items():
        print(f"{name:20} {result['passed']:8} {result['failed']:8} {result['skipped']:8} {result['seconds']:8.1f}")
    passed, failed, skipped = (sum(r[key] for r in results.values()) for key in ("passed", "failed", "skipped"))
    print(f"{skipped} skipped or expected to fail, named above with their reasons" if skipped else "none skipped")
    print(f"{passed} passed, {failed} failed")


if __name__ == "__main__":
    main()
