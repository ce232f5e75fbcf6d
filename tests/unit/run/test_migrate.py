# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What virt_migrate says of a migration whose reason libvirt lost, and when it acts on one that takes too long."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._host import move_guest
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._model.move import Move, MoveSettings, Place
from ansible_collections.virtfleet.network.plugins.module_utils._run.migrate import explain_lost_reason

MOVE = Move("web1", "qemu+ssh://kvm2/system")
LOST = VirtfleetError("DAEMON_LOST", "It was lost.", libvirt_message="End of file while reading data", libvirt_code=38)


@pytest.mark.parametrize("tls", [False, True])
def test_a_lost_reason_is_looked_for_in_the_logs(tls):
    error = explain_lost_reason(LOST, MOVE, MoveSettings(tls=tls))
    assert (error.code, error.details["libvirt_code"]) == ("DAEMON_LOST", 38)
    assert error.sentence.startswith(
        "The migration of guest 'web1' to qemu+ssh://kvm2/system ended, and libvirt did not report the reason "
        "(End of file while reading data): see the logs"
    )
    assert ("/etc/pki/qemu" in error.sentence) == tls


class DomainOnPaper:
    """A guest whose migration has a job from the second question on, and sends memory from the third on."""

    def __init__(self, libvirt):
        self.libvirt, self.questions, self.acts, self.switched = libvirt, 0, [], False
        self.jobStats, self.migrateStartPostCopy = self._tell, self._switch
        self.suspend, self.abortJob = partial(self.acts.append, "suspend"), partial(self.acts.append, "cancel")

    def state(self):
        if self.switched:
            return [self.libvirt.VIR_DOMAIN_PAUSED, self.libvirt.VIR_DOMAIN_PAUSED_POSTCOPY]
        return [self.libvirt.VIR_DOMAIN_RUNNING, self.libvirt.VIR_DOMAIN_RUNNING_BOOTED]

    def _tell(self):
        self.questions += 1
        if self.questions == 1:
            raise self.libvirt.libvirtError("no job")
        operation = self.libvirt.VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT
        return {
            "operation": operation,
            "type": self.libvirt.VIR_DOMAIN_JOB_UNBOUNDED,
            "memory_total": self.questions // 3,
        }

    def _switch(self, flags):
        """Refused at first, then taken and forgotten, and at last done."""
        self.acts.append("switch")
        if self.acts == ["switch"]:
            raise self.libvirt.libvirtError("too early")
        self.switched = len(self.acts) == 3


@pytest.mark.parametrize(
    ("act", "done"), [("cancel_migration", [False, True]), ("suspend_guest", [False, False, True])]
)
def test_a_guest_stops_only_when_its_memory_is_sent(conn, libvirt, act, done):
    domain = DomainOnPaper(libvirt)
    assert [getattr(move_guest, act)(domain) for _attempt in done] == done
    assert domain.acts == [act.partition("_")[0]]


def test_the_switch_is_asked_for_until_it_happens(conn, libvirt):
    domain = DomainOnPaper(libvirt)
    done = [move_guest.start_post_copy(domain) for _attempt in range(6)]
    assert done == [False] * 4 + [True] * 2
    assert domain.acts == ["switch"] * 3


@pytest.mark.parametrize(
    ("settings", "limits"),
    [
        (MoveSettings(bandwidth=4), {"bandwidth": 4}),
        (MoveSettings(bandwidth=4, post_copy=True), {"bandwidth": 4, "bandwidth.postcopy": 4}),
        (MoveSettings(post_copy=True), {}),
    ],
)
def test_the_bandwidth_limits_what_follows_the_switch_too(conn, settings, limits):
    asked = []
    domain = SimpleNamespace(migrateToURI3=lambda _destination, parameters, _flags: asked.append(parameters))
    move_guest.move_guest(conn, domain, MOVE, settings, Place(active=True, persistent=True))
    assert asked == [limits]
