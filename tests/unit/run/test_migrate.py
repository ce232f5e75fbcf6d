# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What virt_migrate says of a migration whose reason libvirt lost."""

from __future__ import annotations

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._model.move import Move, MoveSettings
from ansible_collections.virtfleet.network.plugins.module_utils._run.migrate import without_reason

MOVE = Move("web1", "qemu+ssh://kvm2/system")
LOST = VirtfleetError("DAEMON_LOST", "It was lost.", libvirt_message="End of file while reading data", libvirt_code=38)


@pytest.mark.parametrize("tls", [False, True])
def test_a_lost_reason_is_looked_for_in_the_logs(tls):
    error = without_reason(LOST, MOVE, MoveSettings(tls=tls))
    assert (error.code, error.details["libvirt_code"]) == ("DAEMON_LOST", 38)
    assert error.sentence.startswith(
        "The migration of guest 'web1' to qemu+ssh://kvm2/system ended, and libvirt lost the reason (End of file while "
        "reading data): see the logs"
    )
    assert ("/etc/pki/qemu" in error.sentence) == tls
