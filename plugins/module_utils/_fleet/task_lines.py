# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task of Ansible's did on many hosts, in a few lines: hosts, messages and diffs that are alike are folded."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .changes import change_lines, changes
from .lines import alike, count, entry, fold_names, natural_order, paragraph

OK, CHANGED, SKIPPED, IGNORED, FAILED, UNREACHABLE = "ok", "changed", "skipped", "ignored", "failed", "unreachable"
# The exceptions last, next to what follows.
STATUSES = (SKIPPED, OK, CHANGED, IGNORED, FAILED, UNREACHABLE)
WELL = (SKIPPED, OK, CHANGED)
_INDENT, _LABEL = 2, 12
# Of an output that a failed task shows, the last lines.
_TAIL = 10
_SIGNS = {"created": "+", "removed": "-"}
_COLOR = re.compile("\033\\[[0-9;]*m")


class HostResult(NamedTuple):
    """host: with the host that a task is delegated to, if there is one. texts: a paragraph each."""

    host: str
    status: str
    texts: tuple[str, ...] = ()


class Lines(NamedTuple):
    status: str
    lines: list[str]


def result_lines(results: Iterable[HostResult], hidden: Collection[str] = ()) -> list[Lines]:
    """An entry for each group of hosts with the same status and texts. hidden: the statuses to leave out."""
    groups = alike(((one.status, one.texts), one.host) for one in results if one.status not in hidden)
    ordered = sorted(groups, key=lambda group: (STATUSES.index(group[0][0]), natural_order(group[1][0])))
    return [
        Lines(status, entry(status, hosts_of(hosts), *texts, width=_LABEL, indent=_INDENT))
        for (status, texts), hosts in ordered
    ]


def hosts_of(hosts: Sequence[str]) -> str:
    """kvm1-kvm18 (18 hosts)"""
    return fold_names(hosts) + (f" ({count(len(set(hosts)), 'host')})" if len(set(hosts)) > 2 else "")


def message_lines(messages: Iterable[tuple[tuple[str, ...], str]]) -> list[str]:
    """messages: lines, as they are, with the host that said them. The hosts are named where there are several."""
    groups = alike(messages)
    several = len({host for _lines, hosts in groups for host in hosts}) > 1
    found: list[str] = []
    for lines, hosts in sorted(groups, key=lambda group: natural_order(group[1][0])):
        found += [*(paragraph(f"{hosts_of(hosts)}:", _INDENT, _INDENT) if several else ()), *lines]
    return found


def warning_lines(warnings: Iterable[tuple[str, str]]) -> list[str]:
    """warnings: each with the host that it is from."""
    found: list[str] = []
    for text, hosts in sorted(alike(warnings), key=lambda group: natural_order(group[1][0])):
        found += entry("warning", hosts_of(hosts), text, width=_LABEL, indent=_INDENT)
    return found


class Diff(NamedTuple):
    """effect: + for something that was not there before, - for something that is removed, "" for a change.

    text: a unified diff, with or without colours.
    """

    effect: str
    title: str
    text: str

    def changed_lines(self) -> tuple[str, ...]:
        """Without the context, which may be another on each host."""
        lines = self.text.splitlines()
        return tuple(line for line in lines if _COLOR.sub("", line)[:1] in ("+", "-")) or tuple(lines)


def effect_of_diff(diff: Mapping[str, Any]) -> tuple[str, str]:
    """The effect and the title of a diff; an effect only for a network that this collection creates or removes."""
    header = str(diff.get("before_header") or diff.get("after_header") or "")
    return _SIGNS.get(str(diff.get("effect")), ""), header


def without_effects(diffs: Iterable[tuple[Diff, str]]) -> list[tuple[Diff, str]]:
    """Without networks that are created or removed: the entry of their hosts names them."""
    return [(diff, host) for diff, host in diffs if not diff.effect]


def diff_lines(diffs: Iterable[tuple[Diff, str]]) -> list[str]:
    """diffs: each with its host. Those that change the same lines once, with the context on the first of their
    hosts."""
    shown = list(diffs)
    texts = {(diff.title, diff.changed_lines(), host): diff.text for diff, host in shown}
    groups = alike(((diff.title, diff.changed_lines()), host) for diff, host in shown)
    found: list[str] = []
    for (title, changed), hosts in sorted(
        groups, key=lambda group: (natural_order(group[0][0]), natural_order(group[1][0]))
    ):
        what = f"diff of {title}" if title else "diff"
        found += paragraph(f"{what} on {hosts_of(hosts)}:", _INDENT, _INDENT)
        found += texts[title, changed, hosts[0]].splitlines()
    return found


def recap_lines(counts: Iterable[tuple[Mapping[str, int], str]]) -> list[str]:
    """counts: what Ansible counts for each host. Hosts that are alike in one line."""
    groups = alike((" ".join(f"{name}={number}" for name, number in one.items()), host) for one, host in counts)
    ordered = sorted(groups, key=lambda group: natural_order(group[1][0]))
    return [line for text, hosts in ordered for line in paragraph(f"{hosts_of(hosts)} : {text}", 0, _INDENT)]


def changed_texts(result: Mapping[str, Any]) -> tuple[str, ...]:
    """What a module of this collection changed; nothing for the others."""
    networks = result.get("networks")
    if not isinstance(networks, (list, tuple)):
        diff = result.get("diff")
        if "effect" not in result or not isinstance(diff, Mapping) or "network" not in diff:
            return ()
        networks = [{**result, "name": diff["network"]}]
    return tuple(change_lines(changes(networks)))


def failed_texts(result: Mapping[str, Any]) -> tuple[str, ...]:
    """Why a task failed: its message, and the end of what it printed."""
    message = result.get("censored") or result.get("msg") or result.get("reason") or "There is no message."
    texts = [line for part in (message if isinstance(message, (list, tuple)) else [message]) for line in _lines(part)]
    for name in ("stderr", "stdout", "module_stderr", "module_stdout"):
        texts += [f"{name}: {line}" for line in _lines(result.get(name) or "")[-_TAIL:]]
    return tuple(texts)


def _lines(text: Any) -> list[str]:
    return [line for line in str(text).splitlines() if line.strip()]
