# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which links of the host an interrupted run or a dead daemon left, by what sysfs says of them."""

from __future__ import annotations

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._host import bridge_ports, bridges, bypass
from ansible_collections.virtfleet.network.plugins.module_utils._host.bypass import is_own_bypass, own_links
from ansible_collections.virtfleet.network.plugins.module_utils._model.bypass import (
    alias_of,
    bypass_of,
    inner_end,
    outer_end,
)

MAC = "52:54:00:aa:00:01"
NAME = bypass_of("red")
ENDS = [outer_end(NAME), inner_end(NAME)]
UP, DOWN = "0x1003", "0x1002"


@pytest.fixture
def sysfs(tmp_path, monkeypatch):
    for module in (bridge_ports, bridges, bypass):
        monkeypatch.setattr(module, "_SYSFS", str(tmp_path))
    return tmp_path


def add(sysfs, name, ports=None, flags=UP, mac=MAC, alias=""):
    """ports: of a bridge."""
    link = sysfs / name
    link.mkdir()
    for setting, value in (("flags", flags), ("address", mac), ("ifalias", alias)):
        (link / setting).write_text(value + "\n")
    if ports is not None:
        (link / "bridge").mkdir()
        (link / "brif").mkdir()
        for port in ports:
            (link / "brif" / port).mkdir()


@pytest.mark.parametrize(
    ("link", "taken"),
    [
        (None, False),
        ({}, True),
        ({"ports": []}, False),
        ({"ports": [], "mac": "52:54:00:aa:00:02"}, True),
        ({"ports": ["vnet0"]}, True),
        # The daemon died while it stopped the network; what is in the bridge then, goes with it.
        ({"ports": ["vnet0", "ct0"], "flags": DOWN}, False),
        ({"ports": ["vnet0"], "flags": DOWN, "mac": "52:54:00:aa:00:02"}, True),
        ({"ports": [ENDS[0]]}, False),
    ],
)
def test_a_bridge_that_a_dead_daemon_left_is_not_in_the_way(sysfs, link, taken):
    if link is not None:
        add(sysfs, "virbr1", **link)
    assert bridges.is_name_taken("virbr1", MAC.upper()) == taken


def test_no_link_has_an_empty_name(sysfs):
    """A network that does not run has no bridge; sysfs itself is there."""
    assert sysfs.exists()
    assert not bridge_ports.exists("")


@pytest.mark.parametrize(
    ("bridge", "ends", "own"),
    [
        (None, None, []),
        (alias_of("red"), alias_of("red"), [*ENDS, NAME]),
        # Killed before it wrote an alias.
        ("", None, [NAME]),
        (alias_of("red"), "", [*ENDS, NAME]),
        # Somebody removed the bridge, and the veth pair stayed.
        (None, alias_of("red"), ENDS),
        # Somebody else's.
        (None, "", []),
        (None, "mine", []),
        ("mine", None, []),
        ("mine", alias_of("red"), ENDS),
    ],
)
def test_links_of_a_bypass_are_known_by_their_aliases(sysfs, bridge, ends, own):
    if bridge is not None:
        add(sysfs, NAME, ports=[], alias=bridge)
    for end in ENDS if ends is not None else ():
        add(sysfs, end, alias=ends)
    assert own_links("red") == own
    assert is_own_bypass("red") == bool(own)
    assert own_links("blue") == []
