# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Terminal output of a fleet: what hosts have in common is shown once."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet
type: stdout
short_description: Terminal output that stays readable with many hosts
version_added: 0.1.0
author: virtfleet.network contributors (@virtfleet)
description:
  - Shows each task once, with the hosts that have the same result, the same message or the same diff in one entry, in
    natural order (kvm2 before kvm10).
  - A changed task of M(virtfleet.network.virt_networks) or M(virtfleet.network.virt_network) names the networks and
    what guests notice. Diffs of networks that are created or removed are shown only with C(-v).
  - Tasks that only compute something on the controller, skipped hosts and included files are shown only with C(-v), and
    tasks that were skipped on all hosts, too. With C(-vv) the output is that of P(ansible.builtin.default#callback).
  - A task is shown when all of its hosts are ready. With the C(free) strategy, less is folded.
options:
  display_skipped_hosts:
    description: Only with C(-vv).
  show_per_host_start:
    description: Only with C(-vv).
extends_documentation_fragment:
  - default_callback
  - result_format_callback
requirements:
  - set as stdout callback in the configuration
seealso:
  - plugin: ansible.builtin.default
    plugin_type: callback
"""

EXAMPLES = r"""
# In ansible.cfg, for all playbooks:
#
# [defaults]
# stdout_callback = virtfleet.network.fleet
#
# For one command:
#
# ANSIBLE_STDOUT_CALLBACK=virtfleet.network.fleet ansible-playbook virtfleet.network.rollout
"""

import atexit
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Optional

from ansible import constants
from ansible.plugins.callback.default import CallbackModule as Default

from ansible_collections.virtfleet.network.plugins.module_utils._fleet.task_lines import (
    CHANGED,
    FAILED,
    IGNORED,
    OK,
    SKIPPED,
    UNREACHABLE,
    WELL,
    Diff,
    HostResult,
    changed_texts,
    diff_lines,
    effect_of_diff,
    failed_texts,
    message_lines,
    recap_lines,
    result_lines,
    warning_lines,
    without_effects,
)

# Tasks that only compute something on the controller, or load others.
_INTERNAL = (
    "add_host", "assert", "fail", "group_by", "import_role", "import_tasks", "include_role", "include_tasks",
    "include_vars", "meta", "set_fact", "set_stats", "validate_argument_spec",
)  # fmt: skip
_DEBUG = "debug"
_COLORS = {
    SKIPPED: constants.COLOR_SKIP,
    OK: constants.COLOR_OK,
    CHANGED: constants.COLOR_CHANGED,
    IGNORED: constants.COLOR_WARN,
    FAILED: constants.COLOR_ERROR,
    UNREACHABLE: constants.COLOR_UNREACHABLE,
}
# From this on, the output is Ansible's own.
_PLAIN = 2


def folded(method: Callable[..., None]) -> Callable[..., None]:
    """The method of Ansible's own callback instead, where the output is that one's."""

    @wraps(method)
    def call(self: CallbackModule, *args: Any, **kwargs: Any) -> None:
        if self._display.verbosity >= _PLAIN:
            getattr(Default, method.__name__)(self, *args, **kwargs)
        else:
            method(self, *args, **kwargs)

    return call


class CallbackModule(Default):  # type: ignore[misc]
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "virtfleet.network.fleet"

    def __init__(self) -> None:
        super().__init__()
        self._tasks: dict[str, _Task] = {}
        # Each is shown once, although a plan and its run have the same.
        self._warnings: set[tuple[str, str]] = set()
        # What is left when a run is interrupted.
        atexit.register(self._flush)

    # What hosts answer

    @folded
    def v2_runner_on_ok(self, result: Any) -> None:
        answer = result._result
        if answer.get("changed"):
            self._add(result, CHANGED, changed_texts(answer) + self._items(answer, "changed"))
        else:
            self._add(result, OK)

    @folded
    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        answer = result._result
        texts = self._items(answer, "failed") or failed_texts(answer)
        self._add(result, IGNORED if ignore_errors else FAILED, texts)

    @folded
    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._add(result, UNREACHABLE, failed_texts(result._result))

    @folded
    def v2_runner_on_skipped(self, result: Any) -> None:
        self._add(result, SKIPPED)

    @folded
    def v2_on_file_diff(self, result: Any) -> None:
        answer = result._result
        results = answer["results"] if "results" in answer and result._task.loop else [answer]
        for one in results:
            if isinstance(one, Mapping) and one.get("changed") and one.get("diff"):
                diffs = one["diff"] if isinstance(one["diff"], list) else [one["diff"]]
                for diff in diffs:
                    effect, title = effect_of_diff(diff)
                    # Without its two heads, which have the title.
                    head, _end, rest = self._get_diff([diff]).strip("\n").partition("\n")
                    text = rest.partition("\n")[2] if head.startswith("--- ") else f"{head}\n{rest}".strip("\n")
                    if text:
                        self._task(result._task).diffs.append((Diff(effect, title, text), self.host_label(result)))

    # Of items only the result of the whole loop is shown

    @folded
    def v2_runner_item_on_ok(self, result: Any) -> None:
        """Nothing."""

    @folded
    def v2_runner_item_on_failed(self, result: Any) -> None:
        """Nothing."""

    @folded
    def v2_runner_item_on_skipped(self, result: Any) -> None:
        """Nothing."""

    @folded
    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """Nothing."""

    # What comes after a task

    @folded
    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._flush()

    @folded
    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self._flush()

    @folded
    def v2_playbook_on_include(self, included_file: Any) -> None:
        self._flush()

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._flush()
        super().v2_playbook_on_play_start(play)

    def v2_playbook_on_no_hosts_matched(self) -> None:
        self._flush()
        super().v2_playbook_on_no_hosts_matched()

    def v2_playbook_on_no_hosts_remaining(self) -> None:
        self._flush()
        super().v2_playbook_on_no_hosts_remaining()

    @folded
    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._flush()
        self._display.banner("RECAP")
        shown = ("changed", "unreachable", "failures", "rescued", "ignored")
        counts = []
        for host in stats.processed:
            summary = stats.summarize(host)
            counts.append(({"failed" if name == "failures" else name: summary[name] for name in shown}, host))
        for line in recap_lines(counts):
            self._display.display(line)
        if stats.custom and self.get_option("show_custom_stats"):
            for name in sorted(stats.custom):
                self._display.display(f"{name}: {self._dump_results(stats.custom[name], indent=1)}")

    # Parts of these

    def _task(self, task: Any) -> _Task:
        return self._tasks.setdefault(task._uuid, _Task(task))

    def _add(self, result: Any, status: str, texts: tuple[str, ...] = ()) -> None:
        task, host, answer = self._task(result._task), self.host_label(result), result._result
        task.results.append(HostResult(host, status, texts))
        if constants.ACTION_WARNINGS:
            warnings = {(str(warning), host) for warning in answer.pop("warnings", None) or ()} - self._warnings
            task.warnings += sorted(warnings)
            self._warnings |= warnings
        self._handle_warnings(answer)
        if task.kind == _DEBUG and status in WELL:
            task.messages.append((self._message(answer, result._task.action), host))

    def _items(self, answer: Mapping[str, Any], key: str) -> tuple[str, ...]:
        """The items of a loop that changed something or failed."""
        results = answer.get("results")
        items = results if isinstance(results, (list, tuple)) else ()
        # From ansible-core 2.20 on, an item that failed has only an exception.
        keys = (key, "exception") if key == "failed" else (key,)
        chosen = [one for one in items if isinstance(one, Mapping) and any(map(one.get, keys))]
        labels = [str(self._get_item_label(one)) for one in chosen]
        if key == "failed":
            return tuple(f"{label}: {' '.join(failed_texts(one))}" for label, one in zip(labels, chosen))
        return (", ".join(labels),) if labels else ()

    def _message(self, answer: dict[str, Any], action: str) -> tuple[str, ...]:
        self._clean_results(answer, action)
        message = answer.get("msg")
        if isinstance(message, (list, tuple)) and all(isinstance(line, str) for line in message):
            return tuple(str(line) for line in message)
        if isinstance(message, str):
            return tuple(message.splitlines())
        return tuple(self._dump_results(answer, indent=4).splitlines())

    def _flush(self) -> None:
        tasks, self._tasks = self._tasks, {}
        for task in tasks.values():
            self._show(task)

    def _show(self, task: _Task) -> None:
        verbose = self._display.verbosity > 0
        hidden: tuple[str, ...] = (SKIPPED,)
        if verbose:
            hidden = ()
        elif task.kind in (*_INTERNAL, _DEBUG):
            hidden = WELL
        elif not self.get_option("display_ok_hosts"):
            hidden = (SKIPPED, OK)
        entries = result_lines(task.results, hidden)
        warnings = warning_lines(task.warnings)
        diffs = diff_lines(task.diffs if verbose else without_effects(task.diffs))
        if not entries and not warnings and not diffs and not task.messages:
            return
        self._display.display(task.name)
        for status, lines in entries:
            stderr = status not in WELL and self.get_option("display_failed_stderr")
            for line in lines:
                self._display.display(line, color=_COLORS[status], stderr=stderr)
        for line in message_lines(task.messages):
            self._display.display(line)
        for line in warnings:
            self._display.display(line, color=constants.COLOR_WARN)
        for line in diffs:
            self._display.display(line)
        failed = any(one.status in (FAILED, UNREACHABLE) for one in task.results)
        if failed and task.path and self.get_option("show_task_path_on_failure"):
            self._display.display(f"  {task.path}", color=constants.COLOR_DEBUG)


class _Task:
    """What is known of a task so far."""

    def __init__(self, task: Any) -> None:
        self.name: str = task.get_name().strip()
        self.kind: str = str(task.action).rpartition(".")[2]
        self.path: Optional[str] = task.get_path()
        self.results: list[HostResult] = []
        self.messages: list[tuple[tuple[str, ...], str]] = []
        self.warnings: list[tuple[str, str]] = []
        self.diffs: list[tuple[Diff, str]] = []
