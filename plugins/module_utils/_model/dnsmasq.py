# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dnsmasq that libvirt runs for a network: DHCP, DNS, router advertisements."""

from __future__ import annotations

from .address import ip
from .field import Document
from .forward import is_virtual

RUNNING = "running"
DEAD = "dead"  # it does not run, but should
STALE = "stale"  # it runs with other records than the running network has
BROKEN = "broken"  # it does not run, and cannot start with its configuration
UNKNOWN = "unknown"  # it cannot be seen from here
UNUSED = "none"  # the network needs none
FAULTY = (DEAD, STALE, BROKEN)


def needs_dnsmasq(live: Document) -> bool:
    """Whether libvirt runs one for this network (networkStartDhcpDaemon)."""
    ips = live.get("ips") or ()
    if not is_virtual(live) or not ips:
        return False
    serves = any(_serves(ip) or ip.get("tftp") for ip in ips)
    return serves or (live.get("dns") or {}).get("enable", True)


def serves_dhcp(live: Document, ipv6: bool) -> bool:
    """Whether it gives out addresses of the family."""
    return any(_serves(ip) and (":" in str(ip.get("address"))) == ipv6 for ip in live.get("ips") or ())


def serves_dns(live: Document) -> bool:
    """Whether it resolves names."""
    return needs_dnsmasq(live) and bool((live.get("dns") or {}).get("enable", True))


def _serves(ip: Document) -> bool:
    dhcp = ip.get("dhcp") or {}
    return bool(dhcp.get("ranges") or dhcp.get("hosts"))


def is_configured(live: Document, conf: str, dhcp_hosts: str, dns_hosts: str) -> bool:
    """Whether dnsmasq's files, as libvirt writes them, have the records of the running network.

    conf: its configuration; dhcp_hosts, dns_hosts: the files that it reads those from. Only what every release of
    libvirt writes alike is looked at; lines that the network's own dnsmasq options add are no fault.
    """
    lines = conf.splitlines()
    dns = live.get("dns") or {}
    answers = dns.get("enable", True)
    bridge = (live.get("bridge") or {}).get("name")
    if bridge and f"interface={bridge}" not in lines:
        return False
    wanted = {
        "txt-record": [txt["name"] for txt in dns.get("txts") or ()] if answers else [],
        "srv-host": [_srv(srv) for srv in dns.get("srvs") or ()] if answers else [],
    }
    for option, names in wanted.items():
        there = [line.partition("=")[2].split(",")[0] for line in lines if line.startswith(option + "=")]
        if not _covers(there, names, live):
            return False
    served = [ip for ip in live.get("ips") or () if _serves(ip)]
    ranges = [f"dhcp-range={r['start']},{r['end']}," for ip in served for r in (ip["dhcp"].get("ranges") or ())]
    if not all(any(line.lower().startswith(range_.lower()) for line in lines) for range_ in ranges):
        return False
    hosts = sum(len(ip["dhcp"].get("hosts") or ()) for ip in served)
    if len(dhcp_hosts.splitlines()) != hosts:
        return False
    addresses = {ip(host["ip"]) for host in dns.get("hosts") or ()}
    return {ip(line.split("\t")[0]) for line in dns_hosts.splitlines()} == addresses


def _covers(there: list[str], names: list[str], live: Document) -> bool:
    if live.get("dnsmasq_options"):
        return set(names) <= set(there)
    return sorted(there) == sorted(names)


def _srv(srv: Document) -> str:
    domain = srv.get("domain")
    return f"_{srv['service']}._{srv['protocol']}" + (f".{domain}" if domain is not None else "")
