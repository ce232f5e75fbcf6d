# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nwfilters: named by NICs, and each host has its own of a name."""

from __future__ import annotations

from collections.abc import Iterator

from ..._model.field import Document
from ..case import Case
from ..finding import TAKEN, Finding, deaf, refused, unseen
from ..view import View


def there(guest: Document, view: View) -> Iterator[Finding]:
    for name in sorted({nic["filter"] for nic in guest["nics"] if nic["filter"]}):
        if view.filters is None:
            yield unseen(f"Whether {view.name} has the nwfilter '{name}' was not looked at.", TAKEN)
        elif name not in view.filters:
            yield refused("NWFILTER_MISSING", f"{view.name} has no nwfilter '{name}'.")


def same(case: Case) -> Iterator[Finding]:
    """What other rules would do to the guest's traffic nobody can say from here; they may drop all of it."""
    name, filters = case.nic["filter"], case.view.filters
    if not name or filters is None or name not in filters:
        return
    if not case.nic["filter_digest"] or not filters[name]:
        yield unseen(f"Whether the nwfilter '{name}' on {case.view.name} is that of the guest's own host is unknown.")
    elif case.nic["filter_digest"] != filters[name]:
        yield deaf(
            "NWFILTER_DIFFERS",
            f"The nwfilter '{name}' on {case.view.name} has other rules than that on the guest's own host.",
        )
