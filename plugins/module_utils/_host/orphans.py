# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dnsmasq of a network whose start was interrupted by the end of the libvirt daemon.

The next daemon does not know of it. It keeps the network's addresses, also after the network has been removed, and
every other network that gets the same bridge name and address may fail to start.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Callable, Optional

from .dnsmasq import FILES, wait_while

_OPTION = "--conf-file="


def end_orphans(is_active: Callable[[str], bool], name: Optional[str] = None, files: str = FILES) -> bool:
    """End every dnsmasq that libvirt started here for a network that is not active; returns whether there was one.

    is_active: called after a process was found, so that it waits for a start that is still going on. name: only of
    this network.
    """
    found = [(pid, network) for pid, network in _dnsmasqs(files) if name in (None, network)]
    ended = [pid for pid, network in found if not is_active(network) and _is_signalled(pid)]
    wait_while(lambda: any(_words(pid) for pid in ended))
    return bool(ended)


def _dnsmasqs(files: str) -> Iterator[tuple[str, str]]:
    """PID and network of each that runs in the same namespaces as this process: a container's own libvirt may use the
    same paths."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        words = _words(pid)
        if words and os.path.basename(words[0]) == "dnsmasq" and _is_here(pid):
            for word in words:
                directory, name = os.path.split(word[len(_OPTION) :])
                if word.startswith(_OPTION) and directory == files and name.endswith(".conf"):
                    yield pid, name[: -len(".conf")]


def _words(pid: str) -> list[str]:
    """A process that has ended has none, even if its parent has not reaped it yet."""
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="surrogateescape") as file:
            return file.read().split("\0")[:-1]
    except OSError:
        return []


def _is_here(pid: str) -> bool:
    try:
        return all(
            os.readlink(f"/proc/{pid}/ns/{kind}") == os.readlink(f"/proc/self/ns/{kind}") for kind in ("net", "pid")
        )
    except OSError:
        return False


def _is_signalled(pid: str) -> bool:
    try:
        os.kill(int(pid), signal.SIGTERM)
    except OSError:
        return False
    return True
