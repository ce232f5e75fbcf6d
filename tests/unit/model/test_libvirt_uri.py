# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which port a URI reaches libvirt."""

from __future__ import annotations

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._model.libvirt_uri import port_of


@pytest.mark.parametrize(
    ("uri", "port"),
    [
        ("qemu+ssh://kvm2/system", 22),
        ("qemu+ssh://root@kvm2:2222/system?keyfile=/x", 2222),
        ("qemu+libssh2://kvm2/system", 22),
        ("qemu+tcp://[2001:db8::2]/system", 16509),
        ("qemu+tls://kvm2/system", 16514),
        ("qemu://kvm2/system", 16514),
        ("qemu:///system", None),
        ("qemu+ext://kvm2/system?command=/x", None),
        ("qemu+tcp://kvm2:many/system", None),
        ("", None),
    ],
)
def test_port_of(uri, port):
    assert port_of(uri) == port
