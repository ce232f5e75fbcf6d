# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is not the same on all hosts of a fleet that is taken over."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..lines import alike, entry, fold_names, make_printable, natural_order

REACH_DIFFERS = "REACH_DIFFERS"
MTU_DIFFERS = "MTU_DIFFERS"
SUBNETS_DIFFER = "SUBNETS_DIFFER"
PORTGROUPS_DIFFER = "PORTGROUPS_DIFFER"
NOT_EXPRESSIBLE = "NOT_EXPRESSIBLE"
NETWORK_TRANSIENT = "NETWORK_TRANSIENT"
CHANGES_PENDING = "CHANGES_PENDING"
NETWORK_PARTIAL = "NETWORK_PARTIAL"
BINDING_DIFFERS = "BINDING_DIFFERS"

# From worst to least. The first four break a contract; a network with one of LEFT_OUT is not taken over.
CODES = (
    REACH_DIFFERS,
    MTU_DIFFERS,
    SUBNETS_DIFFER,
    PORTGROUPS_DIFFER,
    NOT_EXPRESSIBLE,
    NETWORK_TRANSIENT,
    CHANGES_PENDING,
    NETWORK_PARTIAL,
    BINDING_DIFFERS,
)
BREAKING = CODES[:4]
LEFT_OUT = (REACH_DIFFERS, NOT_EXPRESSIBLE)


class Difference(NamedTuple):
    """hosts: those it is about."""

    code: str
    network: str
    hosts: tuple[str, ...]
    sentence: str

    def as_dict(self) -> dict[str, Any]:
        return {**self._asdict(), "hosts": list(self.hosts), "breaks": self.code in BREAKING}


def between(code: str, network: str, what: str, values: Mapping[str, Any]) -> Difference:
    """values: host to what it has, as plain data; None when it has nothing."""
    names = tuple(sorted(values, key=natural_order))
    groups = alike((_shown(values[host]), host) for host in names)
    said = "; ".join(f"{value} on {fold_names(hosts)}" for value, hosts in groups)
    return Difference(code, network, names, f"{what} of network {network}: {said}.")


def sort_differences(differences: Iterable[Difference]) -> list[Difference]:
    """The worst first."""
    return sorted(differences, key=lambda one: (CODES.index(one.code), natural_order(one.network), one.sentence))


def difference_lines(differences: Iterable[Difference]) -> list[str]:
    """For people; in the order given."""
    lines: list[str] = []
    for one in differences:
        effect = "left out" if one.code in LEFT_OUT else "breaks" if one.code in BREAKING else "info"
        lines += entry(effect, f"{one.code}: {fold_names(one.hosts)}", one.sentence)
    return lines


def host_lines(hosts: Iterable[str], differences: Sequence[Difference]) -> dict[str, list[str]]:
    """For people: by host, which differences it has."""
    lines: dict[str, list[str]] = {host: [] for host in hosts}
    for one in differences:
        for host in one.hosts:
            lines[host].append(make_printable(f"{one.code}: {one.network}"))
    return lines


def unread_lines(unread: Mapping[str, str]) -> list[str]:
    """For people. unread: by host, why it was not read."""
    groups = alike((unread[host], host) for host in sorted(unread, key=natural_order))
    return [line for why, hosts in groups for line in entry("unread", fold_names(hosts), why)]


def _shown(value: Any) -> str:
    if value is None or value in ({}, []):
        return "none"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
