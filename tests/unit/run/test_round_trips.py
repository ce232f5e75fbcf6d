# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often a run asks libvirt. A run that changes nothing reads no network, port or guest twice."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._host.snapshot import HostSnapshot
from ansible_collections.virtfleet.network.plugins.module_utils._model.host import Host

# What the client answers from what it has, without asking the daemon.
LOCAL = {"name", "UUIDString", "connect", "ID", "getURI", "getType", "close", "registerCloseCallback"}


class Counting:
    """A connection, or a network, guest or port of one, whose calls are counted."""

    def __init__(self, one, calls, path=""):
        self._one, self._calls, self._path = one, calls, path

    def __getattr__(self, name):
        method = getattr(self._one, name)

        def call(*args):
            if name not in LOCAL:
                label = self._one.name() if self._path else ""
                self._calls[f"{self._path}.{name}({label}{args if name == 'XMLDesc' else ''})"] += 1
            # This driver has one definition only, and knows no flag for the other.
            found = method(0) if name == "XMLDesc" else method(*args)
            if isinstance(found, list):
                return [Counting(item, self._calls, type(item).__name__) for item in found]
            is_object = type(found).__name__.startswith("vir")
            return Counting(found, self._calls, type(found).__name__) if is_object else found

        return call


def network(number):
    uuid = f"00000000-0000-4000-8000-{number:012}"
    return f"<network><name>n{number:03}</name><uuid>{uuid}</uuid><bridge name='b{number}'/></network>"


@pytest.fixture
def counted(conn):
    for number in range(100):
        conn.networkDefineXML(network(number)).create()
    calls: Counter[str] = Counter()
    return SimpleNamespace(conn=Counting(conn, calls), calls=calls)


def test_a_hundred_networks_take_four_lists_and_two_calls_each(counted):
    snapshot = HostSnapshot(counted.conn, Host((9, 0, 0), remote=True))
    assert len(snapshot.networks) == 100
    for name in snapshot.networks:
        snapshot.network(name)
    assert sum(counted.calls.values()) == 4 + 2 * 100


def test_nothing_is_read_twice(counted):
    snapshot = HostSnapshot(counted.conn, Host((9, 0, 0), remote=True))
    for _again in range(2):
        for name in snapshot.networks:
            snapshot.with_plugged(name)
            snapshot.ports(name)
        assert snapshot.guests is not None
    twice = {call for call, number in counted.calls.items() if number > 1 and ".listAll" not in call}
    assert twice == {".networkLookupByName()"}
    guests = len(counted.conn._one.listAllDomains(0))
    # Ports: a lookup and a list for each network; this driver has no port.
    assert sum(counted.calls.values()) <= 4 + 4 * 100 + 2 + 3 * guests


def test_one_network_is_read_without_the_others(counted):
    snapshot = HostSnapshot(counted.conn, Host((9, 0, 0), remote=True), network="n007")
    assert snapshot.with_ports("n007").active
    assert sum(counted.calls.values()) <= 8
