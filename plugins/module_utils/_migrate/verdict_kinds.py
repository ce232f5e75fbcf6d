# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of findings of guests and hosts that cannot be judged at all, or not by every rule."""

from __future__ import annotations

from .finding import LIBVIRT_ACCEPTS, unknown

UNREACHABLE = unknown("{reason}", LIBVIRT_ACCEPTS, "DAEMON_UNREACHABLE", "The daemon or the host does not answer")
NO_ANSWER = unknown("{host} did not answer: {reason}", LIBVIRT_ACCEPTS)
FACTS_STALE = unknown(
    "The facts of {host} are {age} s old; max_age is {max_age:g} s.",
    LIBVIRT_ACCEPTS,
    "STALE",
    "The saved destination is older than `max_age`",
)
AGE_UNKNOWN = unknown("The age of the facts of {host} is unknown.", LIBVIRT_ACCEPTS, "STALE")
NOT_A_GUEST = unknown(
    "This is not a guest description; pass an entry of guests from virt_guest_info.",
    LIBVIRT_ACCEPTS,
    means="The sentence says what could not be checked. Reported only if it matters for this guest",
)
OTHER_FORMAT = unknown(
    "The description of this guest has format {format!a}; this version reads {known}. Gather it again.", LIBVIRT_ACCEPTS
)
INCOMPLETE = unknown("The description of this guest cannot be read: it {problem}. Gather it again.", LIBVIRT_ACCEPTS)
UNEXPECTED = unknown(
    "Rule {rule} of virtfleet.network failed ({error}), so its result is unknown; please report it.",
    LIBVIRT_ACCEPTS,
    "UNEXPECTED",
    "A rule of the check failed; the sentence names it. This is a bug in the collection: please report it",
)

# Errors of a host whose daemon does not answer.
SILENT_CODES = (
    "DAEMON_UNREACHABLE", "DAEMON_SILENT", "DAEMON_LOST", "PERMISSION_DENIED", "HOST_KEY_UNKNOWN",
    "CERTIFICATE_REFUSED",
)  # fmt: skip
