# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""However many hosts a task has, what they have in common is one entry, and none is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._fleet.lines import WIDTH, fold_names
from ansible_collections.virtfleet.network.plugins.module_utils._fleet.task_lines import (
    CHANGED,
    FAILED,
    SKIPPED,
    STATUSES,
    Diff,
    HostResult,
    changed_texts,
    diff_lines,
    effect_of_diff,
    failed_texts,
    hosts_of,
    message_lines,
    recap_lines,
    result_lines,
    warning_lines,
    without_effects,
)

HOSTS = st.builds("kvm{}".format, st.integers(1, 60))
TEXTS = st.lists(st.sampled_from(["alpha", "beta", "two words", "x" * 60]), max_size=3).map(tuple)
RESULTS = st.dictionaries(HOSTS, st.tuples(st.sampled_from(STATUSES), TEXTS)).map(
    lambda told: [HostResult(host, status, texts) for host, (status, texts) in told.items()]
)


@given(RESULTS, st.sets(st.sampled_from(STATUSES)))
def test_each_group_of_hosts_that_are_alike_is_one_entry(results, hidden):
    entries = result_lines(results, hidden)
    groups = {}
    for one in results:
        if one.status not in hidden:
            groups.setdefault((one.status, one.texts), []).append(one.host)
    assert len(entries) == len(groups)
    said = {(status, " ".join(" ".join(lines).split())) for status, lines in entries}
    assert said == {(status, " ".join([status, hosts_of(hosts), *texts])) for (status, texts), hosts in groups.items()}
    assert [status for status, _lines in entries] == sorted((s for s, _lines in entries), key=STATUSES.index)
    assert all(len(line) <= WIDTH for _status, lines in entries for line in lines)


@given(st.dictionaries(HOSTS, st.sampled_from(["a", "b", "c"])), st.sampled_from(["", "+", "-"]), st.booleans())
def test_equal_diffs_are_one(diffs, effect, whole):
    """With any number of hosts there are as many diffs as there are different ones."""
    told = [(Diff(effect, "network red", f" context of {host}\n+{text}"), host) for host, text in diffs.items()]
    lines = diff_lines(told if whole else without_effects(told))
    shown = set(diffs.values()) if whole or not effect else set()
    assert sorted(line for line in lines if len(line) == 2) == sorted(f"+{text}" for text in shown)
    assert len([line for line in lines if "context" in line]) == len(shown)
    heads = [line for line in lines if line.startswith("  diff of network red on ")]
    assert len(heads) == len(shown)
    for text in shown:
        assert (
            any(hosts_of([host for host, one in diffs.items() if one == text]) in head for head in heads)
            or len(diffs) > 8
        )


@given(st.dictionaries(HOSTS, st.dictionaries(st.sampled_from(["changed", "failed"]), st.integers(0, 2), min_size=2)))
def test_a_recap_counts_every_host_once(counts):
    lines = recap_lines([(dict(sorted(counts[host].items())), host) for host in counts])
    text = " ".join(" ".join(lines).split())
    groups = {}
    for host, one in counts.items():
        groups.setdefault((one["changed"], one["failed"]), []).append(host)
    assert text.count(" : ") == len(groups)
    assert all(f"{hosts_of(hosts)} : " in text for hosts in groups.values())


def test_hosts_of_a_task():
    made = ("+20 networks: net1-net20",)
    results = [HostResult(f"kvm{n}", CHANGED, made) for n in (10, 9, 2, 1, 3)]
    results += [HostResult("kvm4", FAILED, ("Network 'lab' is in use.",)), HostResult("kvm5", SKIPPED)]
    assert [line for _status, lines in result_lines(results, (SKIPPED,)) for line in lines] == [
        "  changed     kvm1-kvm3, kvm9, kvm10 (5 hosts)",
        "              +20 networks: net1-net20",
        "  failed      kvm4",
        "              Network 'lab' is in use.",
    ]


def test_a_message_names_its_hosts_only_where_there_are_several():
    table = ("one  two", "---  ---")
    assert message_lines([(table, "kvm1")]) == list(table)
    assert message_lines([(table, "kvm2"), (("other",), "kvm10"), (table, "kvm3"), (table, "kvm1")]) == [
        "  kvm1-kvm3 (3 hosts):", *table, "  kvm10:", "other",
    ]  # fmt: skip


def test_warnings_say_where_they_are_from():
    assert warning_lines([("Beware.", "kvm2"), ("Beware.", "kvm1")]) == [
        "  warning     kvm1, kvm2",
        "              Beware.",
    ]


def test_what_changed():
    created = {"name": "lab", "changed": True, "effect": "created", "steps": []}
    assert changed_texts({"networks": [created, {**created, "name": "red"}, {"name": "x", "changed": False}]}) == (
        "+2 networks: lab, red",
    )
    diff = {"before": "state: active\n", "after": "state: absent\n", "before_header": "network lab"}
    diff.update(network="lab", effect="removed")
    assert changed_texts({"changed": True, "effect": "removed", "diff": diff}) == ("-1 network: lab",)
    assert effect_of_diff(diff) == ("-", "network lab")
    assert effect_of_diff({**diff, "effect": "created"}) == ("+", "network lab")
    assert effect_of_diff({**diff, "effect": "changed"}) == ("", "network lab")
    assert effect_of_diff({"before": "", "after": "x", "before_header": "/etc/motd"}) == ("", "/etc/motd")
    for other in ({"changed": True, "diff": {"before": "", "after": ""}}, {"networks": 7}, {"networks": ["x", None]}):
        assert changed_texts(other) == ()


def test_why_a_task_failed():
    assert failed_texts({"msg": "It is broken.\n\nSadly.", "stdout": "\n".join(map(str, range(30)))}) == (
        "It is broken.", "Sadly.", *(f"stdout: {n}" for n in range(20, 30)),
    )  # fmt: skip
    assert failed_texts({"msg": ["a", "b"]}) == ("a", "b")
    assert failed_texts({"censored": "hidden", "msg": "secret"}) == ("hidden",)
    assert failed_texts({}) == ("There is no message.",)


@given(st.sets(HOSTS, min_size=1))
def test_the_number_of_hosts_is_said_where_they_are_many(hosts):
    assert hosts_of(list(hosts)) == fold_names(hosts) + (f" ({len(hosts)} hosts)" if len(hosts) > 2 else "")
