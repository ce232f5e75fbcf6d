# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bare Debian hosts: systemd, Python and nothing of libvirt, in namespaces without a way out.

Their packages are in apt's cache, so that a host can install them. Such a root is built once, and kept beside the
lab's.
"""

from __future__ import annotations

import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from harness.playbook import ROOT

sys.path.insert(0, str(ROOT / "tests" / "lab"))

import rootfs
from once import made_once
from state import Lab

BASE = ("systemd", "systemd-sysv", "dbus", "python3", "iproute2", "procps")
BOOT = Path(__file__).with_name("boot")
# So that they die with their caller, and everything in them with them.
APART = [
    "setpriv", "--pdeathsig", "KILL", "--", "unshare", "--mount", "--pid", "--fork", "--kill-child", "--net", "--uts",
    "--ipc", "--cgroup", "--propagation", "private", "--",
]  # fmt: skip
# ssh's place: Ansible's last argument is the command.
ENTER = """#!/bin/sh
for last; do :; done
exec nsenter --target {pid} --all -- env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin /bin/sh -c "$last"
"""


def wanted() -> list[str]:
    """The packages that the role installs on this machine's architecture."""
    text = (ROOT / "roles/host/vars/Debian.yml").read_text(encoding="utf-8")
    return [name for name in yaml.safe_load(text)["host_distribution_packages"] if "{" not in name] + [
        "qemu-system-x86"
    ]


def build(lab: Lab, release: str, root: Path) -> None:
    rootfs.bootstrap(lab, release, root)
    # In a bare host, services start.
    (root / "usr/sbin/policy-rc.d").unlink()
    install = ["apt-get", "install", "-y", "--no-install-recommends"]
    rootfs.chroot(lab, root, [*install, *BASE])
    rootfs.chroot(lab, root, [*install, "--download-only", *wanted(), "python3-apt"])


def bare_root(lab: Lab, release: str) -> Path:
    what = f"{zlib.crc32(repr((BASE, wanted(), Path(__file__).read_bytes())).encode()):08x}"
    directory = rootfs.cache() / f"bare-{rootfs.dated(lab, release)}-{what}"
    with rootfs.locked_cache(directory.name):
        return made_once(directory, lambda new: build(lab, rootfs.dated(lab, release), new))


class BareHost:
    """A booted one. ssh: what Ansible calls in place of ssh."""

    def __init__(self, pid: int, ssh: Path) -> None:
        self.pid = pid
        self.ssh = ssh

    def on(self, *argv: str, check: bool = True) -> str:
        command = ["nsenter", "--target", str(self.pid), "--all", "--", "env", "-i", "LC_ALL=C", "HOME=/root"]
        command.append("PATH=/usr/sbin:/usr/bin:/sbin:/bin")
        done = subprocess.run([*command, *argv], capture_output=True, text=True, timeout=120, check=False)
        assert not check or done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
        return done.stdout


@contextmanager
def booted(release: str, directory: Path) -> Iterator[BareHost]:
    lower = bare_root(Lab("bare"), release)
    (directory / "host").mkdir()
    with (directory / "boot.log").open("w") as log:
        process = subprocess.Popen(
            [*APART, str(BOOT), str(lower), str(directory / "host")],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        pid = _first_process(process)
        ssh = directory / "enter"
        ssh.write_text(ENTER.format(pid=pid))
        ssh.chmod(0o755)
        host = BareHost(pid, ssh)
        _await_systemd(host)
        yield host
    finally:
        process.kill()
        process.wait()


def _first_process(process: subprocess.Popen[bytes]) -> int:
    """The only child of unshare, as this machine numbers it."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    until = time.monotonic() + 30
    while time.monotonic() < until:
        found = children.read_text().split() if children.exists() else []
        if found:
            return int(found[0])
        time.sleep(0.1)
    raise AssertionError("the namespaces of the bare host did not come up")


def _await_systemd(host: BareHost) -> None:
    state = ""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        state = host.on("systemctl", "is-system-running", check=False).strip()
        if state in ("running", "degraded"):
            return
        time.sleep(0.5)
    raise AssertionError(f"systemd of the bare host is {state or 'silent'}")
