# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a lab host: one call of the collection's core, which may meet a fault on its way, or a look at the host.

on_host.py COLLECTIONS apply REQUEST: options of virt_network with restart, and fault: step (its number), when (before,
after) and how (kill: this process dies; daemon: libvirtd dies; error: libvirt refuses; anything else: a command that
virsh carries out, if it can). on_host.py COLLECTIONS look.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, sys.argv[1])

import libvirt

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.argument_spec import DEFINITION
from ansible_collections.virtfleet.network.plugins.module_utils._host.connection import errors
from ansible_collections.virtfleet.network.plugins.module_utils._model.desired import Desired, declaration
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._run import execute as executing
from ansible_collections.virtfleet.network.plugins.module_utils._run.apply_networks import apply_networks
from ansible_collections.virtfleet.network.plugins.module_utils._run.session import Safety

URI = "qemu:///system"
OWNER = re.compile(r"<name>(.*?)</name>|<mac address='(.*?)'")
COUNTED = re.compile(r" connections='\d+'")


def meet(fault: dict) -> None:
    """Have the step of that number meet its fault."""
    run_step, number = executing.run_step, iter(range(1000))

    def faulty(conn, step):
        mine = next(number) == fault["step"]
        if mine and fault["when"] == "before":
            strike(conn, step)
        result = run_step(conn, step)
        if mine and fault["when"] == "after":
            strike(conn, step)
        return result

    def strike(conn, step):
        if fault["how"] == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault["how"] == "daemon":
            pid = subprocess.run(["pgrep", "-o", "-x", "libvirtd"], capture_output=True, text=True, check=True).stdout
            os.kill(int(pid), signal.SIGKILL)
            return
        if fault["how"] != "error":
            subprocess.run(["virsh", "-q", *fault["how"].split()], capture_output=True, check=False)
            return
        with errors(step.doing, conn):
            raise libvirt.libvirtError("injected by the test")

    executing.run_step = faulty


def apply(request: dict) -> dict:
    if request.get("fault"):
        meet(request["fault"])
    options = {name: value for name, value in request.items() if name in DEFINITION}
    desired = Desired(request["name"], request.get("state", "active"), request.get("autostart"), declaration(options))
    try:
        done = apply_networks(
            [desired], uri=URI, restart=request.get("restart", "idle"), check_mode=False, safety=Safety(lock_timeout=5)
        )
    except VirtfleetError as error:
        return {"code": error.code, "sentence": error.sentence, "left": error.details.get("left", [])}
    plan = done.work[0][0]
    return {"steps": [step.action for step in plan.steps], "warnings": list(done.warnings)}


def look() -> dict:
    """Everything of a network, and of who is plugged in, that a change could spoil."""
    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    conn = libvirt.open(URI)
    networks, ports = {}, []
    for network in conn.listAllNetworks():
        persistent = network.isPersistent()
        networks[network.name()] = {
            "live": COUNTED.sub("", network.XMLDesc()) if network.isActive() else None,
            "persistent": network.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE) if persistent else None,
            "autostart": bool(persistent and network.autostart()),
        }
        if network.isActive():
            ports += [
                re.findall(r"<name>(.*?)</name>|<mac address='(.*?)'", p.XMLDesc()) for p in network.listAllPorts()
            ]
    masters = {}
    for name in sorted(os.listdir("/sys/class/net")):
        if name.startswith("vnet"):
            master = f"/sys/class/net/{name}/master"
            masters[name] = os.path.basename(os.readlink(master)) if os.path.exists(master) else None
    state = "/var/lib/virtfleet-network"  # no run has been here yet where there is none
    journals = [name for name in os.listdir(state) if name.endswith(".journal")] if os.path.isdir(state) else []
    conn.close()
    return {"networks": networks, "ports": sorted(map(str, ports)), "masters": masters, "journals": journals}


if __name__ == "__main__":
    print(json.dumps(apply(json.loads(sys.argv[3])) if sys.argv[2] == "apply" else look()))
