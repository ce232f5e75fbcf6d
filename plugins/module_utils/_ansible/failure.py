# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failure as a module result: one sentence that can be read at a glance, and everything else beside it."""

from __future__ import annotations

import re
from typing import Any

from .._model.errors import VirtfleetError

# A message has fewer characters than this.
LONGEST = 400
_REST = " The complete text is in sentences."
# Keys of facts that are keys of results too, where they hold something else.
_NAMES = {"network": "network_name", "portgroup": "portgroup_name"}


def failure_result(error: VirtfleetError) -> dict[str, Any]:
    """All but the sentence. changed is only there when something has been."""
    result = {"code": error.code, **renamed(error.details)}
    if result.get("left") or result.get("recovered"):
        result["changed"] = True
    return result


def renamed(facts: dict[str, Any]) -> dict[str, Any]:
    result = {_NAMES.get(name, name): value for name, value in facts.items()}
    if "refused" in result:
        result["refused"] = [renamed(item) for item in result["refused"]]
    return result


def one_line(text: str) -> str:
    """In one line and with a full stop, whatever the source of the text and whatever it quotes."""
    line = " ".join(str(text).split())
    return line if line.endswith((".", "!", "?")) else f"{line}."


def shortened_message(line: str) -> tuple[str, list[str]]:
    """A line short enough for a message; and all its sentences when it was too long."""
    if len(line) < LONGEST:
        return line, []
    kept = line[: LONGEST - len(_REST) - 4]
    end = max(kept.rfind(". "), kept.rfind("; "))
    kept = kept[: end + 1] if end > LONGEST // 3 else f"{kept[: kept.rfind(' ')].rstrip(',;:')} ..."
    return kept + _REST, re.split(r"(?<=[.!?]) ", line)
