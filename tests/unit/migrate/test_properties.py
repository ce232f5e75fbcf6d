# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every guest and every destination."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._migrate.destination_facts import read_destination
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.finding import SEVERITIES
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.guest_facts import load_guests
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.verdicts import judge_guests
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError

from .paper import answering, described, domain, info, interface

MODES = {
    "nat": "<forward mode='nat'/><bridge name='virbr0'/><ip address='10.1.0.1' prefix='24'/>",
    "isolated": "<bridge name='virbr0'/>",
    "routed": "<forward mode='route'/><bridge name='virbr0'/><mtu size='1400'/><ip address='10.1.0.1' prefix='24'/>",
    "bridge": "<forward mode='bridge'/><bridge name='br7'/>",
    "switch": "<forward mode='bridge'/><bridge name='ovs0'/><virtualport type='openvswitch'/>",
    "macvtap": "<forward mode='bridge'><interface dev='p2'/><interface dev='p3'/></forward>",
    "passthrough": "<forward mode='passthrough'><interface dev='p2'/><interface dev='p3'/></forward>",
}
BRIDGES = {"nat": "virbr0", "isolated": "virbr0", "routed": "virbr0", "bridge": "br7", "switch": "ovs0"}
GROUPS = {
    "none": "",
    "plain": "<portgroup name='eng'/>",
    "default": "<portgroup name='eng' default='yes'/>",
    "trusting": "<portgroup name='eng' trustGuestRxFilters='yes'/>",
    "vlan": "<portgroup name='eng'><vlan><tag id='40'/></vlan></portgroup>",
    "limited": "<portgroup name='eng'><bandwidth><inbound average='100'/></bandwidth></portgroup>",
}
NAMED = {
    "bridge": "<interface type='bridge'><mac address='{}'/><source bridge='br7'/></interface>",
    "bridge of red": "<interface type='bridge'><mac address='{}'/><source bridge='virbr-red'/></interface>",
    "macvtap": "<interface type='direct'><mac address='{}'/><source dev='p2' mode='bridge'/></interface>",
    "passthrough": "<interface type='direct'><mac address='{}'/><source dev='p3' mode='passthrough'/></interface>",
}
MEMBERS = ("p2", "p3")
LINKS = [
    {"name": "virbr0", "kind": "bridge"},
    {"name": "br7", "kind": "bridge", "vlan_filtering": False},
    {"name": "p1", "master": "br7", "mtu": 9000},
    {"name": "ovs0", "kind": "openvswitch"},
    "p2",
    "p3",
    "p4",
]


@st.composite
def hosts(draw: Any, name: str) -> dict[str, Any]:
    """With the networks red and blue, each of some kind."""
    networks = []
    for network in ("red", "blue"):
        kind = draw(st.sampled_from(sorted(MODES)))
        body = (
            MODES[kind].replace("virbr0", f"virbr-{network}").replace("10.1.", "10.1." if network == "red" else "10.2.")
        )
        body += GROUPS[draw(st.sampled_from(sorted(GROUPS)))]
        networks.append(
            {
                "xml": f"<network><name>{network}</name>{body}</network>",
                "autostart": draw(st.booleans()),
                "active": draw(st.sampled_from([True, True, True, False])),
            }
        )
    links = [link if isinstance(link, str) else dict(link) for link in LINKS[1:]]
    links += [{"name": f"virbr-{network}", "kind": "bridge"} for network in ("red", "blue")]
    return {"name": name, "networks": networks, "links": links, "ovs_bridges": {"ovs0": ["p4"]}}


@st.composite
def guests(draw: Any, number: int = 1) -> str:
    nics = [
        interface(
            draw(st.sampled_from(["red", "blue"])),
            number * 10 + place,
            draw(st.sampled_from(["", "eng"])),
            draw(st.sampled_from(["", "<link state='down'/>", "<mtu size='1400'/>", "<filterref filter='clean'/>"])),
        )
        for place in range(draw(st.integers(1, 3)))
    ]
    named = draw(st.sampled_from(["", "", *sorted(NAMED)]))
    if named:
        nics.append(NAMED[named].format(f"52:54:00:00:01:{number:02x}"))
    return domain(*nics, name=f"web{number}", number=number)


def only(info: dict[str, Any], key: str, name: str) -> dict[str, Any]:
    return next(item for item in info[key] if item["name"] == name)


def set_link(name: str, **facts: Any) -> Callable[[dict[str, Any]], None]:
    def fault(told: dict[str, Any]) -> None:
        for link in told["links"]:
            if link["name"] == name:
                link.update(facts)

    return fault


def gone(name: str) -> Callable[[dict[str, Any]], None]:
    def fault(told: dict[str, Any]) -> None:
        told["links"] = [link for link in told["links"] if link["name"] != name]
        for pool in told["pools"].values():
            for member in pool["members"]:
                if member["name"] == name:
                    member.update(state="missing", left=0)

    return fault


def each(names: tuple[str, ...], **facts: Any) -> Callable[[dict[str, Any]], None]:
    def fault(told: dict[str, Any]) -> None:
        for name in names:
            set_link(name, **facts)(told) if facts else gone(name)(told)

    return fault


def without(told: dict[str, Any]) -> None:
    told["networks"] = [options for options in told["networks"] if options["name"] != "red"]
    told["pools"].pop("red", None)


def inactive(told: dict[str, Any]) -> None:
    told["details"]["red"].update(active=False, connections=None)


def no_autostart(told: dict[str, Any]) -> None:
    told["details"]["red"]["autostart"] = False


def in_use(told: dict[str, Any]) -> None:
    connections = told["details"]["red"]["connections"] or {}
    connections.update(dict.fromkeys(connections, 1))


def taken(told: dict[str, Any]) -> None:
    nic = {"mac": "52:54:00:00:00:0a", "type": "network", "network": "red", "source": None, "transient": False}
    told["guests"].append({"name": "other", "uuid": "other", "running": True, "nics": [nic], "tcp_ports": []})


def named(told: dict[str, Any]) -> None:
    told["guests"].append({"name": "web1", "uuid": "other", "running": False, "nics": [], "tcp_ports": []})


def memory(told: dict[str, Any]) -> None:
    told["host"]["memory"] = {"total": 1 << 30, "available": 1, "pages": {}}


def machines(told: dict[str, Any]) -> None:
    told["host"]["machines"] = {"x86_64": []}


def kinds(told: dict[str, Any]) -> None:
    told["host"]["domain_types"] = {"x86_64": ["qemu"]}


def no_forwarding(told: dict[str, Any]) -> None:
    told["host"]["forwarding"] = {"ipv4": False, "ipv6": False}


def home(told: dict[str, Any]) -> None:
    told["host"]["uuid"] = "uuid-of-kvm1"


NO_FORWARDING = "no packets passed on"
FAULTS = {
    "network missing": without,
    "network inactive": inactive,
    "no autostart": no_autostart,
    "bridge down": set_link("br7", admin="down"),
    "bridge of its own down": set_link("virbr-red", admin="down"),
    "bridge of its own without address": set_link("virbr-red", addresses=[]),
    NO_FORWARDING: no_forwarding,
    "bridge gone": gone("br7"),
    "bridge of its own gone": gone("virbr-red"),
    "switch gone": gone("ovs0"),
    "uplink without carrier": set_link("p1", carrier=False),
    "uplink out of the bridge": set_link("p1", master=None),
    "uplink small": set_link("p1", mtu=1300),
    "bridge small": set_link("br7", mtu=1300),
    "members gone": each(MEMBERS),
    "members without carrier": each(MEMBERS, carrier=False),
    "members small": each(MEMBERS, mtu=1300),
    "members counted as used": in_use,
    "address taken": taken,
    "name taken": named,
    "little memory": memory,
    "no machine": machines,
    "no kvm": kinds,
    "the same host": home,
}
BLIND = {
    "links": lambda told: told.update(links=None, ovs_bridges=None),
    "guests": lambda told: told.update(guests=None),
    "pools": lambda told: told.update(pools=None),
    "nwfilters": lambda told: told.update(nwfilters=None),
    "memory": lambda told: told["host"].update(memory=None),
    "forwarding": lambda told: told["host"].update(forwarding=None),
    "machines": lambda told: told["host"].update(machines=None),
    "domain types": lambda told: told["host"].update(domain_types=None),
    "uuid": lambda told: told["host"].update(uuid=None),
    "what libvirt says": lambda told: told.update(refusals=None),
}  # fmt: skip


def verdict_of(described_guests: list[dict[str, Any]], told: dict[str, Any]) -> dict[str, Any]:
    told = told if "refusals" in told else answering(told, described_guests)
    return judge_guests(load_guests(described_guests), read_destination(told))


def has_isolated_network(host: dict[str, Any]) -> bool:
    return any("<forward" not in network["xml"] for network in host["networks"])


def rank(verdict: dict[str, Any]) -> int:
    return SEVERITIES.index(verdict["verdict"])


@given(hosts("kvm1"), hosts("kvm2"), guests(), st.lists(st.sampled_from(sorted(FAULTS)), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None)
def test_a_fault_never_improves_a_verdict(source, destination, guest, faults):
    facts, told = [described(source, guest)], info(destination)
    before = verdict_of(facts, told)
    for fault in faults:
        if fault == NO_FORWARDING and has_isolated_network(source):
            continue  # without forwarding, a network of another mode is as isolated as the guest's own
        FAULTS[fault](told)
        after = verdict_of(facts, told)
        assert rank(after) >= rank(before), (fault, before, after)
        for question in ("libvirt_accepts", "keeps_network"):
            if question == "libvirt_accepts" or after["verdicts"][0]["libvirt_accepts"] != "blocked":
                was, now = before["verdicts"][0][question], after["verdicts"][0][question]
                assert SEVERITIES.index(now) >= SEVERITIES.index(was), (fault, question, before, after)
        before = after


@given(hosts("kvm1"), hosts("kvm2"), guests(), st.sampled_from(sorted(BLIND)), st.sampled_from(["", *sorted(FAULTS)]))
@settings(max_examples=300, deadline=None)
def test_what_was_not_looked_at_never_reads_ok(source, destination, guest, part, fault):
    """Whatever would have spoken against the guest, had it been looked at, keeps the verdict from being good."""
    facts, told = [described(source, guest)], info(destination)
    if fault:
        FAULTS[fault](told)
    seeing = verdict_of(facts, told)
    blind = copy.deepcopy(told)
    BLIND[part](blind)
    unseeing = verdict_of(facts, blind)
    if seeing["verdict"] in ("blocked", "unknown"):
        assert unseeing["verdict"] in ("blocked", "unknown"), (part, fault, seeing, unseeing)
    else:
        assert rank(unseeing) >= rank(seeing) or unseeing["verdict"] == "unknown"


def test_every_part_that_matters_is_unknown_without_it():
    """On a host where all is well."""
    red = {"xml": "<network><name>red</name><forward mode='bridge'/><bridge name='br7'/></network>"}
    pool = {"xml": f"<network><name>blue</name>{MODES['passthrough']}</network>"}
    lan = {"xml": f"<network><name>lan</name>{MODES['nat']}</network>"}
    host = {"networks": [red, pool, lan], "links": LINKS, "nwfilters": {"clean": "rules"}}
    nics = [interface(body="<filterref filter='clean'/>"), interface("blue", 2), interface("lan", 3)]
    facts = described({"name": "kvm1", **host}, domain(*nics))
    told = info({"name": "kvm2", **host})
    assert verdict_of([facts], told)["verdict"] == "ok"
    for part, blind in BLIND.items():
        unseeing = copy.deepcopy(told)
        blind(unseeing)
        assert verdict_of([facts], unseeing)["verdict"] == "unknown", part


@given(hosts("kvm1"), hosts("kvm2"), st.lists(st.integers(1, 4), min_size=2, max_size=6), st.data())
@settings(max_examples=150, deadline=None)
def test_nothing_depends_on_the_order_of_guests_networks_or_links(source, destination, numbers, data):
    facts = [described(source, data.draw(guests(number))) for number in numbers]
    told = info(destination)
    shuffle = random.Random(data.draw(st.integers(0, 1000))).shuffle
    other_facts, other = copy.deepcopy(facts), copy.deepcopy(told)
    for items in (other_facts, other["networks"], other["links"], other["guests"]):
        shuffle(items)
    one, two = verdict_of(facts, told), verdict_of(other_facts, other)
    places = [facts.index(guest) for guest in other_facts]
    assert [item["verdict"] for item in two["verdicts"]] == [one["verdicts"][place]["verdict"] for place in places]
    assert sorted(map(repr, two["verdicts"])) == sorted(map(repr, one["verdicts"]))


@given(hosts("kvm1"), hosts("kvm2"), st.lists(st.integers(1, 5), min_size=1, max_size=6, unique=True), st.data())
@settings(max_examples=150, deadline=None)
def test_a_guest_alone_is_judged_the_same_among_others(source, destination, numbers, data):
    facts = [described(source, data.draw(guests(number))) for number in numbers]
    told = info(destination)
    together = verdict_of(facts, told)["verdicts"]
    for guest, among in zip(facts, together):
        alone = verdict_of([guest], told)["verdicts"][0]
        assert [finding for finding in among["findings"] if not finding["batch"]] == alone["findings"]
        assert among["alone"] == alone["verdict"]
        assert SEVERITIES.index(among["verdict"]) >= SEVERITIES.index(alone["verdict"])


@given(hosts("kvm1"), guests())
@settings(max_examples=150, deadline=None)
def test_an_equal_host_keeps_everything(host, guest):
    """But for what libvirt would refuse there too, and that a NIC names a device, nothing is found."""
    facts = described(host, guest)
    there = info({**host, "name": "kvm2"})
    findings = verdict_of([facts], there)["verdicts"][0]["findings"]
    found = [finding for finding in findings if finding["code"] != "NIC_NOT_BY_NAME"]
    worse = [
        finding for finding in found if finding["question"] == "keeps_network" and finding["severity"] != "unknown"
    ]
    assert worse == [], worse


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
    )
)
@settings(max_examples=100, deadline=None)
def test_a_guest_that_is_none_is_unknown(rubbish):
    told = info({"name": "kvm2"})
    verdict = verdict_of([rubbish], told)
    assert verdict["verdict"] == "unknown"


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to every key of every mapping in there."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [(*here, key) for key, _item in items if isinstance(value, dict)]
    return found + [path for key, item in items for path in paths(item, (*here, key))]


def cut(value: Any, way: list[Any], instead: Any) -> Any:
    """A copy in which what is there is gone or something else."""
    value = copy.deepcopy(value)
    here = value
    for step in way[:-1]:
        here = here[step]
    if instead == "gone":
        del here[way[-1]]
    else:
        here[way[-1]] = instead
    return value


INSTEAD = st.sampled_from(["gone", None, [], {}, 7, True, "x", [7], {"x": 7}])


def no_rule_failed(result: dict[str, Any]) -> None:
    findings = [finding for verdict in result["verdicts"] for finding in verdict["findings"]]
    assert [finding for finding in findings if finding["code"] == "UNEXPECTED"] == []


@given(hosts("kvm1"), guests(), st.data(), INSTEAD)
@settings(max_examples=200, deadline=None)
def test_a_damaged_description_is_found_before_any_rule_runs(host, guest, data, instead):
    """A key that is gone or is something else, at any depth. The guest beside it is judged as if it were not there."""
    facts = described(host, guest)
    told = info({**host, "name": "kvm2"})
    beside = described(host, domain(name="beside", number=77))
    whole = verdict_of([beside], told)["verdicts"][0]
    way = list(data.draw(st.sampled_from(paths(facts))))
    result = verdict_of([cut(facts, way, instead), beside], told)
    no_rule_failed(result)
    assert [finding for finding in result["verdicts"][1]["findings"] if not finding["batch"]] == whole["findings"]
    if instead == "gone" and len(way) == 1:
        optional = ("persistent", "paused", "arriving", "gathered", "emulator", "unsafe", "origin", "vcpus", "saved")
        added = ("security_models", "not_understood", "question", "sockets", "accounts", "own_files")
        verdicts = {"unknown", "blocked"} if way[0] in added else {"unknown"}
        assert result["verdicts"][0]["verdict"] in verdicts or way[0] in optional


@given(hosts("kvm1"), guests(), st.data(), INSTEAD)
@settings(max_examples=200, deadline=None)
def test_a_damaged_destination_is_found_before_any_rule_runs(host, guest, data, instead):
    facts = described(host, guest)
    told = info({**host, "name": "kvm2"})
    way = list(data.draw(st.sampled_from(paths(told))))
    try:
        there = read_destination(cut(told, way, instead))
    except VirtfleetError:
        return
    no_rule_failed(judge_guests(load_guests([facts]), there))
