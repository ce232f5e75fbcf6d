# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests that are plugged in with other settings than they would get now.

A port keeps the settings that it was created with, so ports, network and guests are enough to tell; no history is
needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional

from .._model.canonical import canonical
from .._model.field import Document
from .._model.forward import mode_of
from .._model.guest import SETTINGS, Guest, Nic
from .._model.plugged import Plugged
from .._model.portgroup import PORTGROUP
from .._xml.port import read_settings_from_network

if TYPE_CHECKING:
    from .refresh import RefreshSupport

# libvirt makes these up for a port that was given none.
_GENERATED = ("interfaceid", "instanceid")


def suspects(network: Document, portgroup: str, ports: tuple[Plugged, ...]) -> tuple[Plugged, ...]:
    """The ports of this portgroup, or of none, whose settings are not those that network and portgroup give.

    network: the running network, canonical. The guest's definition tells old settings from the NIC's own.
    """
    return suspects_of_any(network, tuple(port for port in ports if port.portgroup in (portgroup, None)))


def suspects_of_any(network: Document, ports: tuple[Plugged, ...]) -> tuple[Plugged, ...]:
    """The same for the ports of all portgroups."""
    return tuple(port for port in ports if differing(port, effective_settings(network, port.portgroup, {})))


@dataclass(frozen=True)
class OldNic:
    """A NIC of a running guest on old settings. wanted: the settings that it would get now, all of SETTINGS; differs:
    those that it lacks."""

    guest: Guest
    nic: Nic
    port: Plugged
    wanted: Document
    differs: tuple[str, ...]


def old_nics(network: Document, found: tuple[Plugged, ...], guests: tuple[Guest, ...]) -> tuple[OldNic, ...]:
    """found: suspects. Ports without a running guest are left out."""
    result = []
    running = {guest.uuid: guest for guest in guests if guest.running}
    for port in found:
        guest = running.get(str(port.uuid))
        nic = None if guest is None else _nic_of(guest, port)
        if guest is None or nic is None:
            continue
        wanted = effective_settings(network, port.portgroup, nic.own)
        differs = differing(port, wanted)
        if differs:
            result.append(OldNic(guest, nic, port, wanted, tuple(differs)))
    return tuple(result)


def guests_on_old_settings(network: Document, old: tuple[OldNic, ...], means: RefreshSupport) -> list[dict[str, Any]]:
    """For results: who they are, and how and when each gets its current settings."""
    if not old:
        return []
    from .refresh import obstacle_to_refresh, takes_effect
    from .update_methods import refresh_method, update_methods

    result = []
    for one in old:
        reason = obstacle_to_refresh(one, means)
        result.append(
            {
                "guest": one.guest.name,
                "uuid": one.guest.uuid,
                "mac": one.port.mac,
                "portgroup": one.port.portgroup,
                "differs": list(one.differs),
                "live": not reason,
                "reason": reason,
                "takes_effect": takes_effect(one),
                "methods": [*(() if reason else (refresh_method(),)), *update_methods(one, mode_of(network))],
            }
        )
    return result


def effective_settings(network: Document, portgroup: Optional[str], own: Document) -> Document:
    """What a NIC is plugged in with: its own settings first, then its portgroup's, then the network's, as libvirt
    does it. A missing portgroup gives nothing; NICs without a portgroup use the default one."""
    groups = network.get("portgroups") or ()
    group: Document = next(
        (g for g in groups if (g.get("default") if portgroup is None else g.get("name") == portgroup)), {}
    )
    own = canonical(PORTGROUP, own)
    result: Document = {}
    for option in ("bandwidth", "vlan", "trust_guest_rx_filters"):
        sources = (own, group) if option == "bandwidth" else (own, group, network)
        result[option] = next((source[option] for source in sources if option in source), None)
    ports = [source.get("virtualport") or {} for source in (group, network, own)]
    merged = {key: value for port in ports for key, value in port.items() if key == "type"}
    parameters = {key: value for port in ports for key, value in (port.get("parameters") or {}).items()}
    result["virtualport"] = {**merged, **({"parameters": parameters} if parameters else {})} or None
    return result


def differing(port: Plugged, wanted: Document) -> list[str]:
    """The SETTINGS in which a port differs from wanted."""
    has = canonical(PORTGROUP, read_settings_from_network(port.xml))
    return [option for option in SETTINGS if not _same(option, has.get(option), wanted.get(option))]


def _same(option: str, has: Any, wanted: Any) -> bool:
    if option == "trust_guest_rx_filters":
        return bool(has) == bool(wanted)
    if option != "virtualport":
        return bool(has == wanted)
    if not has or not wanted:
        return bool(has) == bool(wanted)
    there, expected = (dict(side.get("parameters") or {}) for side in (has, wanted))
    for name in _GENERATED:
        if name not in expected:
            there.pop(name, None)
    return has.get("type") == wanted.get("type") and there == expected


def _nic_of(guest: Guest, port: Plugged) -> Optional[Nic]:
    by_port = (nic for nic in guest.nics if nic.port == port.port)
    by_mac = (nic for nic in guest.nics if nic.mac == (port.mac or "").lower())
    return next(by_port, None) or next(by_mac, None)
