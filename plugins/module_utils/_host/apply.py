# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying plans out, and taking them back when a step fails."""

from __future__ import annotations

from collections.abc import Sequence
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
    FREE,
    RECLAIM,
    RELEASE,
    START,
    UNDEFINE,
    UPDATE,
    Step,
    Work,
)
from .._xml.network import parse_network
from .connection import errors, is_remote, libvirt
from .networks import find
from .ports import free_ports, reclaim_ports, release_ports

# Nobody is there any more whom to ask for anything.
_GONE = ("DAEMON_LOST", "DAEMON_SILENT")
# How many networks a sentence names.
_NAMED = 5

_COMMANDS = {"add": "ADD_LAST", "modify": "MODIFY", "delete": "DELETE"}


def apply(conn: Any, work: list[Work]) -> None:
    """Do all steps of all plans; when one fails, take everything back and raise its VirtfleetError.

    The error's details say what was done: failed, undone and what could not be taken back, left.
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
    """Take back what was done, latest network first; the error, with what came of it.

    Without a daemon nothing can be taken back: the error then says what stays, under done too.
    """
    if error.code in _GONE:
        return _stays(done, error)
    undone: list[str] = []
    left: list[str] = []
    for observed, steps in reversed(done):
        for step in rollback(observed, steps):
            try:
                do(conn, step)
                undone.append(step.sentence)
            except VirtfleetError as second:
                left.append(f"{step.sentence} {second.sentence}")
                if second.code in _GONE:
                    return _stays(done, error, undone, left)
    if left:
        ending = (
            "Not all of it could be taken back: " + " ".join(left) + " Run the same task again once that is mended."
        )
    elif undone:
        ending = "What was done before it was taken back."
    else:
        ending = "Nothing was changed."
    return _with(error, ending, undone=undone, left=left)


def _stays(
    done: list[tuple[Observed, list[Step]]], error: VirtfleetError, undone: Sequence[str] = (), left: Sequence[str] = ()
) -> VirtfleetError:
    names = [f"'{observed.name}'" for observed, steps in done if steps]
    shown = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    what = "Nothing was changed before that" if not names else f"What was done to {shown} before that stays"
    if undone:
        what = f"Only a part of what was done to {shown} could be taken back"
    ending = f"{what}; run the same task again once the daemon answers."
    sentences = [step.sentence for _observed, steps in done for step in steps]
    return _with(error, ending, done=sentences, undone=list(undone), left=list(left) or sentences)


def _with(error: VirtfleetError, ending: str, **details: list[str]) -> VirtfleetError:
    return VirtfleetError(error.code, f"{error.sentence} {ending}", **{**error.details, **details})


def do(conn: Any, step: Step) -> None:
    """One step. Raises VirtfleetError LIBVIRT_REFUSED, NETWORK_GONE, DAEMON_LOST, _SILENT or _UNREACHABLE."""
    with errors(step.doing, conn):
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
            _start(conn, network)
        elif step.action == DESTROY:
            network.destroy()
        elif step.action == AUTOSTART:
            network.setAutostart(1 if step.value else 0)
        elif step.action == UPDATE:
            _update(network, step)
        elif step.action == DESCRIBE:
            _describe(network, step)
        elif step.action == RELEASE:
            release_ports(network, step.ports)
        elif step.action == RECLAIM:
            reclaim_ports(network, step.ports)
        elif step.action == FREE:
            free_ports(network, step.ports)


def _start(conn: Any, network: Any) -> None:
    try:
        network.create()
    except libvirt.libvirtError as error:
        # A daemon that died while it started this network leaves the bridge, and its next start stumbles over it.
        if "error creating bridge" not in str(error) or not _removed_leftover(conn, network):
            raise
        network.create()


def _removed_leftover(conn: Any, network: Any) -> bool:
    if is_remote(conn.getURI()):
        return False
    document = parse_network(network.XMLDesc(0))
    bridge, mac = (document.get("bridge") or {}).get("name"), document.get("mac")
    if not bridge or not mac:
        return False
    from .links import remove_leftover

    return remove_leftover(bridge, mac)


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
