# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab `seamless`: guests stay joined while their network restarts, on kvm1 with libvirt 9.0, on kvm2 with 11.3, and
with IT_EVERYWHERE on kvm3 with 7.0 and on kvm4 with a newer one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from batch import hosts_of
from harness import EVERYWHERE
from replug.bench import Bench
from replug.conftest import RELEASES, bench

__all__ = ["bench", "each_bench", "fault_bench", "hosts"]

HERE = (*RELEASES, "bullseye", "testing") if EVERYWHERE else RELEASES


@pytest.fixture(scope="session")
def hosts(tmp_path_factory):
    with hosts_of("seamless", tmp_path_factory.mktemp("seamless"), HERE, len(HERE)) as hosts:
        yield hosts


@pytest.fixture(scope="module", params=HERE)
def each_bench(hosts, request) -> Iterator[Bench]:
    """In turn on every host of the lab."""
    yield from _bench_on(hosts, request.param)


@pytest.fixture(scope="module", params=HERE if EVERYWHERE else HERE[:1])
def fault_bench(hosts, request) -> Iterator[Bench]:
    """The same for tests that take long: with IT_EVERYWHERE only."""
    yield from _bench_on(hosts, request.param)


def _bench_on(hosts, release: str) -> Iterator[Bench]:
    bench = Bench(hosts, f"kvm{HERE.index(release) + 1}")
    yield bench
    bench.prepare(None, guest=False)
