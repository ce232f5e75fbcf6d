# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether guests can come to a destination: looked at here and now, or judged from what was saved."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any, Optional

from .._host.connection import connect
from .._migrate.destination_facts import read_destination
from .._migrate.guest_facts import CheckedGuest
from .._migrate.rules.catalog import gathered_for_check, lookups_for
from .._migrate.verdict_kinds import SILENT_CODES
from .._migrate.verdicts import AnyGuest, Verdicts, judge_guests, judge_unreachable
from .._model.errors import VirtfleetError
from .gather import gather_from, reached_by


def check_here(
    guests: list[AnyGuest],
    uri: str,
    policy: dict[str, str],
    besides: Collection[str] = (),
    migrate_uri: Optional[str] = None,
) -> Verdicts:
    """As judge_guests() returns it. besides: what to gather more than the rules need; migrate_uri: by which other
    hosts reach this host's libvirt.

    Raises VirtfleetError, but not when the daemon does not answer.
    """
    lookups = lookups_for(guest.facts for guest in guests if isinstance(guest, CheckedGuest))
    try:
        conn = connect(uri)
        try:
            info = gather_from(conn, uri, None, (*gathered_for_check(), *besides), lookups)
        finally:
            conn.close()
    except VirtfleetError as error:
        if error.code not in SILENT_CODES:
            raise
        return judge_unreachable(guests, uri, error.sentence, policy)
    return judge_guests(guests, read_destination(reached_by(info, migrate_uri)), policy)


def check_saved(
    guests: list[AnyGuest], destination: dict[str, Any], policy: dict[str, str], max_age: Optional[float]
) -> Verdicts:
    """As judge_guests() returns it, from a result of virt_network_info. Raises VirtfleetError DESTINATION_INVALID."""
    return judge_guests(guests, read_destination(destination), policy, time.time(), max_age)
