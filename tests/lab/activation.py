# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon's sockets as systemd makes them: held by the host's first process, handed to the daemon when it starts.

They outlive the daemon, so that whoever connects to one that is down waits until it has been started.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import time
from typing import Any

FIRST = 3  # sd_listen_fds(3)
ASIDE = 100  # above what a daemon is handed
# A daemon that ends at once is not started by the same connection again and again.
PAUSE = 1.0
# The shell's process becomes the daemon's, so the number is right.
EXPORT = ["/bin/sh", "-c", 'LISTEN_PID=$$; export LISTEN_PID; exec "$@"', "sh"]


def _listen(where: str | int, mode: int) -> int:
    """A listening socket, out of the way of the numbers that a daemon is handed. where: a path, or a TCP port."""
    if isinstance(where, int):
        made = socket.create_server(("::", where), family=socket.AF_INET6, backlog=128, dualstack_ipv6=True)
    else:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        os.makedirs(os.path.dirname(where), exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(where)
        made.bind(where)
        os.chmod(where, mode)
        made.listen(128)
    with made:
        return fcntl.fcntl(made.fileno(), fcntl.F_DUPFD_CLOEXEC, ASIDE)


class Sockets:
    """The sockets of one daemon."""

    def __init__(self, wanted: list[dict[str, Any]]) -> None:
        self.wanted = wanted
        self.held = [_listen(one["where"], one.get("mode", 0o600)) for one in wanted]
        self.started = 0.0

    def descriptors(self) -> list[int]:
        return self.held if time.monotonic() > self.started + PAUSE else []

    def start(self, argv: list[str], log: int, environment: dict[str, str]) -> int:
        """The process of the daemon."""
        self.started = time.monotonic()
        given = {
            "LISTEN_FDS": str(len(self.held)),
            "LISTEN_FDNAMES": ":".join(one["name"] for one in self.wanted),
        }
        actions: list[tuple[Any, ...]] = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, log, 1),
            (os.POSIX_SPAWN_DUP2, log, 2),
            *((os.POSIX_SPAWN_DUP2, number, FIRST + place) for place, number in enumerate(self.held)),
        ]
        return os.posix_spawn(EXPORT[0], [*EXPORT, *argv], environment | given, file_actions=actions, setsid=True)

    def close(self) -> None:
        for one, number in zip(self.wanted, self.held):
            os.close(number)
            if isinstance(one["where"], str):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(one["where"])
        self.held = []
