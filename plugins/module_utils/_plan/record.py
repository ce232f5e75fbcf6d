# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans and the networks they were made for, as plain data and back: what a journal keeps."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .._model.observed import Observed
from .._model.plugged import Plugged
from .._model.tap import Tap
from .._xml.network import parse_network
from .step import Plan, Step, Work


def record(work: list[Work]) -> list[dict[str, Any]]:
    """One entry for each network that something is done to. The definitions are libvirt's own texts."""
    return [
        {
            "network": plan.network,
            "live_xml": observed.live_xml if observed.active else None,
            "persistent_xml": observed.persistent_xml if observed.persistent is not None else None,
            "autostart": observed.autostart,
            "plugged": [asdict(port) for port in observed.plugged or ()],
            "steps": [asdict(step) for step in plan.steps],
        }
        for plan, observed in work
        if plan.changed
    ]


def recalled(entries: list[dict[str, Any]]) -> list[Work]:
    """Raises VirtfleetError XML_INVALID; KeyError and TypeError for what record did not write."""
    return [
        (
            Plan(entry["network"], tuple(_step(step) for step in entry["steps"])),
            Observed(
                entry["network"],
                live=None if entry["live_xml"] is None else parse_network(entry["live_xml"]),
                live_xml=entry["live_xml"] or "",
                persistent=None if entry["persistent_xml"] is None else parse_network(entry["persistent_xml"]),
                persistent_xml=entry["persistent_xml"] or "",
                autostart=entry["autostart"],
                plugged=tuple(_plugged(port) for port in entry["plugged"]),
            ),
        )
        for entry in entries
    ]


def _step(step: dict[str, Any]) -> Step:
    inverse = step["inverse"]
    ports = tuple(_plugged(port) for port in step["ports"])
    return Step(**{**step, "ports": ports, "inverse": None if inverse is None else _step(inverse)})


def _plugged(port: dict[str, Any]) -> Plugged:
    tap = port["tap"]
    return Plugged(**{**port, "tap": None if tap is None else _tap(tap)})


def _tap(tap: dict[str, Any]) -> Tap:
    options = tuple((name, value) for name, value in tap["options"])
    return Tap(**{**tap, "options": options, "fdb": tuple(tap["fdb"])})
