# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A definition that a network has although libvirt refuses to define it: an update validates less than a define.

libvirt 9.0 and 11.3 add DNS records and portgroups with bandwidth or VLANs to networks of every forward mode by
virNetworkUpdate, and refuse the result in networkValidate.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._model.field import Document
from .._xml.network import parse_network, write_network
from .live_updates import update
from .records import DHCP_HOST, DHCP_RANGE, DNS_HOST, DNS_SRV, DNS_TXT, PORTGROUPS, Section, Updatable
from .sequence import ADD, Change
from .step import Step

_DNS = {"hosts": DNS_HOST, "txts": DNS_TXT, "srvs": DNS_SRV}
_DHCP = {"ranges": DHCP_RANGE, "hosts": DHCP_HOST}


def define_in_parts(xml: str) -> tuple[str, tuple[Step, ...]]:
    """The definition without what updates can add, and the updates that add it, in the definition's order.

    Raises VirtfleetError XML_INVALID.
    """
    document = parse_network(xml)
    name = document["name"]
    steps = [*_taken(name, document, "dns", _DNS)]
    for place, ip in enumerate(document.get("ips", ())):
        # Without ranges and hosts, libvirt forgets <bootp>.
        if "bootp" not in (ip.get("dhcp") or {}):
            steps += _taken(name, ip, "dhcp", _DHCP, place)
    for group in document.pop("portgroups", ()):
        steps.append(_added(name, PORTGROUPS, group))
    return write_network(document), tuple(steps)


def _taken(name: str, holder: Document, option: str, sections: dict[str, Section], index: int = -1) -> Iterator[Step]:
    """The records of holder's option, which is left without them."""
    if not holder.get(option):
        return
    rest = dict(holder[option])
    for records, section in sections.items():
        for record in rest.pop(records, ()):
            yield _added(name, section, record, index)
    if rest:
        holder[option] = rest
    else:
        del holder[option]


def _added(name: str, section: Updatable, record: Document, index: int = -1) -> Step:
    return update(name, section, Change(ADD, record, record), index)
