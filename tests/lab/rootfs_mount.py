# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's root: the programs of the machine (or of another release) below, the host's own files above.

The upper layer is in memory and belongs to the host's mount namespace, so that whatever a host writes is gone
with the host, and never reaches the machine. What a real host would find again after a power cut
(libvirt's definitions, logs) is in the lab's directory.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kernel

# Parts of a machine that may be file systems of their own: an overlay does not reach across.
SYSTEM_DIRS = ("/usr", "/opt", "/var", "/etc")
# Empty in every host: nothing of the machine's own keys, guests or state must be seen.
FRESH = {
    "run": 0o755, "tmp": 0o1777, "root": 0o700, "home": 0o755, "etc/ssh": 0o755, "etc/pki": 0o755,
    "var/tmp": 0o1777, "var/cache/libvirt": 0o755, "var/lib/openvswitch": 0o755,
}  # fmt: skip
KEPT = {
    "etc/libvirt": "etc-libvirt", "etc/openvswitch": "etc-openvswitch", "var/lib/libvirt": "var-lib-libvirt",
    "var/log": "log",
}  # fmt: skip
DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "kvm", "vhost-net", "userfaultfd", "net/tun")
ACCOUNTS = {
    "passwd": ("libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin",
               "sshd:x:64060:65534::/run/sshd:/usr/sbin/nologin"),
    "group": ("libvirt-qemu:x:64055:", "kvm:x:64056:", "libvirt:x:64057:"),
}  # fmt: skip


def _overlay(lower: str, rw: Path, name: str, target: Path) -> None:
    upper, work = rw / name / "upper", rw / name / "work"
    upper.mkdir(parents=True)
    work.mkdir()
    kernel.mount("overlay", str(target), "overlay", 0, f"lowerdir={lower},upperdir={upper},workdir={work}")


def _layers(config: dict[str, Any], here: Path, root: Path) -> None:
    rw = here / "rw"
    for directory in (rw, root):
        directory.mkdir(exist_ok=True)
    kernel.mount("tmpfs", str(rw), "tmpfs", 0, "mode=755")
    _overlay(config["lower"], rw, "root", root)
    if config["lower"] == "/":
        for path in SYSTEM_DIRS:
            if os.path.ismount(path):
                _overlay(path, rw, path.strip("/"), root / path.strip("/"))
    for directory in config["over"]:
        # Copied: the kernel takes no layer that lies within another, as this one does within the machine's root.
        subprocess.run(["cp", "-a", "--remove-destination", f"{directory}/.", str(root)], check=True)


def _devices(root: Path) -> None:
    """An own /dev: macvtap's /dev/tapN are named after an interface's index, which hosts have in common."""
    dev = root / "dev"
    kernel.mount("tmpfs", str(dev), "tmpfs", 0, "mode=755")
    for directory in ("net", "pts", "shm"):
        (dev / directory).mkdir()
    for name in DEVICES:
        try:
            there = os.stat(f"/dev/{name}")
        except FileNotFoundError:
            continue
        os.mknod(dev / name, there.st_mode, there.st_rdev)
        os.chmod(dev / name, 0o666)
    kernel.mount("devpts", str(dev / "pts"), "devpts", 0, "newinstance,ptmxmode=0666,mode=620,gid=5")
    kernel.mount("tmpfs", str(dev / "shm"), "tmpfs", 0, "mode=1777")
    if "hugetlbfs" in Path("/proc/filesystems").read_text().split():
        (dev / "hugepages").mkdir()
        kernel.mount("hugetlbfs", str(dev / "hugepages"), "hugetlbfs")
    for link, target in {"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1"}.items():
        (dev / link).symlink_to(target)
    (dev / "stderr").symlink_to("fd/2")


def _own(config: dict[str, Any], here: Path, root: Path) -> None:
    for path, mode in FRESH.items():
        (root / path).mkdir(parents=True, exist_ok=True)
        kernel.mount("tmpfs", str(root / path), "tmpfs", 0, f"mode={mode:o}")
    binds = {path: here / "disk" / name for path, name in KEPT.items()}
    binds["srv/shared"] = Path(config["shared"])
    for path, source in binds.items():
        source.mkdir(parents=True, exist_ok=True)
        (root / path).mkdir(parents=True, exist_ok=True)
        kernel.mount(str(source), str(root / path), None, kernel.MS_BIND)


def _seed(here: Path, root: Path) -> None:
    for path in ("etc/resolv.conf", "etc/machine-id", "etc/hosts", "etc/hostname"):
        (root / path).unlink(missing_ok=True)  # it may be a link that leads elsewhere
    shutil.copytree(here / "seed", root, symlinks=True, dirs_exist_ok=True)
    for path in (
        "run/sshd", "run/lock", "run/lab", "run/openvswitch", "var/log/libvirt", "var/log/openvswitch",
        # libvirt 7.0 makes it for its first dnsmasq, and before that starts no guest with a port in its networks
        "var/lib/libvirt/dnsmasq",
    ):  # fmt: skip
        (root / path).mkdir(parents=True, exist_ok=True)
    _unlock_root(root / "etc/shadow")
    _accounts(root / "etc")


def _unlock_root(shadow: Path) -> None:
    """sshd lets nobody in whose password is locked, not even with a key; '*' is no password either."""
    lines = shadow.read_text().splitlines()
    fields = [line.split(":") for line in lines]
    for entry in fields:
        if entry[0] == "root" and len(entry) > 1:
            entry[1] = "*"
    shadow.write_text("".join(":".join(entry) + "\n" for entry in fields))


def _accounts(etc: Path) -> None:
    """Names that the daemons look up even where they are told to use root."""
    for file, entries in ACCOUNTS.items():
        text = (etc / file).read_text()
        known = {line.split(":")[0] for line in text.splitlines()}
        (etc / file).write_text(
            text + "".join(f"{entry}\n" for entry in entries if entry.split(":", maxsplit=1)[0] not in known)
        )


def enter(config: dict[str, Any]) -> None:
    """Build the root in this (new) mount namespace and make it the root."""
    here = Path(config["dir"])
    root = here / "root"
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    _layers(config, here, root)
    kernel.mount("proc", str(root / "proc"), "proc")
    kernel.mount("sysfs", str(root / "sys"), "sysfs")
    _devices(root)
    _own(config, here, root)
    _seed(here, root)
    kernel.enter_root(str(root))
