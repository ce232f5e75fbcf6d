# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has a NIC in a running network and is not plugged into it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from .._model.bridge_link import COMPLETE, UNPLUGGED, UNUSED
from .._model.bridge_port import BridgePort
from .._model.forward import is_virtual
from .._model.guest import Guest, Nic
from .._model.observed import Observed
from .._model.plugged import DEVICE, GUEST, Plugged
from .._xml.port import write_port
from .replug import bridge_of


def still_running(recorded: Sequence[Plugged], guests: tuple[Guest, ...] | None) -> tuple[Plugged, ...]:
    """Those of recorded that may be plugged in again: devices, and NICs of guests that run, with the port that the
    guest has by now. guests: None when this connection shows none."""
    if guests is None:
        return tuple(recorded)
    nics: dict[tuple[str, str], list[Nic]] = {}
    for guest in guests:
        for nic in guest.nics if guest.running else ():
            nics.setdefault((guest.name, nic.mac), []).append(nic)
    result = []
    for port in recorded:
        if port.kind == DEVICE:
            result.append(port)
        elif alike := nics.get((port.name, str(port.mac))):
            result.append(_with_port(port, next((nic for nic in alike if _is_same_nic(port, nic)), alike[-1])))
    return tuple(result)


def _is_same_nic(port: Plugged, nic: Nic) -> bool:
    """Of NICs with one MAC address, which a guest has where they back one another (<teaming>)."""
    return nic.port == port.port if port.tap is None else nic.target == port.tap.name


def _with_port(port: Plugged, nic: Nic) -> Plugged:
    """libvirt gives a NIC that it plugs in again another port."""
    if not nic.port or nic.port == port.port:
        return port
    return replace(port, port=nic.port, xml=port.xml.replace(str(port.port), nic.port))


def is_plugged(port: Plugged, there: Sequence[Plugged]) -> bool:
    """With its port and, where it had a place in the bridge, in the bridge."""
    other = _same(port, there)
    return other is not None and (port.tap is None or port.tap.mtu is None or _in_bridge(other))


def lacks_port_alone(port: Plugged, there: Sequence[Plugged]) -> bool:
    """A guest's tap in the bridge without the guest's port looks like a device."""
    return port.kind == GUEST and _same(port, there) is None and _tap_of(port, there) is not None


def is_recorded(port: Plugged, recorded: Sequence[Plugged]) -> bool:
    return _same(port, recorded) is not None


def is_settled(port: Plugged, there: Sequence[Plugged]) -> bool:
    """With the settings of its tap that were recorded."""
    tap = _tap_of(port, there)
    if port.tap is None or port.tap.mtu is None or tap is None:
        return True
    same = (port.tap.mtu, port.tap.dormant) == (tap.mtu, tap.dormant) and set(port.tap.groups) <= set(tap.groups)
    return same and set(port.tap.options) <= set(tap.options) and port.tap.lasting_fdb <= tap.lasting_fdb


def _same(port: Plugged, there: Sequence[Plugged]) -> Plugged | None:
    return next((item for item in there if (item.kind, item.name, item.mac) == (port.kind, port.name, port.mac)), None)


def _tap_of(port: Plugged, there: Sequence[Plugged]) -> BridgePort | None:
    """As it is in the bridge."""
    taps = (item.tap for item in there if item.tap is not None and item.tap.mtu is not None)
    return next((tap for tap in taps if port.tap is not None and tap.name == port.tap.name), None)


def _in_bridge(port: Plugged) -> bool:
    """Only taps that were found in the bridge have been looked at."""
    return port.tap is not None and port.tap.mtu is not None


def unplugged(now: Observed, before: tuple[Plugged, ...], guests: tuple[Guest, ...] | None) -> tuple[Plugged, ...]:
    """Of the guests that run, and of the devices that were in the bridge before.

    now: the network, with all that is plugged in. guests: None when this connection shows none; then only those of
    before whose port is missing count.
    """
    plugged = now.plugged or ()
    bridge = is_virtual(now.definition)
    there = {port.port for port in plugged if not bridge or port.tap is None or port.tap.mtu is not None}
    # What looked like a device while its guest was starting may be that guest's tap now.
    devices = {port.tap.name if port.tap is not None else port.name for port in plugged}
    known = {port.port: port for port in before}
    missing = [port for port in before if port.kind == DEVICE and bridge and port.name not in devices]
    if guests is None:
        return (*missing, *(port for port in before if port.kind == GUEST and port.port not in there))
    missing += [
        known.get(nic.port) or _port(guest, nic, now)
        for guest in guests
        for nic in guest.nics
        if guest.running and nic.network == now.name and nic.port and nic.port not in there
    ]
    return tuple(missing)


def with_unplugged(now: Observed, guests: tuple[Guest, ...], loose: Collection[str]) -> Observed:
    """now: a network, with all that is plugged in; loose: taps of the host that are in no bridge."""
    guest_ports = [port for port in now.plugged or () if port.kind == GUEST]
    known = {port.port: port for port in (*unplugged(now, (), guests), *guest_ports)}
    outside = tuple(port for port in known.values() if port.tap is not None and port.tap.name in loose)
    link = UNPLUGGED if outside and now.bridge_link in (COMPLETE, UNUSED) else now.bridge_link
    return replace(now, unplugged=outside, bridge_link=link)


def without_port(observed: Observed) -> tuple[Plugged, ...]:
    """Those of its unplugged guests to whom libvirt has no port any more: the network was stopped and started."""
    ports = {port.port for port in observed.plugged or ()}
    return tuple(port for port in observed.unplugged if port.port not in ports)


def is_cut_off(observed: Observed) -> bool:
    """Whether all that is plugged in is without its bridge, so that a restart takes nothing from anybody."""
    outside = {port.port for port in observed.unplugged}
    return bool(outside) and all(port.kind == GUEST and port.port in outside for port in observed.plugged or ())


def _options(nic: Nic, now: Observed) -> tuple[tuple[str, int], ...]:
    """What libvirt sets for its tap in the bridge."""
    isolated = (now.definition.get("port") or {}).get("isolated") if nic.isolated is None else nic.isolated
    return (("isolated", 1),) if isolated else ()


def _port(guest: Guest, nic: Nic, now: Observed) -> Plugged:
    port = Plugged(
        GUEST,
        guest.name,
        mac=nic.mac,
        uuid=guest.uuid,
        portgroup=nic.portgroup,
        port=nic.port,
        member=nic.source if nic.actual == "direct" else None,
        tap=BridgePort(nic.target, options=_options(nic, now)) if nic.target else None,
    )
    bridge = bridge_of(now.definition)
    return replace(port, xml=write_port(port, mode=nic.mode or "", bridge=bridge))
