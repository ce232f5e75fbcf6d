# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading guests."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Optional

from .._model.guest import Guest
from .._xml.guest import parse_guest
from .connection import errors, libvirt


@dataclass(frozen=True)
class ListedGuest:
    """domain: libvirt's; persistent: whether it is defined, too."""

    domain: Any
    uuid: str
    persistent: bool


def read_guests(conn: Any, uuids: Optional[Collection[str]] = None) -> Optional[tuple[Guest, ...]]:
    """The host's guests by name, running and only defined; of those given by UUID, all without.

    None when this connection shows no guests (network:///system is one to networks alone): there may be any.
    Costs two lists, and for each guest that is asked after three calls when it runs, one when it does not.
    Raises VirtfleetError DAEMON_LOST, DAEMON_SILENT, DAEMON_UNREACHABLE or LIBVIRT_REFUSED.
    """
    listed = list_guests(conn)
    if listed is None:
        return None
    texts = [read_texts(conn, one) for one in listed if uuids is None or one.uuid in uuids]
    return tuple(sorted((parse_guest(*one) for one in texts if one is not None), key=lambda guest: guest.name))


def list_guests(conn: Any) -> Optional[list[ListedGuest]]:
    """None when this connection shows no guests. Raises what read_guests raises."""
    with errors("list the guests", conn):
        try:
            domains = conn.listAllDomains(0)
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_NO_SUPPORT:
                return None
            raise
        persistent = {d.UUIDString() for d in conn.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_PERSISTENT)}
    return [ListedGuest(domain, domain.UUIDString(), domain.UUIDString() in persistent) for domain in domains]


def read_texts(conn: Any, listed: ListedGuest) -> Optional[tuple[str, str, str]]:
    """A guest's live, migratable and inactive XML, each empty where there is none; None when it is gone by now.

    Raises VirtfleetError DAEMON_LOST, DAEMON_SILENT, DAEMON_UNREACHABLE or LIBVIRT_REFUSED.
    """
    domain = listed.domain
    live = asked = inactive = ""
    with errors(f"read guest '{domain.name()}'", conn):
        try:
            # A domain that does not run has no id, which spares the question.
            if domain.ID() != -1:
                live = domain.XMLDesc(0)
                asked = _asked(domain)
            if listed.persistent:
                inactive = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        except libvirt.libvirtError as error:
            if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
                return None
            raise
    return (live, asked, inactive) if live or inactive else None


def _asked(domain: Any) -> str:
    """A running guest's XML without what libvirt added at its start; empty if the driver does not support that."""
    try:
        return str(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_MIGRATABLE))
    except libvirt.libvirtError as error:
        if error.get_error_code() in (libvirt.VIR_ERR_INVALID_ARG, libvirt.VIR_ERR_NO_SUPPORT):
            return ""
        raise
