# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guest's definition as a whole: what the check does not understand of it, and what the destination's libvirt says
of it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..._model.descriptor import Account
from ..destination_facts import DestinationFacts
from ..finding import BLOCKED, LIBVIRT_ACCEPTS, Finding, refused, unknown
from ..guest_facts import GuestFacts
from ..lookup_kinds import ACCOUNTS, HOST, QUESTIONS
from ..rule import guest_rule
from .guest import check_machine

NOT_UNDERSTOOD = unknown(
    "It is unknown whether {host} can provide {path} of the guest's definition.",
    LIBVIRT_ACCEPTS,
    "GUEST_XML_UNKNOWN",
    "The guest's definition has an element or attribute that the check does not understand, or that depends on "
    "something that it does not check (`_model/domain_schema.py` lists all)",
    "check it yourself, and set the severity of the code with policy",
)
NIC_NOT_UNDERSTOOD = unknown(
    "It is unknown how {path} in the guest's definition affects its traffic on {host}.", code="GUEST_XML_UNKNOWN"
)
NOT_READ = unknown(
    "It is unknown whether the check understands all of the guest's definition: an older version described it. "
    "Describe the guest again.",
    LIBVIRT_ACCEPTS,
)
LIBVIRT_REFUSES = refused(
    "LIBVIRT_REFUSES",
    "libvirt on {host} cannot start the guest: {said}.",
    "libvirt on the destination cannot build QEMU's command line from the guest's definition (domxml-to-native). Seen: "
    "error 67",
)
NOT_ASKED = unknown("It is unknown whether libvirt on {host} can start the guest's devices.", LIBVIRT_ACCEPTS)
NO_SECURITY_MODEL = refused(
    "SECURITY_MODEL_MISSING",
    "libvirt on {host} does not use the security model {model} of the guest.",
    "The guest has a label of a security model (apparmor, selinux) that libvirt does not use there. From libvirt's "
    "source (virSecurityManagerGenLabel)",
)
SECURITY_MODELS_NOT_SEEN = unknown(
    "It is unknown whether libvirt on {host} uses the security model {model}.", LIBVIRT_ACCEPTS
)


@guest_rule(NOT_UNDERSTOOD, NIC_NOT_UNDERSTOOD, NOT_READ)
def check_all_is_understood(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    if None in (guest.not_understood, guest.security_models, guest.sockets, guest.accounts, guest.own_files):
        yield NOT_READ.found()
    for path in guest.not_understood or ():
        yield (NIC_NOT_UNDERSTOOD if path.startswith("devices/interface/") else NOT_UNDERSTOOD).found(path=path)


@guest_rule(
    LIBVIRT_REFUSES,
    NOT_ASKED,
    needs=(HOST,),
    lookups={QUESTIONS: lambda guest: [guest.question] if guest.question else []},
)
def check_with_libvirt(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    """Where the machine or the type of guest is missing, check_machine has said so already."""
    if any(finding.severity == BLOCKED for finding in check_machine(guest, host)):
        return
    said = None if guest.question is None else host.refusal_of(guest.question)
    if said is None:
        yield NOT_ASKED.found()
    elif said:
        yield LIBVIRT_REFUSES.found(said=said)


NO_ACCOUNT = refused(
    "ACCOUNT_MISSING",
    "{host} has no {kind} {name}, whom a label in the guest's definition names.",
    "A label of the guest (`<seclabel model='dac'>`) names a user or group that the host does not have. Seen: error 8",
    "create it, or use numbers in the label",
)
ACCOUNT_NOT_CHECKED = unknown(
    "It is unknown whether {host} has the {kind} {name}, whom a label in the guest's definition names.", LIBVIRT_ACCEPTS
)


def account_key(account: Account) -> str:
    return json.dumps([account.kind, account.name])


@guest_rule(
    NO_ACCOUNT,
    ACCOUNT_NOT_CHECKED,
    lookups={ACCOUNTS: lambda guest: [account_key(account) for account in guest.accounts or ()]},
)
def check_accounts(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    for account in guest.accounts or ():
        there = host.looked_up(ACCOUNTS, account_key(account))
        if there is None:
            yield ACCOUNT_NOT_CHECKED.found(kind=account.kind, name=account.name)
        elif not there:
            yield NO_ACCOUNT.found(kind=account.kind, name=account.name)


@guest_rule(NO_SECURITY_MODEL, SECURITY_MODELS_NOT_SEEN, needs=(HOST,))
def check_security_models(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    for model in guest.security_models or ():
        if host.security_models is None:
            yield SECURITY_MODELS_NOT_SEEN.found(model=model)
        elif model not in host.security_models:
            yield NO_SECURITY_MODEL.found(model=model)
