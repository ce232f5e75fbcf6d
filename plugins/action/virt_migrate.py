# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module virt_migrate in the background of the host, and shows how far its migrations are."""

from __future__ import annotations

import json
import shlex
import time
import uuid
from typing import Any, Optional

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.virtfleet.network.plugins.module_utils._migrate.moving.statistics import progress_line

display = Display()

MODULE = "virtfleet.network.virt_migrate"
# Seconds: the longest that a migration may take, between two lines for people, and between two looks, which get rarer.
LONGEST = 30 * 24 * 3600
SHOWN_EVERY = 5
FIRST_LOOK, RAREST_LOOK = 0.3, 3
# So many looks at the file of a module that was killed, before its end is noticed.
LOOKS = 10
# What Ansible adds to the result of a task in the background.
_OF_ASYNC = (
    "ansible_job_id", "finished", "started", "results_file", "stdout", "stderr", "stdout_lines", "stderr_lines",
)  # fmt: skip


class ActionModule(ActionBase):  # type: ignore[misc]
    def run(self, tmp: Any = None, task_vars: Optional[dict[str, Any]] = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        given = dict(self._task.args)
        if self._task.check_mode or self._task.async_val or "progress_file" in given:
            result.update(self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val))
            return result
        directory = self._remote_expand_user(self.get_shell_option("async_dir", default="~/.ansible_async"))
        path = self._connection._shell.join_path(directory, f"{uuid.uuid4()}.progress")
        started = self._start({**given, "progress_file": path}, task_vars)
        if started.get("failed") or "ansible_job_id" not in started:
            result.update(started)
            return result
        ended = self._wait(started["ansible_job_id"], directory, path, task_vars)
        result.update({key: value for key, value in ended.items() if key not in _OF_ASYNC})
        return result

    def _start(self, arguments: dict[str, Any], task_vars: Any) -> dict[str, Any]:
        # The limit of the background is read from the task, and its presence there would make Ansible wait once more.
        self._task.async_val = LONGEST
        try:
            found: dict[str, Any] = self._execute_module(
                module_name=MODULE, module_args=arguments, task_vars=task_vars, wrap_async=True
            )
        finally:
            self._task.async_val = 0
        return found

    def _wait(self, job: str, directory: str, path: str, task_vars: Any) -> dict[str, Any]:
        pause, shown, looks = FIRST_LOOK, time.monotonic(), 0
        while True:
            time.sleep(pause)
            pause, looks = min(pause * 1.5, RAREST_LOOK), looks + 1
            running = self._running(path)
            if running is None or looks % LOOKS == 0:
                status = self._status(job, directory, task_vars, "status")
                if status.get("finished") or (status.get("failed") and status.get("_ansible_parsed")):
                    self._status(job, directory, task_vars, "cleanup")
                    return status
            if running and time.monotonic() - shown > SHOWN_EVERY:
                shown = time.monotonic()
                self._show(running, str(self._task.delegate_to or (task_vars or {}).get("inventory_hostname")))

    def _running(self, path: str) -> Optional[list[dict[str, Any]]]:
        """What the module last wrote; None without a file, before its first look and after its end."""
        told = self._low_level_execute_command(f"cat {shlex.quote(path)}", sudoable=True)
        # A login may say something of its own before.
        lines = [line for line in told["stdout"].splitlines() if line.startswith("[")]
        try:
            found = json.loads(lines[-1]) if lines else None
        except ValueError:
            return None
        return found if isinstance(found, list) else None

    def _status(self, job: str, directory: str, task_vars: Any, mode: str) -> dict[str, Any]:
        found: dict[str, Any] = self._execute_module(
            module_name="ansible.builtin.async_status",
            module_args={"jid": job, "mode": mode, "_async_dir": directory},
            task_vars=task_vars,
        )
        return found

    def _show(self, running: list[dict[str, Any]], host: str) -> None:
        for one in running:
            line = progress_line(one["guest"], one["destination"], one["seconds"], one["progress"])
            display.display(f"{host}: {line}")
