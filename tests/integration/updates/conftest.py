# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab `updates`: what libvirt does at an update, on kvm1 with libvirt 9.0 and on kvm2 with 11.3."""

from __future__ import annotations

import pytest
from batch import Hosts, hosts_of

RELEASES = ("bookworm", "trixie")


@pytest.fixture(scope="session")
def hosts(tmp_path_factory):
    with hosts_of("updates", tmp_path_factory.mktemp("updates"), RELEASES) as hosts:
        yield hosts


@pytest.fixture(params=["kvm1", "kvm2"], ids=["9.0", "11.3"])
def where(hosts: Hosts, request: pytest.FixtureRequest) -> str:
    """A host of each libvirt, without networks."""
    hosts.clean(request.param)
    return str(request.param)
