# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host: boot it, look after it, talk to its first process, run commands in it."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Callable

import daemons
import fabric
import features
import procs
import ssh
import supervisor
import tls
from state import HostSpec, Lab, LabError

INIT_SOCKET = "run/lab/init.sock"
# Where the Python of every release finds packages.
PACKAGES = "usr/lib/python3/dist-packages"


def inside(pid: int, path: str) -> Path:
    """A host's file as the controller sees it."""
    return Path(f"/proc/{pid}/root") / path


def hosts_file(lab: Lab) -> str:
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"]
    return "\n".join(lines + [f"{lab.address(spec.number)} {spec.name}" for spec in lab.hosts]) + "\n"


def _bytecode() -> dict[str, tuple[str, int]]:
    """Every Python of the host begins with bytecode.py."""
    return {
        f"{PACKAGES}/lab_bytecode.py": (Path(__file__).with_name("bytecode.py").read_text(), 0o644),
        f"{PACKAGES}/lab_bytecode.pth": ("import lab_bytecode\n", 0o644),
    }


def _write_seed(lab: Lab, spec: HostSpec) -> None:
    root = lab.host_dir(spec.name) / "seed"
    shutil.rmtree(root, ignore_errors=True)
    files = {
        "etc/hostname": (spec.name + "\n", 0o644),
        "etc/hosts": (hosts_file(lab), 0o644),
        "etc/machine-id": (spec.uuid.replace("-", "") + "\n", 0o444),
        "etc/resolv.conf": ("# A lab host has no way out.\n", 0o644),
        **(_bytecode() if spec.keeps_bytecode else {}),
        **daemons.settings(spec, csum=not spec.firewall or features.has(lab, "act-csum")),
        **ssh.seed(lab, spec),
        **tls.seed(lab, spec),
    }
    for path, (content, mode) in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
        target.chmod(mode)
    (root / "root").chmod(0o700)
    (root / "root/.ssh").chmod(0o700)


def _boot(lab: Lab, spec: HostSpec, lower: str, over: list[str]) -> int:
    _write_seed(lab, spec)
    directory = lab.host_dir(spec.name)
    return procs.spawn(
        lab.dir,
        spec.name,
        {
            "dir": str(directory),
            "lower": lower,
            "over": over,
            "shared": str(lab.shared),
            "log": str(directory / "init.log"),
            "services": daemons.services(spec),
        },
    )


def ask(pid: int, request: dict[str, Any], wait: float = 15) -> dict[str, Any]:
    """One question to a host's first process. OSError: it does not answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(wait)
        peer.connect(str(inside(pid, INIT_SOCKET)))
        peer.sendall(json.dumps(request).encode())
        reply = json.loads(peer.recv(65536))
    if "error" in reply:
        raise LabError(reply["error"])
    return dict(reply)


def until(what: str, wait: float, check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + wait
    while not check():
        if time.monotonic() > deadline:
            raise LabError(f"{what}: not within {wait:.0f} seconds")
        time.sleep(0.02)


def _answers(pid: int) -> bool:
    try:
        ask(pid, {"do": "status"})
    except (OSError, ValueError):
        return False
    return True


def _alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/ns/net").exists()


def _wait_boot(lab: Lab, spec: HostSpec, pid: int) -> None:
    log = lab.host_dir(spec.name) / "init.log"

    def check() -> bool:
        if not _alive(pid):
            raise LabError(f"{spec.name} died while starting; the reason is at the end of {log}")
        return _answers(pid)

    until(f"{spec.name} starts (log: {log})", 60, check)


def _has_booted(pid: int | None) -> bool:
    """A host that was left half made answers soon; one that hangs never does."""
    if pid is None or not _alive(pid):
        return False
    try:
        until("answer", 10, lambda: not _alive(pid) or _answers(pid))
    except LabError:
        return False
    return _alive(pid)


def ensure(lab: Lab, spec: HostSpec, switches: int, layers: tuple[str, list[str]]) -> bool:
    """Make the host run as it should. True if anything had to be done."""
    pid = procs.inits(lab.dir).get(spec.name)
    keep = _has_booted(pid)
    if not keep or pid is None:
        if pid is not None:
            procs.kill(pid)
        pid = _boot(lab, spec, *layers)
    fabric.plug(lab, switches, spec, pid, fresh=not keep)
    _wait_boot(lab, spec, pid)
    dead = down(pid)
    for name in dead:
        ask(pid, {"do": "start", "service": name})
    return not keep or bool(dead)


def refresh(lab: Lab, spec: HostSpec, pid: int) -> None:
    """Tell a running host of the others; files are replaced in place, for their readers' sake."""
    inside(pid, "etc/hosts").write_text(hosts_file(lab))
    inside(pid, "root/.ssh/known_hosts").write_text(ssh.known_hosts(lab))


def enter(pid: int, argv: list[str]) -> list[str]:
    """The command line that runs argv on a host, in all of its namespaces."""
    spaces = ["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root"]
    settings = [f"{name}={value}" for name, value in supervisor.ENVIRONMENT.items()]
    return ["nsenter", "--target", str(pid), *spaces, "--", "env", "-i", "--chdir=/", *settings, *argv]


def wait_ready(lab: Lab, spec: HostSpec, pid: int) -> None:
    """sshd greets and libvirt answers."""

    def sshd_greets() -> bool:
        try:
            with socket.create_connection((lab.address(spec.number), 22), timeout=5) as peer:
                return peer.recv(4) == b"SSH-"
        except OSError:
            return False

    def libvirt_answers() -> bool:
        running = ask(pid, {"do": "status"})
        for name in running["services"]:
            if name not in running["running"]:
                raise LabError(f"{name} of {spec.name} ended: see {lab.host_dir(spec.name)}/disk/log/{name}.out")
        if not all(inside(pid, path).exists() for path in daemons.signs_of_life(spec)):
            return False
        done = subprocess.run(
            enter(pid, ["virsh", "-c", "qemu:///system", "uri"]),
            check=False, capture_output=True, timeout=60, env=procs.environment(lab.dir),
        )  # fmt: skip
        return done.returncode == 0

    until(f"sshd of {spec.name}", 60, sshd_greets)
    until(f"libvirt of {spec.name}", 60, libvirt_answers)


def stop(pid: int, service: str, how: signal.Signals = signal.SIGTERM) -> None:
    def gone() -> bool:
        return service not in ask(pid, {"do": "status"})["running"]

    ask(pid, {"do": "signal", "service": service, "signal": int(how)})
    try:
        until(f"{service} stops", 20, gone)
    except LabError:
        ask(pid, {"do": "signal", "service": service, "signal": int(signal.SIGKILL)})
        until(f"{service} dies", 10, gone)


def down(pid: int) -> list[str]:
    """The daemons that do not run."""
    status = ask(pid, {"do": "status"})
    return [name for name in status["services"] if name not in status["running"]]


def start(pid: int, service: str) -> None:
    ask(pid, {"do": "start", "service": service})
