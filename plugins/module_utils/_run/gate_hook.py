# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt's hook runs when a guest comes. It must not call libvirt, which waits for it, and must be fast."""

from __future__ import annotations

import sys
import time

from .._host.gate_files import read_saved_facts, read_settings
from .._host.sysfs import link_states
from .._migrate.decode import read_record
from .._migrate.gate import GateSettings, decide

REFUSED = 3


def judge_incoming() -> int:
    """Judges the guest on standard input. 0: it may come; REFUSED: the reason is on standard error.

    Raises whatever keeps it from judging, and the hook does what is set for that.
    """
    xml = sys.stdin.buffer.read().decode("utf-8", "replace")
    settings = read_record(GateSettings, read_settings())
    said = decide(xml, read_saved_facts(), link_states(), time.time(), settings)
    if said is None:
        return 0
    sys.stderr.write(said + "\n")
    return REFUSED
