# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges the guest on stdin. Exit status: 0 it may come, 3 it is refused (the reason is on stderr), other a failure."""

from __future__ import annotations

import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
FACTS = os.path.join(HERE, "facts.json")
SETTINGS = os.path.join(HERE, "settings.json")


def read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None


def main() -> int:
    sys.path.insert(0, HERE)
    from virtfleet_gate._migrate.gate import Settings, decide

    xml = sys.stdin.buffer.read().decode("utf-8", "replace")
    said = decide(xml, read(FACTS), time.time(), Settings(**json.loads(read(SETTINGS) or "")))
    if said is None:
        return 0
    sys.stderr.write(said + "\n")
    return 3


if __name__ == "__main__":
    sys.exit(main())
