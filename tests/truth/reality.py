# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a migration has done to a guest, judged from what was seen before and after. Nothing of the check is used.

blocked: libvirt refused, or the guest's traffic stopped. warning: it runs on, and a promise got weaker. ok: all kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_interface
from typing import Any, Optional

RANK = {"ok": 0, "warning": 1, "blocked": 2}
# What reaches no less. To pass packets on is no loss where only the host's settings kept it from that; of an isolated
# network it is one.
MORE = {"the host": ("nat", "routed", "isolated"), "isolated": ("the host",)}
# Promises that may get weaker while traffic goes on: what it is called, and whether more is better.
WEAKER = {
    "autostart": "the network does not start with the host",
    "persistent": "the network is gone after a restart of the host",
    "comes back the same": "the network will start with another definition",
    "portgroup there": "the portgroup is not there",
    "trusts": "its own receive filters are not trusted",
}


@dataclass
class Seen:
    """A guest on one host. answers: for each of its NICs, who asked and whether it answered. mute: the MAC addresses of
    those that answered none of whom they should have, before the migration. saved: whether its memory waits in a file
    (managed save)."""

    state: str = "absent"
    nics: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, bool]] = field(default_factory=list)
    mute: list[str] = field(default_factory=list)
    saved: bool = False


@dataclass
class Outcome:
    verdict: str
    libvirt: str
    kept: str
    reasons: list[str] = field(default_factory=list)


def judge(refused: Optional[dict[str, Any]], before: Seen, after: Seen) -> Outcome:
    if refused:
        said = f"{refused['code']}/{refused['domain']} {refused['message']}"
        return Outcome("blocked", said, "-", [said])
    if after.state != before.state and before.state != "off":
        return Outcome("blocked", "accepted", "no", [f"the guest is {after.state}"])
    left = before.saved and not after.saved
    verdict, reasons = ("warning", ["its saved memory stays behind"]) if left else ("ok", [])
    for place, (was, now) in enumerate(zip(before.nics, after.nics)):
        lost = _lost(was, now)
        if before.answers and after.answers:
            lost += _silent(before.answers[place], after.answers[place])
        weaker = _weaker(was, now)
        found = "blocked" if lost else "warning" if weaker else "ok"
        if found == "blocked" and was["link"] == "down":
            found = "warning"  # nobody misses it until the link is set up
        verdict = max(verdict, found, key=RANK.__getitem__)
        reasons += [f"{was['mac']}: {reason}" for reason in lost + weaker]
    kept = {"ok": "yes", "warning": "weaker", "blocked": "no"}[verdict]
    return Outcome(verdict, "accepted", kept, reasons)


def _silent(was: dict[str, bool], now: dict[str, bool]) -> list[str]:
    return [f"no longer answers {who}" for who, answered in was.items() if answered and not now.get(who)]


def _lost(was: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What stops traffic, by the kernel's word."""
    found = []
    if now["reach"] not in (was["reach"], *MORE.get(was["reach"], ())) and was["reach"] != "nothing":
        found.append(f"its reach was {was['reach']} and is {now['reach']}")
    if was.get("vlan", _none(now)) != now.get("vlan", _none(was)):
        found.append(f"its VLAN was {was.get('vlan')} and is {now.get('vlan')}")
    if _moved(was, now) and not _only_another_host(was, now):
        found.append(f"its host had {was['addresses']} and has {now.get('addresses')}")
    if was.get("mtu", 0) > now.get("mtu", 0) and was["reach"] != "nothing":
        found.append(f"frames were up to {was['mtu']} and are up to {now.get('mtu', 0)}")
    if now.get("twins", 0) > was.get("twins", 0):
        found.append("another guest there has its MAC")
    return found


def _moved(was: dict[str, Any], now: dict[str, Any]) -> bool:
    """Whether an address of the host, by which a guest leaves its network or asks its host, is gone."""
    return was["reach"] != "l2" and not set(was.get("addresses", ())) <= set(now.get("addresses", ()))


def _only_another_host(was: dict[str, Any], now: dict[str, Any]) -> bool:
    """In an isolated network nothing goes through the host: at another address of the same subnet it is there still."""
    subnets = [{str(ip_interface(text).network) for text in nic.get("addresses", ())} for nic in (was, now)]
    return was["reach"] == now["reach"] == "isolated" and subnets[0] <= subnets[1]


def _none(other: dict[str, Any]) -> Any:
    """A port without a VLAN, as Open vSwitch says it; a Linux port has none either."""
    return {"tag": "[]", "trunks": "[]", "vlan_mode": "[]"} if "vlan" in other else None


def _weaker(was: dict[str, Any], now: dict[str, Any]) -> list[str]:
    found = [words for flag, words in WEAKER.items() if was.get(flag) and not now.get(flag)]
    if was["reach"] == "isolated" and now["reach"] == "the host":
        found.append("only settings of its host isolate it")
    if was.get("isolated") and not now.get("isolated"):
        found.append("other guests reach it")
    if was.get("peers") and now.get("peers") is False:
        found.append("other guests of its host no longer reach it")
    if was.get("profile", "") and was["profile"] != now.get("profile", ""):
        found.append(f"its port profile was {was['profile']} and is {now.get('profile') or 'none'}")
    gone = [line for line in was.get("served") or () if line not in (now.get("served") or ())]
    if gone:
        found.append(f"its host no longer serves {', '.join(gone)}")
    gone = [route for route in was.get("routes") or () if route not in (now.get("routes") or ())]
    if gone:
        found.append(f"its host no longer routes {', '.join(gone)}")
    gone = [target for target in was.get("forwards") or () if target not in (now.get("forwards") or ())]
    if gone:
        found.append(f"its host no longer forwards connections to {', '.join(gone)}")
    if now.get("silent"):
        found.append(f"nothing passed for the first {now['silent']:.0f} seconds")
    if _moved(was, now) and _only_another_host(was, now):
        found.append(f"its host had {was['addresses']} and has {now['addresses']}")
    if _shaping(was) and _shaping(was) != _shaping(now):
        found.append(f"its bandwidth was {_shaping(was)} and is {_shaping(now)}")
    return found


def _shaping(nic: dict[str, Any]) -> dict[str, str]:
    return {key: value for key, value in nic.get("bandwidth", {}).items() if value not in ("", "0", "[]", "{}")}
