# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Four hosts of a lab, without networks before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from batch import Hosts, hosts_of

from .rollouts import HOSTS


@pytest.fixture(scope="module")
def hosts(tmp_path_factory) -> Iterator[Hosts]:
    with hosts_of("rollout", tmp_path_factory.mktemp("rollout"), number=len(HOSTS)) as hosts:
        yield hosts


@pytest.fixture(autouse=True)
def clean(hosts):
    hosts.boot()
    for host in HOSTS:
        # A change of a host that was lost still waits, and would be rolled back in the middle of the next test.
        hosts.on(host, "sh", "-c", "rm -f /var/lib/virtfleet-network/*.journal")
        hosts.clean(host)
