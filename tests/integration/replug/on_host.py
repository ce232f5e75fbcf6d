# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a lab host: one call of the collection's core, which may meet a fault on its way, or a look at the host.

on_host.py COLLECTIONS apply REQUEST: options of virt_network with restart and check, or networks, a list of these, and
fault, one or a list: step (its number, those of a rollback or a recovery counted on), when (before, after) and how
(kill: this process dies; daemon: libvirtd dies; error: libvirt refuses; SIGTERM and others: that signal comes, twice;
OSError and others: that is raised; anything else: a command that virsh carries out, if it can, or after a ! one by
itself). With inside, a function of _host, step counts its calls instead. on_host.py COLLECTIONS look.
"""

from __future__ import annotations

import builtins
import importlib
import json
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, sys.argv[1])

import libvirt

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.argument_spec import DEFINITION
from ansible_collections.virtfleet.network.plugins.module_utils._host import connection
from ansible_collections.virtfleet.network.plugins.module_utils._model.desired import Desired, declaration
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._run import execute as executing
from ansible_collections.virtfleet.network.plugins.module_utils._run import recover as recovering
from ansible_collections.virtfleet.network.plugins.module_utils._run.apply_networks import apply_networks
from ansible_collections.virtfleet.network.plugins.module_utils._run.session import RunOptions, Safety

URI = "qemu:///system"
OWNER = re.compile(r"<name>(.*?)</name>|<mac address='(.*?)'")
SETTINGS = ("isolated", "learning", "unicast_flood", "hairpin_mode")
COUNTED = re.compile(r" connections='\d+'")


def meet(faults: list[dict]) -> None:
    """Have the steps, or the calls, of these numbers meet their faults."""
    number = iter(range(1000))
    at_steps = [fault for fault in faults if "inside" not in fault]
    run_step = executing.run_step

    def faulty(conn, step, *rest):
        mine = next(number)
        met = [fault for fault in at_steps if fault["step"] == mine]
        for fault in met:
            if fault["when"] == "before":
                strike(fault["how"], conn, step)
        result = run_step(conn, step, *rest)
        for fault in met:
            if fault["when"] == "after":
                strike(fault["how"], conn, step)
        return result

    for module in (executing, recovering):
        module.run_step = faulty
    for fault in faults:
        if "inside" in fault:
            wrap(fault)


def wrap(fault: dict) -> None:
    module_name, name = fault["inside"].split(".")
    module = importlib.import_module(f"{connection.__package__}.{module_name}")
    function, number = getattr(module, name), iter(range(1000))

    def faulty(*args, **kwargs):
        if next(number) == fault["step"]:
            strike(fault["how"], None, None)
        return function(*args, **kwargs)

    setattr(module, name, faulty)


def strike(how: str, conn, step) -> None:
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how.startswith("SIG"):
        for _time in range(2):
            os.kill(os.getpid(), getattr(signal, how))
    elif how.endswith(("Error", "Interrupt", "Exit")):
        raise getattr(builtins, how)("injected by the test")
    elif how == "daemon":
        pid = subprocess.run(["pgrep", "-o", "-x", "libvirtd"], capture_output=True, text=True, check=True).stdout
        os.kill(int(pid), signal.SIGKILL)
    elif how == "error":
        with connection.errors(step.doing, conn):
            raise libvirt.libvirtError("injected by the test")
    elif how.startswith("!"):
        subprocess.run(how[1:].split(), capture_output=True, check=False)
    else:
        subprocess.run(["virsh", "-q", *how.split()], capture_output=True, check=False)


def heed_signals() -> None:
    """All of them, even if the tests run under nohup or as a shell's background job, which ignore some."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def apply(request: dict) -> dict:
    heed_signals()
    if request.get("fault"):
        faults = request["fault"]
        meet(faults if isinstance(faults, list) else [faults])
    wanted = [desired(network) for network in request.get("networks", [request])]
    try:
        done = apply_networks(
            wanted,
            RunOptions(
                URI,
                request.get("restart", "idle"),
                check_mode=request.get("check", False),
                safety=Safety(lock_timeout=5),
            ),
        )
    except VirtfleetError as error:
        left, undone = error.details.get("left", []), error.details.get("undone", [])
        refused = [one["sentence"] for one in error.details.get("refused", ())]
        return {"code": error.code, "sentence": error.sentence, "left": left, "undone": undone, "refused": refused}
    steps = [step.action for plan, _observed in done.work for step in plan.steps]
    return {"steps": steps, "warnings": list(done.warnings), "gaps": done.gaps}


def desired(network: dict) -> Desired:
    options = {name: value for name, value in network.items() if name in DEFINITION}
    return Desired(network["name"], network.get("state", "active"), network.get("autostart"), declaration(options))


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
    masters, taps, stp, bypasses = {}, {}, {}, []
    for name in sorted(os.listdir("/sys/class/net")):
        if name.startswith("vnet"):
            master = f"/sys/class/net/{name}/master"
            masters[name] = os.path.basename(os.readlink(master)) if os.path.exists(master) else None
            taps[name] = [
                read(name, "mtu"),
                read(name, "operstate") == "dormant",
                *(read(name, "brport", option) for option in SETTINGS),
            ]
        if name.startswith("vfbp"):
            bypasses.append(name)
        elif os.path.exists(f"/sys/class/net/{name}/bridge"):
            stp[name] = read(name, "bridge", "stp_state")
    state = "/var/lib/virtfleet-network"  # no run has been here yet where there is none
    journals = [name for name in os.listdir(state) if name.endswith(".journal")] if os.path.isdir(state) else []
    conn.close()
    return {
        "networks": networks, "ports": sorted(map(str, ports)), "masters": masters, "taps": taps, "stp": stp,
        "journals": journals, "bypasses": bypasses,
    }  # fmt: skip


def read(*path: str) -> str:
    try:
        with open(os.path.join("/sys/class/net", *path), encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


if __name__ == "__main__":
    print(json.dumps(apply(json.loads(sys.argv[3])) if sys.argv[2] == "apply" else look()))
