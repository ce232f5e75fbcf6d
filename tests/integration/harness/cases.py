# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cases of the quartet: YAML files in tests/integration/quartet, each a list of cases.

name       what the case is about, unique in its file
before     networks made by virsh before: XML, or {xml, start, autostart, transient}; started unless start is false
prepare    commands on the host before that
options    virt_network's; the network is called net unless a name is given
actions    what the plan does, in order; an update with its section. Empty: nothing is to change
both       XPath that holds for the live and for the persistent definition afterwards
live, inactive   XPath that holds for one of them only
pending    options that wait for the network's next start
refused    {code, says: [words of the sentence]}: the module refuses, and nothing is touched
moves      generated values that the change moves on purpose (mac, bridge); all others must stay
releases   where the case is tried; without it the oldest, and with IT_EVERYWHERE in the environment all of them
needs      what the kernel must have (see NEEDS); the case is skipped where it is missing
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from . import EVERYWHERE
from .playbook import Call, Probe, Step, Verbatim

# What works in a network namespace of its own only where the kernel has it.
NEEDS = {
    "sfq": ["tc", "qdisc", "add", "dev", "lo", "root", "sfq"],
    "vlan_filtering": ["ip", "link", "add", "t0", "type", "bridge", "vlan_filtering", "1"],
}
DIRECTORY = Path(__file__).parents[1] / "quartet"
RELEASES = ("bookworm", "trixie")
USUAL = RELEASES if EVERYWHERE else RELEASES[:1]


@cache
def has(need: str) -> bool:
    command = ["unshare", "--net", "--", *NEEDS[need]]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@dataclass(frozen=True)
class Case:
    name: str
    options: dict[str, Any]
    actions: list[str] | None = None
    before: list[Any] = field(default_factory=list)
    prepare: list[list[str]] = field(default_factory=list)
    both: list[str] = field(default_factory=list)
    live: list[str] = field(default_factory=list)
    inactive: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    refused: dict[str, Any] = field(default_factory=dict)
    moves: list[str] = field(default_factory=list)
    releases: tuple[str, ...] = USUAL
    needs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        assert set(self.releases) <= set(RELEASES), f"{self.name} is for {self.releases}"
        assert self.releases, f"{self.name} is tried nowhere"
        if self.refused:
            assert self.refused["says"], self.name
            assert self.actions is None, self.name
            return
        assert self.actions is not None, f"{self.name} does not say what the plan does"
        if self.options.get("state") != "absent":
            assert self.on_live or self.on_inactive, f"{self.name} asserts nothing about the network"

    @property
    def network(self) -> str:
        return str(self.options.get("name", "net"))

    @property
    def on_live(self) -> list[str]:
        return [*self.both, *self.live]

    @property
    def on_inactive(self) -> list[str]:
        return [*self.both, *self.inactive]

    @property
    def call(self) -> dict[str, Any]:
        # "{{" is a template to Ansible wherever it stands
        return {"name": self.network, **_verbatim(self.options)}

    @property
    def steps(self) -> tuple[Step, ...]:
        """Check, real, again, again in check mode, with a look at the host before, after the check and at the end."""
        commands = [*self.prepare, *(command for network in self.before for command in made_by_hand(network))]
        return (
            Probe("before", run=tuple(commands), clean=True),
            Call("check", "virt_network", self.call, check=True),
            Probe("checked"),
            Call("real", "virt_network", self.call),
            Call("again", "virt_network", self.call),
            Call("again_check", "virt_network", self.call, check=True),
            Probe("after"),
        )


def _verbatim(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _verbatim(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_verbatim(item) for item in value]
    return Verbatim(value) if isinstance(value, str) else value


def made_by_hand(network: Any) -> list[list[Any]]:
    """The virsh commands that make a network."""
    facts = network if isinstance(network, dict) else {"xml": network}
    unknown = set(facts) - {"xml", "start", "autostart", "transient"}
    assert not unknown, f"before has {unknown}"
    xml = facts["xml"]
    name = xml.partition("<name>")[2].partition("</name>")[0]
    if facts.get("transient"):
        return [["virsh", "net-create", {"file": xml}]]
    commands: list[list[Any]] = [["virsh", "net-define", {"file": xml}]]
    if facts.get("start", True):
        commands.append(["virsh", "net-start", name])
    if facts.get("autostart"):
        commands.append(["virsh", "net-autostart", name])
    return commands


def load() -> list[tuple[str, Case]]:
    """(identifier, case) of every case there is. A word that no case has is an error."""
    known = {item.name for item in fields(Case)}
    found: dict[str, Case] = {}
    for path in sorted(DIRECTORY.glob("*.yaml")):
        for entry in yaml.safe_load(path.read_text()):
            unknown = set(entry) - known
            assert not unknown, f"{path.name}: {entry.get('name')} has {unknown}"
            identifier = f"{path.stem}: {entry['name']}"
            assert identifier not in found, f"{identifier} is there twice"
            found[identifier] = Case(**entry)
    assert found, f"no case in {DIRECTORY}"
    return list(found.items())
