# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many questions to a daemon at a time: libvirt answers each in a worker of its own.

Threads by hand, since concurrent.futures takes longer to import than the questions take.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Callable, TypeVar

Item = TypeVar("Item")

# libvirt's default is five workers to begin with.
_AT_ONCE = 4
# Below that, starting threads costs more than it saves.
_WORTH_IT = 8


def side_by_side(ask: Callable[[Item], Any], items: Sequence[Item]) -> list[Any]:
    """What ask says to each, in order. Raises what ask raises, the first by order."""
    if len(items) < _WORTH_IT:
        return [ask(item) for item in items]
    answers: list[Any] = [None] * len(items)
    failed: dict[int, BaseException] = {}

    def work(first: int) -> None:
        for place in range(first, len(items), _AT_ONCE):
            try:
                answers[place] = ask(items[place])
            except BaseException as error:
                failed[place] = error
                return

    threads = [threading.Thread(target=work, args=(first,), daemon=True) for first in range(_AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[min(failed)]
    return answers
