# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""/dev/tapN for macvtap interfaces: what udev does on a real host.

The kernel numbers the node by the interface's index and keeps one list for all network namespaces, so with
several hosts the machine's /dev/tap7 may be another host's. Sysfs shows a host its own only.
"""

from __future__ import annotations

import os
import socket

RTMGRP_LINK = 1
CLASS = "/sys/class/macvtap"


def watch() -> socket.socket:
    """Readable whenever a link of this network namespace comes, changes or goes."""
    link_events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
    link_events.bind((0, RTMGRP_LINK))
    return link_events


def drain(link_events: socket.socket) -> None:
    """The events' content does not matter: sync() looks at what is."""
    while True:
        try:
            link_events.recv(65536)
        except BlockingIOError:
            return
        except OSError:  # more events than the buffer holds
            continue


def sync() -> None:
    try:
        present = os.listdir(CLASS)
    except FileNotFoundError:
        present = []
    there = {name for name in os.listdir("/dev") if name.startswith("tap")}
    for name in there.difference(present):
        os.unlink(f"/dev/{name}")
    for name in set(present).difference(there):
        try:
            # UTF-8: no other codec can be loaded here, where another root hides Python's own files.
            with open(f"{CLASS}/{name}/dev", encoding="utf-8") as file:
                major, minor = file.read().split(":")
        except OSError:  # gone again
            continue
        os.mknod(f"/dev/{name}", 0o20600, os.makedev(int(major), int(minor)))
