# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes a host away when a task begins on it: LOSE_HOST, LOSE_AT (the task's name), LOSE_BY (a command)."""

from __future__ import annotations

import os
import shlex
import subprocess

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: lose_host
type: notification
short_description: A host that is lost in the middle of a play
description: Runs a command when a certain task begins on a certain host.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "lose_host"

    def v2_runner_on_start(self, host, task):
        if host.get_name() == os.environ.get("LOSE_HOST") and task.get_name().endswith(os.environ["LOSE_AT"]):
            subprocess.run(shlex.split(os.environ["LOSE_BY"]), check=True, stdout=subprocess.DEVNULL)
