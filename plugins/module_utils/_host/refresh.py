# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Giving NICs that are plugged in other settings."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Optional

from .._model.plugged import Plugged
from .._plan.old_settings import differing
from .._plan.ovs_port import ovs_outbound, ovs_vlan
from .._plan.refresh import SWITCH, settings_of
from .._plan.step import Step
from .._xml.guest import find_interface, find_tap
from .connection import libvirt
from .ovs import run_ovs_vsctl
from .ports import read_ports

_NO_LIMITS = dict.fromkeys(
    (f"{direction}.{rate}" for direction in ("inbound", "outbound") for rate in ("average", "peak", "burst")), 0
)


def refresh(network: Any, step: Step) -> None:
    """The NICs of guests that are gone by now, and those that have the settings already, are left out.

    Raises libvirtError, VirtfleetError SWITCH_REFUSED, or what reading raises.
    """
    there = {(port.uuid, port.mac): port for port in read_ports(network.connect(), network)}
    for port in step.ports:
        here = there.get((port.uuid, port.mac))
        lacks = [] if here is None else differing(here, settings_of(port))
        domain = _running(network.connect(), port) if lacks or step.value else None
        if domain is None:
            continue
        if step.section == SWITCH:
            _set_on_switch(network, domain, port, here)
        elif here is not None:
            _set_by_libvirt(domain, str(port.mac), lacks)


def _set_by_libvirt(domain: Any, mac: str, lacks: Sequence[str]) -> None:
    """An update of a NIC with its own definition has libvirt make its port again, by what the network gives now, and
    set what differs (qemuDomainChangeNet). The definition stays what it was: the NIC follows its portgroup."""
    definition = find_interface(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_MIGRATABLE), mac, 0)
    if definition is None:  # unplugged meanwhile
        return
    try:
        domain.updateDeviceFlags(definition, libvirt.VIR_DOMAIN_AFFECT_LIVE)
    except libvirt.libvirtError:
        if "bandwidth" in lacks:
            # libvirt removes the old limits first, and leaves those that it could set. Without any, the next refresh
            # finds something to set.
            with suppress(libvirt.libvirtError):
                domain.setInterfaceParameters(mac, _NO_LIMITS, libvirt.VIR_DOMAIN_AFFECT_LIVE)
        raise


def _set_on_switch(network: Any, domain: Any, port: Plugged, here: Optional[Plugged]) -> None:
    """The port of Open vSwitch first: libvirt's record of it says then what is true."""
    tap = find_tap(domain.XMLDesc(0), str(port.mac))
    if tap is None:  # unplugged meanwhile
        return
    settings = settings_of(port)
    run_ovs_vsctl(ovs_vlan(tap, settings["vlan"] or {}))
    if here is None or "bandwidth" in differing(here, settings):
        run_ovs_vsctl(ovs_outbound(tap, (settings["bandwidth"] or {}).get("outbound") or {}))
    if here is not None and not differing(here, settings):
        return
    xml = port.xml
    if here is not None:
        # A NIC that was plugged in again since the plan was made has another port.
        xml = xml.replace(str(port.port), str(here.port))
        network.portLookupByUUIDString(here.port).delete(0)
    network.portCreateXML(xml, libvirt.VIR_NETWORK_PORT_CREATE_RECLAIM)


def _running(conn: Any, port: Plugged) -> Any:
    """The port's guest, or None."""
    try:
        domain = conn.lookupByUUIDString(port.uuid)
        return domain if domain.isActive() else None
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:
            raise
        return None
