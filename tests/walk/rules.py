# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold around a call, whatever it was. Each rule yields Faults; what they look at is told by virsh and ip."""

from __future__ import annotations

import difflib
import ipaddress
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import unescape

Look = dict[str, Any]
Result = dict[str, Any]

# The top of a network's XML -> the option that declares it.
OPTIONS = {
    "ip": "ips", "route": "routes", "portgroup": "portgroups", "dnsmasq:options": "dnsmasq_options",
    "trustGuestRxFilters": "trust_guest_rx_filters",
}  # fmt: skip
LONGEST_MESSAGE = 400


@dataclass(frozen=True)
class Fault:
    """rule: which one does not hold; about: what it is about, for telling findings apart; text: for people."""

    rule: str
    about: str
    text: str

    @property
    def signature(self) -> str:
        return f"{self.rule}: {_general(self.about)}"


def _general(text: str) -> str:
    """Without what differs between two walks that meet the same fault."""
    text = re.sub(r"['\"][^'\"]*['\"]", "'…'", text)
    return re.sub(r"[0-9a-f:.]*\d[0-9a-f:.\-]*", "#", text)[:400]


def names_of(module: str, options: dict[str, Any], before: Look) -> set[str]:
    """The networks that a call is about."""
    entries = options.get("networks")
    if module != "virt_networks" or not isinstance(entries, list):
        return {str(options.get("network" if module == "virt_portgroup" else "name"))}
    named = {str(entry.get("name")) for entry in entries if isinstance(entry, dict)}
    if options.get("purge"):
        named |= {name for name, facts in before["networks"].items() if _marked(facts)}
    return named


def _marked(facts: dict[str, Any]) -> bool:
    return "https://virtfleet.network/ns/1" in (facts["inactive"] or facts["live"] or "")


# Differences between two looks


def flat(look: Look) -> dict[str, Any]:
    """Every fact of a look by its path."""
    found: dict[str, Any] = {}

    def walk(path: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                walk(f"{path}/{key}", item)
        else:
            found[path] = value

    walk("", {name: value for name, value in look.items() if name != "routes"})
    found.update({f"/routes/{route}": True for route in look["routes"]})
    return found


def differences(before: Look, after: Look, ignore: Any = None) -> list[str]:
    """ignore: of a path, whether it does not count."""
    old, new = flat(before), flat(after)
    paths = sorted(path for path in old.keys() | new.keys() if old.get(path, ...) != new.get(path, ...))
    return [_shown(path, old.get(path), new.get(path)) for path in paths if not (ignore and ignore(path))]


def _shown(path: str, old: Any, new: Any) -> str:
    if isinstance(old, str) and isinstance(new, str) and "\n" in old + new:
        lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0)
        changed = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
        return f"{path}: {' | '.join(line.strip() for line in changed)[:600]}"
    return f"{path}: {str(old)[:200]} -> {str(new)[:200]}"


def after_rollback(before: Look, after: Look) -> list[str]:
    """What is not as it was, but for what a restart that was rolled back may leave otherwise: the numbers of processes
    and links, the order of records, and a dnsmasq that was gone before."""
    gone = {name for name, facts in before["networks"].items() if not facts["dnsmasq"]["pid"]}
    broken, without_guests = _broken(before)
    # A bridge's own address is the lowest of its ports'.
    addresses = {f"/links/{after['links'][tap]['master']}/mac" for tap in _loose_taps(before) & after["links"].keys()}

    def ignore(path: str) -> bool:
        name, _slash, rest = path.removeprefix("/networks/").rpartition("/dnsmasq/")
        if path.startswith(tuple(f"/links/{link}/" for link in broken)) or path in addresses:
            return True
        if path.startswith(tuple(f"/networks/{network}/ports/" for network in without_guests)):
            return True
        if path.startswith("/routes/") and any(f" dev {link} " in f"{path} " for link in broken):
            return True
        return path.endswith(("/dnsmasq/pid", "/index")) or (bool(rest) and name in gone)

    return differences(_without_order(before, without_guests), _without_order(after, without_guests), ignore)


def _broken(look: Look) -> tuple[set[str], set[str]]:
    """Links that a start of their network mends: bridges that are gone, down or without an address, and taps that are
    in no bridge; and the networks of such taps."""
    bridges, networks = set(), set()
    for facts in look["networks"].values():
        bridge = bridge_of(facts["live"])
        if bridge and "<forward mode='bridge'" not in facts["live"] and _is_broken(look, facts):
            bridges |= {bridge, f"{bridge}-nic"}
    loose = _loose_taps(look)
    for guest in look["guests"].values():
        networks |= {nic["source"].get("network", "") for nic in guest["nics"] if nic["target"] in loose}
    return bridges | loose, networks


def _loose_taps(look: Look) -> set[str]:
    return {name for name, link in look["links"].items() if link["kind"] == "tun" and link["master"] is None}


def _without_order(look: Look, uncounted: set[str]) -> Look:
    """A live record that was taken out and put back stands at another place among its kind, which means nothing.
    uncounted: networks whose ports may have come back."""
    networks = {}
    for name, facts in look["networks"].items():
        live = _uncounted(facts["live"]) if facts["live"] and name in uncounted else facts["live"]
        networks[name] = {**facts, "live": live and "\n".join(sorted(live.splitlines()))}
    return {**look, "networks": networks}


def _first(found: list[str]) -> str:
    """For the signature: which kind of fact differs first."""
    path = found[0].partition(": ")[0]
    parts = [part for part in path.split("/") if part]
    return "/".join([parts[0], *parts[2:]]) if len(parts) > 1 else path


def _uncounted(xml: str) -> str:
    """Without libvirt's count of ports, which are looked at themselves."""
    return re.sub(r"^<network connections='\d+'", "<network", xml)


# Rules


def result_is_told_well(result: Result, what: str) -> Iterator[Fault]:
    if "died" in result or result.get("hung"):
        end = "hung" if result.get("hung") else f"died of {result['died']}"
        said = (result.get("said") or [""])[-1]
        yield Fault("no result", f"{what} {end} {said}", str(result)[:900])
        return
    message = str(result.get("msg", ""))
    if result.get("failed"):
        code = result.get("code")
        if code in (None, "UNEXPECTED", "NOT_CONVERGED", "RECOVERY_FAILED", "PORTS_LOST", "TAPS_LOST"):
            yield Fault("bad code", f"{code} {message}", message)
        if len(message) > LONGEST_MESSAGE:
            yield Fault("long message", f"{code}", f"{len(message)} characters: {message[:600]}")
        if result.get("left"):
            yield Fault("left", f"{code} {result['left']}", message)
    for word in ("Traceback", "libvirtError(", "NoneType"):
        # Ansible's own words on options of the wrong type have it.
        if word == "NoneType" and result.get("code") == "OPTIONS_INVALID":
            continue
        if word in message + str(result.get("exception", "")):
            yield Fault(
                "bad code",
                f"{word} {result.get('exception', '')[-200:]}",
                message + str(result.get("exception"))[-600:],
            )


def check_changes_nothing(before: Look, after: Look) -> Iterator[Fault]:
    found = differences(before, after)
    if found:
        yield Fault("check mode changed the host", _first(found), "\n".join(found[:8]))


def check_equals_run(check: Result, ran: Result) -> Iterator[Fault]:
    one, two = bool(check.get("failed")), bool(ran.get("failed"))
    if one != two and not (two and ran.get("code") == "LIBVIRT_REFUSED" and _outstanding(check)):
        failed = check if one else ran
        yield Fault(
            "check mode refuses, the run does not" if one else "the run fails, check mode does not",
            f"{failed.get('code')} {failed.get('msg')}",
            f"{failed.get('code')}: {failed.get('msg')}",
        )
    if one != two:
        return
    if one:
        if check.get("code") != ran.get("code"):
            text = f"{check.get('code')}: {check.get('msg')}\n{ran.get('code')}: {ran.get('msg')}"
            yield Fault(
                "check mode and the run refuse for different reasons", f"{check.get('code')} {ran.get('code')}", text
            )
        return
    for key in ("changed", "diff", "pending", "steps"):
        here, there = (_comparable(key, result.get(key)) for result in (check, ran))
        if here != there:
            yield Fault("check mode differs from the run", key, f"{key}: {str(here)[:700]}\nrun: {str(there)[:700]}")
            return
    for here, there in zip(check.get("networks") or (), ran.get("networks") or ()):
        if [(here.get(k), _comparable(k, here.get(k))) for k in ("name", "changed", "pending")] != [
            (there.get(k), _comparable(k, there.get(k))) for k in ("name", "changed", "pending")
        ]:
            yield Fault("check mode differs from the run", "networks", f"{str(here)[:500]}\nrun: {str(there)[:500]}")
            return


def _outstanding(check: Result) -> bool:
    """Whether check mode said that only libvirt itself can tell."""
    return any(one.get("outstanding") for one in (check, *(check.get("networks") or ())))


def _comparable(key: str, value: Any) -> Any:
    if key == "steps" and isinstance(value, list):
        return [(step.get("action"), step.get("section"), step.get("network")) for step in value]
    return value


def refusal_changes_nothing(before: Look, after: Look, ran: Result, check: Result) -> Iterator[Fault]:
    """What check mode refuses too was refused before the first step."""
    if any(step.partition(" ")[0] == "move" for step in _steps(check)):
        after = _under_old_uuids(before, after)
    found = differences(before, after) if check.get("failed") else after_rollback(before, after)
    if found:
        about = f"{ran.get('code')} {_first(found)}"
        yield Fault(
            "a refusal changed the host", about, f"{ran.get('code')}: {ran.get('msg')}\n" + "\n".join(found[:8])
        )


def _under_old_uuids(before: Look, after: Look) -> Look:
    """libvirt gives a NIC that it moves to another bridge, and back, a port with a new UUID each time."""
    old = {_identity(guest, nic): nic["source"].get("portid") for guest, nic in _nics(before)}
    new = {nic["source"].get("portid"): old.get(_identity(guest, nic)) for guest, nic in _nics(after)}
    text = json.dumps({name: facts for name, facts in after.items() if name in ("networks", "guests")})
    for port, was in new.items():
        if port and was:
            text = text.replace(port, was)
    return {**after, **json.loads(text)}


def _nics(look: Look) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, guest in look["guests"].items():
        yield from ((name, nic) for nic in guest["nics"])


def _identity(guest: str, nic: dict[str, Any]) -> tuple[Any, ...]:
    return guest, nic["mac"], nic["target"], nic["source"].get("network")


def unchanged_changes_nothing(before: Look, after: Look, what: str) -> Iterator[Fault]:
    found = differences(before, after)
    if found:
        yield Fault(f"{what} said changed: false and changed the host", _first(found), "\n".join(found[:8]))


def changed_changes_something(before: Look, after: Look) -> Iterator[Fault]:
    if not differences(before, after):
        yield Fault("changed: true and the host is as it was", "", "")


def second_run_changes_nothing(first: Result, second: Result) -> Iterator[Fault]:
    if second.get("failed"):
        about = f"{second.get('code')} {second.get('msg')}"
        yield Fault("the second run fails", about, about)
        return
    if second.get("changed"):
        text = f"steps: {_steps(second)}\ndiff: {str(second.get('diff'))[:900]}"
        yield Fault("the second run changes something", ", ".join(_steps(second))[:100], text)
    if first.get("pending") != second.get("pending"):
        text = f"{first.get('pending')} then {second.get('pending')}"
        yield Fault("pending differs in the second run", text, text)


def _steps(result: Result) -> list[str]:
    steps = result.get("steps") or [step for one in result.get("networks") or () for step in one.get("steps") or ()]
    return [f"{step.get('action')} {step.get('section', '')}".strip() for step in steps]


def others_do_not_move(before: Look, after: Look, named: set[str], daemon: bool = False) -> Iterator[Fault]:
    """daemon: whether libvirtd was started meanwhile, which starts what is gone of the others, and stops those whose
    bridge is gone."""
    started = {name for name, facts in before["networks"].items() if daemon and not facts["dnsmasq"]["pid"]}
    stopped = {name for name, facts in before["networks"].items() if daemon and _has_no_bridge(before, facts)}
    mine = _links_of(before, named) | _links_of(after, named)
    if daemon:  # and plugs in every guest that is cut off
        mine |= _loose_taps(before)

    def ignore(path: str) -> bool:
        kind, _slash, rest = path[1:].partition("/")
        if kind == "networks":
            return any(rest.startswith(f"{name}/dnsmasq/") for name in started) or any(
                rest.startswith(f"{name}/") or rest == name for name in named | stopped
            )
        if kind == "links":
            link, _slash, fact = rest.partition("/")
            # The temporary bridge of a replug that is broken off, as long as the next run has to go on with it.
            if link.startswith("vfbp") and after["journal"]:
                return True
            # A bridge's own address is the lowest of its ports'.
            return link in mine or (fact == "mac" and before["links"].get(link, {}).get("kind") == "bridge")
        if kind == "routes":
            return any(re.search(rf" dev {re.escape(link)}(?!\S)", path) for link in mine)
        return kind == "journal" or (kind == "guests" and "/nics" in path)

    found = differences(before, after, ignore)
    if found:
        yield Fault("something else moved", _first(found), "\n".join(found[:8]))


def _has_no_bridge(look: Look, facts: dict[str, Any]) -> bool:
    """Of a network that runs."""
    bridge = bridge_of(facts["live"])
    return bridge is not None and bridge not in look["links"]


def bridge_of(xml: str | None) -> str | None:
    found = re.search(r"<bridge name='(.*?)'", xml or "")
    return unescape(found.group(1), {"&apos;": "'", "&quot;": '"'}) if found else None


def _links_of(look: Look, named: set[str]) -> set[str]:
    """Bridges that libvirt made for networks, what is in them, and the guests' taps there."""
    found = set()
    for name in named & look["networks"].keys():
        facts = look["networks"][name]
        bridge = bridge_of(facts["live"])
        if bridge and "<forward mode='bridge'" not in facts["live"]:
            found |= {bridge, f"{bridge}-nic"}
            found |= {link for link, told in look["links"].items() if told["master"] == bridge}
    for guest in look["guests"].values():
        found |= {nic["target"] for nic in guest["nics"] if nic["source"].get("network") in named and nic["target"]}
    return found


def guests_keep_their_places(before: Look, after: Look, options: dict[str, Any], named: set[str]) -> Iterator[Fault]:
    """After a change that succeeded, or a broken-off one that was put right."""
    entries = {str(e.get("name")): e for e in options.get("networks") or [options] if isinstance(e, dict)}
    for name, guest in before["guests"].items():
        now = after["guests"].get(name)
        if now is None or now["state"] != guest["state"]:
            yield Fault(
                "a guest changed its state", guest["state"], f"{name}: {guest['state']} -> {now and now['state']}"
            )
            continue
        for nic in guest["nics"]:
            network = nic["source"].get("network")
            was, facts = before["networks"].get(network), after["networks"].get(network)
            if network not in named or not was or not was["active"] or options.get("restart") == "force":
                continue
            stopped = (
                not facts or not facts["active"] or entries.get(network, {}).get("state") in ("absent", "inactive")
            )
            if stopped or _is_drained(nic, options, facts):
                continue
            yield from _place(name, nic, was, facts, before, after)


def _is_drained(nic: dict[str, Any], options: dict[str, Any], facts: dict[str, Any]) -> bool:
    """Its device left the pool as asked, and its port with it: docs/pools.md says why."""
    device = nic["source"].get("dev")
    return bool(options.get("drain") and device and f"dev='{device}'" not in (facts["live"] or ""))


def _place(name: str, nic: dict[str, Any], was: Any, facts: Any, before: Look, after: Look) -> Iterator[Fault]:
    mac = nic["mac"]
    had, has = (any(name in xml and mac in xml for xml in one["ports"].values()) for one in (was, facts))
    if had and not has:
        yield Fault("a guest lost its port", "", f"{name} {mac}")
    tap, now = before["links"].get(nic["target"]), after["links"].get(nic["target"])
    if not tap or tap["kind"] != "tun" or tap["master"] != bridge_of(was["live"]):
        return
    mine = bridge_of(facts["live"])
    if not now or (mine and now["master"] != mine):
        yield Fault("a guest's tap is not in its bridge", "", f"{name} {nic['target']}: {tap} -> {now}, bridge {mine}")
        return
    kept = {key: value for key, value in tap["port"].items() if key != "isolated" or _isolated(was) == _isolated(facts)}
    lost = {key: (value, now["port"].get(key)) for key, value in kept.items() if now["port"].get(key) != value}
    if lost:
        yield Fault("a tap's settings changed", ", ".join(lost), f"{name} {nic['target']}: {lost}")
    if tap["up"] and not now["up"]:
        yield Fault("a tap is down", "", f"{name} {nic['target']}")


def _isolated(facts: dict[str, Any]) -> bool:
    return "<port isolated='yes'" in (facts["live"] or "")


def networks_work(look: Look, named: set[str], states: dict[str, str], restart: str) -> Iterator[Fault]:
    """What libvirt and dnsmasq really run is what the definition says. restart: as the call said."""
    for name in sorted(named & look["networks"].keys()):
        facts = look["networks"][name]
        if not facts["active"]:
            continue
        xml, bridge = facts["live"], bridge_of(facts["live"])
        if "<forward mode='bridge'" in xml or not bridge:
            continue
        link = look["links"].get(bridge)
        # virt_portgroup and virt_iface_pool leave the rest of a network alone, and never waits for the next start.
        mends = restart != "never" and states.get(name) != "unknown"
        if not mends and _is_broken(look, facts):
            continue
        if link is None:
            yield Fault("a network's bridge is missing", "", f"{name}: {bridge}")
            continue
        lost = _lost_addresses(link, xml)
        if lost:
            yield Fault("a network's bridge lacks an address", "", f"{name}: {bridge} {sorted(lost)}")
        if mends and restart != "force":
            yield from _plugged_in(look, name, bridge)
        stp = 0 if "stp='off'" in xml else 1
        if link["bridge"].get("stp_state") != stp:
            yield Fault("STP is not as defined", f"{stp}", f"{name}: {bridge} {link['bridge']}")
        if not link["up"]:
            yield Fault("a network's bridge is down", "", f"{name}: {bridge}")
        yield from _served(name, facts, states.get(name, "active"))


def _lost_addresses(link: dict[str, Any], xml: str) -> set[str]:
    here = {address.partition("/")[0] for address in link["addresses"]}
    return {str(ipaddress.ip_address(a)) for a in re.findall(r"<ip [^>]*address='(.*?)'", xml)} - here


def _is_broken(look: Look, facts: dict[str, Any]) -> bool:
    """Whether the bridge that libvirt made for a running network is gone, down or without an address."""
    link = look["links"].get(bridge_of(facts["live"]))
    return link is None or not link["up"] or bool(_lost_addresses(link, facts["live"]))


def _plugged_in(look: Look, name: str, bridge: str) -> Iterator[Fault]:
    loose = _loose_taps(look)
    for guest, facts in look["guests"].items():
        for nic in facts["nics"]:
            if nic["source"].get("network") == name and nic["target"] in loose:
                yield Fault("a guest is cut off", "", f"{guest} {nic['target']}: no bridge, should be {bridge}")


def _served(name: str, facts: dict[str, Any], state: str) -> Iterator[Fault]:
    xml, dnsmasq = facts["live"], facts["dnsmasq"]
    wanted = "<ip " in xml and ("<dhcp>" in xml or "<dns enable='no'" not in xml)
    if state != "active":
        return
    if wanted != bool(dnsmasq["pid"]):
        yield Fault("dnsmasq", "is missing" if wanted else "should not run", f"{name}: {dnsmasq['pid']}\n{xml[:900]}")
        return
    if not wanted:
        return
    conf, hosts, names = (dnsmasq.get(kind) or "" for kind in ("conf", "hostsfile", "addnhosts"))
    lost = [f"range {a}" for a in re.findall(r"<range start='(.*?)'", xml) if f"dhcp-range={a}," not in conf]
    lost += [f"txt {n}" for n in re.findall(r"<txt name='(\w*?)'", xml) if f"txt-record={n}," not in conf]
    lost += [f"srv {n}" for n in re.findall(r"<srv service='(\w*?)'", xml) if f"srv-host=_{n}." not in conf]
    lost += [
        f"host {a}" for a in re.findall(r"<host [^>]*ip='([\d.]*?)'", xml.partition("<dhcp>")[2]) if a not in hosts
    ]
    lost += [f"name {n}" for n in re.findall(r"<hostname>([\w-]*)</hostname>", xml) if n not in names]
    if lost:
        yield Fault(
            "dnsmasq", f"does not serve {lost[0].split()[0]}", f"{name}: {lost}\n{conf}{hosts}{names}\n{xml[:900]}"
        )


def leases_stay(before: Look, after: Look, named: set[str]) -> Iterator[Fault]:
    for name in sorted(named & before["networks"].keys() & after["networks"].keys()):
        was, now = before["networks"][name], after["networks"][name]
        if was["active"] and now["active"] and now["dnsmasq"]["pid"] and was["dnsmasq"]["pid"]:
            subnets = re.findall(r"<ip address='([\d.]+\.)\d+'", now["live"])
            lost = set(was["leases"]) - set(now["leases"])
            if any(subnet in lease for lease in lost for subnet in subnets):
                yield Fault("leases are forgotten", "", f"{name}: {sorted(lost)}")


def undeclared_options_stay(before: Look, after: Look, options: dict[str, Any]) -> Iterator[Fault]:
    """Of persistent definitions, by the elements at their top."""
    for entry in options.get("networks") or [options]:
        if not isinstance(entry, dict) or "xml" in entry:
            continue
        was, now = (look["networks"].get(str(entry.get("name", entry.get("network")))) for look in (before, after))
        if not was or not now or not was["inactive"] or not now["inactive"]:
            continue
        declared = set(entry) | ({"portgroups"} if "network" in entry else set())
        declared |= {"forward"} if {"members", "match", "pf", "exclusive"} & declared else set()
        if "forward" in declared:
            declared |= {"bridge", "mac"}
        old, new = _tops(was["inactive"]), _tops(now["inactive"])
        moved = [tag for tag in sorted(old.keys() | new.keys()) if old.get(tag) != new.get(tag)]
        moved = [
            tag for tag in moved if OPTIONS.get(tag, tag) not in declared and tag not in ("metadata", "connections")
        ]
        if moved:
            text = "\n".join(f"{tag}: {old.get(tag)} -> {new.get(tag)}" for tag in moved)
            yield Fault("an option that was not declared changed", ", ".join(moved), text[:900])


def transient_networks_stay_transient(module: str, before: Look, after: Look, named: set[str]) -> Iterator[Fault]:
    """What changes a portgroup or a pool says nothing of the network itself."""
    if module not in ("virt_portgroup", "virt_iface_pool"):
        return
    for name in sorted(named & before["networks"].keys() & after["networks"].keys()):
        if before["networks"][name]["persistent"] != after["networks"][name]["persistent"]:
            yield Fault("a network changed its persistence", module, name)


def _tops(xml: str) -> dict[str, list[str]]:
    """The elements below <network> and its attributes, by name."""
    found: dict[str, list[str]] = {}
    head, _end, body = xml.partition(">")
    for name, value in re.findall(r" ([\w:]+)='(.*?)'", head):
        if not name.startswith("xmlns"):
            found[name] = [value]
    for element in re.findall(r"^  <\S.*?(?=^  <[^/\s]|^</network>)", body, re.M | re.S):
        tag = re.match(r"\s*<([\w:]+)", element).group(1)
        found.setdefault(tag, []).append(element.strip())
    return {tag: sorted(items) for tag, items in found.items()}


def states_are_as_asked(after: Look, options: dict[str, Any], changed: bool) -> Iterator[Fault]:
    entries = options.get("networks") or [options]
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict) or "name" not in entry:
            continue
        facts = after["networks"].get(str(entry["name"]))
        state = entry.get("state", "active")
        now = "absent" if facts is None else "active" if facts["active"] else "inactive"
        if now != state and not (state == "present" and facts):
            yield Fault("the state is not as asked", f"{state} {now}", f"{entry['name']}: {now}")
        if (
            facts
            and isinstance(entry.get("autostart"), bool)
            and facts["autostart"] != entry["autostart"]
            and facts["persistent"]
        ):
            yield Fault("autostart is not as asked", "", f"{entry['name']}: {facts['autostart']}")


def running_networks_run(before: Look, after: Look, named: set[str], options: dict[str, Any]) -> Iterator[Fault]:
    """After a run that was broken off and another that was refused."""
    if options.get("purge"):
        return
    entries = {str(e.get("name")): e for e in options.get("networks") or [options] if isinstance(e, dict)}
    for name in sorted(named & before["networks"].keys()):
        stopped = entries.get(name, {}).get("state") in ("absent", "inactive")
        if before["networks"][name]["active"] and not stopped and not after["networks"].get(name, {}).get("active"):
            yield Fault("a running network was left stopped", "", name)


def nothing_is_left(after: Look) -> Iterator[Fault]:
    temporary = sorted(name for name in after["links"] if name.startswith("vfbp"))
    if temporary:
        yield Fault("a temporary bridge is left", "", ", ".join(temporary))
    if after["journal"]:
        yield Fault("a journal is left", "", str(after["journal"]))
