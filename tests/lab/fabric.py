# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network between the hosts: a namespace with two switches, and a way in from the controller.

`mgmt` joins the hosts' eth0 and the controller; `data` joins all their p0, p1, ... Both take frames up to MTU 9000.
Every link is a veth pair with one end in the fabric, so the kernel removes it with the host or with the fabric.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import time

import procs
from state import HostSpec, Lab, LabError

ROLE = "fabric"
MTU = 9000
CONTROLLER = 254
SLOTS = range(256)


def ip_in(lab: Lab, pid: int, lines: list[str], force: bool = False) -> None:
    """Run ip commands in the network namespace of a process."""
    tool = ["ip", "-force", "-batch", "-"] if force else ["ip", "-batch", "-"]
    procs.run(lab.dir, ["nsenter", "--target", str(pid), "--net", "--", *tool], stdin="\n".join(lines) + "\n")


def links_in(lab: Lab, pid: int) -> dict[str, bool]:
    """Each link's name, and whether it is set up."""
    shown = procs.run(lab.dir, ["nsenter", "--target", str(pid), "--net", "--", "ip", "-json", "link", "show"])
    return {link["ifname"]: "UP" in link["flags"] for link in json.loads(shown)}


def controller_link(slot: int) -> str:
    return f"vflab{slot}"


def _machine_networks(lab: Lab) -> list[ipaddress.IPv4Network]:
    """What the machine already has an address in or a route to, the default route apart."""
    routes = json.loads(procs.run(lab.dir, ["ip", "-json", "-4", "route", "show", "table", "all"]))
    texts = [route["dst"] for route in routes if route["dst"] != "default"]
    return [ipaddress.IPv4Network(text, strict=False) for text in texts]


def _connect(lab: Lab, pid: int, slot: int) -> bool:
    """The controller's veth. Its name is the claim on the slot: the kernel gives a name only once."""
    name = controller_link(slot)
    pair = ["ip", "link", "add", name, "type", "veth", "peer", "name", "ctl", "netns", str(pid)]
    try:
        procs.run(lab.dir, pair)
    except LabError as error:
        if "File exists" in str(error):
            return False
        raise
    lab.slot = slot
    lab.save()
    procs.run(lab.dir, ["ip", "link", "set", name, "alias", _alias(lab), "addrgenmode", "none", "up"])
    procs.run(lab.dir, ["ip", "address", "add", f"{lab.address(CONTROLLER)}/24", "dev", name])
    return True


def _claim(lab: Lab, pid: int) -> None:
    if lab.slot is not None:
        # Hosts and inventory have their addresses. The old link may take a moment to go with its namespace.
        deadline = time.monotonic() + 10
        while not _connect(lab, pid, lab.slot):
            if time.monotonic() > deadline:
                raise LabError(f"link {controller_link(lab.slot)} is taken by something else: run down, then up")
            time.sleep(0.1)
        return
    taken = _machine_networks(lab)
    for slot in SLOTS:
        wanted = ipaddress.ip_network(f"198.18.{slot}.0/24")
        if not any(wanted.overlaps(network) for network in taken) and _connect(lab, pid, slot):
            return
    raise LabError("no free subnet: all of 198.18.0.0/16 is in use on this machine")


def _spawn(lab: Lab) -> int:
    pid = procs.spawn(lab.dir, ROLE, {"log": str(lab.dir / "fabric.log")})
    bridges = [f"link add {name} mtu {MTU} type bridge mcast_snooping 0 forward_delay 0" for name in ("mgmt", "data")]
    ip_in(lab, pid, ["link set lo up", *bridges, "link set mgmt up", "link set data up"])
    return pid


def ensure(lab: Lab) -> int:
    """The fabric's process; made if it is missing or was left half made."""
    pid = procs.inits(lab.dir).get(ROLE)
    if pid and not {"mgmt", "data", "ctl"} <= links_in(lab, pid).keys():
        procs.kill(pid)
        pid = None
    if pid and lab.slot is None:  # killed between making the link and writing it down
        procs.kill(pid)
        pid = None
    if pid is None:
        pid = _spawn(lab)
        _claim(lab, pid)
        ip_in(lab, pid, [f"link set ctl mtu {MTU} master mgmt up"])
    # These two may be undone from outside, or were left out by a command that was killed.
    name = controller_link(int(lab.slot or 0))
    procs.run(lab.dir, ["ip", "link", "set", name, "up"])
    procs.run(lab.dir, ["ip", "address", "replace", f"{lab.address(CONTROLLER)}/24", "dev", name])
    ip_in(lab, pid, ["link set ctl master mgmt up"])
    return pid


def _mac(lab: Lab, spec: HostSpec, nic: int) -> str:
    return f"02:1a:00:{lab.slot or 0:02x}:{spec.number:02x}:{nic:02x}"


def _plug(lab: Lab, spec: HostSpec, host: int, nic: str, number: int) -> str:
    end = f"{spec.name}-{nic}"
    switch = "mgmt" if nic == "eth0" else "data"
    peer = f"peer name {nic} address {_mac(lab, spec, number)} netns {host}"
    return f"link add {end} mtu {MTU} master {switch} type veth {peer}"


def plug(lab: Lab, fabric: int, spec: HostSpec, host: int, fresh: bool) -> None:
    """Give a host the NICs that it lacks. The fabric's ends go up last: one that is down was left half made."""
    nics = {f"{spec.name}-{nic}": nic for nic in ("eth0", *(f"p{number}" for number in range(spec.nics)))}
    present = links_in(lab, fabric)
    if fresh and present.keys() & nics.keys():  # left of a host that has just died; they may go by themselves meanwhile
        ip_in_quietly(lab, fabric, [f"link del {end}" for end in sorted(present.keys() & nics.keys())])
        present = links_in(lab, fabric)
    missing = [
        _plug(lab, spec, host, nic, number) for number, (end, nic) in enumerate(nics.items()) if end not in present
    ]
    unfinished = [end for end in nics if not present.get(end)]
    if missing:
        ip_in(lab, fabric, missing)
    if unfinished:
        ip_in(lab, host, [f"link set {nics[end]} addrgenmode none up" for end in unfinished])
        ip_in(lab, fabric, [f"link set {end} up" for end in unfinished])
    ip_in(lab, host, [f"address replace {lab.address(spec.number)}/24 dev eth0", "link set eth0 up"])


def ip_in_quietly(lab: Lab, pid: int, lines: list[str]) -> None:
    with contextlib.suppress(LabError):
        ip_in(lab, pid, lines, force=True)


def _alias(lab: Lab) -> str:
    """Whose link it is. The kernel takes 255 bytes."""
    return str(lab.dir)[-255:]


def remove_controller_link(lab: Lab) -> None:
    """It goes with the fabric's namespace, but the kernel takes its time over that.

    Its name may be another lab's by now, which found it free.
    """
    if lab.slot is None:
        return
    name = controller_link(lab.slot)
    if _is_ours(lab, name):
        try:
            procs.run(lab.dir, ["ip", "link", "del", name])
        except LabError:
            if _is_ours(lab, name):
                raise


def _is_ours(lab: Lab, name: str) -> bool:
    shown = procs.run(lab.dir, ["ip", "-json", "link", "show", "type", "veth"])
    return any(link.get("ifname") == name and link.get("ifalias") == _alias(lab) for link in json.loads(shown))
