# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often a run asks libvirt. A run that changes nothing reads no network, port or guest twice."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._host.snapshot import HostSnapshot
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.guest_facts import load_guests
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.lookup_kinds import GUESTS, PORTS
from ansible_collections.virtfleet.network.plugins.module_utils._migrate.rules.catalog import gathered_for_check
from ansible_collections.virtfleet.network.plugins.module_utils._model.host import Host
from ansible_collections.virtfleet.network.plugins.module_utils._run import check, describe
from ansible_collections.virtfleet.network.plugins.module_utils._run.gather import gather_from

# What the client answers from what it has, without asking the daemon.
LOCAL = {"name", "UUIDString", "connect", "ID", "getURI", "getType", "close", "registerCloseCallback"}


# It stays open for the next test, and is of another host, so that the links of this machine do not matter.
REMOTE = "test+ssh://kvm1/default"
INSTEAD = {"close": lambda: None, "getURI": lambda: REMOTE}


class Counting:
    """A connection, or a network, guest or port of one, whose calls are counted."""

    def __init__(self, one, calls, path=""):
        self._one, self._calls, self._path = one, calls, path

    def __getattr__(self, name):
        if name in INSTEAD:
            return INSTEAD[name]
        method = getattr(self._one, name)

        def call(*args):
            if name not in LOCAL:
                label = self._one.name() if self._path else ""
                told = args if name == "XMLDesc" or name.startswith("listAll") else ""
                self._calls[f"{self._path}.{name}({label}{told})"] += 1
            # This driver has one definition only, and knows no flag for the other.
            found = method(0) if name == "XMLDesc" else method(*args)
            if isinstance(found, list) and not any(isinstance(item, str) for item in found):
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


GUESTS_OF_THE_DRIVER = 1
# Beside networks and guests: the host, its capabilities, memory, filters and the like.
FEW = 20


def guest(number):
    uuid, mac = f"00000000-0000-4000-9000-{number:012}", f"52:54:00:00:01:{number:02x}"
    nic = f"<interface type='network'><mac address='{mac}'/><source network='n{number:03}'/></interface>"
    return (
        f"<domain type='test'><name>g{number:02}</name><uuid>{uuid}</uuid><memory>1024</memory>"
        f"<os><type>hvm</type></os><devices>{nic}</devices></domain>"
    )


@pytest.fixture
def with_guests(counted, monkeypatch):
    """A hundred networks and fifty guests that run."""
    made = [counted.conn._one.defineXML(guest(number)) for number in range(50)]
    for one in made:
        one.create()
    for module in (check, describe):
        monkeypatch.setattr(module, "connect", lambda uri: counted.conn)
    yield counted
    for one in made:
        one.destroy()
        one.undefine()


def read_twice(counted):
    """Definitions of networks and guests that were asked for more than once."""
    return {call for call, number in counted.calls.items() if number > 1 and "XMLDesc" in call}


def test_info_with_a_hundred_networks_and_fifty_guests(with_guests):
    info = gather_from(with_guests.conn, REMOTE, None, (*gathered_for_check(), PORTS, GUESTS))
    assert (len(info["networks"]), len(info["guests"])) == (100, 50 + GUESTS_OF_THE_DRIVER)
    assert read_twice(with_guests) == set()
    assert with_guests.calls.total() <= FEW + 4 * 100 + 3 * 50


def test_a_check_of_fifty_guests(with_guests):
    """The destination reads its networks once, whatever the number of guests; the source its guests once."""
    told = describe.describe(REMOTE, None)
    assert len(told["guests"]) == 50 + GUESTS_OF_THE_DRIVER
    assert read_twice(with_guests) == set()
    assert with_guests.calls.total() <= FEW + 2 * 100 + 9 * (50 + GUESTS_OF_THE_DRIVER)
    with_guests.calls.clear()
    verdicts = check.check_here(load_guests(told["guests"]), REMOTE, {})["verdicts"]
    assert len(verdicts) == 50 + GUESTS_OF_THE_DRIVER
    assert read_twice(with_guests) == set()
    assert with_guests.calls.total() <= FEW + 2 * 100 + 3 * (50 + GUESTS_OF_THE_DRIVER)
