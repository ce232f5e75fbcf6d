# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab `readme`: two hosts under the names that README and runbook give them, with the bridge and NICs they name."""

from __future__ import annotations

import pytest
from batch import hosts_of


@pytest.fixture(scope="session")
def hosts(tmp_path_factory):
    with hosts_of("readme", tmp_path_factory.mktemp("readme-lab"), ("bookworm", "bookworm")) as hosts:
        for host in ("kvm1", "kvm2"):
            hosts.on(host, "ip", "link", "add", "br0", "up", "type", "bridge")
            hosts.on(host, "ip", "link", "set", "p0", "up", "master", "br0")
            hosts.on(host, "ip", "link", "set", "p2", "up")
            hosts.on(host, "ip", "link", "set", "p3", "up")
        yield hosts
