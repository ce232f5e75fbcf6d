# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt on paper against libvirt: the planner's tests stand on the former, which reads XML as the collection does.

Both carry out the same steps; what they then show is compared as XML, by no code of the collection's.
"""

from __future__ import annotations

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from lxml import etree

from ansible_collections.virtfleet.network.plugins.module_utils._host.run_step import run_step
from ansible_collections.virtfleet.network.plugins.module_utils._model.desired import Desired, declaration
from ansible_collections.virtfleet.network.plugins.module_utils._model.host import Host
from ansible_collections.virtfleet.network.plugins.module_utils._model.observed import Observed
from ansible_collections.virtfleet.network.plugins.module_utils._plan.plan import plan_network
from ansible_collections.virtfleet.network.tests.unit.plan import libvirt_on_paper as paper
from ansible_collections.virtfleet.network.tests.unit.plan import networks

from .conftest import clear

HOST = Host((9, 0, 0))
EACH = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def shown(xml: str) -> list[str]:
    """A line for each element, in no order, without what libvirt makes up or says twice."""
    root = etree.fromstring(xml)
    for path in ("uuid", "mac", "metadata", "forward/nat", "title", "description"):
        for node in root.findall(path):
            node.getparent().remove(node)
    forward, bridge = root.find("forward"), root.find("bridge")
    if forward is not None:
        forward.attrib.pop("dev", None)  # the first interface
        forward.attrib.pop("managed", None)
    if bridge is not None:
        for name in ("stp", "delay", "name") if forward is None or forward.get("mode") != "bridge" else ():
            bridge.attrib.pop(name, None)
        if not bridge.attrib:
            root.remove(bridge)
    for node in [*root.iter("dhcp"), *root.iter("dns")]:
        if not len(node) and not node.attrib:
            node.getparent().remove(node)
    lines = []
    for node in root.iter():
        node.attrib.pop("connections", None)
        path = "/".join(parent.tag + (parent.get("name") or "") for parent in reversed([node, *node.iterancestors()]))
        lines.append(f"{path} {sorted(node.attrib.items())} {(node.text or '').strip()}")
    return sorted(lines)


def both(conn, seen: Observed, options: dict, state: str) -> Observed:
    """On paper, and by libvirt on the way."""
    plan = plan_network(Desired("red", state, None, declaration(options)), seen, HOST, "force")
    assume(seen.persistent is None or all(step.action != "destroy" for step in plan.steps))
    for step in plan.steps:
        run_step(conn, step)
    return paper.run_transaction(seen, plan.steps)


@EACH
@given(options=networks.definitions(), state=st.sampled_from(["active", "inactive"]))
def test_a_definition(conn, options, state):
    clear(conn)
    after = both(conn, Observed("red", plugged=()), options, state)
    network = conn.networkLookupByName("red")
    assert shown(after.persistent_xml) == shown(network.XMLDesc(0))
    assert after.active == bool(network.isActive())


@EACH
@given(first=networks.definitions(), data=st.data())
def test_updates(conn, first, data):
    """Of sections that libvirt can change in a running network; its test driver then shows just that one."""
    clear(conn)
    before = both(conn, Observed("red", plugged=()), first, "active")
    second = {"portgroups": data.draw(networks.portgroups(bandwidth=False))}
    if "dns" in first:
        second["dns"] = {**first["dns"], **data.draw(networks.dns())}
    ips = first.get("ips") or []
    served = [number for number, ip in enumerate(ips) if ip.get("dhcp")]
    if served:
        third = int(ips[served[0]]["address"].split(".")[2])
        changed = {**ips[served[0]], "dhcp": data.draw(networks.dhcp(third))}
        second["ips"] = [*ips[: served[0]], changed, *ips[served[0] + 1 :]]
    # libvirt takes a host by any of its names, and may find two.
    hosts = [host for dns in (first, second) for host in dns.get("dns", {}).get("hosts", ())]
    names = [name for _ip, names in {(host["ip"], tuple(host["hostnames"])) for host in hosts} for name in names]
    assume(len(set(names)) == len(names))
    after = both(conn, before, second, "active")
    network = conn.networkLookupByName("red")
    assert shown(after.live_xml) == shown(network.XMLDesc(0))
