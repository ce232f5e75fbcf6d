# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a destination refuses a guest that comes now: from the guest's XML, and facts written beforehand.

Nothing is known of the guest's own host. A guest that has nothing to lose must not be refused; so its own host is taken
to be like this one, unless the settings say that guests are connected.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Optional

from .._xml.descriptor import parse_descriptor
from .._xml.guest import parse_guest
from .destination_facts import DestinationFacts, read_destination
from .finding import BLOCKED, UNKNOWN
from .guest_facts import CheckedGuest, GuestFacts, GuestHost
from .nic_description import describe_nic, with_host_settings
from .verdict_kinds import UNEXPECTED
from .verdicts import judge_guests

# Of a link that exists: whether it is up, and whether it has a carrier (None of one that is down).
LinkState = tuple[bool, Optional[bool]]
# Of settings for migrations: libvirt looks at these itself while a guest comes.
_LEFT_TO_LIBVIRT = ("hooks", "libvirt_ports", "unwritable_directories", "missing_programs")


@dataclass(frozen=True)
class GateSettings:
    """max_age: of the facts in seconds; pass_without_facts: or when the gate itself fails; policy: of severities;
    assume_connected: that guests have a connection where they come from."""

    max_age: float
    pass_without_facts: bool
    policy: dict[str, str]
    assume_connected: bool = False


class FactsUnusableError(Exception):
    """The facts are missing, damaged or too old."""


class CheckFailedError(Exception):
    """A rule failed, so that what it would have found is unknown."""


def describe_incoming(xml: str, alike: Optional[DestinationFacts] = None) -> GuestFacts:
    """alike: a host like the one that the guest comes from; None if nothing is known of that.

    Raises VirtfleetError XML_INVALID and what parse_xml raises.
    """
    guest = parse_guest(xml, xml)
    nics = [describe_nic(nic, None) for nic in guest.nics]
    if alike is not None:
        nics = [with_host_settings(nic, alike) for nic in nics]
    return GuestFacts.of(replace(guest, running=True), parse_descriptor(xml), GuestHost(None, None), nics)


def lasting_facts(text: Optional[str], now: float, max_age: float) -> Any:
    """What virt_network_info gathered, without what changes whenever a guest comes or goes, and without the ways by
    which a migration may arrive, of which this one has chosen its own: libvirt checks both itself.

    Raises FactsUnusableError.
    """
    if text is None:
        raise FactsUnusableError("they are missing or unreadable")
    try:
        info = json.loads(text)
        age = now - info["host"]["gathered"]
        host = {**info["host"], "memory": None}
        if host.get("migration"):
            host["migration"] = {
                **dict.fromkeys(_LEFT_TO_LIBVIRT, ()),
                "tap_device": host["migration"]["tap_device"],
            }
        lasting = {**info, "guests": None, "pools": None, "host": host}
    except (ValueError, LookupError, TypeError, RecursionError):
        raise FactsUnusableError("they are damaged") from None
    if not 0 <= age <= max_age:
        raise FactsUnusableError(f"they are {age:.0f} s old, and the limit is {max_age:.0f} s")
    return lasting


def with_links_now(info: Any, states: Mapping[str, LinkState]) -> Any:
    """The facts with what has become of their links since. states: of every link that exists now."""
    if not isinstance(info["links"], list):
        # Unknown; or damaged, which is refused when the facts are read.
        return info
    links = []
    for link in info["links"]:
        if link["name"] in states:
            up, carrier = states[link["name"]]
            links.append({**link, "admin": "up" if up else "down", "carrier": carrier})
    return {**info, "links": links}


def find_reasons(xml: str, info: Any, settings: GateSettings) -> list[str]:
    """The sentences of what blocks the guest. Raises VirtfleetError, CheckFailedError."""
    here = read_destination(info)
    guest = describe_incoming(xml, None if settings.assume_connected else here)
    judged = judge_guests([CheckedGuest(guest)], here, settings.policy)
    found = judged["verdicts"][0]["findings"]
    failed = [item["sentence"] for item in found if item["code"] == UNEXPECTED.code and item["severity"] == UNKNOWN]
    blocking = [f"{item['code']}: {item['sentence']}" for item in found if item["severity"] == BLOCKED]
    if failed and not blocking:
        # Of all that is unknown only this is a fault of the gate, which must not decide by accident.
        raise CheckFailedError(failed[0])
    return blocking


def decide(
    xml: str, text: Optional[str], states: Mapping[str, LinkState], now: float, settings: GateSettings
) -> Optional[str]:
    """Why the guest is refused, in one line; None if it may come. Never raises."""
    try:
        info = with_links_now(lasting_facts(text, now, settings.max_age), states)
        reasons = find_reasons(xml, info, settings)
    except FactsUnusableError as error:
        return _without(settings, f"The facts of this host cannot be used: {error}. Run virt_migrate_gate on it.")
    except Exception as error:
        # Whatever fails here must not decide by accident.
        return _without(settings, f"The check failed: {' '.join(str(error).split())[:200]}")
    return _line(" ".join(reasons)) if reasons else None


def _without(settings: GateSettings, sentence: str) -> Optional[str]:
    return None if settings.pass_without_facts else _line(f"GATE_WITHOUT_FACTS: {sentence}")


def _line(sentence: str) -> str:
    return "virtfleet.network refuses the guest: " + " ".join(sentence.split())[:2000]
