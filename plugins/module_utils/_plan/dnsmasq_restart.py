# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How libvirt is made to start or restart a network's dnsmasq, without a stop of the network.

After any change of DNS hosts libvirt has dnsmasq read its files, and starts it where it does not run; after a change of
TXT records it restarts it. So a record comes and goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .._model.canonical import canonical
from .._model.dnsmasq import BROKEN, DEAD, STALE
from .._model.errors import VirtfleetError
from .._model.field import Document
from .._model.host import Host
from .._model.network import NETWORK
from .._model.observed import Observed
from .live_updates import live_updates, update
from .records import DHCP_HOST, DHCP_RANGE, DNS_HOST, DNS_SRV, DNS_TXT
from .sequence import ADD, DELETE, Change
from .step import Step

_NAME = "virtfleet.invalid"
# The sections whose updates do it anyway.
_RESTARTING = {DHCP_RANGE.name, DNS_SRV.name, DNS_TXT.name}
STARTING = {*_RESTARTING, DHCP_HOST.name, DNS_HOST.name}
# What dnsmasq is configured from, of which updates reach the first two.
_CONFIGURING = ("dns", "ips", "domain", "dnsmasq_options", "mtu", "forward", "bridge")


def mends(observed: Observed, updates: Sequence[Step], goal: Document, host: Host) -> tuple[Step, ...] | None:
    """What has to be done to the dnsmasq of a running network beside these updates; None when only a restart will do.

    goal: the network's definition, canonical. Raises VirtfleetError DNSMASQ_DEAD when that would not either.
    """
    live = observed.live or {}
    if observed.dnsmasq not in (DEAD, STALE, BROKEN):
        return ()
    enough = _RESTARTING if observed.dnsmasq == STALE else STARTING
    if any(step.section in enough for step in updates):
        return ()
    if observed.dnsmasq != BROKEN:
        return started_again(observed)
    runs, target = (
        {name: side[name] for name in _CONFIGURING if name in side} for side in (canonical(NETWORK, live), goal)
    )
    if runs == target:
        raise VirtfleetError(
            "DNSMASQ_DEAD",
            f"dnsmasq, which serves DHCP and DNS of network '{observed.name}', does not run and cannot start with the "
            "network's configuration; nothing was changed. Run `dnsmasq --test "
            f"--conf-file=/var/lib/libvirt/dnsmasq/{observed.name}.conf` on the host to see why.",
            network=observed.name,
        )
    # A record that dnsmasq rejects and that the definition does not have: a restart would drop it too.
    runs, target = ({name: side[name] for name in ("dns", "ips") if name in side} for side in (runs, target))
    drop, needs_restart = live_updates(observed.name, runs, target, live, host.version)
    return tuple(drop) if drop and not needs_restart else None


def started_again(observed: Observed) -> tuple[Step, ...]:
    """Without a change of its records; nothing where that does not help."""
    if observed.dnsmasq == DEAD:
        return _by_a_host(observed.name, observed.live or {})
    return _by_a_txt(observed.name) if observed.dnsmasq == STALE else ()


def _by_a_host(name: str, live: Document) -> tuple[Step, ...]:
    taken = {host.get("ip") for host in (live.get("dns") or {}).get("hosts") or ()}
    # Addresses that RFC 5737 keeps free for documentation.
    ip = next(f"192.0.2.{last}" for last in range(1, len(taken) + 2) if f"192.0.2.{last}" not in taken)
    host: Document = {"ip": ip, "hostnames": [_NAME]}
    return _come_and_go(f"Start dnsmasq of running network '{name}' again", name, host, {"ip": ip})


def _by_a_txt(name: str) -> tuple[Step, ...]:
    txt: Document = {"name": _NAME, "value": "restart"}
    return _come_and_go(f"Restart dnsmasq of running network '{name}'", name, txt, txt)


def _come_and_go(doing: str, name: str, record: Document, said: Document) -> tuple[Step, ...]:
    section = DNS_HOST if "ip" in record else DNS_TXT
    comes, goes = (
        update(name, section.name, section.tag, section.entity, change)
        for change in (Change(ADD, record, record), Change(DELETE, record, said))
    )
    return (
        replace(comes, sentence=f"{doing} by adding a temporary DNS record."),
        replace(goes, sentence=f"Remove the temporary DNS record of running network '{name}'."),
    )
