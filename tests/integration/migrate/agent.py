# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test wants done on a host of the lab: a JSON object per line in, one out."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import libvirt


def run(argv: list[str]) -> str:
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{argv} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def clean(conn: Any) -> None:
    for domain in conn.listAllDomains():
        if domain.isActive():
            domain.destroy()
    for domain in conn.listAllDomains():
        domain.undefine()
    for network in conn.listAllNetworks():
        if network.isActive():
            network.destroy()
    for network in conn.listAllNetworks():
        network.undefine()
    for link in json.loads(run(["ip", "-json", "-details", "link"])):
        if link.get("linkinfo", {}).get("info_kind") in ("bridge", "macvtap"):
            run(["ip", "link", "delete", link["ifname"]])
        elif link["ifname"].startswith("p"):
            run(["ip", "link", "set", link["ifname"], "nomaster", "mtu", "1500", "up"])
    bridge()


def bridge() -> None:
    run(["ip", "link", "add", "br7", "type", "bridge"])
    run(["ip", "link", "set", "p1", "master", "br7"])
    run(["ip", "link", "set", "br7", "up"])


def network(conn: Any, xml: str, start: bool = True, autostart: bool = True) -> None:
    made = conn.networkDefineXML(xml)
    if start:
        made.create()
    made.setAutostart(autostart)


def do(conn: Any, what: str, options: dict[str, Any]) -> Any:
    if what == "run":
        return run(options["argv"])
    if what == "clean":
        return clean(conn)
    if what == "bridge":
        return bridge()
    if what == "network":
        return network(conn, **options)
    if what == "guest":
        return conn.createXML(options["xml"], 0).name()
    if what == "define":
        return conn.defineXML(options["xml"]).name()
    raise KeyError(what)


def main() -> None:
    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    print("ready", flush=True)
    for line in sys.stdin:
        options = json.loads(line)
        try:
            conn = libvirt.open("qemu:///system")
            answer = {"did": do(conn, options.pop("do"), options)}
            conn.close()
        except (libvirt.libvirtError, subprocess.CalledProcessError, KeyError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


main()
