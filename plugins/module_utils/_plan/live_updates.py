# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be changed in a running network, by libvirt's virNetworkUpdate and virNetworkSetMetadata.

Which sections an update reaches and what it does there is written down in docs/updates.md.
"""

from __future__ import annotations

from typing import Any, Callable, Optional

from .._model import dhcp, dns
from .._model.field import Document, Entity, Value
from .._model.forward import INTERFACE, has_pool, mode_of
from .._model.mark import namespace_of
from .._model.network import DESCRIPTIVE
from .._model.portgroup import PORTGROUP
from .._xml.network import write_fragment
from .step import DESCRIBE, POOL_SECTION, UPDATE, Step

SET_METADATA = (9, 7, 0)


def live_updates(
    name: str, live: Document, wanted: Document, order: list[str], version: tuple[int, int, int]
) -> tuple[list[Step], list[str]]:
    """Both documents canonical -> the updates, and the options that no update can change.

    order: the live network's addresses in its own order, by which updates tell one <ip> from another;
    version: the host's libvirt. Descriptive options are left as they are where it cannot set them.
    """
    steps: list[Step] = []
    stuck: list[str] = []
    for option in sorted(set(live) | set(wanted)):
        old, new = live.get(option), wanted.get(option)
        if old == new:
            continue
        if option in DESCRIPTIVE:
            if version >= SET_METADATA:
                steps += _describe(name, option, old, new)
            continue
        if option == "ips":
            made = _ips(name, live, wanted, order)
        else:
            made = _HANDLERS[option](name, live, wanted) if option in _HANDLERS else None
        if made is None:
            stuck.append(option)
        else:
            steps += made
    return steps, stuck


def _update(
    name: str, section: str, entity: Entity, tag: str, old: Optional[Document], new: Optional[Document], index: int = -1
) -> Step:
    """Add (no old), delete (no new) or modify one element."""
    command = "add" if old is None else "delete" if new is None else "modify"
    undo = {"add": "delete", "delete": "add", "modify": "modify"}[command]
    forth = write_fragment(entity, tag, new if new is not None else old or {})
    back = write_fragment(entity, tag, old if old is not None else new or {})
    doing = {"add": "Add", "delete": "Remove", "modify": "Change"}[command]
    label = _label(new if new is not None else old or {})

    def step(command: str, xml: str, sentence: str, inverse: Optional[Step]) -> Step:
        return Step(UPDATE, name, sentence, xml=xml, command=command, section=section, index=index, inverse=inverse)

    inverse = step(undo, back, f"Take back: {doing.lower()} {section} {label} in running network '{name}'.", None)
    return step(command, forth, f"{doing} {section} {label} in running network '{name}'.", inverse)


def _label(item: Document) -> str:
    return " ".join(str(value) for value in item.values() if isinstance(value, (str, int)) and value is not True)


def _keyed(items: Any, key: Callable[[Document], Value]) -> dict[Value, Document]:
    return {key(item): item for item in items or ()}


def _exchange(
    name: str,
    section: str,
    entity: Entity,
    tag: str,
    old: Any,
    new: Any,
    key: Callable[[Document], Value],
    index: int = -1,
) -> list[Step]:
    """Delete what is gone or different, then add: never two of one key at a time."""
    before, after = _keyed(old, key), _keyed(new, key)
    gone = [item for k, item in before.items() if after.get(k) != item]
    come = [item for k, item in after.items() if before.get(k) != item]
    return [_update(name, section, entity, tag, item, None, index) for item in gone] + [
        _update(name, section, entity, tag, None, item, index) for item in come
    ]


def _portgroups(name: str, live: Document, wanted: Document) -> list[Step]:
    before = _keyed(live.get("portgroups"), lambda g: g["name"])
    after = _keyed(wanted.get("portgroups"), lambda g: g["name"])
    gone = [_update(name, "portgroup", PORTGROUP, "portgroup", before[k], None) for k in before if k not in after]
    # Two defaults at a time are refused: the old default gives it up before the new one takes it.
    changed = sorted(
        (k for k in after if k in before and before[k] != after[k]), key=lambda k: bool(after[k].get("default"))
    )
    come = sorted((k for k in after if k not in before), key=lambda k: bool(after[k].get("default")))
    return [
        *gone,
        *(_update(name, "portgroup", PORTGROUP, "portgroup", before[k], after[k]) for k in changed),
        *(_update(name, "portgroup", PORTGROUP, "portgroup", None, after[k]) for k in come),
    ]


def _forward(name: str, live: Document, wanted: Document) -> Optional[list[Step]]:
    """Members of a macvtap pool come and go, the first and the last too; nothing else of <forward> does."""
    old, new = live.get("forward", {}), wanted.get("forward", {})
    rest = ({k: v for k, v in side.items() if k != "interfaces"} for side in (old, new))
    first, second = rest
    if first != second or mode_of(live) in (None, "nat", "route", "open", "hostdev"):
        return None
    if mode_of(live) == "bridge" and not has_pool(live):  # it may be one with a bridge, which takes no members
        return None
    return _exchange(
        name,
        POOL_SECTION,
        INTERFACE,
        "interface",
        old.get("interfaces"),
        new.get("interfaces"),
        lambda i: i["dev"],
    )


def _ips(name: str, live: Document, wanted: Document, order: list[str]) -> Optional[list[Step]]:
    """DHCP ranges and hosts come and go; addresses, TFTP and BOOTP do not."""
    old, new = live.get("ips", []), wanted.get("ips", [])
    if [_without_dhcp(ip) for ip in old] != [_without_dhcp(ip) for ip in new]:
        return None
    steps: list[Step] = []
    for was, shall in zip(old, new):
        before, after = was.get("dhcp", {}), shall.get("dhcp", {})
        place = order.index(was["address"])
        for tag, entity, option, key in (
            ("range", dhcp.RANGE, "ranges", dhcp.range_key),
            ("host", dhcp.HOST, "hosts", dhcp.host_key),
        ):
            steps += _exchange(name, f"ip-dhcp-{tag}", entity, tag, before.get(option), after.get(option), key, place)
    # DHCP may move from one address to another: where it goes it must have gone first.
    return sorted(steps, key=lambda step: step.command == "add")


def _without_dhcp(ip: Document) -> Document:
    rest = {k: v for k, v in ip.items() if k != "dhcp"}
    bootp = ip.get("dhcp", {}).get("bootp")
    return {**rest, "bootp": bootp} if bootp else rest


def _dns(name: str, live: Document, wanted: Document) -> Optional[list[Step]]:
    """Host, TXT and SRV records come and go; forwarders and switches do not."""
    old, new = live.get("dns", {}), wanted.get("dns", {})
    records = ("hosts", "txts", "srvs")
    first, second = ({k: v for k, v in side.items() if k not in records} for side in (old, new))
    if first != second:
        return None
    steps: list[Step] = []
    for tag, entity, key in (
        ("host", dns.HOST, dns.host_key),
        ("txt", dns.TXT, dns.record_key),
        ("srv", dns.SRV, dns.record_key),
    ):
        steps += _exchange(name, f"dns-{tag}", entity, tag, old.get(tag + "s"), new.get(tag + "s"), key)
    return steps


_HANDLERS: dict[str, Callable[[str, Document, Document], Optional[list[Step]]]] = {
    "portgroups": _portgroups,
    "forward": _forward,
    "dns": _dns,
}


def _describe(name: str, option: str, old: Value, new: Value) -> list[Step]:
    if option != "metadata":
        return [_description(name, option, old or "", new or "")]
    before = {namespace_of(text): text for text in old or ()}
    after = {namespace_of(text): text for text in new or ()}
    return [
        _description(name, namespace, before.get(namespace, ""), after.get(namespace, ""))
        for namespace in sorted(set(before) | set(after))
        if before.get(namespace) != after.get(namespace)
    ]


def _description(name: str, section: str, old: str, new: str) -> Step:
    what = section if section in DESCRIPTIVE else f"metadata {section}"
    back = Step(DESCRIBE, name, f"Take back: set {what} of running network '{name}'.", xml=old, section=section)
    return Step(DESCRIBE, name, f"Set {what} of running network '{name}'.", xml=new, section=section, inverse=back)
