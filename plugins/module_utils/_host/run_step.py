# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One step on the host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Optional

from .._model.bypass import bypass_of
from .._model.errors import VirtfleetError
from .._model.forward import is_virtual
from .._model.leases import Leases
from .._plan.in_parts import define_in_parts
from .._plan.leases import dhcp_subnets, merge_leases, within
from .._plan.step import (
    AGAIN,
    ASIDE,
    ATTACH,
    AUTOSTART,
    BYPASS,
    CREATE,
    DEFINE,
    DESCRIBE,
    DESTROY,
    FREE,
    JOIN,
    LEASES,
    MOVE,
    RECLAIM,
    REFRESH,
    RELEASE,
    SETTINGS,
    START,
    STP,
    UNBYPASS,
    UNDEFINE,
    UPDATE,
    Step,
)
from .._xml.live_metadata import make_settable
from .._xml.network import parse_network
from .bridge_settings import write_bridge_settings
from .bridges import remove_leftover, set_stp
from .bypass import join_bypass, make_bypass, remove_bypass
from .connection import errors, is_remote, libvirt
from .dnsmasq import noted_pid, wait_for_end
from .leases import has_lease_files, read_leases, write_leases
from .move import move_nics
from .networks import find_network
from .orphans import end_orphans
from .plug_in import attach
from .ports import free_ports, reclaim_ports, release_ports
from .refresh import refresh
from .refusal import is_address_in_use

if TYPE_CHECKING:
    from .plug_in import TapMove

_COMMANDS = {"add": "ADD_LAST", "add_first": "ADD_FIRST", "modify": "MODIFY", "delete": "DELETE"}


def run_step(conn: Any, step: Step, leases: Sequence[Leases] = ()) -> dict[str, TapMove]:
    """When each tap was put into a bridge, by name; nothing for other steps than aside, attach and move. leases: what a
    step of that kind may take along.

    Raises VirtfleetError LIBVIRT_REFUSED, SWITCH_REFUSED, NETWORK_GONE, PORTS_LOST, TAPS_LOST, BYPASS_LOST,
    BYPASS_IN_USE, DAEMON_LOST, _SILENT or _UNREACHABLE.
    """
    with errors(step.doing, conn):
        if step.action in (ATTACH, MOVE, ASIDE):
            return _plug(conn, step)
        if step.action in (BYPASS, JOIN, UNBYPASS):
            _bypass(conn, step)
        elif step.action == SETTINGS:
            write_bridge_settings(_bridge_of(conn, step), step.options)
        elif step.action == STP:
            set_stp(step.section, step.value)
        elif step.action == LEASES:
            _take_along(conn, step, leases)
        else:
            _call(conn, step)
    return {}


def _plug(conn: Any, step: Step) -> dict[str, TapMove]:
    taps = [port.tap for port in step.ports if port.tap is not None]
    if step.action == ASIDE:
        return attach(bypass_of(step.network), taps)
    bridge = _bridge_of(conn, step)
    if step.action == MOVE:
        return move_nics(conn, step.ports, bridge)
    return attach(bridge, taps)


def _bridge_of(conn: Any, step: Step) -> str:
    """The bridge that the network has now: libvirt may have named it just before. A start that failed may have left the
    bridge, and libvirt does not start a network beside a bridge that has something in it."""
    network = find_network(conn, step.network)
    if network is None:
        raise _gone(step)
    if not network.isActive() and is_virtual(parse_network(network.XMLDesc(0))):
        raise VirtfleetError("TAPS_LOST", f"Network '{step.network}' is not active, so nothing can be plugged into it.")
    return str(network.bridgeName())


def _bypass(conn: Any, step: Step) -> None:
    if step.action == BYPASS:
        make_bypass(step.network, step.section)
    elif step.action == JOIN:
        join_bypass(step.network, _bridge_of(conn, step))
    else:
        remove_bypass(step.network)


def _take_along(conn: Any, step: Step, leases: Sequence[Leases]) -> None:
    """Into the files of the bridge that the network will have, beside what is there."""
    if not has_lease_files(conn):
        return
    xml = step.xml
    if not xml:
        network = find_network(conn, step.network)
        if network is None:
            raise _gone(step)
        xml = network.XMLDesc(0)
    document = parse_network(xml)
    bridge = str(document["bridge"]["name"])
    write_leases(within(merge_leases([read_leases(bridge), *leases], bridge), dhcp_subnets(document)))


def _gone(step: Step) -> VirtfleetError:
    return VirtfleetError("NETWORK_GONE", f"Network '{step.network}' was removed by something else during the run.")


def _call(conn: Any, step: Step) -> None:
    if step.action in (DEFINE, CREATE):
        _define(conn, step)
        return
    network = find_network(conn, step.network)
    if network is None:
        raise _gone(step)
    if step.action == UNDEFINE:
        if not is_remote(conn.getURI()):
            _end_orphans(conn, step.network)
        network.undefine()
    elif step.action == START:
        _start(conn, network)
    elif step.action == DESTROY:
        pid = noted_pid(step.network)
        network.destroy()
        if not is_remote(conn.getURI()):
            wait_for_end(step.network, pid)
    elif step.action == AUTOSTART:
        network.setAutostart(1 if step.value else 0)
    elif step.action == UPDATE:
        _update(network, step, libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE)
    elif step.action == DESCRIBE:
        _describe(network, step)
    elif step.action == RELEASE:
        release_ports(network, step.ports)
    elif step.action == RECLAIM:
        reclaim_ports(network, step.ports)
    elif step.action == FREE:
        free_ports(network, step.ports)
    elif step.action == REFRESH:
        refresh(network, step)


def _define(conn: Any, step: Step) -> None:
    if step.validate:
        conn.networkDefineXMLFlags(step.xml, libvirt.VIR_NETWORK_DEFINE_VALIDATE)
        return
    define = conn.networkDefineXML if step.action == DEFINE else conn.networkCreateXML
    try:
        define(step.xml)
    except libvirt.libvirtError:
        # The network had it all the same: libvirt's updates accept more.
        if step.command != AGAIN or not conn.isAlive():
            raise
        base, updates = define_in_parts(step.xml)
        if not updates:
            raise
        network = define(base)
        affects = "CONFIG" if step.action == DEFINE else "LIVE"
        for one in updates:
            _update(network, one, getattr(libvirt, "VIR_NETWORK_UPDATE_AFFECT_" + affects))


def _start(conn: Any, network: Any) -> None:
    if is_remote(conn.getURI()):
        network.create()
        return
    if not network.isActive():
        # A daemon that died while it started the network left them, and libvirt refuses to start it beside them.
        _end_orphans(conn, network.name())
        _remove_leftover(network)
    try:
        network.create()
    except libvirt.libvirtError as error:
        # libvirt signals the dnsmasq of a start that fails later, and does not wait for its end.
        wait_for_end(network.name(), noted_pid(network.name()))
        if not is_address_in_use(str(error)) or not _end_orphans(conn):
            raise
        network.create()


def _end_orphans(conn: Any, name: Optional[str] = None) -> bool:
    def is_active(found: str) -> bool:
        network = find_network(conn, found)
        return network is not None and bool(network.isActive())

    return end_orphans(is_active, name)


def _remove_leftover(network: Any) -> None:
    document = parse_network(network.XMLDesc(0))
    bridge, mac = (document.get("bridge") or {}).get("name"), document.get("mac")
    if is_virtual(document) and bridge and mac:
        remove_leftover(bridge, mac)


def _update(network: Any, step: Step, affects: int) -> None:
    command = getattr(libvirt, "VIR_NETWORK_UPDATE_COMMAND_" + _COMMANDS[step.command])
    section = getattr(libvirt, "VIR_NETWORK_SECTION_" + step.section.replace("-", "_").upper())
    network.update(command, section, step.index, step.xml, affects)


def _describe(network: Any, step: Step) -> None:
    live = libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE
    if step.section == "title":
        network.setMetadata(libvirt.VIR_NETWORK_METADATA_TITLE, step.xml or None, None, None, live)
    elif step.section == "description":
        network.setMetadata(libvirt.VIR_NETWORK_METADATA_DESCRIPTION, step.xml or None, None, None, live)
    else:
        xml, prefix = (make_settable(step.xml) if step.xml else None) or (None, None)
        network.setMetadata(libvirt.VIR_NETWORK_METADATA_ELEMENT, xml, prefix, step.section, live)
