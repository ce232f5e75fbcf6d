# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt could not write is found before the first step."""

from __future__ import annotations

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._model.host import Host
from ansible_collections.virtfleet.network.plugins.module_utils._model.observed import Observed
from ansible_collections.virtfleet.network.plugins.module_utils._plan import step as steps
from ansible_collections.virtfleet.network.plugins.module_utils._plan.step import Plan, Step
from ansible_collections.virtfleet.network.plugins.module_utils._run import preflight as module
from ansible_collections.virtfleet.network.plugins.module_utils._run.preflight import preflight

DEFINITIONS = ("/etc/libvirt/qemu/networks",)
RUNNING = ("/var/lib/libvirt/dnsmasq", "/run/libvirt/network")
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


def tried(monkeypatch, action, faulty, uri="qemu:///system"):
    monkeypatch.setattr(module, "why_unwritable", lambda path: "it is read-only" if path == faulty else None)
    work = [(Plan("red", (Step(action, "red", "do it"),)), Observed("red"))]
    preflight(Daemon(uri), Host((9, 0, 0), remote="+" in uri), (), work)


@pytest.mark.parametrize("action", WRITING)
def test_a_step_that_libvirt_cannot_write_down_is_refused(monkeypatch, action):
    for directory in WRITING[action]:
        with pytest.raises(VirtfleetError) as refused:
            tried(monkeypatch, action, directory)
        assert refused.value.code == "LIBVIRT_UNWRITABLE"
        assert refused.value.details["directory"] == directory
        assert f"{directory} (it is read-only)" in refused.value.sentence
        assert refused.value.sentence.endswith("Nothing was changed.")
    for directory in {*DEFINITIONS, *RUNNING} - {*WRITING[action]}:
        tried(monkeypatch, action, directory)


@pytest.mark.parametrize("uri", ["qemu+ssh://kvm2/system", "qemu:///session"])
@pytest.mark.parametrize("action", [steps.DEFINE, steps.UPDATE])
def test_the_files_of_another_daemon_are_no_reason(monkeypatch, action, uri):
    for directory in (*DEFINITIONS, *RUNNING):
        tried(monkeypatch, action, directory, uri)
