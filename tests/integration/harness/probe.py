# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a host: prepares it with the host's own tools and tells, by virsh and ip, what is there.

Standard input: a list of {"clean": bool, "run": [command, ...], "snapshot": bool}, done in this order. A command is a
list of arguments, of which {"file": text} becomes the path of a file with that text. Standard output: for each of the
list {"ran": [...], "snapshot": ...}. Nothing of the collection is used, so that it cannot judge itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

BASELINE = Path("/run/probe-links.json")
ENVIRONMENT = {**os.environ, "LC_ALL": "C"}


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)


def lines(*command: str) -> list[str]:
    done = run(*command)
    if done.returncode:
        raise SystemExit(f"{command} failed: {done.stderr}")
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]


def links() -> list[dict[str, Any]]:
    found = json.loads("\n".join(lines("ip", "-json", "-details", "link")))
    return [
        {
            "name": link["ifname"],
            "index": link["ifindex"],
            "master": link.get("master"),
            "mtu": link["mtu"],
            "kind": link.get("linkinfo", {}).get("info_kind"),
        }
        for link in found
    ]


def dnsmasqs() -> list[str]:
    """The command lines of the host's dnsmasq processes, less those that have ended and only wait to be reaped."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "comm").read_text().strip() == "dnsmasq":
                found.append((entry / "cmdline").read_text().replace("\0", " ").strip())
        except OSError:
            continue
    return sorted(filter(None, found))


def networks() -> dict[str, Any]:
    names = lines("virsh", "net-list", "--all", "--name")
    active = lines("virsh", "net-list", "--name")
    persistent = lines("virsh", "net-list", "--all", "--persistent", "--name")
    autostart = lines("virsh", "net-list", "--all", "--autostart", "--name")
    return {
        name: {
            "active": name in active,
            "persistent": name in persistent,
            "autostart": name in autostart,
            "live": "\n".join(lines("virsh", "net-dumpxml", name)) if name in active else None,
            "inactive": "\n".join(lines("virsh", "net-dumpxml", "--inactive", name)) if name in persistent else None,
        }
        for name in names
    }


def snapshot() -> dict[str, Any]:
    return {
        "networks": networks(),
        "links": links(),
        "dnsmasq": dnsmasqs(),
        "guests": sorted(lines("virsh", "list", "--name")),
    }


def clean() -> None:
    """No guest, no network, no link but those that the host came with."""
    if not BASELINE.exists():
        BASELINE.write_text(json.dumps([link["name"] for link in links()]))
    baseline = json.loads(BASELINE.read_text())
    for guest in lines("virsh", "list", "--name"):
        run("virsh", "destroy", guest)
    for guest in lines("virsh", "list", "--all", "--name"):
        run("virsh", "undefine", guest)
    for network in lines("virsh", "net-list", "--name"):
        run("virsh", "net-destroy", network)
    for network in lines("virsh", "net-list", "--all", "--name"):
        run("virsh", "net-undefine", network)
    for link in links():
        if link["name"] not in baseline:
            run("ip", "link", "delete", link["name"])
        elif link["master"] or link["mtu"] != 1500:
            run("ip", "link", "set", link["name"], "nomaster")
            if link["name"] != "lo":
                run("ip", "link", "set", link["name"], "mtu", "1500")
    left = snapshot()
    names = [link["name"] for link in left["links"]]
    if left["networks"] or left["guests"] or left["dnsmasq"] or sorted(names) != sorted(baseline):
        raise SystemExit(
            f"the host does not get clean: networks {sorted(left['networks'])}, guests {left['guests']}, "
            f"links that came or went {sorted(set(names) ^ set(baseline))}, dnsmasq {left['dnsmasq']}"
        )


def command(arguments: list[Any], directory: str) -> dict[str, Any]:
    argv = []
    for number, argument in enumerate(arguments):
        if isinstance(argument, dict):
            path = Path(directory) / f"{number}.xml"
            path.write_text(argument["file"])
            argument = str(path)
        argv.append(argument)
    done = run(*argv)
    return {"argv": argv, "rc": done.returncode, "out": done.stdout, "err": done.stderr}


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    if asked["clean"]:
        clean()
    ran = []
    for arguments in asked["run"]:
        with tempfile.TemporaryDirectory() as directory:
            ran.append(command(arguments, directory))
    return {"ran": ran, "snapshot": snapshot() if asked["snapshot"] else None}


if __name__ == "__main__":
    print(json.dumps([answer(asked) for asked in json.load(sys.stdin)]))
