# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab `pg`: a host with libvirt 9.0 and one with 11.3, with Open vSwitch and eight NICs each."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest
from batch import SNAPSHOT, Hosts, task
from guests import domain_xml, network_interface, pinging_domain_xml
from harness.playbook import ROOT
from pinging import READY, pinging_initrd

OVS = """<network><name>red</name><forward mode='bridge'/><bridge name='ovsbr0'/>
<virtualport type='openvswitch'/>{}</network>"""


# And all that it could change of a guest that is plugged in.
SNAPSHOT_OF_GUESTS = (
    SNAPSHOT
    + r"""
virsh -q list --name | sort | while IFS= read -r name; do
  [ -n "$name" ] && virsh -q dumpxml "$name" | sed -n '/<interface/,/<.interface>/p'
done
virsh -q net-list --name | sort | while IFS= read -r name; do
  [ -n "$name" ] || continue
  virsh -q net-port-list "$name" | sort | while read -r port; do
    [ -n "$port" ] && virsh -q net-port-dumpxml "$name" "$port"
  done
done
ovs-vsctl --columns=name,tag,trunks,vlan_mode,qos list port
ovs-vsctl --columns=name,ingress_policing_rate,ingress_policing_burst list interface
"""
)


class PortgroupHosts(Hosts):
    """Hosts whose networks and guests are looked at with virsh, ip and ovs-vsctl alone."""

    def file(self, host: str, text: str) -> str:
        path = f"/run/pg-{abs(hash(text))}.xml"
        self.on(host, "sh", "-c", 'printf %s "$1" >"$2"', "sh", text, path)
        return path

    def started(self, host: str, *networks: str) -> None:
        for xml in networks:
            self.define(host, xml)
            self.virsh(host, "net-start", ET.fromstring(xml).findtext("name") or "")

    def empty(self, host: str) -> None:
        for guest in self.virsh(host, "list", "--all", "--name").split():
            self.virsh(host, "destroy", guest, check=False)
            self.virsh(host, "undefine", guest, check=False)
        self.clean(host)

    def guest(self, host: str, name: str, *nics: tuple[str, str, str | None], start: bool = True) -> None:
        """nics: network, MAC, portgroup."""
        xml = domain_xml(name, [network_interface(*nic) for nic in nics])
        self.virsh(host, "define", self.file(host, xml))
        if start:
            self.virsh(host, "start", name)

    def pinging(self, host: str, name: str, *nics: tuple[str, str, str | None]) -> None:
        """A guest with an operating system, which lets go of a NIC that is taken out. Waits until it has booted."""
        files = pinging_initrd(self.inventory.parent)
        interfaces = [network_interface(*nic) for nic in nics]
        xml = pinging_domain_xml(name, interfaces, files, [f"10.40.0.{n}/24" for n, _nic in enumerate(nics, 1)])
        self.virsh(host, "create", self.file(host, xml))
        console = f"/var/log/libvirt/{name}-console.log"
        for _second in range(60):
            if READY in self.on(host, "sh", "-c", f"cat {console} || true"):
                return
            time.sleep(1)
        raise AssertionError(f"{name} has not booted in a minute: {self.on(host, 'tail', console)}")

    def groups(self, host: str, network: str = "red") -> tuple[dict[str, str], dict[str, str]]:
        """Live and persistent portgroups, as virsh shows them."""
        return tuple(
            {
                str(group.get("name")): ET.canonicalize(ET.tostring(group, encoding="unicode"), strip_text=True)
                for group in ET.fromstring(self.virsh(host, "net-dumpxml", network, *flags)).iter("portgroup")
            }
            for flags in ((), ("--inactive",))
        )

    def ovs_port(self, host: str, guest: str, mac: str) -> dict[str, str]:
        """What Open vSwitch itself has for a NIC."""
        tap = self.nic(host, guest, mac).find("target").get("dev")
        return {
            column: self.on(host, "ovs-vsctl", "get", "port", tap, column).strip()
            for column in ("tag", "trunks", "vlan_mode")
        }

    def nic(self, host: str, guest: str, mac: str) -> ET.Element:
        domain = ET.fromstring(self.virsh(host, "dumpxml", guest))
        return next(nic for nic in domain.iter("interface") if nic.find("mac").get("address") == mac)

    def books(self, host: str, network: str) -> tuple[int, int]:
        """connections as libvirt counts them on the members, and the number of ports."""
        root = ET.fromstring(self.virsh(host, "net-dumpxml", network))
        counted = sum(int(member.get("connections", 0)) for member in root.iter("interface"))
        return counted, len(self.virsh(host, "net-port-list", network).split())

    def macvtaps(self, host: str) -> list[str]:
        shown = self.on(host, "ip", "-o", "link", "show", "type", "macvtap")
        return sorted(" ".join(line.split()[:2]) for line in shown.splitlines())

    def portgroup(self, host: str, *calls: dict, check: bool = False) -> list[dict]:
        return self.run(host, [task("virt_portgroup", {"network": "red", **call}, check, diff=True) for call in calls])

    def quartet(self, host: str, **options: object) -> dict:
        """The result of the real run."""
        return self.quartets(host, options)[0]

    def quartets(self, host: str, *wishes: dict) -> list[dict]:
        """Check, real, again, again in check mode, for each wish in turn; check mode touches nothing and promises what
        is then done. In one playbook, since it is their start that takes the time."""
        look = {"ansible.builtin.command": {"argv": ["sh", "-c", SNAPSHOT_OF_GUESTS]}}
        tasks = []
        for options in wishes:
            of = {"network": "red", **options}
            check, real = (task("virt_portgroup", of, mode, diff=True) for mode in (True, False))
            tasks += [look, check, look, real, real, check, look]
        results = self.run(host, tasks)
        return [_judged(results[place : place + 7]) for place in range(0, len(results), 7)]


def _judged(results: list[dict]) -> dict:
    before, check, checked, real, again, last, after = results
    for result in (check, real, again, last):
        assert not result["failed"], result
    assert checked["stdout"] == before["stdout"], "check mode touched the host"
    for promised in ("changed", "diff", "steps", "pending", "guests_on_old_settings"):
        assert check[promised] == real[promised], promised
    for later in (again, last):
        assert (later["changed"], later["steps"]) == (False, []), later
        assert later["guests_on_old_settings"] == real["guests_on_old_settings"]
        assert later["pending"] == real["pending"]
    assert real["changed"] is (after["stdout"] != before["stdout"])
    assert real["changed"] is (real["diff"]["before"] != real["diff"]["after"])
    return real


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortgroupHosts]:
    name = os.environ.get("IT_LABS", "") + "pg"
    hosts = PortgroupHosts(name, tmp_path_factory.mktemp("pg"))
    with (ROOT / ".cache" / f"lab-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        hosts.lab("up", "--hosts", "2", "--nics", "8", "--ovs", "--releases", "bookworm,trixie", timeout=900)
        try:
            yield hosts
        finally:
            if not os.environ.get("IT_KEEP"):
                hosts.lab("down")


@pytest.fixture
def hosts(lab: PortgroupHosts) -> PortgroupHosts:
    for host in ("kvm1", "kvm2"):
        lab.empty(host)
    return lab


@pytest.fixture(params=["kvm1", "kvm2"], ids=["9.0", "11.3"])
def where(request: pytest.FixtureRequest) -> str:
    """A host of each libvirt."""
    return str(request.param)
