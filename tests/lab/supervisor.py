# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's first process does for the rest of its life: daemons, orphans, device nodes.

It answers one JSON object with one JSON object on /run/lab/init.sock, which the controller reaches through
/proc/PID/root. It never blocks and never restarts a daemon by itself: a daemon that is down is a test's business.
Only where a daemon has sockets of systemd's kind (activation.py) does whoever connects start it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import time
from typing import Any

import activation
import tapnodes

SOCKET = "/run/lab/init.sock"
# Of every process of a host: nothing of the machine's environment gets in.
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
}


class Services:
    """The daemons of a host: name to commands; and which of them run."""

    def __init__(self, services: dict[str, dict[str, Any]]) -> None:
        self.services = services
        self.running: dict[str, int] = {}
        self.sockets: dict[str, activation.Sockets] = {}

    def start(self, name: str) -> dict[str, Any]:
        if name in self.running:
            return {"pid": self.running[name]}
        service = self.services[name]
        if service.get("sockets") and name not in self.sockets:
            self.sockets[name] = activation.Sockets(service["sockets"])
        with open(f"/var/log/{name}.out", "ab") as log:
            for command in service.get("before", []):
                subprocess.run(command, stdout=log, stderr=log, env=ENVIRONMENT, check=False)
            if name in self.sockets:
                self.running[name] = self.sockets[name].start(service["argv"], log.fileno(), ENVIRONMENT)
            else:
                child = subprocess.Popen(
                    service["argv"],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=ENVIRONMENT, start_new_session=True,
                )  # fmt: skip
                self.running[name] = child.pid
                child.returncode = 0  # reaped with all other children, not by this object
        return {"pid": self.running[name]}

    def signal(self, name: str, number: int) -> dict[str, Any]:
        """SIGTERM takes the sockets away too, as who stops a unit with its sockets does; SIGKILL leaves them."""
        if number == signal.SIGTERM and name in self.sockets:
            self.sockets.pop(name).close()
        if name in self.running:
            os.kill(self.running[name], number)
        return {}

    def waiting(self) -> dict[int, str]:
        """Descriptors where a connection starts a daemon that is down."""
        down = (name for name in self.sockets if name not in self.running)
        return {number: name for name in down for number in self.sockets[name].descriptors()}

    def pause(self) -> float | None:
        """How long to wait at most, since a daemon's sockets will be watched again by then."""
        paused = any(name not in self.running and not made.descriptors() for name, made in self.sockets.items())
        return activation.PAUSE if paused else None

    def reap(self) -> None:
        while True:
            try:
                pid, _status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            self.running = {name: known for name, known in self.running.items() if known != pid}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request.get("service", "")
        if request["do"] == "status":
            return {"running": self.running, "services": list(self.services)}
        if name not in self.services:
            return {"error": f"no service '{name}' (there are: {', '.join(self.services)})"}
        if request["do"] == "start":
            return self.start(name)
        return self.signal(name, int(request["signal"]))


def _talk(listener: socket.socket, services: Services) -> None:
    peer, _address = listener.accept()
    with peer:
        peer.settimeout(1)
        try:
            reply = services.answer(json.loads(peer.recv(65536)))
            peer.sendall(json.dumps(reply).encode())
        except (OSError, ValueError, KeyError) as error:
            print(f"request failed: {error}", flush=True)


def _once(services: Services, wake: int, links: socket.socket, listener: socket.socket) -> None:
    services.reap()
    tapnodes.sync()
    waiting = services.waiting()
    ready, _w, _x = select.select([wake, links, listener, *waiting], [], [], services.pause())
    if wake in ready:
        os.read(wake, 4096)
    if links in ready:
        tapnodes.drain(links)
    if listener in ready:
        services.reap()
        _talk(listener, services)
    for name in {waiting[number] for number in ready if number in waiting}:
        if name in services.sockets:  # not stopped just now
            services.start(name)


def serve(definitions: dict[str, dict[str, Any]]) -> None:
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    links = tapnodes.watch()
    services = Services(definitions)
    for name in definitions:
        try:
            services.start(name)
        except OSError as error:
            print(f"cannot start {name}: {error}", flush=True)
    # Bound last: whoever can connect finds the daemons started.
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(SOCKET)
    listener.listen(64)
    while True:
        try:
            _once(services, wake_read, links, listener)
        except Exception as error:  # the host dies with this process: no fault in here is worth that
            print(f"{type(error).__name__}: {error}", flush=True)
            time.sleep(0.1)
