# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NICs of type ethernet: a tap by its name, which something outside of libvirt connects. A tap that is there is judged
by what it is connected to."""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import Finding, blocked, refused, unknown
from ..frame_path import NONE, UP, port_of_tap
from ..guest_facts import SourceLink, Uplink
from ..host_links import Link
from ..lookup_kinds import LINKS
from ..nic_settings import bridge_mtu
from ..rule import NicCase, nic_rule
from .links import LINK_MTU_NOT_SEEN, LINK_MTU_TOO_SMALL, UPLINK_KINDS, check_paths_out, compare_link_mtu

TAP_MISSING = refused(
    "TAP_UNUSABLE",
    "{host} has no tap {link}, which the NIC uses (managed='no').",
    "A NIC of type ethernet with managed='no' needs an existing tap. The host has no tap of that name, or the tap is "
    "in use or lacks the multiple queues that the NIC has. Seen: error 1, 38, 67",
    "`ip tuntap add`, with `multi_queue` for a NIC with several queues",
)
NOT_A_TAP = refused("TAP_UNUSABLE", "{link} on {host}, which the NIC uses as its tap, is a link of kind {kind}.")
TAP_BUSY = refused("TAP_UNUSABLE", "Tap {link} on {host}, which the NIC uses, is in use.")
TAP_QUEUES = refused(
    "TAP_UNUSABLE",
    "Tap {link} on {host} has {existing}, and the NIC that uses it has {required}; libvirt cannot open it.",
)
TAP_ALONE = blocked(
    "UPLINK_MISSING",
    "Tap {link} on {host} is in no bridge; on the guest's own host it is in one that leads to the physical network.",
)
TAP_NOT_CONNECTED = unknown(
    "libvirt makes the NIC's tap on {host} and connects it to nothing; it is unknown whether something else "
    "connects it."
)
TAP_NOT_SEEN = unknown("The links of {host} cannot be read from here, so it is unknown whether it has the NIC's tap.")
TAP_ON_THE_HOST = unknown(
    "Tap {link} on the guest's own host is in no bridge, so the host itself communicates with the guest; it is unknown "
    "whether {host} does."
)
_KIND = "tun"
_QUEUES = {True: "several queues", False: "one queue", None: "an unknown number of queues"}


@nic_rule(
    TAP_MISSING,
    NOT_A_TAP,
    TAP_BUSY,
    TAP_QUEUES,
    TAP_ALONE,
    TAP_NOT_CONNECTED,
    TAP_NOT_SEEN,
    TAP_ON_THE_HOST,
    *UPLINK_KINDS,
    LINK_MTU_TOO_SMALL,
    LINK_MTU_NOT_SEEN,
    needs=(LINKS,),
)
def check_ethernet(case: NicCase) -> Iterator[Finding]:
    nic, host = case.nic, case.host
    if nic.type != "ethernet":
        return
    if host.links is None:
        yield TAP_NOT_SEEN.found()
        return
    link = host.link(nic.target or "")
    if link is None:
        named = nic.managed is False and nic.target
        yield TAP_MISSING.found(link=nic.target) if named else TAP_NOT_CONNECTED.found()
    elif link.kind != _KIND:
        yield NOT_A_TAP.found(link=link.name, kind=link.kind)
    else:
        yield from _check_tap(case, link)
        yield from _check_connection(case, link)


def _check_tap(case: NicCase, tap: Link) -> Iterator[Finding]:
    required = (case.nic.queues or 1) > 1
    if tap.multi_queue is not required:
        yield TAP_QUEUES.found(link=tap.name, existing=_QUEUES[tap.multi_queue], required=_QUEUES[required])
    elif tap.carrier and not required:
        # A tap has a carrier while a program has it open.
        yield TAP_BUSY.found(link=tap.name)


def _check_connection(case: NicCase, tap: Link) -> Iterator[Finding]:
    source = case.nic.source_link or SourceLink()
    before = source.uplink
    bridge = case.host.host_links.bridge_of(tap.name)
    if before == Uplink():
        yield TAP_ON_THE_HOST.found(link=tap.name)
    elif bridge is not None:
        port = port_of_tap(case.host.host_links, bridge, tap.name)
        yield from check_paths_out(case.host, bridge, None, before, case)
        yield from compare_link_mtu(bridge, source.mtu, bridge_mtu(case.host, bridge, port))
    elif before.state in (UP, NONE):
        yield TAP_ALONE.found(link=tap.name)
