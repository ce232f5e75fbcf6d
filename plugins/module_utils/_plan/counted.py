# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a port that was set aside is made known to libvirt again.

Reclaiming a port counts it and restores nothing else. Allocating it under its old UUID, as if its guest were just
starting, also brings back the class of a guaranteed bandwidth (floor) on the bridge and the record by which libvirt's
NSS module finds the guest (networkAllocatePort); but it also gives the port what its network gives today.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .._model.canonical import canonical
from .._model.field import Document
from .._model.network import NETWORK
from .._model.plugged import Plugged
from .._xml.port import anew, port_settings
from .old_settings import differing, effective_settings


def counted_again(ports: Sequence[Plugged], runs: Document) -> tuple[Plugged, ...]:
    """The ports, to be allocated where that changes nothing about them: no member could be another, and what the
    network gives is what they have. runs: the network as it runs by then."""
    shown = canonical(NETWORK, runs)
    return tuple(replace(port, xml=anew(port.xml)) if _is_the_same(port, shown) else port for port in ports)


def _is_the_same(port: Plugged, runs: Document) -> bool:
    if port.member is not None or not port.xml:
        return False
    return not differing(port, effective_settings(runs, port.portgroup, port_settings(port.xml)))
