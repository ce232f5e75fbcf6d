# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All rules that a definition must satisfy before it is used.

libvirt's define rejects most of this too, but its live update does not, check mode cannot ask it, and its messages do
not always say what to do. Each rule is a pure function: document -> problems.
"""

from __future__ import annotations

from ..._model.canonical import canonical
from ..._model.errors import Problem
from ..._model.field import Document
from ..._model.host import Host
from ..._model.network import NETWORK
from .addresses import addresses
from .bounds import bounds
from .modes import modes
from .names import device_names
from .raw import raw_texts
from .starts import starts
from .texts import texts
from .value_types import value_types
from .values import values
from .versions import versions
from .virtualports import virtualports


def check(document: Document, host: Host) -> list[Problem]:
    """Everything that is wrong with a definition for this host, at once."""
    problems = list(value_types(document))
    if problems:
        return problems
    plain = canonical(NETWORK, document)
    problems = [
        *texts(document),
        *raw_texts(document),
        *device_names(document),
        *bounds(document),
        *addresses(document),
        *values(document),
        *virtualports(document),
        *starts(document),
        *modes(document, host.version),
        *versions(plain, host),
    ]
    unique = {problem.identity: problem for problem in problems}
    return list(unique.values())
