# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with several networks, on paper: what libvirt refuses because another network has it."""

from __future__ import annotations

import zlib
from dataclasses import replace

from ansible_collections.virtfleet.network.plugins.module_utils._model.forward import is_virtual
from ansible_collections.virtfleet.network.plugins.module_utils._model.observed import Observed
from ansible_collections.virtfleet.network.plugins.module_utils._plan import step as steps
from ansible_collections.virtfleet.network.plugins.module_utils._plan.holdings import bounds_of_ips, overlap
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import parse_network, write_network

from . import libvirt_on_paper


class RefusedError(Exception):
    """libvirt's word for a step."""


def step_on(host: dict[str, Observed], step: steps.Step) -> dict[str, Observed]:
    """The host after a step. Raises RefusedError."""
    seen = host.get(step.network, Observed(step.network, plugged=()))
    others = [other for name, other in host.items() if name != step.network]
    if step.action in (steps.DEFINE, steps.CREATE):
        document = _validated(seen, parse_network(step.xml), others)
        step = replace(step, xml=write_network(document))
    if step.action == steps.START:
        _startable(seen.persistent, others)
    if step.action == steps.CREATE:
        _startable(document, others)
    after = {**host, step.network: libvirt_on_paper.run_transaction(seen, [step])}
    if not after[step.network].exists:
        del after[step.network]
    sound(after)
    return after


def all_steps_on(host, taken):
    for step in taken:
        host = step_on(host, step)
    return host


def sound(host: dict[str, Observed]) -> None:
    """No two running networks have one bridge or overlapping subnets that libvirt would not have let them have."""
    running = [seen.live for seen in host.values() if seen.live is not None and is_virtual(seen.live)]
    bridges = [live["bridge"]["name"] for live in running]
    assert len(set(bridges)) == len(bridges), bridges
    nets = [(number, net) for number, live in enumerate(running) for net in bounds_of_ips(live)]
    for number, net in nets:
        assert not any(other != number and overlap(net, theirs) for other, theirs in nets)


def _documents(others):
    return [document for other in others for document in (other.live, other.persistent) if document is not None]


def _validated(seen, document, others):
    document = dict(document)
    uuids = {theirs["uuid"] for theirs in _documents(others)}
    known = seen.persistent or seen.live
    if known is not None and document.get("uuid", "") != known["uuid"]:
        raise RefusedError(f"{seen.name} is there with another UUID")
    document.setdefault("uuid", f"00000000-0000-4000-8000-{zlib.crc32(seen.name.encode()):012d}")
    if document["uuid"] in uuids:
        raise RefusedError(f"the UUID of {seen.name} is taken")
    if is_virtual(document):
        names = {(theirs.get("bridge") or {}).get("name") for theirs in _documents(others)}
        name = (document.get("bridge") or {}).get("name")
        if name in names and name is not None:
            raise RefusedError(f"bridge name {name} of {seen.name} already in use")
        if name is None or "%d" in name:
            # libvirt numbers a template with one percent sign.
            before, _percent, after = (name if name and name.count("%") == 1 else "virbr%d").partition("%d")
            name = next(made for made in (before + str(n) + after for n in range(40, 90)) if made not in names)
            document["bridge"] = {**(document.get("bridge") or {}), "name": name}
        document.setdefault("mac", f"52:54:00:00:{zlib.crc32(seen.name.encode()) % 100:02d}:{len(others):02d}")
    return document


def _startable(document, others):
    if not is_virtual(document):
        return
    for other in others:
        if other.live is None or not is_virtual(other.live):
            continue
        if document["bridge"]["name"] == other.live["bridge"]["name"]:
            raise RefusedError("error creating bridge")
        if any(overlap(mine, theirs) for mine in bounds_of_ips(document) for theirs in bounds_of_ips(other.live)):
            raise RefusedError("Network is already in use by interface")
