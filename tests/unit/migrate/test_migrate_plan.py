# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter: what the modules returned -> a plan."""

from __future__ import annotations

import builtins

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.virtfleet.network.plugins.filter.migrate_plan import migrate_plan
from ansible_collections.virtfleet.network.plugins.filter.migrate_resilience import migrate_resilience

from .paper import answering, described, domain, info, interface

NAT = (
    "<network><name>red</name><forward mode='nat'/><bridge name='virbr0'/><ip address='10.1.0.1' prefix='24'/>"
    "</network>"
)
POOL = "<network><name>fast</name><forward mode='passthrough'>{}</forward></network>"
WEB = [domain(interface("red", number), name=f"web{number}", number=number) for number in (1, 2)]
FAST = [domain(interface("fast", number), name=f"fast{number}", number=number) for number in (3, 4, 5)]


def host(name, members=("p1", "p2"), guests=(), dead=(), **more):
    links = [{"name": "virbr0", "kind": "bridge"}]
    links += [{"name": nic, "carrier": nic not in dead} for nic in ("p1", "p2", "p3")]
    pool = POOL.format("".join(f"<interface dev='{member}'/>" for member in members))
    return {"name": name, "networks": [NAT, pool], "links": links, "guests": list(guests), **more}


def fleet(hosts, guests):
    """hosts: name -> host; guests: name -> the XML of what runs there."""
    found = {name: {"guests": [described(hosts[name], xml) for xml in guests.get(name, ())]} for name in hosts}
    everyone = [guest for one in found.values() for guest in one["guests"]]
    return found, {name: answering(info(facts), everyone) for name, facts in hosts.items()}


def steps(plan):
    return [(step["guest"], step["source"], step["destination"]) for step in plan["steps"]]


def three(**kvm1):
    return {"kvm1": host("kvm1", **kvm1), "kvm2": host("kvm2", members=("p1",)), "kvm3": host("kvm3")}


def test_every_guest_leaves():
    plan = migrate_plan(*fleet(three(), {"kvm3": [*WEB, *FAST]}), sources=["kvm3"])
    assert [step["guest"] for step in plan["steps"]] == ["fast3", "fast4", "fast5", "web1", "web2"]
    assert [step["destination"] for step in plan["steps"]].count("kvm2") >= 1
    assert not plan["stays"]
    assert plan["optimal"]
    assert plan["lines"][0].split() == ["step", "round", "guest", "from", "to", "verdict"]


def test_members_are_counted_over_all_guests():
    plan = migrate_plan(*fleet(three(members=("p1",)), {"kvm3": FAST}), sources=["kvm3"])
    assert len(plan["steps"]) == 2
    (stays,) = plan["stays"]
    assert stays["code"] == "ROOM_SHORT"
    assert stays["sentence"] == "Short by 1 member of network 'fast' on kvm1 and kvm2."
    (addition,) = plan["additions"]
    assert (addition["kind"], addition["name"], addition["amount"]) == ("members", "fast", 1)


def plugged(number, member):
    """fast4 and the like, with its member."""
    source = f"<source network='fast' dev='{member}' mode='passthrough'/>"
    return domain(f"<interface type='direct'><mac address='52:54:00:00:00:{number:02x}'/>{source}<model type='virtio'/>"
                  "</interface>", name=f"fast{number}", number=number)  # fmt: skip


def full(**others):
    """The first member of kvm1 and kvm2 is in use, as libvirt counts too; others: further members of theirs."""
    guests = {"kvm1": [plugged(4, "p1")], "kvm2": [plugged(5, "p1")], "kvm3": FAST[:1]}
    hosts = {}
    for name in ("kvm1", "kvm2"):
        members = ["<interface dev='p1' connections='1'/>", *(f"<interface dev='{m}'/>" for m in others.get(name, ()))]
        pool = POOL.format("".join(members)).replace("<network>", "<network connections='1'>")
        hosts[name] = {**host(name, guests=guests[name]), "networks": [NAT, pool]}
    return fleet({**hosts, "kvm3": host("kvm3")}, guests)


def test_a_full_pool_is_short_of_members():
    plan = migrate_plan(*full(), sources=["kvm3"])
    (stays,) = plan["stays"]
    assert stays["code"] == "ROOM_SHORT"
    assert stays["sentence"] == "Short by 1 member of network 'fast' on kvm1 and kvm2."
    (addition,) = stays["additions"]
    assert (addition["kind"], addition["name"], addition["amount"]) == ("members", "fast", 1)
    more = migrate_plan(*full(**{addition["host"]: ["p2"]}), sources=["kvm3"])
    assert (steps(more), more["stays"]) == ([("fast3", "kvm3", addition["host"])], [])


def test_a_guest_with_a_member_of_a_full_pool_makes_room():
    found = full(kvm2=["p2"])
    plan = migrate_plan(*found, sources=["kvm3"], pin={"fast3": ["kvm1"]})
    assert steps(plan) == [("fast4", "kvm1", "kvm2"), ("fast3", "kvm3", "kvm1")]
    assert [(step["verdict"], step["after"]) for step in plan["steps"]] == [("ok", []), ("ok", [0])]


def test_members_that_libvirt_counts_wrongly_are_recounted_first():
    hosts = three(members=("p1",))
    del hosts["kvm2"]
    counted = POOL.format("<interface dev='p1' connections='1'/>")
    hosts["kvm1"]["networks"][1] = {"xml": counted, "connections": {"p1": 1}}
    (stays,) = migrate_plan(*fleet(hosts, {"kvm3": FAST[:1]}), sources=["kvm3"])["stays"]
    assert (stays["code"], stays["obstacles"]) == ("NO_DESTINATION", {"kvm1": "POOL_EXHAUSTED"})
    assert [repair["module"] for repair in stays["repairs"]] == ["virtfleet.network.virt_iface_pool"]


def test_a_member_that_leads_nowhere_is_no_room():
    """libvirt would hand p2 out second."""
    plan = migrate_plan(*fleet(three(dead=("p2",)), {"kvm3": FAST}), sources=["kvm3"])
    assert len(plan["steps"]) == 2
    assert len(plan["stays"]) == 1


def test_cpus_are_counted_by_the_ratio():
    """Two guests with two virtual ones each, for a host with one."""
    web = [xml.replace("<os>", "<vcpu>2</vcpu><os>") for xml in WEB]
    found, facts = fleet({name: one for name, one in three().items() if name != "kvm2"}, {"kvm3": web})
    facts["kvm1"]["host"]["cpus"] = 1
    assert len(migrate_plan(found, facts, sources=["kvm3"])["steps"]) == 2
    assert len(migrate_plan(found, facts, sources=["kvm3"], cpu_ratio=4)["steps"]) == 2
    (stays,) = migrate_plan(found, facts, sources=["kvm3"], cpu_ratio=3)["stays"]
    assert stays["sentence"] == "Short by 1 virtual CPU on kvm1."


def test_who_cannot_go_anywhere_says_why():
    hosts = three()
    hosts["kvm1"]["networks"] = hosts["kvm2"]["networks"] = [POOL.format("<interface dev='p1'/>")]
    plan = migrate_plan(*fleet(hosts, {"kvm3": WEB[:1]}), sources=["kvm3"])
    (stays,) = plan["stays"]
    assert stays["code"] == "NO_DESTINATION"
    assert stays["obstacles"] == {"kvm1": "NET_MISSING", "kvm2": "NET_MISSING"}
    assert stays["sentence"].startswith("No host can accept it: kvm1: NET_MISSING: ")
    assert stays["repairs"]


def test_rules_on_names():
    found = fleet(three(), {"kvm3": WEB})
    apart = migrate_plan(*found, sources=["kvm3"], apart=[["web*"]])
    assert {step["destination"] for step in apart["steps"]} == {"kvm1", "kvm2"}
    together = migrate_plan(*found, sources=["kvm3"], together=[["web*"]])
    assert len({step["destination"] for step in together["steps"]}) == 1
    pinned = migrate_plan(*found, sources=["kvm3"], pin={"web1": ["kvm2"]})
    assert ("web1", "kvm3", "kvm2") in steps(pinned)
    away = migrate_plan(*found, sources=["kvm3"], avoid=["kvm1"])
    assert {step["destination"] for step in away["steps"]} == {"kvm2"}
    nowhere = migrate_plan(*found, sources=["kvm3"], pin={"web*": ["kvm3"]})
    assert [one["obstacles"]["kvm1"] for one in nowhere["stays"]] == ["PINNED", "PINNED"]


def test_a_host_that_did_not_answer_takes_no_guest():
    found, facts = fleet(three(), {"kvm3": WEB})
    facts["kvm1"] = {"msg": "Failed to connect.", "unreachable": True}
    plan = migrate_plan(found, facts, sources=["kvm3"])
    assert {step["destination"] for step in plan["steps"]} == {"kvm2"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sources": ["kvm9"]}, "PLAN_INVALID: sources has kvm9, which is not among the hosts"),
        ({}, "PLAN_INVALID: sources is empty"),
        ({"sources": "kvm3"}, "PLAN_INVALID: sources must be a list of strings"),
        ({"sources": ["kvm3"], "accept": "blocked"}, "PLAN_INVALID: accept is 'blocked'"),
        ({"sources": ["kvm3"], "per_host": 0}, "PLAN_INVALID: per_host is 0"),
        ({"sources": ["kvm3"], "memory_reserve": "4 GiB"}, "PLAN_INVALID: memory_reserve is '4 GiB'"),
        ({"sources": ["kvm3"], "apart": "web*"}, "PLAN_INVALID: apart must be a list of lists"),
        ({"sources": ["kvm3"], "reserve": 1}, "migrate_plan has no option reserve"),
        ({"sources": ["kvm3"], "memory_reserve": -1}, "PLAN_INVALID: memory_reserve is -1"),
        ({"sources": ["kvm3"], "memory_reserve": float("nan")}, "PLAN_INVALID: memory_reserve is nan"),
        ({"sources": ["kvm3"], "cpu_ratio": float("inf")}, "PLAN_INVALID: cpu_ratio is inf"),
        ({"sources": ["kvm3"], "cpu_ratio": 0}, "PLAN_INVALID: cpu_ratio is 0"),
        ({"sources": ["kvm3"], "at_once": float("inf")}, "PLAN_INVALID: at_once is inf"),
        ({"sources": ["kvm3"], "seconds": 0}, "PLAN_INVALID: seconds is 0"),
        ({"sources": ["kvm3"], "per_host": 1.5}, "PLAN_INVALID: per_host is 1.5; it must be a whole number"),
        ({"sources": ["kvm3"], "cpu_ratio": 1e308}, "PLAN_INVALID: cpu_ratio is 1e.308; it must be a number from"),
        ({"sources": ["kvm3"], "memory_reserve": 10**400}, "PLAN_INVALID: memory_reserve is 1"),
        ({"sources": ["kvm3"], "others": "no"}, "PLAN_INVALID: others is 'no'; it must be true or false"),
        ({"sources": ["kvm3"], "pin": {"web*": ["kvm9"]}}, "PLAN_INVALID: pin has kvm9, which is not among the hosts"),
        ({"sources": ["kvm3"], "apart": 3}, "PLAN_INVALID: apart must be a list of lists"),
        ({"sources": ["kvm3"], "together": [3]}, "PLAN_INVALID: together must be a list of strings"),
        ({"sources": 3}, "PLAN_INVALID: sources must be a list of strings"),
    ],
)
def test_options_that_cannot_be_used(options, said):
    with pytest.raises(AnsibleFilterError, match=said):
        migrate_plan(*fleet(three(), {}), **options)


def test_rules_that_no_guest_falls_under_change_nothing():
    found = fleet(three(), {"kvm3": WEB})
    rules = {"apart": [[], ["db*"]], "together": [[], ["db*"]], "pin": {"db*": ["kvm1"]}}
    assert steps(migrate_plan(*found, sources=["kvm3"], **rules)) == steps(migrate_plan(*found, sources=["kvm3"]))


def test_a_reserve_that_is_more_than_a_host_has_leaves_every_guest_behind():
    memory = {"total": 8 << 20, "available": 6 << 20, "pages": {}}
    hosts = {name: host(name, memory=memory) for name in ("kvm1", "kvm3")}
    found, facts = fleet(hosts, {"kvm3": WEB})
    plan = migrate_plan(found, facts, sources=["kvm3"], memory_reserve=1 << 20)
    assert (plan["steps"], [stay["code"] for stay in plan["stays"]]) == ([], ["ROOM_SHORT", "ROOM_SHORT"])
    # What the reserve lacks has to be there too.
    lacking = (1 << 30) - (6 << 20)
    assert [one["short"][0]["amount"] for one in plan["stays"]] == [lacking + (1 << 20)] * 2
    (added,) = plan["additions"]
    assert (added["host"], added["kind"], added["amount"]) == ("kvm1", "memory", lacking + (2 << 20))
    facts["kvm1"]["host"]["memory"]["available"] += added["amount"]
    facts["kvm1"]["host"]["memory"]["total"] += added["amount"]
    assert not migrate_plan(found, facts, sources=["kvm3"], memory_reserve=1 << 20)["stays"]


def test_when_every_host_is_to_be_emptied_no_guest_moves():
    plan = migrate_plan(*fleet(three(), {"kvm1": FAST[:1], "kvm3": WEB}), sources=["kvm1", "kvm2", "kvm3"])
    assert plan["steps"] == []
    assert [(one["guest"], set(one["obstacles"].values())) for one in plan["stays"]] == [
        (name, {"MAINTENANCE"}) for name in ("fast3", "web1", "web2")
    ]


def test_a_host_with_facts_of_another_version_takes_no_guest():
    found, facts = fleet(three(), {"kvm3": WEB})
    facts["kvm1"]["format"] = 1
    plan = migrate_plan(found, facts, sources=["kvm3"])
    assert {step["destination"] for step in plan["steps"]} == {"kvm2"}
    assert not plan["stays"]


def test_a_guest_that_does_not_run_frees_no_member():
    """fast5 has the only member of kvm2, where late is defined and could go to kvm1; fast3 may only go to kvm2."""
    found, facts = full(kvm1=["p2"])
    late = described(host("kvm2"), domain(interface("fast", 6), name="late", number=6))
    found["kvm2"]["guests"].append({**late, "running": False})
    plan = migrate_plan(found, facts, sources=["kvm3"], pin={"fast3": ["kvm2"], "fast5": ["kvm2"]})
    assert steps(plan) == []
    assert [stay["guest"] for stay in plan["stays"]] == ["fast3"]


def on_its_way(hosts, **options):
    """web1 migrates from kvm2 to kvm1, where it waits for its memory; kvm3 has web2."""
    found, facts = fleet(hosts, {"kvm1": WEB[:1], "kvm2": WEB[:1], "kvm3": WEB[1:]})
    found["kvm1"]["guests"][0].update(paused=True, arriving=True)
    found["kvm2"]["guests"][0]["blockers"] = ["another libvirt job is running on it"]
    return migrate_plan(found, facts, **options)


def test_a_migration_in_progress_is_waited_for():
    """Such as one that a run began whose controller was killed."""
    plan = on_its_way(three(), sources=["kvm2"])
    assert steps(plan) == [("web1", "kvm2", "kvm1")]
    assert plan["steps"][0]["verdict"] == "ok"
    assert not plan["stays"]


def test_a_migration_in_progress_to_a_host_that_is_to_be_emptied_keeps_it_from_being_empty():
    plan = on_its_way(three(), sources=["kvm1"])
    assert steps(plan) == []
    assert [(one["guest"], one["host"], one["obstacles"]) for one in plan["stays"]] == [
        ("web1", "kvm1", {"kvm1": "MAINTENANCE", "kvm3": "GUEST_BLOCKED"})
    ]


def test_a_migration_in_progress_between_other_hosts_is_left_alone():
    plan = on_its_way(three(), sources=["kvm3"])
    assert [step["guest"] for step in plan["steps"]] == ["web2"]
    assert not plan["stays"]


def test_data_of_no_module():
    with pytest.raises(AnsibleFilterError, match="two mappings"):
        migrate_plan([], {}, sources=["kvm3"])
    plan = migrate_plan({"kvm3": {"guests": [{}]}}, {}, sources=["kvm3"])
    assert (plan["steps"], plan["stays"]) == ([], [])


def test_without_the_solver(monkeypatch):
    real = builtins.__import__

    def fail(name, *args, **kwargs):
        if name.startswith("scipy"):
            raise ImportError("No module named 'scipy'")
        return real(name, *args, **kwargs)

    found = fleet(three(), {"kvm3": WEB})
    monkeypatch.setattr(builtins, "__import__", fail)
    with pytest.raises(AnsibleFilterError, match="SOLVER_MISSING: Planning needs scipy"):
        migrate_plan(*found, sources=["kvm3"])


def twice(names, **told):
    """kvm2 is in the inventory a second time, under another name."""
    found, facts = fleet(three(**told), {"kvm3": FAST})
    for name in names:
        found[name], facts[name] = found["kvm2"], facts["kvm2"]
    return found, facts


def test_a_host_with_two_names_has_its_room_once():
    """kvm1 and kvm2 have one member each, for three guests."""
    plan = migrate_plan(*twice(["kvm2b", "kvm2c"], members=("p1",)), sources=["kvm3"])
    assert sorted(step["destination"] for step in plan["steps"]) == ["kvm1", "kvm2"]
    assert [stay["code"] for stay in plan["stays"]] == ["ROOM_SHORT"]
    pinned = migrate_plan(*twice(["kvm2b"]), sources=["kvm3"], pin={"fast*": ["kvm2b"]})
    assert "kvm2b: It is the same host as kvm2." in pinned["stays"][0]["sentence"]


@pytest.mark.parametrize("option", ["sources", "avoid"])
def test_a_host_in_maintenance_takes_no_guest_under_another_name(option):
    found, facts = twice(["kvm2b"])
    plan = migrate_plan(found, facts, **{"sources": ["kvm3"], option: ["kvm3", "kvm2b"]})
    assert {step["destination"] for step in plan["steps"]} == {"kvm1"}


@pytest.mark.parametrize("name", ["kvm0", "kvm3", "kvm3b"])
def test_a_host_is_emptied_by_either_of_its_names(name):
    found, facts = fleet(three(), {"kvm3": WEB})
    for other in ("kvm0", "kvm3b"):
        found[other], facts[other] = found["kvm3"], facts["kvm3"]
    plan = migrate_plan(found, facts, sources=[name])
    assert sorted(step["guest"] for step in plan["steps"]) == ["web1", "web2"]
    assert {step["destination"] for step in plan["steps"]} <= {"kvm1", "kvm2"}


def test_hosts_that_were_copied_are_hosts_of_their_own():
    """With one UUID, but names of their own."""
    hosts = {"kvm1": host("kvm1", members=("p1",), uuid="u"), "kvm2": host("kvm2", members=("p1",), uuid="u")}
    plan = migrate_plan(*fleet({**hosts, "kvm3": host("kvm3")}, {"kvm3": FAST[:2]}), sources=["kvm3"])
    assert sorted(step["destination"] for step in plan["steps"]) == ["kvm1", "kvm2"]


def test_the_second_name_of_a_host_is_named_by_resilience():
    rows = {row["host"]: row for row in migrate_resilience(*twice(["kvm2b"]))["hosts"]}
    assert (rows["kvm2b"]["verdict"], rows["kvm2b"]["reason"]) == ("unknown", "It is the same host as kvm2.")
    assert rows["kvm2"]["verdict"] == "ok"


@pytest.mark.parametrize("wrong", [-1, -(1 << 40), "1048576", 10**30, 1.5, True])
@pytest.mark.parametrize("place", ["guest", "vcpus", "total", "available"])
def test_amounts_that_are_none_are_named(place, wrong):
    found, facts = fleet(three(), {"kvm3": WEB})
    if place in ("guest", "vcpus"):
        found["kvm3"]["guests"][0]["memory" if place == "guest" else place] = wrong
        plan = migrate_plan(found, facts, sources=["kvm3"])
        assert [step["guest"] for step in plan["steps"]] == ["web2"]
        assert [(stay["guest"], stay["code"]) for stay in plan["stays"]] == [("web1", "NO_DESTINATION")]
    else:
        facts["kvm1"]["host"]["memory"][place] = wrong
        assert {step["destination"] for step in migrate_plan(found, facts, sources=["kvm3"])["steps"]} == {"kvm2"}


def test_a_fleet_without_guests_or_with_one_host():
    plan = migrate_plan(*fleet(three(), {}), sources=["kvm3"])
    assert (plan["steps"], plan["stays"], plan["optimal"]) == ([], [], True)
    (alone, facts) = fleet({"kvm3": host("kvm3")}, {"kvm3": WEB[:1]})
    plan = migrate_plan(alone, facts, sources=["kvm3"])
    assert [stay["sentence"] for stay in plan["stays"]] == ["No host can accept it: there is no other host."]


def test_names_in_any_script():
    hosts = {"käse": host("käse"), "kvm3": host("kvm3")}
    web = domain(interface("red", 1), name="wéb {{ x }} %s 日本", number=1)
    plan = migrate_plan(*fleet(hosts, {"kvm3": [web]}), sources=["kvm3"], pin={"wéb*": ["käse"]})
    assert steps(plan) == [("wéb {{ x }} %s 日本", "kvm3", "käse")]
