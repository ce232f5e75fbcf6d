# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How libvirt is made to start or restart a network's dnsmasq, without a stop of the network.

After any change of DNS or DHCP hosts libvirt has dnsmasq read its files, and starts it where it does not run; after a
change of TXT records it restarts it. So a record comes and goes. A network with DNS disabled takes no DNS record.
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
from .records import DHCP_HOST, DHCP_RANGE, DNS_HOST, DNS_SRV, DNS_TXT, Section
from .sequence import ADD, DELETE, Change
from .step import Step

_NAME = "virtfleet.invalid"
_MAC = "02:00:00:00:00:00"
_STARTED = "start dnsmasq of running network '{}' again"
_RESTARTED = "restart dnsmasq of running network '{}'"
# The sections whose updates do it anyway.
_RESTARTING = {DHCP_RANGE.name, DNS_SRV.name, DNS_TXT.name}
STARTING = {*_RESTARTING, DHCP_HOST.name, DNS_HOST.name}
# What dnsmasq is configured from, of which updates reach the first two.
_CONFIGURING = ("dns", "ips", "domain", "dnsmasq_options", "mtu", "forward", "bridge")


def repair_steps(observed: Observed, updates: Sequence[Step], goal: Document, host: Host) -> tuple[Step, ...] | None:
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
        return started_again(observed) or None
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
    live = observed.live or {}
    answers = (live.get("dns") or {}).get("enable", True)
    if observed.dnsmasq == DEAD:
        return _by_a_host(observed.name, live) if answers else _by_a_dhcp_host(observed.name, live)
    return _by_a_txt(observed.name) if observed.dnsmasq == STALE and answers else ()


def _by_a_host(name: str, live: Document) -> tuple[Step, ...]:
    taken = {host.get("ip") for host in (live.get("dns") or {}).get("hosts") or ()}
    # Addresses that RFC 5737 keeps free for documentation.
    ip = next(f"192.0.2.{last}" for last in range(1, len(taken) + 2) if f"192.0.2.{last}" not in taken)
    host: Document = {"ip": ip, "hostnames": [_NAME]}
    return _come_and_go(name, DNS_HOST, host, {"ip": ip})


def _by_a_dhcp_host(name: str, live: Document) -> tuple[Step, ...]:
    """A reservation of the host's own address, which no guest has, for a MAC address that no device has. Nothing where
    a guest has that address reserved."""
    ips = [(index, ip) for index, ip in enumerate(live.get("ips") or ()) if ip.get("family", "ipv4") == "ipv4"]
    # libvirt serves DHCP on one address of a family.
    index, ip = next((item for item in ips if item[1].get("dhcp")), ips[0] if ips else (-1, {}))
    taken = {host.get("ip") for host in (ip.get("dhcp") or {}).get("hosts") or ()}
    if not ip.get("address") or ip["address"] in taken:
        return ()
    host: Document = {"mac": _MAC, "ip": ip["address"]}
    # A deletion by MAC address would also find a host that has none.
    return _come_and_go(name, DHCP_HOST, host, {"ip": ip["address"]}, index)


def _by_a_txt(name: str) -> tuple[Step, ...]:
    txt: Document = {"name": _NAME, "value": "restart"}
    return _come_and_go(name, DNS_TXT, txt, txt)


def _come_and_go(name: str, section: Section, record: Document, said: Document, index: int = -1) -> tuple[Step, ...]:
    """said: by which the record is deleted; index: which <ip> it belongs to."""
    changes = (Change(ADD, record, record), Change(DELETE, record, said))
    come, go = (update(name, section, change, index) for change in changes)
    kind = "DHCP" if section is DHCP_HOST else "DNS"
    doing = (_RESTARTED if section is DNS_TXT else _STARTED).format(name)
    return (
        replace(come, doing=f"{doing} by adding a temporary {kind} record"),
        replace(go, doing=f"remove the temporary {kind} record of running network '{name}'"),
    )
