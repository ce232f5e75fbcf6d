# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a story told: the results of its steps."""

from __future__ import annotations

import difflib
import json
from typing import Any

from lxml import etree

from .playbook import Call, NotRunError, Probe, Results, Step
from .returns import faults

NAMESPACES = {
    "dnsmasq": "http://libvirt.org/schemas/network/dnsmasq/1.0",
    "virtfleet": "https://virtfleet.network/ns/1",
    "a": "urn:example:a",
    "b": "urn:example:b",
}


def holds(xml: str, xpath: str) -> bool:
    """Whether an XPath expression finds something, or is true, in an XML text."""
    value = etree.XPath(xpath, namespaces=NAMESPACES)(etree.fromstring(xml))
    assert isinstance(value, (bool, list)), f"{xpath} gives {value!r}, which can be no assertion"
    return bool(value)


def unmarked(xml: str | None) -> str | None:
    """A definition without the mark that the collection leaves, in one spelling."""
    if xml is None:
        return None
    root = etree.fromstring(xml, etree.XMLParser(remove_blank_text=True))
    for mark in root.xpath("/network/metadata/virtfleet:network", namespaces=NAMESPACES):
        mark.getparent().remove(mark)
    for empty in root.xpath("/network/metadata[not(*)]"):
        root.remove(empty)
    return etree.tostring(root, method="c14n2").decode()


class Network:
    """A network in a snapshot."""

    def __init__(self, facts: dict[str, Any], links: list[dict[str, Any]]) -> None:
        self.active: bool = facts["active"]
        self.persistent: bool = facts["persistent"]
        self.autostart: bool = facts["autostart"]
        self.live: str | None = facts["live"]
        self.inactive: str | None = facts["inactive"]
        self._links = links

    def _first(self, xpath: str, xml: str | None = None) -> str | None:
        xml = xml or self.inactive or self.live
        assert xml
        found = etree.fromstring(xml).xpath(xpath)
        return str(found[0]) if found else None

    @property
    def generated(self) -> dict[str, str | None]:
        """What libvirt makes up and nobody may change by accident."""
        paths = {"uuid": "/network/uuid/text()", "mac": "/network/mac/@address", "bridge": "/network/bridge/@name"}
        return {what: self._first(path) for what, path in paths.items()}

    @property
    def bridge(self) -> dict[str, Any] | None:
        """The link of the bridge that the network runs on."""
        name = self._first("/network/bridge/@name", self.live) if self.live else None
        return next((link for link in self._links if link["name"] == name), None)

    def missing(self, live: list[str], inactive: list[str]) -> list[str]:
        """The assertions that do not hold; all of those about a definition that is not there."""
        return [
            f"{what}: {xpath}"
            for what, xml, xpaths in (("live", self.live, live), ("inactive", self.inactive, inactive))
            for xpath in xpaths
            if xml is None or not holds(xml, xpath)
        ]


class Snapshot:
    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told
        self.networks = {name: Network(facts, told["links"]) for name, facts in told["networks"].items()}
        self.guests: list[str] = told["guests"]
        self.links = {link["name"]: link for link in told["links"]}
        self.dnsmasq: list[str] = told["dnsmasq"]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Snapshot) and self.told == other.told

    __hash__ = None  # type: ignore[assignment]

    def difference(self, other: Snapshot) -> list[str]:
        """Line by line, for people."""
        texts = [json.dumps(told, indent=1).replace("\\n", "\n").splitlines() for told in (other.told, self.told)]
        return list(difflib.unified_diff(*texts, "right", "left", lineterm="", n=1))


class Told:
    def __init__(self, steps: tuple[Step, ...], results: Results, tail: str) -> None:
        self.steps = {step.name: step for step in steps}
        self.results = results
        self._tail = tail
        for step in steps:
            if isinstance(step, Probe):
                self._ran(step.name)

    def __getitem__(self, step: str) -> dict[str, Any]:
        assert step in self.steps, f"no step {step} in this story"
        if step not in self.results:
            raise NotRunError(f"step {step} did not run; the playbook's last words:\n{self._tail}")
        result = self.results[step]
        made = self.steps[step]
        if isinstance(made, Call):
            own = {key: value for key, value in result.items() if key != "probe"}
            assert faults(made.module, own) == []
        return result

    def _ran(self, step: str) -> dict[str, Any]:
        result = self[step]
        assert not result["failed"], f"the probe {step} failed: {result.get('stderr')}"
        told: dict[str, Any] = result["probe"]
        for command in told["ran"]:
            assert command["rc"] == 0, f"{step}: {command['argv']} failed: {command['err']}"
        return told

    def snapshot(self, step: str) -> Snapshot:
        return Snapshot(self._ran(step)["snapshot"])

    def ok(self, step: str) -> dict[str, Any]:
        """The result of a step that must have succeeded."""
        result = self[step]
        assert not result["failed"], f"{step} failed: {result.get('code')}: {result.get('msg')}"
        return result

    def refused(self, step: str, code: str) -> str:
        """The sentence of a step that must have failed with that code, and without a traceback."""
        result = self[step]
        assert result["failed"], f"{step} was not refused: {result}"
        assert result.get("code") == code, f"{step}: {result.get('code')}: {result.get('msg')}"
        assert "Traceback" not in json.dumps(result)
        return str(result["msg"])

    def actions(self, step: str) -> list[str]:
        """What a step's plan does, an update with its section."""
        return actions(self.ok(step)["steps"])


def actions(steps: list[dict[str, Any]]) -> list[str]:
    return [f"update {step['section']}" if step["action"] == "update" else step["action"] for step in steps]
