# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt could not write is found before the first step."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._host import rights
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._model.host import Host
from ansible_collections.virtfleet.network.plugins.module_utils._model.observed import Observed
from ansible_collections.virtfleet.network.plugins.module_utils._plan import step as steps
from ansible_collections.virtfleet.network.plugins.module_utils._plan.step import Plan, Step
from ansible_collections.virtfleet.network.plugins.module_utils._run.preflight import DEFINITIONS, RUNNING, preflight

ROOMY = {"f_flag": 0, "f_blocks": 1000, "f_bfree": 900, "f_frsize": 4096, "f_files": 1000, "f_ffree": 900}
FAULTS = [
    ({"f_flag": os.ST_RDONLY}, "read-only"),
    ({"f_bfree": 0}, "space"),
    ({"f_bfree": 3}, "space"),
    ({"f_ffree": 0}, "inodes"),
]
WRITING = {
    steps.DEFINE: DEFINITIONS, steps.UNDEFINE: DEFINITIONS, steps.AUTOSTART: DEFINITIONS, steps.START: RUNNING,
    steps.CREATE: RUNNING, steps.DESTROY: RUNNING, steps.UPDATE: RUNNING, steps.RELEASE: RUNNING,
    steps.RECLAIM: RUNNING, steps.FREE: RUNNING, steps.DESCRIBE: RUNNING,
}  # fmt: skip


class Daemon:
    def __init__(self, uri):
        self.uri = uri

    def getURI(self):  # noqa: N802
        return self.uri

    def getType(self):  # noqa: N802
        return "QEMU"


def tried(monkeypatch, action, faulty, facts, uri="qemu:///system"):
    def seen(path):
        if facts is None and path == faulty:
            raise FileNotFoundError(path)
        return SimpleNamespace(**{**ROOMY, **(facts if path == faulty else {})})

    monkeypatch.setattr(rights.os, "statvfs", seen)
    monkeypatch.setattr(rights, "may_set_links", lambda: True)
    work = [(Plan("red", (Step(action, "red", "do it"),)), Observed("red"))]
    preflight(Daemon(uri), Host((9, 0, 0), remote="+" in uri), (), work)


@pytest.mark.parametrize(("facts", "word"), FAULTS)
@pytest.mark.parametrize("action", WRITING)
def test_a_step_that_libvirt_cannot_write_down_is_refused(monkeypatch, action, facts, word):
    for folder in WRITING[action]:
        with pytest.raises(VirtfleetError) as refused:
            tried(monkeypatch, action, folder, facts)
        assert refused.value.code == "LIBVIRT_UNWRITABLE"
        assert folder in refused.value.sentence
        assert word in refused.value.sentence
        assert refused.value.sentence.endswith("Nothing was changed.")
    for folder in {*DEFINITIONS, *RUNNING} - {*WRITING[action]}:
        tried(monkeypatch, action, folder, facts)


@pytest.mark.parametrize("action", [steps.DEFINE, steps.UPDATE])
def test_what_cannot_be_seen_is_no_reason(monkeypatch, action):
    for folder in (*DEFINITIONS, *RUNNING):
        tried(monkeypatch, action, folder, None)
        # The files of another daemon.
        tried(monkeypatch, action, folder, {"f_bfree": 0}, "qemu+ssh://kvm2/system")
        tried(monkeypatch, action, folder, {"f_bfree": 0}, "qemu:///session")
        # A file system that does not count.
        tried(monkeypatch, action, folder, {"f_blocks": 0, "f_bfree": 0, "f_files": 0, "f_ffree": 0})
