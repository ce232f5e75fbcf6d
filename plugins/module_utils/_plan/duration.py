# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Approximate duration of steps: measured with libvirt 9.0 and 11.3 on an idle machine, rounded up."""

from __future__ import annotations

from collections.abc import Iterable

from .records import DHCP_HOST, DHCP_RANGE, DNS_SRV, DNS_TXT
from .step import ASIDE, ATTACH, CREATE, DESTROY, FREE, JOIN, MOVE, RECLAIM, REFRESH, RELEASE, START, UPDATE, Step

# libvirt waits until the old dnsmasq has ended, and rebuilds its firewall rules for DHCP.
_SECTION_SECONDS = {DNS_TXT.name: 0.25, DNS_SRV.name: 0.25, DHCP_HOST.name: 0.45, DHCP_RANGE.name: 0.65}
_ACTION_SECONDS = {START: 0.3, CREATE: 0.3, DESTROY: 0.5, JOIN: 0.3}
_PORT_SECONDS = {RELEASE: 0.02, RECLAIM: 0.04, FREE: 0.02, ATTACH: 0.01, ASIDE: 0.01, MOVE: 0.3, REFRESH: 0.1}
_ANY_SECONDS = 0.02

# From here on one restart is better than many updates: in each of them guests are without DHCP and DNS, or without
# the rules by which they reach the outside, for about as long as in that restart.
MANY_SECONDS = 10.0


def seconds(steps: Iterable[Step]) -> float:
    """All steps together."""
    return round(sum(map(_one, steps)), 2)


def _one(step: Step) -> float:
    if step.action == UPDATE:
        return _SECTION_SECONDS.get(step.section, _ANY_SECONDS)
    if step.action in _PORT_SECONDS:
        return _PORT_SECONDS[step.action] * len(step.ports)
    return _ACTION_SECONDS.get(step.action, _ANY_SECONDS)
