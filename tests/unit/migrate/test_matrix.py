# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix of guests by hosts, and the look back after a migration."""

from __future__ import annotations

import copy

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.virtfleet.network.plugins.filter.migrate_candidates import migrate_candidates
from ansible_collections.virtfleet.network.plugins.filter.migrate_kept import migrate_kept
from ansible_collections.virtfleet.network.plugins.filter.migrate_lookups import migrate_lookups
from ansible_collections.virtfleet.network.plugins.filter.migrate_matrix import migrate_matrix
from ansible_collections.virtfleet.network.plugins.filter.migrate_verdicts import migrate_verdicts

from .paper import answering, described, domain, info, interface

NAT = (
    "<network><name>red</name><forward mode='nat'/><bridge name='virbr0'/><ip address='10.1.0.1' prefix='24'/>"
    "</network>"
)
POOL = "<network><name>fast</name><forward mode='passthrough'>{}</forward></network>"
LINKS = [{"name": "virbr0", "kind": "bridge"}, "p1", "p2"]


def host(name, *, members=("p1", "p2"), **red):
    pool = POOL.format("".join(f"<interface dev='{member}'/>" for member in members))
    return {"name": name, "networks": [{"xml": NAT, **red}, pool], "links": LINKS}


def told(source, *guests):
    return {"guests": [described(source, xml) for xml in guests]}


WEB1 = domain(interface(), name="web1", number=1)
WEB2 = domain(interface("fast", 2), name="web2", number=2)
WEB3 = domain(interface("fast", 3), name="web3", number=3)
HOSTS = {
    "kvm1": host("kvm1"),
    "kvm2": host("kvm2", active=False),
    "kvm3": host("kvm3", autostart=False, members=("p1",)),
}


def judged(found):
    """As the role does it: every host judges the guests of the others."""
    return {
        name: migrate_verdicts(
            [guest for other, facts in found.items() if other != name for guest in facts.get("guests", ())],
            {name: saved(facts)},
        )[name]
        for name, facts in HOSTS.items()
    }


def saved(facts):
    return answering(info(facts), [described(HOSTS["kvm1"], xml) for xml in (WEB1, WEB2, WEB3)])


FOUND = {"kvm1": told(HOSTS["kvm1"], WEB1, WEB2, WEB3), "kvm2": {"guests": []}, "kvm3": {"guests": []}}


def test_guests_by_hosts():
    result = migrate_matrix(FOUND, judged(FOUND))
    assert result["lines"] == [
        "guest  on    kvm1  kvm2            kvm3",
        "-----  ----  ----  --------------  ------------------",
        "web1   kvm1  =     x NET_INACTIVE  ! NET_NO_AUTOSTART",
        "web2   kvm1  =     + ok            + ok",
        "web3   kvm1  =     + ok            + ok",
        "(+ ok, ! warning, ? unknown, x blocked, = current host)",
        "",
        "Best candidates:",
        "  web1: kvm3",
        "  web2, web3: kvm2, kvm3",
        "",
        "Reasons:",
        "x kvm2: NET_INACTIVE: Network 'red' on kvm2 is not active. (web1)",
        "    repair: virtfleet.network.virt_network {'name': 'red', 'state': 'active'}",
        "! kvm3: NET_NO_AUTOSTART: Network 'red' on kvm3 does not start at boot. (web1)",
        "    repair: virtfleet.network.virt_network {'name': 'red', 'autostart': True}",
    ]
    assert result["problems"] == []
    assert result["repairs"] == [
        {"host": "kvm2", "module": "virtfleet.network.virt_network", "arguments": {"name": "red", "state": "active"}},
        {"host": "kvm3", "module": "virtfleet.network.virt_network", "arguments": {"name": "red", "autostart": True}},
    ]


def fleet_of(hosts, guests_on_each, broken):
    """Hosts with guests; on every host in broken the network is inactive."""
    found, facts, number = {}, {}, 0
    for place in range(1, hosts + 1):
        name = f"kvm{place}"
        guests = []
        for _guest in range(guests_on_each):
            number += 1
            guests.append(described(host(name), domain(interface(number=number), name=f"vm{number}", number=number)))
        found[name] = {"guests": guests}
        facts[name] = answering(info(host(name, active=name not in broken)), guests)
    return found, facts


def test_a_matrix_that_is_too_wide_turns():
    found, facts = fleet_of(20, 0, {"kvm4"})
    found["kvm1"]["guests"] = fleet_of(1, 3, ())[0]["kvm1"]["guests"]
    facts = {name: answering(answer, found["kvm1"]["guests"]) for name, answer in facts.items()}
    lines = migrate_candidates(found, facts)["lines"]
    assert lines[:10] == [
        "host                    vm1             vm2             vm3",
        "----------------------  --------------  --------------  --------------",
        "kvm1                    =               =               =",
        "kvm2, kvm3, kvm5-kvm20  + ok            + ok            + ok",
        "kvm4                    x NET_INACTIVE  x NET_INACTIVE  x NET_INACTIVE",
        "(+ ok, ! warning, ? unknown, x blocked, = current host)",
        "",
        "Best candidates:",
        "  vm1-vm3: kvm2, kvm3, kvm5-kvm20",
        "",
    ]


def test_a_matrix_that_does_not_fit_either_way_has_the_exceptions():
    broken = {"kvm4", "kvm19", "kvm20"}
    result = migrate_candidates(*fleet_of(20, 4, broken))
    assert max(map(len, result["lines"])) < 100
    assert result["lines"] == [
        "80 guests, 20 hosts. Only hosts that are not ok are listed.",
        "  vm1-vm12, vm17-vm72",
        "  x NET_INACTIVE: kvm4, kvm19, kvm20",
        "  vm13-vm16",
        "  x NET_INACTIVE: kvm19, kvm20",
        "  vm73-vm76",
        "  x NET_INACTIVE: kvm4, kvm20",
        "  vm77-vm80",
        "  x NET_INACTIVE: kvm4, kvm19",
        "",
        "Reasons:",
        "x kvm4, kvm19, kvm20: NET_INACTIVE: Network 'red' on kvm4, kvm19, kvm20 is not active. (vm1-vm80)",
        "    repair: virtfleet.network.virt_network {'name': 'red', 'state': 'active'}",
    ]


def test_hosts_are_one_reason_only_where_it_concerns_the_same_guests():
    found, facts = fleet_of(3, 1, {"kvm2", "kvm3"})
    reasons = [line for line in migrate_candidates(found, facts)["lines"] if "NET_INACTIVE:" in line]
    assert reasons == ["x kvm2, kvm3: NET_INACTIVE: Network 'red' on kvm2, kvm3 is not active. (vm1-vm3)"]
    # On kvm3 it concerns another guest as well, which kvm2 does not refuse for it.
    del facts["kvm2"]
    found["kvm1"]["guests"] += fleet_of(1, 4, ())[0]["kvm1"]["guests"][3:]
    facts = {name: answering(answer, found["kvm1"]["guests"]) for name, answer in facts.items()}
    reasons = [line for line in migrate_candidates(found, facts)["lines"] if "NET_INACTIVE:" in line]
    assert reasons == ["x kvm3: NET_INACTIVE: Network 'red' on kvm3 is not active. (vm1, vm2, vm4)"]


def test_a_hosts_name_is_not_looked_for_in_sentences():
    """Hosts may be called like words of a sentence, or like the network."""
    found, facts = fleet_of(3, 1, {"kvm2", "kvm3"})
    names = {"kvm1": "kvm1", "kvm2": "red", "kvm3": "active"}
    found, facts = ({names[host]: one for host, one in told.items()} for told in (found, facts))
    reasons = [line for line in migrate_candidates(found, facts)["lines"] if "NET_INACTIVE:" in line]
    assert reasons == ["x active, red: NET_INACTIVE: Network 'red' on active, red is not active. (vm1-vm3)"]


def test_all_to_one_host_are_judged_together():
    result = migrate_matrix(FOUND, judged(FOUND), "kvm3")
    assert result["lines"][:5] == [
        "guest  on    kvm3",
        "-----  ----  ----------------------",
        "web1   kvm1  ! NET_NO_AUTOSTART",
        "web2   kvm1  x POOL_BATCH_EXHAUSTED",
        "web3   kvm1  x POOL_BATCH_EXHAUSTED",
    ]
    assert result["problems"] == [
        f"{name} cannot migrate to kvm3: 2 NICs need members of network 'fast' on kvm3, which has 1 free."
        for name in ("web2", "web3")
    ]


def test_a_host_without_an_answer_is_unknown_and_no_place_to_go():
    silent = {"unreachable": True, "msg": "No route to host"}
    found = {**FOUND, "kvm3": silent}
    checked = {**judged({"kvm1": FOUND["kvm1"]}), "kvm3": silent}
    result = migrate_matrix(found, checked)
    row = result["guests"][0]
    assert row["cells"]["kvm3"]["verdict"] == "unknown"
    assert row["best"] == []
    assert result["problems"] == [
        ("web1 on kvm1 cannot migrate to any host: kvm2: Network 'red' on kvm2 is not active.; kvm3: No route to host")
    ]
    assert "? kvm3: the guests of this host are unknown: No route to host" in result["lines"]
    for answer in (None, {}, {"failed": True, "msg": "libvirt is missing"}, {"skipped": True}):
        assert migrate_matrix(found, {**checked, "kvm3": answer})["guests"][0]["cells"]["kvm3"]["verdict"] == "unknown"


def test_a_guest_that_is_defined_elsewhere_too_is_where_it_runs():
    found = copy.deepcopy(FOUND)
    found["kvm2"]["guests"] = [described(HOSTS["kvm2"], WEB1, running=False)]
    rows = migrate_matrix(found, judged(found))["guests"]
    assert [(row["guest"], row["host"]) for row in rows] == [("web1", "kvm1"), ("web2", "kvm1"), ("web3", "kvm1")]


def test_nothing_to_judge_and_a_destination_that_is_none():
    assert migrate_matrix({}, {})["lines"] == ["There are no guests to check."]
    result = migrate_matrix(FOUND, judged(FOUND), "kvm9")
    assert result["problems"][0] == "kvm9 is not among the hosts of this play (kvm1-kvm3)."


@pytest.mark.parametrize("rubbish", ["", [], 7, {"kvm1": 7}, {"kvm1": {"guests": [7]}}])
def test_rubbish_is_a_sentence(rubbish):
    if isinstance(rubbish, dict):
        said = migrate_matrix(rubbish, {})["lines"]
        assert any(line.startswith("? kvm1: the guests of this host are unknown: ") for line in said)
    else:
        with pytest.raises(AnsibleFilterError, match="needs"):
            migrate_matrix(rubbish, {})
    (broken,) = migrate_kept(rubbish, rubbish)["broken"]
    assert broken.startswith("It is unknown what the guest kept: its description from before the migration ")
    whole = described(HOSTS["kvm1"], WEB1)
    (broken,) = migrate_kept(whole, rubbish)["broken"]
    assert broken.startswith("It is unknown what the guest kept: its description from after the migration ")
    assert_unknown({"kvm1": rubbish}, "kvm1", "UNKNOWN")


def assert_unknown(facts, host, code):
    """Only for this host; the others are judged as before."""
    good = info(HOSTS["kvm3"])
    guests = [described(HOSTS["kvm1"], WEB1)]
    result = migrate_verdicts(guests, {**facts, "kvm3": good})
    assert result["kvm3"] == migrate_verdicts(guests, {"kvm3": good})["kvm3"]
    (verdict,) = result[host]["verdicts"]
    assert (result[host]["destination"], result[host]["verdict"], verdict["verdict"]) == (host, "unknown", "unknown")
    (finding,) = verdict["findings"]
    assert finding["code"] == code
    return finding["sentence"]


def test_what_a_guest_kept():
    before = described(HOSTS["kvm1"], WEB1)
    after = described(HOSTS["kvm3"], WEB1)
    for nic in (before["nics"][0], after["nics"][0]):
        nic["attached"] = True
    assert migrate_kept(before, after) == {
        "lines": ["NIC 52:54:00:00:00:01 of web1: network red (network) on kvm1, network red (network) on kvm3"],
        "broken": [],
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda guest: guest.update(running=False), "web1 does not run on kvm3."),
        (lambda guest: guest.update(paused=True), "web1 is paused on kvm3; it was not paused before."),
        (lambda guest: guest.update(nics=[]), "NIC 52:54:00:00:00:01 of web1 is missing on kvm3."),
        (lambda guest: guest["nics"][0].update(attached=False), "is not plugged into network 'red'."),
        (lambda guest: guest["nics"][0].update(network="blue"), "is in network blue (network); it was in network red"),
        (lambda guest: guest["nics"][0].update(settings=None), "which does not exist there."),
        (lambda guest: guest["nics"][0]["settings"].update(reach="l2"), "has a different reach than before."),
        (
            lambda guest: guest["nics"][0]["settings"].update(mtu=1300),
            "passes frames of up to 1300 bytes; before",
        ),
    ],
)
def test_what_a_guest_lost(change, said):
    before, after = described(HOSTS["kvm1"], WEB1), described(HOSTS["kvm3"], WEB1)
    after["nics"][0]["attached"] = True
    change(after)
    broken = migrate_kept(before, after)["broken"]
    assert len(broken) == 1
    assert said in broken[0]


@pytest.mark.parametrize("part", ["host", "networks", "details", "links", "pools", "transient", "format"])
def test_a_destination_that_is_cut_off_is_a_sentence(part):
    whole = info(HOSTS["kvm1"])
    del whole[part]
    assert "kvm1" in assert_unknown({"kvm1": whole}, "kvm1", "UNKNOWN")


@pytest.mark.parametrize("key", ["name", "kind", "mtu", "admin", "carrier", "master"])
def test_a_link_that_is_cut_off_is_a_sentence(key):
    whole = info(HOSTS["kvm1"])
    del whole["links"][1][key]
    assert "not a complete result of virt_network_info" in assert_unknown({"kvm1": whole}, "kvm1", "UNKNOWN")


@pytest.mark.parametrize("failed", [{"failed": True}, {"unreachable": True}])
def test_a_result_of_a_failed_task_is_no_answer(failed):
    """Even with networks in it, as for the audit and for adopting."""
    answer = {**info(HOSTS["kvm1"]), **failed, "msg": "No route to host"}
    code = "DAEMON_UNREACHABLE" if "unreachable" in failed else "UNKNOWN"
    assert "No route to host" in assert_unknown({"kvm1": answer}, "kvm1", code)
    cell = migrate_candidates(FOUND, {"kvm2": answer, "kvm3": saved(HOSTS["kvm3"])})["guests"][0]["cells"]["kvm2"]
    assert (cell["verdict"], cell["findings"][0]["code"]) == ("unknown", code)


def test_judging_facts_is_what_hosts_say_of_themselves():
    """The matrix that the controller judges is the one of the verdicts that each host would give itself."""
    facts = {name: saved(facts) for name, facts in HOSTS.items()}
    for destination in (None, "kvm3"):
        theirs = migrate_matrix(FOUND, judged(FOUND), destination)
        ours = migrate_candidates(FOUND, facts, destination)
        assert ours == theirs
    rated = migrate_candidates(FOUND, facts, policy={"NET_INACTIVE": "ok"})
    assert rated["guests"][0]["cells"]["kvm2"]["verdict"] == "ok"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (None, "UNKNOWN"),
        ({"msg": "libvirt is missing", "code": "DEPENDENCY_MISSING"}, "UNKNOWN"),
        ({"msg": "The daemon is silent.", "code": "DAEMON_SILENT"}, "DAEMON_UNREACHABLE"),
        ({"msg": "No route to host", "unreachable": True}, "DAEMON_UNREACHABLE"),
        ({"networks": [], "host": {}}, "UNKNOWN"),
    ],
)
def test_a_host_without_facts_is_unknown(answer, code):
    facts = {"kvm2": answer, "kvm3": saved(HOSTS["kvm3"])}
    cells = migrate_candidates(FOUND, facts)["guests"][0]["cells"]
    assert (cells["kvm2"]["verdict"], cells["kvm2"]["findings"][0]["code"]) == ("unknown", code)
    assert cells["kvm3"]["verdict"] == "warning"


def test_what_a_host_is_sent_grows_with_what_guests_need_and_not_with_their_number():
    disks = [f"<disk type='file' device='disk'><source file='/srv/{n}.img'/><target dev='vda'/></disk>" for n in (1, 2)]
    domains = [domain(interface(), name=f"g{n}", number=n, devices=disks[n % 2]) for n in range(40)]
    fleet = [described(HOSTS["kvm1"], xml) for xml in domains]
    few, many = migrate_lookups(fleet[:2]), migrate_lookups(fleet)
    assert many == few
    assert many["paths"] == ["/srv/1.img", "/srv/2.img", "/usr/bin/qemu-system-x86_64"]
    assert migrate_lookups([*fleet, "rubbish", {}]) == many
    with pytest.raises(AnsibleFilterError):
        migrate_lookups({})
