# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests and a destination -> a verdict for each guest, and one over all."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Optional

from .case import Case
from .descriptor import Described
from .finding import NETWORK, SEVERITIES, TAKEN, UNKNOWN, Finding, unseen, worst
from .rules import devices, filters, host, identity, links, networks, pools, portgroups, settings
from .rules.batch import compete
from .view import View

OF_A_GUEST = (
    host.same_host, host.machine, host.cpu, host.memory, host.disks, host.pinned, host.blockers, host.graphics,
    host.ports, host.files, host.models, filters.there,
)  # fmt: skip
OF_A_NIC = (
    networks.exists, networks.lasts, networks.reaches, networks.passes_on, networks.differs, networks.subnets,
    portgroups.portgroups, settings.virtualport, settings.vlan, settings.bandwidth, settings.isolation, settings.trust,
    links.bridge, links.uplinks, links.mtu, pools.pool, devices.by_device, filters.same,
    identity.device_named,
)  # fmt: skip

Policy = Mapping[str, str]

_NOT_WHOLE = "The guest's description is not whole, or was changed by hand. Gather it again."


def judge(
    guests: list[Described],
    view: View,
    policy: Optional[Policy] = None,
    now: float = 0,
    max_age: Optional[float] = None,
) -> dict[str, Any]:
    """{verdict, destination, verdicts}, as virt_migrate_check returns them.

    policy: code to the severity that it has instead; now, max_age: seconds, and how old what is known of the
    destination may be, None for any age.
    """
    stale = _stale(view, now, max_age)
    known = identity.Identities(view)
    judged: dict[str, list[Finding]] = {}
    found = [_readable(guest, view, known, judged) for guest in guests]
    sound = [place for place, findings in enumerate(found) if findings is not None]
    if len(sound) > 1:
        together: dict[int, list[Finding]] = {}
        for place, finding in compete([guests[place] for place in sound], view, True):
            together.setdefault(sound[place], []).append(finding)
        for place, added in together.items():
            alone = found[place] or []
            found[place] = [*alone, *_fresh(added, alone)]
    verdicts = []
    for guest, findings in zip(guests, found):
        if findings is None:
            # No policy makes a guest good of which nothing is known.
            why = unseen(guest.problem or _NOT_WHOLE, TAKEN)
            verdicts.append(_verdict(guest, [why], view.name, {}, []))
        else:
            verdicts.append(_verdict(guest, [*stale, *findings], view.name, policy or {}, guest.facts["nics"]))
    return {
        "verdict": worst(item["verdict"] for item in verdicts),
        "destination": view.name,
        "verdicts": verdicts,
    }


def _readable(
    guest: Described, view: View, known: identity.Identities, judged: dict[str, list[Finding]]
) -> Optional[list[Finding]]:
    """What is found of a guest alone; None when its description cannot be read, which may show only on the way."""
    if guest.problem:
        return None
    try:
        return list(_alone(guest, view, known, judged))
    except (KeyError, TypeError, AttributeError, ValueError, IndexError):
        return None


def unreachable(guests: list[Described], name: str, sentence: str, policy: Optional[Policy] = None) -> dict[str, Any]:
    """What is to be said when the destination itself could not be looked at."""
    finding = Finding("DAEMON_UNREACHABLE", UNKNOWN, sentence, question=TAKEN)
    verdicts = [_verdict(guest, [finding], name, policy or {}, []) for guest in guests]
    return {"verdict": worst(item["verdict"] for item in verdicts), "destination": name, "verdicts": verdicts}


def _stale(view: View, now: float, max_age: Optional[float]) -> list[Finding]:
    if max_age is None:
        return []
    if view.gathered is None:
        return [Finding("STALE", UNKNOWN, f"When {view.name} was looked at is not known.", question=TAKEN)]
    age = now - view.gathered
    if age <= max_age:
        return []
    return [
        Finding(
            "STALE",
            UNKNOWN,
            f"{view.name} was looked at {math.ceil(age)} seconds ago; at most {max_age:g} were asked for.",
            question=TAKEN,
        )
    ]


def _alone(
    guest: Described, view: View, known: identity.Identities, judged: dict[str, list[Finding]]
) -> Iterator[Finding]:
    """As if no other guest came. judged: what was found of NICs that need the same; filled on the way."""
    for rule in OF_A_GUEST:
        yield from rule(guest.facts, view)
    yield from identity.taken_already(guest.facts, view, known)
    for number, nic in enumerate(guest.facts["nics"]):
        needs = guest.needs[number]
        if needs not in judged:
            case = Case(nic, view)
            judged[needs] = [finding for rule_of_nic in OF_A_NIC for finding in rule_of_nic(case)]
        for finding in judged[needs]:
            yield finding.at(number, guest.rated(number, finding))
        for finding in identity.mac_in_use(guest.facts, nic, view, known):
            yield finding.at(number, guest.rated(number, finding))
    if len(guest.needs) > 1:
        for _place, finding in compete([guest], view, False):
            yield finding


def _fresh(together: list[Finding], alone: list[Finding]) -> list[Finding]:
    """What the other guests add to what is true of one alone."""
    said = {(finding.code, finding.nic, finding.sentence) for finding in alone}
    return [finding for finding in together if (finding.code, finding.nic, finding.sentence) not in said]


def _verdict(
    guest: Described, found: list[Finding], host_name: str, policy: Policy, nics: list[dict[str, Any]]
) -> dict[str, Any]:
    rated = [(finding, policy.get(finding.code, finding.severity)) for finding in found]
    rated.sort(key=lambda pair: (-SEVERITIES.index(pair[1]), *pair[0].place))
    return {
        "guest": guest.name,
        "uuid": guest.uuid,
        "verdict": worst(severity for _finding, severity in rated),
        "alone": worst(severity for finding, severity in rated if not finding.batch),
        TAKEN: worst(severity for finding, severity in rated if finding.question == TAKEN),
        NETWORK: worst(severity for finding, severity in rated if finding.question == NETWORK),
        "findings": [finding.as_dict(host_name, severity, nics) for finding, severity in rated],
    }
