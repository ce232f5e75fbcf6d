# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets the suite act between two tasks of its play: sends the task's arguments to it and waits for its answer."""

from __future__ import annotations

import json
import socket

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.connect(arguments.pop("socket"))
            with peer.makefile("rw", encoding="utf-8") as stream:
                stream.write(json.dumps(arguments, default=str) + "\n")
                stream.flush()
                result.update(json.loads(stream.readline()))
        return result
