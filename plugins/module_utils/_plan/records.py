# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt treats as one record: virNetworkUpdate does not compare all fields of a record.

According to virNetworkDefUpdate* of libvirt 9.0, and tested against 9.0 and 11.3. Records are canonical.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Callable, Optional

from .._model import dhcp, dns
from .._model.field import Document, Entity
from .._model.forward import INTERFACE
from .._model.portgroup import PORTGROUP
from .step import POOL_SECTION

# Records that share no token do not affect each other.
Token = tuple[str, ...]


@dataclass(frozen=True)
class Updatable:
    """An element that updates of a running network add, change and remove. name: libvirt's name of its section."""

    name: str
    tag: str
    entity: Entity


PORTGROUPS = Updatable("portgroup", "portgroup", PORTGROUP)


@dataclass(frozen=True)
class Section(Updatable):
    """One kind of record.

    tokens: of a record. finds: whether a deletion that says the first record means the
    second. sole: whether libvirt refuses a deletion that means several; else it takes the first. clashes: whether the
    first record cannot be added beside the second. deletions: what may be said to delete a record. rank: a record of
    lower rank may keep one of higher rank from being added, never the other way round.
    lesser: a record without what it shares with others, that can be added beside them and be modified to be whole.
    """

    tokens: Callable[[Document], set[Token]]
    finds: Callable[[Document, Document], bool]
    clashes: Callable[[Document, Document], bool]
    sole: bool = False
    deletions: Callable[[Document], Iterable[Document]] = lambda record: (record,)
    rank: Callable[[Document], int] = lambda record: 0
    lesser: Optional[Callable[[Document, Iterable[Document]], Optional[Document]]] = None


def _by(*names: str) -> Callable[[Document], set[Token]]:
    """Records that differ in any of these are different records."""
    return lambda record: {tuple(str(record.get(name)) for name in names)}


def _alike(*names: str) -> Callable[[Document, Document], bool]:
    return lambda one, other: all(one.get(name) == other.get(name) for name in names)


def _dns_host_tokens(host: Document) -> set[Token]:
    return {("ip", str(host.get("ip"))), *(("name", name) for name in host.get("hostnames", ()))}


def _dns_host_found(said: Document, host: Document) -> bool:
    """By its address, or by any of its names."""
    return ("ip" in said and said["ip"] == host.get("ip")) or bool(
        set(said.get("hostnames", ())) & set(host.get("hostnames", ()))
    )


def _dns_host_deletions(host: Document) -> Iterable[Document]:
    yield {"ip": host["ip"]}
    for name in host.get("hostnames", ()):
        yield {"hostnames": [name]}


_SRV = ("service", "protocol", "domain", "target")


def _srv_found(said: Document, srv: Document) -> bool:
    """What is not said matches anything."""
    return all(said[name] == srv.get(name) for name in _SRV if name in said)


def _dhcp_host_tokens(host: Document) -> set[Token]:
    return {(name, str(host[name])) for name in ("mac", "name", "ip") if name in host}


def _dhcp_host_found(said: Document, host: Document) -> bool:
    """A host without a MAC address is taken to have any."""
    return (
        ("mac" not in said or host.get("mac") in (None, said["mac"]))
        and ("name" not in said or said["name"] == host.get("name"))
        and ("ip" not in said or said["ip"] == host.get("ip"))
    )


def _dhcp_host_clashes(one: Document, other: Document) -> bool:
    return bool(_dhcp_host_tokens(one) & _dhcp_host_tokens(other))


def _lesser_dhcp_host(host: Document, others: Iterable[Document]) -> Optional[Document]:
    taken = {token for other in others for token in _dhcp_host_tokens(other)}
    shared = {name for name in ("mac", "name", "ip") if (name, str(host.get(name))) in taken}
    less = {name: value for name, value in host.items() if name not in shared}
    if "ip" not in less:
        return None
    if not ({"id", "name"} if ":" in less["ip"] else {"mac", "name"}) & set(less):
        # libvirt rejects a host without either, so it gets a name that no host has.
        less["name"] = f"ip-{less['ip'].replace('.', '-').replace(':', '-')}"
    return None if ("name", less.get("name")) in taken else less


DNS_HOST = Section(
    "dns-host",
    "host",
    dns.HOST,
    _dns_host_tokens,
    _dns_host_found,
    _alike("ip"),
    sole=True,
    deletions=_dns_host_deletions,
)
DNS_TXT = Section("dns-txt", "txt", dns.TXT, _by("name"), _alike("name"), _alike("name"))
DNS_SRV = Section(
    "dns-srv",
    "srv",
    dns.SRV,
    _by("service", "protocol"),
    _srv_found,
    _srv_found,
    sole=True,
    rank=lambda srv: sum(name in srv for name in _SRV),
)
DHCP_RANGE = Section(
    "ip-dhcp-range", "range", dhcp.RANGE, _by("start", "end"), _alike("start", "end"), _alike("start", "end")
)
DHCP_HOST = Section(
    "ip-dhcp-host",
    "host",
    dhcp.HOST,
    _dhcp_host_tokens,
    _dhcp_host_found,
    _dhcp_host_clashes,
    lesser=_lesser_dhcp_host,
)
FORWARD_INTERFACE = Section(POOL_SECTION, "interface", INTERFACE, _by("dev"), _alike("dev"), _alike("dev"))
