# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that stays on the host when the module that started it has ended, however that ended."""

from __future__ import annotations

import os
import syslog
from typing import Callable

# An order is a line; a pipe takes that in one piece.
_LINE = 4096


def start_guard(act: Callable[[str], str]) -> Callable[[str], None]:
    """Start the process; the function that gives it its order, a line of text.

    It calls act with that, once, and what act says of what it did goes to the system's log. Without an order it ends
    with this process. act has nothing but what was imported by now. To be called before libvirt is connected to,
    whose threads would not come along.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(reader)
        os.waitpid(child, 0)
        return lambda order: _give(writer, order)
    # Neither the end of the module's session nor that of its pipes may take it along.
    os.setsid()
    if os.fork():
        os._exit(0)
    try:
        os.close(writer)
        _detach()
        syslog.openlog("virtfleet.network")
        order = os.read(reader, _LINE).decode()
        said = act(order) if order else ""
        if said:
            syslog.syslog(syslog.LOG_WARNING, said)
    except BaseException as error:
        syslog.syslog(syslog.LOG_ERR, f"an unconfirmed change could not be rolled back: {error}")
    finally:
        os._exit(0)


def _give(writer: int, order: str) -> None:
    os.write(writer, order.encode())
    os.close(writer)


def _detach() -> None:
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
