# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs one check, says how long it took and notes its outcome for the totals.

Usage: timed.py NAME COMMAND [ARGUMENT ...]

A command that leaves JUnit results in .cache/results/NAME*.xml counts by these, any other as one check.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

RESULTS = Path(".cache/results")


def count(files: list[Path]) -> dict[str, int]:
    suites = [suite for file in files for suite in ElementTree.parse(file).iter("testsuite")]
    total, skipped = (sum(int(suite.get(key) or 0) for suite in suites) for key in ("tests", "skipped"))
    failed = sum(int(suite.get("failures") or 0) + int(suite.get("errors") or 0) for suite in suites)
    return {"passed": total - skipped - failed, "failed": failed, "skipped": skipped}


def main() -> int:
    name, *command = sys.argv[1:]
    RESULTS.mkdir(parents=True, exist_ok=True)
    for old in RESULTS.glob(f"{name}*.xml"):
        old.unlink()

    print(f"== {name}", flush=True)
    start = time.monotonic()
    code = subprocess.run(command, check=False).returncode
    seconds = time.monotonic() - start

    found = sorted(RESULTS.glob(f"{name}*.xml"))
    counts = count(found) if found else {"passed": int(code == 0), "failed": int(code != 0), "skipped": 0}
    # whatever the results say, a command that failed is never counted as a success
    if code and not counts["failed"]:
        counts["failed"] = 1
    (RESULTS / f"{name}.json").write_text(json.dumps({**counts, "seconds": round(seconds, 1)}) + "\n")
    print(f"== {name}: {'ok' if code == 0 else f'FAILED ({code})'}, {seconds:.1f} s", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
