# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be changed in a running network, by libvirt's virNetworkUpdate and virNetworkSetMetadata.

Which sections an update reaches and what it does there is written down in docs/updates.md.
"""

from __future__ import annotations

from typing import Any, Callable, Optional

from .._model import address
from .._model.canonical import canonical
from .._model.field import Document, Value
from .._model.forward import mode_of, takes_pool
from .._model.mark import namespace_of
from .._model.network import DESCRIPTIVE
from .._xml.live_metadata import make_settable
from .._xml.network import write_fragment
from .records import (
    DHCP_HOST,
    DHCP_RANGE,
    DNS_HOST,
    DNS_SRV,
    DNS_TXT,
    FORWARD_INTERFACE,
    PORTGROUPS,
    Section,
    Updatable,
)
from .sequence import ADD, ADD_FIRST, DELETE, MODIFY, Change, sequence
from .step import DESCRIBE, UPDATE, Step

SET_METADATA = (9, 7, 0)
# How much of a record a sentence says.
_LABEL = 60


def live_updates(
    name: str, live: Document, wanted: Document, runs: Document, version: tuple[int, int, int]
) -> tuple[list[Step], list[str]]:
    """Both documents canonical -> the updates, and the options that no sequence of updates leads to.

    runs: the live network in its own order, by which libvirt tells one <ip> from another, and takes the first record
    that matches; version: the host's libvirt. Descriptive options are left as they are where it cannot set them.
    """
    steps: list[Step] = []
    needs_restart: list[str] = []
    for option in sorted(set(live) | set(wanted)):
        old, new = live.get(option), wanted.get(option)
        if old == new:
            continue
        if option in DESCRIPTIVE:
            if version >= SET_METADATA:
                steps += _describe(name, option, old, new)
            continue
        made = _HANDLERS[option](name, live, wanted, runs) if option in _HANDLERS else None
        if made is None:
            needs_restart.append(option)
        else:
            steps += made
    return steps, needs_restart


def update(name: str, section: Updatable, change: Change, index: int = -1) -> Step:
    """One update of a running network."""
    verb = {ADD: "add", ADD_FIRST: "add", MODIFY: "change", DELETE: "remove"}[change.command]
    passing = change.passing or change.command == ADD_FIRST
    back = {ADD: " again", DELETE: " temporarily", ADD_FIRST: " temporarily"}
    how = back.get(change.command, "") if passing else ""
    return Step(
        UPDATE,
        name,
        f"{verb} {section.name} {_label(change.record)} in running network '{name}'{how}",
        xml=write_fragment(section.entity, section.tag, change.said),
        command=change.command,
        section=section.name,
        index=index,
    )


def _label(item: Document) -> str:
    values = [value for value in item.values() if value is not True]
    words = [word for value in values for word in (value if isinstance(value, list) else [value])]
    label = " ".join(str(word) for word in words if isinstance(word, (str, int)))
    return label if len(label) <= _LABEL else label[: _LABEL - 3] + "..."


def _records(name: str, section: Section, have: Any, goal: Any, index: int = -1) -> Optional[list[list[Step]]]:
    """Updates that have to do with one another together. have: as it runs, in libvirt's order."""
    old = [canonical(section.entity, item) for item in have or ()]
    groups = sequence(section, old, list(goal or ()))
    if groups is None:
        return None
    return [[update(name, section, change, index) for change in group] for group in groups]


def _flat(groups: list[list[Step]]) -> list[Step]:
    return [step for group in groups for step in group]


def _portgroups(name: str, live: Document, wanted: Document, _runs: Document) -> list[Step]:
    before, after = (
        # One without a name is refused by the rules, which run after this.
        {group.get("name", ""): group for group in side.get("portgroups", ())}
        for side in (live, wanted)
    )
    # Two defaults at a time are refused: the old default gives it up before the new one takes it.
    changed = sorted(
        (k for k in after if k in before and before[k] != after[k]), key=lambda k: bool(after[k].get("default"))
    )
    come = sorted((k for k in after if k not in before), key=lambda k: bool(after[k].get("default")))
    changes = [
        *(Change(DELETE, before[k], before[k]) for k in before if k not in after),
        *(Change(MODIFY, after[k], after[k]) for k in changed),
        *(Change(ADD, after[k], after[k]) for k in come),
    ]
    return [update(name, PORTGROUPS, change) for change in changes]


def _forward(name: str, live: Document, wanted: Document, runs: Document) -> Optional[list[Step]]:
    """Members of a macvtap pool come and go, the first and the last too; nothing else of <forward> does."""
    old, new = live.get("forward", {}), wanted.get("forward", {})
    rest = ({k: v for k, v in side.items() if k != "interfaces"} for side in (old, new))
    first, second = rest
    if first != second or mode_of(live) == "hostdev" or not takes_pool({**runs, **live}):
        return None
    groups = _records(name, FORWARD_INTERFACE, old.get("interfaces"), new.get("interfaces"))
    return None if groups is None else sorted(_flat(groups), key=_comes)


def _ips(name: str, live: Document, wanted: Document, runs: Document) -> Optional[list[Step]]:
    """DHCP ranges and hosts come and go; addresses, TFTP and BOOTP do not."""
    old, new = live.get("ips", []), wanted.get("ips", [])
    if [_without_dhcp(ip) for ip in old] != [_without_dhcp(ip) for ip in new]:
        return None
    order = [address.ip(str(ip.get("address", ""))) for ip in runs.get("ips", ())]
    steps: list[Step] = []
    last: list[Step] = []
    for was, goal in zip(old, new):
        place = order.index(was["address"])
        before, after = runs["ips"][place].get("dhcp") or {}, goal.get("dhcp", {})
        ranges = _records(name, DHCP_RANGE, before.get("ranges"), after.get("ranges"), place)
        hosts = _records(name, DHCP_HOST, before.get("hosts"), after.get("hosts"), place)
        if ranges is None or hosts is None:
            return None
        if "bootp" in was.get("dhcp", {}):
            made = _keeping_one([*ranges, *hosts], sum(len(before.get(option) or ()) for option in ("ranges", "hosts")))
            if made is None:
                return None
            last += made
        else:
            steps += _flat([*ranges, *hosts])
    # DHCP may move from one address to another: where it goes it must have gone first.
    return [*sorted(steps, key=_comes), *last]


def _comes(step: Step) -> bool:
    return step.command != DELETE


def _keeping_one(groups: list[list[Step]], there: int) -> Optional[list[Step]]:
    """The updates in an order in which a range or a host is always there, without which libvirt forgets <bootp>."""
    steps = _flat(sorted(groups, key=lambda group: sum(1 if step.command == DELETE else -1 for step in group)))
    for step in steps:
        there += {DELETE: -1, MODIFY: 0}.get(step.command, 1)
        if there == 0:
            return None
    return steps


def _without_dhcp(ip: Document) -> Document:
    rest = {k: v for k, v in ip.items() if k != "dhcp"}
    bootp = ip.get("dhcp", {}).get("bootp")
    return {**rest, "bootp": bootp} if bootp else rest


def _dns(name: str, live: Document, wanted: Document, runs: Document) -> Optional[list[Step]]:
    """Host, TXT and SRV records come and go; forwarders and switches do not."""
    old, new, here = live.get("dns", {}), wanted.get("dns", {}), runs.get("dns") or {}
    records = {"hosts": DNS_HOST, "txts": DNS_TXT, "srvs": DNS_SRV}
    first, second = ({k: v for k, v in side.items() if k not in records} for side in (old, new))
    if first != second:
        return None
    steps: list[Step] = []
    for option, section in records.items():
        groups = _records(name, section, here.get(option), new.get(option))
        if groups is None:
            return None
        steps += _flat(groups)
    return steps


_HANDLERS: dict[str, Callable[[str, Document, Document, Document], Optional[list[Step]]]] = {
    "portgroups": _portgroups,
    "forward": _forward,
    "dns": _dns,
    "ips": _ips,
}


def _describe(name: str, option: str, old: Value, new: Value) -> list[Step]:
    if option != "metadata":
        return [_description(name, option, new or "")]
    before = {namespace_of(text): text for text in old or ()}
    after = {namespace_of(text): text for text in new or ()}
    return [
        _description(name, namespace, after.get(namespace, ""))
        for namespace in sorted(set(before) | set(after))
        if before.get(namespace) != after.get(namespace)
        and all(make_settable(side[namespace]) for side in (before, after) if namespace in side)
    ]


def _description(name: str, section: str, value: str) -> Step:
    what = section if section in DESCRIPTIVE else f"metadata {section}"
    return Step(DESCRIBE, name, f"set {what} of running network '{name}'", xml=value, section=section)
