# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words to tell a story in: what is done on a host before a test looks at it."""

from __future__ import annotations

import sys
from typing import Any, Callable

import pytest

from .cases import made_by_hand
from .playbook import ROOT, Call, Probe, Step

sys.path.insert(0, str(ROOT / "tests" / "lab"))

import guests

RELEASES = ("bookworm", "trixie")


def story(*steps: Step, releases: tuple[str, ...] = RELEASES) -> Callable[[Any], Any]:
    """Mark a test with its steps. It is run once for each release; its argument `told` has the results."""
    variants = [pytest.param(release, marks=pytest.mark.story(steps=steps, release=release)) for release in releases]
    return pytest.mark.parametrize("release", variants)


def start(*networks: Any, more: tuple[Any, ...] = (), first: tuple[Any, ...] = ()) -> Probe:
    """A clean host, then commands, networks made by virsh, more commands, and a look: the step `before`."""
    commands = [command for network in networks for command in made_by_hand(network)]
    return Probe("before", run=(*first, *commands, *more), clean=True)


def look(name: str = "after", run: tuple[Any, ...] = ()) -> Probe:
    return Probe(name, run=run)


def network(step: str, /, check: bool = False, **options: Any) -> Call:
    """virt_network, by default for the network net."""
    return Call(step, "virt_network", {"name": "net", **options}, check=check)


def networks(name: str, *wanted: Any, check: bool = False, **options: Any) -> Call:
    return Call(name, "virt_networks", {"networks": list(wanted), **options}, check=check)


def info(name: str, **options: Any) -> Call:
    return Call(name, "virt_network_info", options)


def update(name: str, command: str, section: str, xml: str, where: str) -> list[Any]:
    """virsh net-update of the live or of the persistent definition only."""
    return ["virsh", "net-update", name, command, section, {"file": xml}, where]


def guest(name: str, *interfaces: str) -> list[Any]:
    """The command that starts a guest."""
    return ["virsh", "create", {"file": guests.domain_xml(name, interfaces)}]


def nic(of: str, mac: str, portgroup: str | None = None) -> str:
    return str(guests.network_interface(of, mac, portgroup))
