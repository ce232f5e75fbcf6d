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
from .addresses import check_addresses
from .bounds import check_bounds
from .modes import check_modes
from .names import check_device_names
from .raw import check_raw_texts
from .starts import check_start
from .texts import check_texts
from .value_types import check_value_types
from .values import check_values
from .versions import check_versions
from .virtualports import check_virtualports


def check_definition(document: Document, host: Host) -> list[Problem]:
    """Everything that is wrong with a definition for this host, at once."""
    problems = list(check_value_types(document))
    if problems:
        return problems
    plain = canonical(NETWORK, document)
    problems = [
        *check_texts(document),
        *check_raw_texts(document),
        *check_device_names(document),
        *check_bounds(document),
        *check_addresses(document),
        *check_values(document),
        *check_virtualports(document),
        *check_start(document),
        *check_modes(document, host.version),
        *check_versions(plain, host),
    ]
    unique = {problem.identity: problem for problem in problems}
    return list(unique.values())
