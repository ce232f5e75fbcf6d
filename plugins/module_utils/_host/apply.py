# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying plans out, and taking them back when a step fails."""

from __future__ import annotations

from typing import Any

from .._model.errors import VirtfleetError
from .._model.observed import Observed
from .._plan.rollback import rollback
from .._plan.step import (
    AUTOSTART,
    CREATE,
    DEFINE,
    DESCRIBE,
    DESTROY,
    START,
    UNDEFINE,
    UPDATE,
    Plan,
    Step,
)
from .connection import errors, libvirt
from .networks import find

Work = tuple[Plan, Observed]

_COMMANDS = {"add": "ADD_LAST", "modify": "MODIFY", "delete": "DELETE"}


def apply(conn: Any, work: list[Work]) -> None:
    """Do all steps of all plans; when one fails, take everything back and raise its VirtfleetError.

    The error's details say what was done: failed, undone and, if anything could not be taken back, left.
    """
    done: list[tuple[Observed, list[Step]]] = []
    for plan, observed in work:
        steps: list[Step] = []
        done.append((observed, steps))
        for step in plan.steps:
            try:
                do(conn, step)
            except VirtfleetError as error:
                error.details["failed"] = step.as_dict()
                raise undo(conn, done, error) from None
            steps.append(step)


def undo(conn: Any, done: list[tuple[Observed, list[Step]]], error: VirtfleetError) -> VirtfleetError:
    """Take back what was done, latest network first; the error, with what came of it."""
    undone: list[str] = []
    left: list[str] = []
    for observed, steps in reversed(done):
        for step in rollback(observed, steps):
            try:
                do(conn, step)
                undone.append(step.sentence)
            except VirtfleetError as second:
                left.append(f"{step.sentence} {second.sentence}")
    if left:
        ending = (
            "Not all of it could be taken back: " + " ".join(left) + " Run the same task again once that is mended."
        )
    elif undone:
        ending = "What was done before it was taken back."
    else:
        ending = "Nothing was changed."
    return VirtfleetError(error.code, f"{error.sentence} {ending}", **{**error.details, "undone": undone, "left": left})


def do(conn: Any, step: Step) -> None:
    """One step. Raises VirtfleetError LIBVIRT_REFUSED, DAEMON_LOST or NETWORK_GONE."""
    with errors(_lower(step.sentence), conn):
        if step.action == DEFINE:
            if step.validate:
                conn.networkDefineXMLFlags(step.xml, libvirt.VIR_NETWORK_DEFINE_VALIDATE)
            else:
                conn.networkDefineXML(step.xml)
            return
        if step.action == CREATE:
            conn.networkCreateXML(step.xml)
            return
        network = find(conn, step.network)
        if network is None:
            raise VirtfleetError("NETWORK_GONE", f"Network '{step.network}' was removed by somebody else meanwhile.")
        if step.action == UNDEFINE:
            network.undefine()
        elif step.action == START:
            network.create()
        elif step.action == DESTROY:
            network.destroy()
        elif step.action == AUTOSTART:
            network.setAutostart(1 if step.value else 0)
        elif step.action == UPDATE:
            _update(network, step)
        elif step.action == DESCRIBE:
            _describe(network, step)


def _update(network: Any, step: Step) -> None:
    command = getattr(libvirt, "VIR_NETWORK_UPDATE_COMMAND_" + _COMMANDS[step.command])
    section = getattr(libvirt, "VIR_NETWORK_SECTION_" + step.section.replace("-", "_").upper())
    network.update(command, section, step.index, step.xml, libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE)


def _describe(network: Any, step: Step) -> None:
    live = libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE
    if step.section == "title":
        network.setMetadata(libvirt.VIR_NETWORK_METADATA_TITLE, step.xml or None, None, None, live)
    elif step.section == "description":
        network.setMetadata(libvirt.VIR_NETWORK_METADATA_DESCRIPTION, step.xml or None, None, None, live)
    else:
        network.setMetadata(libvirt.VIR_NETWORK_METADATA_ELEMENT, step.xml or None, "virtfleet", step.section, live)


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:].rstrip(".")
