# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find and end the lab's processes.

Every process that the lab starts carries the lab's directory in its environment. The kernel's process table is
therefore the record of what runs, and it cannot be stale, whatever was killed while writing what.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from state import LabError

MARK = "VIRTFLEET_LAB"
ROLE = "VIRTFLEET_LAB_ROLE"
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def environment(state: Path, role: str = "helper") -> dict[str, str]:
    """The environment of everything the lab starts: the mark, and nothing of the caller's."""
    return {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "LANG": "C.UTF-8",
        MARK: str(state),
        ROLE: role,
    }


def run(
    state: Path,
    argv: Sequence[str],
    stdin: str | None = None,
    timeout: float = 60,
    inherit: Sequence[str] = (),
) -> str:
    """Run a helper that dies with its caller, and give its output. inherit: variables it takes from the caller."""
    env = environment(state) | {name: os.environ[name] for name in inherit if name in os.environ}
    command = ["setpriv", "--pdeathsig", "KILL", "--", *argv]
    try:
        done = subprocess.run(
            command, check=False, input=stdin, text=True, capture_output=True, timeout=timeout, env=env
        )
    except subprocess.TimeoutExpired:
        raise LabError(f"{argv[0]} did not end in {timeout:.0f} seconds: {' '.join(argv)}") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-2000:]
        raise LabError(f"{' '.join(argv)} failed ({done.returncode}): {said}")
    return done.stdout


def spawn(state: Path, role: str, config: dict[str, Any]) -> int:
    """Start the first process of new namespaces (init.py); it outlives the caller."""
    file = state / f"{role}.json"
    file.write_text(json.dumps({"role": role, **config}))
    argv = [sys.executable, "-B", str(Path(__file__).with_name("init.py")), str(file)]
    try:
        done = subprocess.run(
            argv,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            env=environment(state, role),
        )
    except subprocess.TimeoutExpired:
        raise LabError(f"{role} did not start in 60 seconds") from None
    if done.returncode:
        raise LabError(f"{role} did not start: {done.stderr.strip()}")
    return int(done.stdout)


def _environ(pid: int) -> dict[str, str]:
    try:
        raw = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return {}
    pairs = (item.partition(b"=") for item in raw.split(b"\0"))
    return {os.fsdecode(key): os.fsdecode(value) for key, sep, value in pairs if sep}


def _is_namespace_init(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    numbers = [line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:")]
    return bool(numbers) and len(numbers[0]) > 1 and numbers[0][-1] == "1"


def marked(state: Path) -> dict[int, str]:
    """Every living process of the lab that this process can see, with its role; not the caller."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            env = _environ(int(entry))
            if env.get(MARK) == str(state):
                found[int(entry)] = env.get(ROLE, "")
    return found


def is_init(pid: int, state: Path, role: str) -> bool:
    """Whether a process holds the namespaces of this role."""
    env = _environ(pid)
    return (env.get(MARK), env.get(ROLE)) == (str(state), role) and _is_namespace_init(pid)


def inits(state: Path) -> dict[str, int]:
    """Role (a host's name, or 'fabric') to the process that holds its namespaces."""
    return {role: pid for pid, role in marked(state).items() if _is_namespace_init(pid)}


def kill(pid: int, wait: float = 30) -> None:
    """Kill one process and wait until it is gone; with a namespace's init, all in that namespace go first."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        if not poll.poll(wait * 1000):
            raise LabError(f"process {pid} does not die")
    except ProcessLookupError:
        pass
    finally:
        os.close(handle)


def kill_all(state: Path) -> None:
    """Until none is left: what one process started while it was being killed is found in the next round."""
    deadline = time.monotonic() + 60
    while left := marked(state):
        if time.monotonic() > deadline:
            raise LabError(f"processes of {state} do not die: {sorted(left)}")
        for pid in left:
            kill(pid)
