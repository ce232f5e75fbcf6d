# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a host of the lab and does one action after another, a line of JSON each; see tests/integration/harness."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable

ROOT = sys.argv[1]
sys.path[:0] = [f"{ROOT}/python", f"{ROOT}/lab"]
sys.dont_write_bytecode = True

import call as modules  # noqa: E402
import guests  # noqa: E402
from look import STATE, look, output, run  # noqa: E402

NICS = 8
INIT = "/run/lab/init.sock"


def virsh(argv: list[Any]) -> dict[str, Any]:
    """A hand edit: {"file": text} among the arguments becomes the path of a file with that text."""
    with tempfile.TemporaryDirectory() as directory:
        command = []
        for number, argument in enumerate(argv):
            if isinstance(argument, dict):
                path = Path(directory) / f"{number}.xml"
                path.write_text(argument["file"])
                argument = str(path)
            command.append(argument)
        done = run("virsh", "-q", *command)
    return {"rc": done.returncode, "said": (done.stderr or done.stdout).strip()[-400:]}


def edit(network: str, sub: list[list[str]], then: str = "define") -> dict[str, Any]:
    """A network's definition, edited by regular expressions and given back to libvirt."""
    return virsh([f"net-{then}", {"file": _edited(network, sub)}])


def _edited(network: str, sub: list[list[str]], inactive: bool = True) -> str:
    xml = output("virsh", "-q", "net-dumpxml", *(["--inactive"] if inactive else []), network)
    for pattern, text in sub:
        xml = re.sub(pattern, lambda _match, text=text: text, xml, count=1, flags=re.S)
    return xml


def _bridge(network: str) -> str:
    found = re.search(r"<bridge name='(.*?)'", output("virsh", "-q", "net-dumpxml", network))
    return found.group(1) if found else ""


def attach(network: str, link: str) -> dict[str, Any]:
    """A device that is no guest's comes into a network's bridge."""
    bridge = _bridge(network)
    if not Path(f"/sys/class/net/{link}").exists():
        shell(["ip", "link", "add", link, "type", "veth", "peer", "name", f"{link}x"])
        shell(["ip", "link", "set", f"{link}x", "up"])
    return shell(["ip", "link", "set", link, "master", bridge, "up"])


def tap(guest: str, nic: int, settings: list[str]) -> dict[str, Any]:
    """Settings of a guest's tap, by ip."""
    nics = look()["guests"].get(guest, {}).get("nics", [])
    name = nics[nic]["target"] if nic < len(nics) else None
    return shell(["ip", "link", "set", name, *settings]) if name else {"rc": 1, "said": "no such tap"}


def bridge(network: str, how: str) -> dict[str, Any]:
    """What somebody does to the bridge that libvirt made."""
    name = _bridge(network)
    commands = {
        "deleted": ["ip", "link", "del", name],
        "down": ["ip", "link", "set", name, "down"],
        "without addresses": ["ip", "address", "flush", "dev", name],
    }
    return shell(commands[how])


def lease(network: str, mac: str, last: int) -> dict[str, Any]:
    """A lease as libvirt's own helper writes it down, of the subnet with DHCP."""
    xml = output("virsh", "-q", "net-dumpxml", network)
    subnet = re.search(r"<ip address='([\d.]+)\.\d+'[^>]*>\s*<dhcp>", xml)
    if not subnet:
        return {"rc": 1, "said": "no DHCP"}
    path = Path(f"/var/lib/libvirt/dnsmasq/{_bridge(network)}.status")
    try:
        told = json.loads(path.read_text() or "[]")
    except (OSError, ValueError):
        told = []
    until = int(time.time()) + 86400
    address = f"{subnet.group(1)}.{last}"
    told = [one for one in told if one["ip-address"] != address]
    told.append({"ip-address": address, "mac-address": mac, "hostname": "h", "expiry-time": until})
    path.write_text(json.dumps(told, indent=2))
    return {"rc": 0, "said": ""}


def resolve(options: Any) -> Any:
    """Options with what only the host knows: {"$xml": {network, sub}} is a definition, {"$info": true} all networks."""
    if isinstance(options, list):
        return [resolve(item) for item in options]
    if not isinstance(options, dict):
        return options
    if "$xml" in options:
        try:
            return _edited(**options["$xml"])
        except RuntimeError:
            return "<network/>"
    if "$info" in options:
        return modules.call("virt_network_info", {}).get("networks", [])
    return {name: resolve(value) for name, value in options.items()}


def shell(argv: list[str]) -> dict[str, Any]:
    done = run(*argv)
    return {"rc": done.returncode, "said": (done.stderr or done.stdout).strip()[-400:]}


def guest(name: str, nics: list[dict[str, Any]]) -> dict[str, Any]:
    """Paused: it has its ports and its taps before its first instruction, and takes no time from others."""
    interfaces = [guests.network_interface(nic["network"], nic.get("mac"), nic.get("portgroup")) for nic in nics]
    return virsh(["create", "--paused", {"file": guests.domain_xml(name, interfaces)}])


def crash(name: str) -> dict[str, Any]:
    """kill -9 of a guest's QEMU."""
    try:
        os.kill(int(Path(f"/run/libvirt/qemu/{name}.pid").read_text()), signal.SIGKILL)
    except OSError as error:
        return {"rc": 1, "said": str(error)}
    for _attempt in range(250):
        if run("virsh", "-q", "domid", name).returncode:
            return {"rc": 0, "said": ""}
        time.sleep(0.02)
    return {"rc": 1, "said": "it is still there"}


def dnsmasq(network: str, how: str = "KILL") -> dict[str, Any]:
    pid = look()["networks"].get(network, {}).get("dnsmasq", {}).get("pid")
    if pid is None:
        return {"rc": 1, "said": "no such process"}
    os.kill(pid, getattr(signal, f"SIG{how}"))
    for _attempt in range(100):
        if not Path(f"/proc/{pid}").exists():
            break
        time.sleep(0.01)
    return {"rc": 0, "said": ""}


def _init(**request: Any) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(15)
        peer.connect(INIT)
        peer.sendall(json.dumps(request).encode())
        return dict(json.loads(peer.recv(65536)))


def daemon(how: str = "TERM") -> dict[str, Any]:
    """End libvirtd and start it."""
    _init(do="signal", service="libvirtd", signal=int(getattr(signal, f"SIG{how}")))
    return awake()


def awake() -> dict[str, Any]:
    """Have libvirtd run, whatever became of it, and have it back at its guests: it plugs in those that are cut off."""
    until = time.monotonic() + 40
    while time.monotonic() < until:
        if "libvirtd" not in _init(do="status")["running"]:
            _init(do="start", service="libvirtd")
        elif Path("/run/libvirt/libvirt-sock").exists() and not run("virsh", "-q", "uri").returncode:
            for guest in output("virsh", "-q", "list", "--uuid").split():
                run("virsh", "-q", "dommemstat", guest)  # a job on the guest; it waits for the one that reconnects
            return {"rc": 0, "said": ""}
        time.sleep(0.05)
    raise RuntimeError("libvirtd does not come back")


def clean() -> dict[str, Any]:
    """No guest, no network, no link but those that the host came with, no trace of the collection."""
    awake()
    for _attempt in range(3):
        for uuid in output("virsh", "-q", "list", "--all", "--uuid").split():
            run("virsh", "-q", "destroy", uuid)
            run("virsh", "-q", "undefine", uuid)
        for uuid in output("virsh", "-q", "net-list", "--all", "--uuid").split():
            run("virsh", "-q", f"net-destroy {uuid}; net-undefine {uuid}")
            run("virsh", "-q", "net-undefine", uuid)
        seen = look()
        own = {"lo", "eth0", "tunl0", "sit0", "gre0", "gretap0", "erspan0", "ip6tnl0", "ip6gre0", "ip_vti0", "ip6_vti0"}
        own |= {f"p{number}" for number in range(NICS)}
        for name, link in seen["links"].items():
            if name not in own and link["kind"]:
                run("ip", "link", "delete", name)
            elif name in own and name.startswith("p"):
                run("ip", "link", "set", name, "nomaster", "mtu", "1500", "up")
                run("ip", "address", "flush", "dev", name)
        for path in STATE.glob("*"):
            path.unlink()
        for path in Path("/var/lib/libvirt/dnsmasq").glob("*"):
            if path.is_file():
                path.unlink()
        left = look()
        if not left["networks"] and not left["guests"]:
            return {"rc": 0, "said": "", "version": output("virsh", "--version").strip()}
        daemon("KILL")
    raise RuntimeError(f"the host does not get clean: {sorted(left['networks'])}, {sorted(left['guests'])}")


ACTIONS: dict[str, Callable[..., Any]] = {
    "call": modules.call,
    "virsh": virsh,
    "edit": edit,
    "attach": attach,
    "tap": tap,
    "lease": lease,
    "resolve": resolve,
    "shell": shell,
    "guest": guest,
    "crash": crash,
    "bridge": bridge,
    "dnsmasq": dnsmasq,
    "daemon": daemon,
    "awake": awake,
    "clean": clean,
    "look": look,
}
TRIED = (virsh, edit, attach, tap, lease, shell, guest, crash, dnsmasq)


def main() -> None:
    modules.preload()
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        act = ACTIONS[asked.pop("do")]
        try:
            answer = {"did": act(**asked)}
        except RuntimeError as error:
            # An action on something that is not there any more, once others are left out of its walk.
            answer = {"did": {"rc": 1, "said": str(error)}} if act in TRIED else {"failed": str(error)}
        except Exception as error:
            import traceback

            answer = {"failed": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
