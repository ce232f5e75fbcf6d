# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command of the guide to maintenance, in its order, with the README's fleet."""

from __future__ import annotations

import pytest
from guests import domain_xml, network_interface
from harness.playbook import ROOT

from .page import Page, Reader

pytestmark = pytest.mark.lab

GUIDE = Page("docs/maintenance.md")
FILES = ("group_vars/kvm.yml", "host_vars/kvm2.yml", "inventory.yml")
HERE, THERE = "kvm2", "kvm1"


def running(hosts, host):
    return set(hosts.virsh(host, "list", "--name").split())


def test_the_guide(tmp_path, hosts):
    readme = Page("README.md").files
    files = {name: readme[name] for name in FILES}
    files["group_vars/kvm.yml"] += 'migrate_uri: "qemu+tcp://{{ inventory_hostname }}/system"\n'
    operator = Reader.of(tmp_path, hosts, files, str(ROOT / ".cache/collections"))
    for host in (HERE, THERE):
        hosts.clean(host)
    operator.run("ansible-playbook -i inventory.yml virtfleet.network.rollout")
    guests = {"web1", "web2"}
    for number, name in enumerate(sorted(guests)):
        xml = domain_xml(name, [network_interface("lab", f"52:54:00:00:66:0{number}")])
        hosts.on(HERE, "sh", "-c", f'printf %s "$1" >/run/{name}.xml', "sh", xml)
        hosts.virsh(HERE, "create", f"/run/{name}.xml")
    resilience, planned, evacuate, rollout, audit, back = GUIDE.commands
    try:
        operator.run(resilience)
        shown = operator.run(planned)
        assert all(name in shown for name in guests), shown
        assert running(hosts, HERE) == guests
        operator.run(evacuate)
        assert (running(hosts, HERE), running(hosts, THERE)) == (set(), guests)
        assert "changed=0" in operator.run(rollout)
        # The two hosts of the README differ in what the contract leaves to them.
        assert "HOST_UNKNOWN" not in operator.run(audit, check=False)
        operator.run(back)
        assert (running(hosts, HERE), running(hosts, THERE)) == (guests, set())
    finally:
        for host in (HERE, THERE):
            for name in running(hosts, host) & guests:
                hosts.virsh(host, "destroy", name)
            hosts.clean(host)
