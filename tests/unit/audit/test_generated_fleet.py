# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet whose audit tests/bench measures: its facts can be read, and its faults are found."""

from __future__ import annotations

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._audit.audit import audit
from ansible_collections.virtfleet.network.tests.bench.audit import expected, generated


@pytest.mark.parametrize(("hosts", "networks"), [(1, 4), (15, 8)])
def test_its_faults_are_found(hosts: int, networks: int) -> None:
    found = audit(*generated(hosts, networks))
    assert {(one.host, one.network, one.kind.code) for one in found} == expected(hosts, networks)
