# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes "<task name>\t<seconds>" for each finished task to the file that TASK_SECONDS names."""

from __future__ import annotations

import os
import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: task_seconds
type: notification
short_description: Seconds of each task
description: Writes the wall-clock seconds of each task on each host to a file.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "task_seconds"

    def v2_runner_on_start(self, host, task):
        self.started = time.monotonic()

    def v2_runner_on_ok(self, result):
        with open(os.environ["TASK_SECONDS"], "a", encoding="utf-8") as out:
            out.write(f"{result.task_name}\t{time.monotonic() - self.started:.4f}\n")
