# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Ansible inventory of a lab."""

from __future__ import annotations

import json
import shlex

import rootfs
import ssh
from state import Lab


def write(lab: Lab) -> None:
    args = shlex.join(ssh.options(lab))
    everywhere = {
        "ansible_connection": "ssh",
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(ssh.fleet_key(lab)),
        "ansible_ssh_args": "",  # Ansible's own defaults would fight with ours
        "ansible_ssh_common_args": args,
        "ansible_pipelining": True,
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    own = rootfs.codename()
    hosts = {
        spec.name: {
            "ansible_host": lab.address(spec.number),
            "lab_release": own if spec.release == rootfs.NATIVE else spec.release,
            "lab_daemons": spec.daemons,
            "lab_firewall": spec.firewall,
        }
        for spec in lab.hosts
    }
    # JSON is YAML; quoting is then nobody's guess.
    content = json.dumps({"kvm": {"hosts": hosts, "vars": everywhere}}, indent=2)
    (lab.dir / "inventory.yml").write_text(content + "\n")
