# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at a guest on one host: what it is plugged in to, and who gets an answer from it."""

from __future__ import annotations

import ipaddress
import re
import time
from typing import Any, Callable

from guest import READY, Nic, Ready
from hosts import Fleet, HostError
from reality import Seen

HEADERS = 28  # of IPv4 and ICMP, in the largest frame
PATIENCE = 2.5  # seconds for an answer that should come, at least
AGAIN = 2  # times the time that it took before the migration, at least
BEFORE = 4  # times as long for what a guest should reach before its migration: what it is not seen to, it cannot lose
OF_BOOT = 0.5  # of the time that the last boot took, which tells how slow the machine is by now
BOUND = 30.0  # seconds for a guest's first lease, or its first renewal after it was woken
RENEWAL = 5.0  # seconds in which a guest renews its lease at least twice
STP = 40.0  # seconds for a port of a bridge that speaks STP


class Looker:
    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.mtus: dict[str, list[int]] = {}
        self.patience = PATIENCE
        self.seconds = PATIENCE  # for the NIC that is asked
        self.took: dict[tuple[str, int], float] = {}  # to ask a guest's NIC, the last time

    def booted(self, host: str, one: Ready, wait: float) -> list[int]:
        """Wait for the guest; returns the MTU that each of its NICs has."""
        began = time.monotonic()
        deadline = began + wait
        while READY not in (text := self.fleet.agents[host]("console", name=one.asked.name)):
            if time.monotonic() > deadline:
                raise HostError(f"{one.asked.name} did not boot in {wait:.0f} seconds: {text[-300:]}")
            time.sleep(0.1)
        self.patience = max(PATIENCE, OF_BOOT * (time.monotonic() - began))
        return [int(mtu) for mtu in re.findall(r"^mtu eth\d+ (\d+)", text, re.M)]

    def leased(self, host: str, one: Ready) -> None:
        """Wait for the guest's address by DHCP, as its host has noted it."""
        deadline = time.monotonic() + BOUND
        while not self.fleet.agents[host]("leases", name=one.asked.name):
            if time.monotonic() > deadline:
                raise HostError(f"{one.asked.name} gets no address by DHCP")
            time.sleep(0.2)

    def before(self, host: str, one: Ready) -> Seen:
        return self._look(host, one, None)

    def after(self, host: str, one: Ready, before: Seen) -> Seen:
        return self._look(host, one, before)

    def _look(self, host: str, one: Ready, before: Seen | None) -> Seen:
        agent, name = self.fleet.agents[host], one.asked.name
        seen = Seen(state=agent("state", name=name))
        if seen.state not in ("running", "paused"):
            return seen
        if before is not None and one.asked.dhcp:
            time.sleep(RENEWAL)
        seen.nics = agent("nics", name=name)
        if one.key and one.asked.start and seen.state == "running":
            for place, nic in enumerate(one.nics):
                reach = seen.nics[place]["reach"]
                known = before.answers[place] if before and before.answers else None
                began = time.monotonic()
                self.seconds = self._time_for((name, place), known, seen.nics[place])
                answers = self._ask(host, one, nic, self._mtu(name, place), reach, known)
                self.took[(name, place)] = time.monotonic() - began
                if known is None and _is_tagged(seen.nics[place]) and not answers.get("the wire"):
                    # Nothing on the wire answers in a VLAN: that takes a kernel with 802.1Q. The VLANs are compared.
                    answers = {who: answered and not who.startswith("the wire") for who, answered in answers.items()}
                seen.answers.append(answers)
                if known is None and _is_mute(seen.nics[place], answers):
                    seen.mute.append(seen.nics[place]["mac"])
        return seen

    def _time_for(self, nic: tuple[str, int], known: dict[str, bool] | None, seen: dict[str, Any]) -> float:
        """How long answers are waited for. nic: guest and place; known: as of _ask. What answered slowly before may
        do so again; of a NIC in a VLAN nothing on the wire may."""
        if known is not None:
            return min(max(self.patience, AGAIN * self.took.get(nic, 0.0)), max(self.patience, BOUND))
        return self.patience if _is_tagged(seen) else BEFORE * self.patience

    def _mtu(self, name: str, place: int) -> int:
        mtus = self.mtus.get(name, [])
        return mtus[place] if place < len(mtus) else 1500

    def _ask(
        self, host: str, one: Ready, nic: Nic, mtu: int, reach: str, known: dict[str, bool] | None
    ) -> dict[str, bool]:
        """known: what answered before, which is waited for; without it, what this reach lets one expect."""
        agent, full = self.fleet.agents[host], mtu - HEADERS
        asks: dict[str, Callable[[], bool]] = {}
        if nic.peer:
            asks["the wire"] = lambda: bool(self.fleet.ping(nic.ip, 56, 1))
            asks[f"the wire in full-size frames ({mtu})"] = lambda: bool(self.fleet.ping(nic.ip, full, 1))
            asks["the wire, asked by itself"] = lambda: f"reached {nic.peer}" in agent("console", name=one.asked.name)
        if nic.gateway:
            subnet = ipaddress.IPv4Interface(nic.address).network
            if reach == "routed":
                self.fleet.follow(str(subnet), host)  # answers to addresses behind NAT find no way back otherwise
            asks["its host"] = lambda: bool(agent("ping", address=nic.ip, size=56, count=1))
            asks[f"its host in full-size frames ({mtu})"] = lambda: bool(
                agent("ping", address=nic.ip, size=full, count=1)
            )
            asks["others behind its host"] = lambda: bool(self.fleet.ping(nic.ip, 56, 1))
            asks["when it asks the outside"] = lambda: "reached outside" in agent("console", name=one.asked.name)
        if nic.gateway6:
            asks["its host by IPv6"] = lambda: bool(agent("ping", address=nic.ip6, size=56, count=1))
            asks["its host by IPv6, asked by itself"] = lambda: (
                f"reached {nic.gateway6}" in agent("console", name=one.asked.name)
            )
        expected = {who: known.get(who, False) if known is not None else _expected(who, reach) for who in asks}
        return self._until(agent, one, asks, expected)

    def _until(
        self, agent: object, one: Ready, asks: dict[str, Callable[[], bool]], expected: dict[str, bool]
    ) -> dict[str, bool]:
        """Ask until what is expected has answered, or its time is over."""
        answers = dict.fromkeys(asks, False)
        deadline = time.monotonic() + self.seconds
        stp = time.monotonic() + STP
        while True:
            for who, ask in asks.items():
                answers[who] = answers[who] or ask()
            open_ones = [who for who, wanted in expected.items() if wanted and not answers[who]]
            if not open_ones:
                return answers
            waits = agent("waits", name=one.asked.name)  # type: ignore[operator]
            if time.monotonic() > (stp if waits else deadline):
                return answers
            if waits:
                deadline = time.monotonic() + self.seconds
            time.sleep(0.1)


def _is_mute(nic: dict[str, Any], answers: dict[str, bool]) -> bool:
    """Whether there was nothing that a migration could have taken away, though there should be."""
    wanted = [who for who in answers if _expected(who, nic["reach"])]
    return nic["link"] == "up" and not _is_tagged(nic) and bool(wanted) and not any(answers[who] for who in wanted)


def _is_tagged(nic: dict[str, Any]) -> bool:
    """Whether a switch puts it into VLANs."""
    return any(nic.get("vlan", {}).get(column, "[]") != "[]" for column in ("tag", "trunks"))


def _expected(who: str, reach: str) -> bool:
    if reach == "nothing":
        return False
    if who.startswith("the wire"):
        return reach == "l2"
    if who.startswith("its host"):
        return reach in ("nat", "routed", "isolated", "the host")
    if who == "others behind its host":
        return reach == "routed"
    return reach in ("nat", "routed")
