# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt does with the planner's steps, on paper: enough of it to ask what a second plan would find.

It generates what libvirt generates, applies updates to the live definition only, keeps a redefinition of an
active network from its live one, and forgets a transient network that stops.
"""

from __future__ import annotations

import copy
import xml.etree.ElementTree as ET
from dataclasses import replace

from ansible_collections.virtfleet.network.plugins.module_utils._model.bridge_port import BridgePort
from ansible_collections.virtfleet.network.plugins.module_utils._model.bridge_settings import BridgeSettings
from ansible_collections.virtfleet.network.plugins.module_utils._model.canonical import canonical
from ansible_collections.virtfleet.network.plugins.module_utils._model.forward import (
    is_virtual,
    members_of,
)
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import NETWORK
from ansible_collections.virtfleet.network.plugins.module_utils._model.observed import Observed
from ansible_collections.virtfleet.network.plugins.module_utils._model.plugged import Plugged
from ansible_collections.virtfleet.network.plugins.module_utils._plan import step as steps
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import parse_network, write_network
from ansible_collections.virtfleet.network.tests.unit.updates.daemon_on_paper import Network

UUID = "6f5b1f1e-0000-4000-8000-000000000001"


def run_transaction(observed: Observed, plan_steps) -> Observed:
    """The network after the steps."""
    for step in plan_steps:
        observed = _one(observed, step)
    return observed


def _one(seen: Observed, step: steps.Step) -> Observed:
    if step.action == steps.DEFINE:
        document = _generated(parse_network(step.xml))
        return replace(seen, persistent=document, persistent_xml=write_network(document))
    if step.action == steps.UNDEFINE:
        return replace(seen, persistent=None, persistent_xml="", autostart=False)
    if step.action == steps.START:
        assert seen.live is None
        assert seen.persistent is not None
        live = _running(seen.persistent)
        return replace(seen, live=live, live_xml=write_network(live), bridge_settings=BridgeSettings())
    if step.action == steps.CREATE:
        live = _running(_generated(parse_network(step.xml)))
        return replace(seen, live=live, live_xml=step.xml, bridge_settings=BridgeSettings())
    if step.action == steps.SETTINGS:
        assert seen.live is not None
        assert is_virtual(seen.live)
        settings = tuple(sorted({**dict(seen.bridge_settings.kept), **dict(step.options)}.items()))
        return replace(seen, bridge_settings=BridgeSettings(settings))
    if step.action == steps.DESTROY:
        assert seen.live is not None
        assert not (step.disruption == steps.NONE and seen.plugged), "a stop drops every port"
        return replace(seen, live=None, live_xml="", plugged=(), bridge_settings=BridgeSettings())
    if step.action in (steps.BYPASS, steps.UNBYPASS):
        assert step.action == steps.BYPASS or seen.bypassed
        return replace(seen, bypassed=step.action == steps.BYPASS)
    if step.action == steps.ASIDE:
        assert seen.bypassed
        return replace(seen, plugged=_without_taps(seen.plugged or (), step.ports))
    if step.action == steps.JOIN:
        assert seen.bypassed
        assert seen.live is not None
        return seen
    if step.action in (steps.ATTACH, steps.MOVE):
        assert seen.live is not None
        assert seen.live["bridge"]["name"]
        if step.action == steps.ATTACH:
            return replace(seen, plugged=_with_taps(seen.plugged or (), step.ports))
        # libvirt makes their ports anew.
        return replace(seen, plugged=_with_taps(_with_ports(seen.plugged or (), step.ports), step.ports))
    if step.action == steps.AUTOSTART:
        assert seen.persistent is not None
        return replace(seen, autostart=step.value)
    if step.action in (steps.RELEASE, steps.RECLAIM):
        # Ports set aside are not there; what comes back must have gone before.
        there = {port.port for port in seen.plugged or ()}
        named = {port.port for port in step.ports}
        if step.action == steps.RELEASE:
            assert named <= there
            assert all(port.member is None or port.member in members_of(seen.live) for port in step.ports)
            kept = tuple(port for port in seen.plugged if port.port not in named)
            # Their taps stay where they are.
            return replace(seen, plugged=_with_taps(kept, [port for port in seen.plugged if _is_tap(port, named)]))
        for port in step.ports:
            assert port.member is None or port.member in members_of(seen.live), "libvirt takes no port of no member"
        return replace(seen, plugged=_with_ports(seen.plugged or (), step.ports))
    if step.action == steps.FREE:
        gone = {port.port for port in step.ports}
        assert all(port.member in members_of(seen.live) for port in step.ports), "libvirt keeps a port of no member"
        return replace(seen, plugged=tuple(port for port in seen.plugged if port.port not in gone))
    if step.action == steps.UPDATE:
        guests = [port for port in seen.plugged or () if port.kind == "guest"]
        counted = [port for port in guests if port.member in (None, *members_of(seen.live))]
        assert not counted, "libvirt would forget who is plugged in"
        live = _updated(seen.live, step)
        return replace(seen, live=live, live_xml=write_network(live))
    assert step.action in (steps.DESCRIBE, steps.LEASES)
    return seen


def broken_off(step: steps.Step, count: int) -> steps.Step:
    """A step over several ports in which its run is killed after some of them; the next tap is in the bridge by then,
    without its settings."""
    ports = step.ports[:count]
    if step.action in (steps.ATTACH, steps.MOVE) and count < len(step.ports):
        nearly = step.ports[count]
        ports = (*ports, replace(nearly, tap=replace(nearly.tap, options=(), fdb=(), groups=())))
    return replace(step, ports=ports)


def as_read(seen: Observed) -> Observed:
    """What the collection sees of it: into a bridge of the host's it does not look."""
    if seen.live is None or is_virtual(seen.live):
        return seen
    guests = [port for port in seen.plugged or () if port.kind == "guest"]
    return replace(seen, plugged=tuple(replace(port, tap=port.tap and BridgePort(port.tap.name)) for port in guests))


def _is_tap(port, named):
    return port.port in named and port.tap is not None and port.tap.mtu is not None


def _with_ports(plugged, back):
    """A guest that gets its port back is where its tap is."""
    there = {port.port for port in plugged if port.port}
    taps = {port.tap.name: port.tap for port in plugged if port.kind == "device" and port.tap}
    come = [port for port in back if port.port not in there]
    names = {port.tap.name for port in come if port.tap}
    come = [
        replace(port, tap=taps.get(port.tap.name, BridgePort(port.tap.name)))
        if port.tap and port.tap.mtu is not None
        else port
        for port in come
    ]
    return (*(port for port in plugged if port.kind == "guest" or port.name not in names), *come)


def _with_taps(plugged, back):
    """A tap in the bridge without a port looks like any other device."""
    taps = {port.tap.name: port.tap for port in back}
    there = tuple(
        replace(port, tap=taps[port.tap.name]) if port.tap and port.tap.name in taps else port for port in plugged
    )
    have = {port.tap.name for port in there if port.tap}
    come = (
        port if port.kind == "device" else Plugged("device", port.tap.name, mac=f"fe{port.mac[2:]}", tap=port.tap)
        for port in back
        if port.tap.name not in have
    )
    return (*there, *come)


def _without_taps(plugged, gone):
    """A guest keeps its port."""
    names = {port.tap.name for port in gone}
    kept = (port for port in plugged if port.kind == "guest" or port.tap.name not in names)
    return tuple(
        replace(port, tap=BridgePort(port.tap.name)) if port.tap and port.tap.name in names else port for port in kept
    )


def _generated(document):
    document = copy.deepcopy(document)
    document.setdefault("uuid", UUID)
    for ip in document.get("ips", ()):
        if not (ip.get("dhcp", {}).get("ranges") or ip.get("dhcp", {}).get("hosts")):
            ip.pop("dhcp", None)
    if is_virtual(document):
        document["bridge"] = {"name": "virbr7", "stp": True, "delay": 0, **document.get("bridge", {})}
        document.setdefault("mac", "52:54:00:00:00:07")
    return document


def _running(document):
    document = copy.deepcopy(document)
    if document.get("forward", {}).get("mode") == "nat":
        document["forward"].setdefault("nat", {}).setdefault("port", {"start": 1024, "end": 65535})
    document["connections"] = 1
    return document


def _updated(live, step: steps.Step):
    network = Network(write_network(live))
    network.update(step.command, step.section, step.index, step.xml)
    after = parse_network(ET.tostring(network.root).decode())
    # Foreign elements do not keep their prefixes here.
    return {**after, "metadata": live["metadata"]} if "metadata" in live else after


def same(one: Observed, other: Observed) -> bool:
    """Whether two states of a network cannot be told apart by what libvirt would do with them."""

    def facts(seen):
        return [
            seen.autostart,
            seen.bypassed,
            seen.bridge_settings,
            sorted(f"{port.kind} {port.name} {port.port} {port.tap}" for port in seen.plugged or ()),
            None if seen.live is None else canonical(NETWORK, seen.live),
            None if seen.persistent is None else canonical(NETWORK, seen.persistent),
        ]

    return facts(one) == facts(other)
