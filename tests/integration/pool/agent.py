# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a host and does what it is told, one JSON line each: a process that stays makes hundreds of steps affordable.

The changes are the collection's own, by the functions behind its modules; guests and plain changes are libvirt's. What
is there is told by virsh, ip and the collection's occupancy, side by side.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any, Callable

ROOT = sys.argv[1]
sys.path[:0] = [f"{ROOT}/.cache/collections", f"{ROOT}/tests/lab"]

import guests  # noqa: E402
import libvirt  # noqa: E402

UTILS = "ansible_collections.virtfleet.network.plugins.module_utils."
apply_pool = import_module(UTILS + "_run.apply_pool")
apply_networks = import_module(UTILS + "_run.apply_networks")
Request = import_module(UTILS + "_plan.pool.request").Request
RunOptions = import_module(UTILS + "_run.session").RunOptions
Desired = import_module(UTILS + "_model.desired").Desired
VirtfleetError = import_module(UTILS + "_model.errors").VirtfleetError
accounting = import_module(UTILS + "_plan.port_accounting")
host_run_step = import_module(UTILS + "_host.run_step")
host_networks = import_module(UTILS + "_host.networks")
host_ports = import_module(UTILS + "_host.ports")

URI = "qemu:///system"
_kept: list[Any] = []


def conn() -> Any:
    """One for each request: the daemon may have gone since the last."""
    if not _kept:
        _kept.append(libvirt.open(URI))
    return _kept[0]


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stderr.strip()}")
    return done.stdout


def pool(name: str, check: bool = False, **options: Any) -> dict[str, Any]:
    if "members" in options:
        options["members"] = tuple(options["members"])
    done = apply_pool.apply_pool(Request(name, **options), RunOptions(URI, check_mode=check))
    return {
        "changed": done.plan.changed,
        "actions": [step.action for step in done.plan.steps],
        "pool": done.pool.as_dict(),
        "drained": apply_pool.drained_members(done.pool),
        "freed": [port.name for port in done.freed],
        "warnings": list(done.warnings),
    }


def network(name: str, **declared: Any) -> dict[str, Any]:
    wanted = [Desired(name, declared=declared)]
    plan, _seen = apply_networks.apply_networks(wanted, RunOptions(URI)).work[0]
    return {"changed": plan.changed, "actions": [step.action for step in plan.steps]}


def restart_with_ports_aside(name: str) -> None:
    """The way of hostdev pools, which no update reaches, tried with a pool that this host can have."""
    seen = host_networks.read_network(conn(), name)
    plugged = host_ports.read_ports(conn(), host_networks.find_network(conn(), name))
    for step in accounting.restart_with_ports_aside(accounting.PluggedPool(name, seen.live, plugged)):
        host_run_step.run_step(conn(), step)


def define(xml: str) -> None:
    conn().networkDefineXML(xml).create()


def start(name: str, of: str, paused: bool = True) -> None:
    """Paused: a guest has its port and its macvtap before its first instruction, and 64 firmwares that wait for a disk
    would take all of a machine."""
    flags = libvirt.VIR_DOMAIN_START_PAUSED if paused else 0
    # Under TCG: where KVM itself runs in a guest, QEMU does not always survive a migration.
    conn().createXML(guests.domain_xml(name, [guests.network_interface(of)]), flags)


def start_direct(name: str, dev: str, mode: str) -> None:
    conn().createXML(
        guests.domain_xml(name, [f"<interface type='direct'><source dev='{dev}' mode='{mode}'/></interface>"])
    )


def stop(name: str) -> None:
    conn().lookupByName(name).destroy()


def kill(name: str) -> None:
    """What the kernel does to a guest when memory is short."""
    pid = Path(f"/run/libvirt/qemu/{name}.pid").read_text().strip()
    run("kill", "-9", pid)
    for _attempt in range(200):
        if name not in [domain.name() for domain in conn().listAllDomains()]:
            return
        time.sleep(0.02)
    raise RuntimeError(f"{name} is still there")


def migrate(name: str, to: str) -> None:
    flags = libvirt.VIR_MIGRATE_LIVE | libvirt.VIR_MIGRATE_PEER2PEER | libvirt.VIR_MIGRATE_UNSAFE
    conn().lookupByName(name).migrateToURI(f"qemu+ssh://{to}/system", flags, None, 0)


def running() -> list[str]:
    return sorted(domain.name() for domain in conn().listAllDomains())


def look(name: str) -> dict[str, Any]:
    """The books of virsh, and the kernel's links."""
    # One virsh for many questions: starting it is what takes the time.
    xml, listed = run("virsh", "-q", f"net-dumpxml {name}; net-port-list {name}").split("</network>\n")
    head = re.search(r"<network connections='(\d+)'", xml)
    asked = "; ".join(f"net-port-dumpxml {name} {uuid}" for uuid in listed.split())
    shown_ports = run("virsh", "-q", asked) if asked else ""
    ports = re.findall(
        r"<name>(.*?)</name>.*?<mac address='(.*?)'/>.*?<plug type='direct' dev='(.*?)'", shown_ports, re.S
    )
    if len(ports) != len(listed.split()):
        raise RuntimeError(f"ports that are no macvtap's: {shown_ports}")
    taps = {}
    for link in json.loads(run("ip", "-json", "-details", "link")):
        if link.get("linkinfo", {}).get("info_kind") == "macvtap":
            taps[link["address"]] = {"on": link["link"], "index": link["ifindex"], "name": link["ifname"]}
    shown = re.findall(r"<interface dev='(.*?)'(?: connections='(\d+)')?/>", xml)
    return {
        "connections": int(head.group(1)) if head else 0,
        "members": {dev: int(number or 0) for dev, number in shown},
        "ports": ports,
        "taps": taps,
        "guests": running(),
    }


def clean() -> None:
    for domain in conn().listAllDomains():
        domain.destroy()
    for net in conn().listAllNetworks():
        if net.isActive():
            net.destroy()
        if net.isPersistent():
            net.undefine()


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """{"did": ...}, or what went wrong: by whom it was refused, and in which words."""
    act: Callable[..., Any] = COMMANDS[asked.pop("do")]
    _kept.clear()
    try:
        return {"did": act(**asked)}
    except VirtfleetError as error:
        return {"code": error.code, "sentence": error.sentence, "details": error.details}
    except libvirt.libvirtError as error:
        return {"libvirt": str(error)}


COMMANDS: dict[str, Callable[..., Any]] = {
    act.__name__: act
    for act in (
        pool, network, restart_with_ports_aside, define, start, start_direct, stop, kill, migrate, running,
        look, clean, run,
    )
}  # fmt: skip

if __name__ == "__main__":
    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if asked.get("do") == "run":
            asked = {"do": "run", "argv": asked["argv"]}
            try:
                print(json.dumps({"did": run(*asked["argv"])}), flush=True)
            except RuntimeError as error:
                print(json.dumps({"failed": str(error)}), flush=True)
            continue
        print(json.dumps(answer(asked)), flush=True)
