# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first process of a host, and of the fabric: it holds their namespaces, and they die with it.

Run as `init.py CONFIG`; prints the process id (as its caller sees it) and goes to the background.
It imports all it needs before it changes its root: a host's own root may hold another Python.
"""

from __future__ import annotations

import json
import os
import signal
import sys

import kernel
import rootfs_mount
import supervisor

HOST_NAMESPACES = (
    kernel.CLONE_NEWNS
    | kernel.CLONE_NEWCGROUP
    | kernel.CLONE_NEWUTS
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWPID
    | kernel.CLONE_NEWNET
)
FABRIC_NAMESPACES = kernel.CLONE_NEWPID | kernel.CLONE_NEWNET


def _to_background(log: str) -> None:
    os.setsid()
    os.chdir("/")
    os.umask(0o022)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (out, 1), (out, 2)):
        os.dup2(source, target)


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        config = json.load(file)
    is_fabric = config["role"] == "fabric"
    kernel.unshare(FABRIC_NAMESPACES if is_fabric else HOST_NAMESPACES)
    child = os.fork()
    if child:
        print(child, flush=True)
        os._exit(0)
    _to_background(config["log"])
    kernel.loopback_up()
    if is_fabric:
        with open("/proc/sys/net/ipv6/conf/default/disable_ipv6", "w", encoding="utf-8") as setting:
            setting.write("1")  # a switch has no addresses
        while True:
            signal.pause()
    kernel.sethostname(config["role"])
    rootfs_mount.enter(config)
    supervisor.serve(config["services"])


if __name__ == "__main__":
    main()
