# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which a temporary bridge is joined to a network's. How soon the kernel lets a bridge transmit cannot be
provoked, so the kernel is a double here; tests/integration/seamless has the real one."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from types import ModuleType

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._host import bypass
from ansible_collections.virtfleet.network.plugins.module_utils._model.bypass import bypass_of, inner_end, outer_end
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError

TEMPORARY = bypass_of("lan")
INNER, OUTER = inner_end(TEMPORARY), outer_end(TEMPORARY)


class Kernel:
    """looks: how often the bridge is seen without a carrier after it has its first port."""

    def __init__(self, looks: int, fails: bool = False) -> None:
        self.looks, self.fails, self.events = looks, fails, []

    @contextmanager
    def without_stp(self, bridge, coming=()):
        yield

    @contextmanager
    def netlink(self):
        yield self

    def link(self, command, index, IFLA_OPERSTATE):  # noqa: N803
        self.events.append((index, IFLA_OPERSTATE))

    def plug_in(self, route, bridge, port):
        self.events.append((port.name, bridge))
        if self.fails:
            raise OSError("no")

    def read_setting(self, *path):
        if path[-1] == "mtu":
            return "1500"
        if path[-1] == "state":
            return "3"
        self.looks -= 1
        state = "down" if self.looks >= 0 else "up"
        self.events.append((path[0], state))
        return state


def _kernel(monkeypatch, looks, fails=False):
    kernel = Kernel(looks, fails)
    for name in ("netlink", "plug_in", "read_setting", "without_stp"):
        monkeypatch.setattr(bypass, name, getattr(kernel, name))
    exceptions = ModuleType("exceptions")
    exceptions.NetlinkError = OSError
    monkeypatch.setitem(sys.modules, "pyroute2.netlink.exceptions", exceptions)
    monkeypatch.setattr("socket.if_nametoindex", lambda name: name)
    return kernel


@pytest.mark.parametrize("looks", [0, 1, 7])
def test_no_frame_of_a_guest_comes_before_the_bridge_transmits(monkeypatch, looks):
    """The host's first question for a guest's address would be lost, and the next one comes a second later."""
    kernel = _kernel(monkeypatch, looks)
    bypass.join_bypass("lan", "virbr0")
    assert kernel.events == [
        (INNER, "DORMANT"), (OUTER, "virbr0"), *[("virbr0", "down")] * looks, ("virbr0", "up"), (INNER, "UP"),
    ]  # fmt: skip


def test_guests_are_not_held_back_by_a_joint_that_failed(monkeypatch):
    kernel = _kernel(monkeypatch, 0, fails=True)
    with pytest.raises(VirtfleetError, match="could not be joined"):
        bypass.join_bypass("lan", "virbr0")
    assert kernel.events == [(INNER, "DORMANT"), (OUTER, "virbr0"), (INNER, "UP")]
