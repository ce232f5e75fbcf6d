# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Root file systems of other Debian releases, kept in a cache that hosts never write to."""

from __future__ import annotations

import fcntl
import os
import platform
import re
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import procs
from once import made_once
from state import Lab, LabError

NATIVE = "native"
MIRROR = "http://deb.debian.org/debian"
BUILD_MINUTES = 30
PACKAGES = Path(__file__).with_name("packages-release.txt")
# The build runs in mount and process namespaces of its own: killed or not, it leaves no mount and no process.
APART = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "--"]


def cache() -> Path:
    home = os.environ.get("LAB_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(home) / "virtfleet-lab"


def codename() -> str:
    return platform.freedesktop_os_release().get("VERSION_CODENAME", NATIVE)


def canonical(release: str) -> str:
    """The machine's own release needs no root file system."""
    if not re.fullmatch(r"[a-z]+", release):
        raise LabError(f"'{release}' is no release: use names like bookworm or trixie")
    return NATIVE if release == codename() else release


def _packages(available: set[str]) -> list[str]:
    """The list; a name with a '?' only where the release has it (libvirt was split up over time)."""
    lines = (line.partition("#")[0].strip() for line in PACKAGES.read_text().splitlines())
    return [line.lstrip("?") for line in lines if line and (line[0] != "?" or line[1:] in available)]


def _mirror(lab: Lab) -> str:
    """Where the machine's apt takes Debian from."""
    shown = procs.run(lab.dir, ["apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Identifier: Packages"])
    for line in shown.splitlines():
        label, _space, uri = line.partition(" ")
        if label == "Debian":
            return uri
    return MIRROR


def _chroot(lab: Lab, root: Path, argv: list[str]) -> str:
    inner = ["chroot", str(root), "env", "DEBIAN_FRONTEND=noninteractive", *argv]
    return procs.run(lab.dir, [*APART, *inner], timeout=BUILD_MINUTES * 60, inherit=procs.PROXIES)


def _build(lab: Lab, release: str, root: Path) -> None:
    if not shutil.which("debootstrap", path="/usr/sbin:/usr/bin"):
        raise LabError("debootstrap is missing: tests/lab/packages.txt lists what the lab needs")
    root.chmod(0o755)
    debootstrap = ["debootstrap", "--variant=minbase", release, str(root), _mirror(lab)]
    procs.run(lab.dir, [*APART, *debootstrap], timeout=BUILD_MINUTES * 60, inherit=procs.PROXIES)
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")  # installing starts no daemon
    policy.chmod(0o755)
    available = set(_chroot(lab, root, ["apt-cache", "pkgnames"]).split())
    _chroot(lab, root, ["apt-get", "install", "-y", "--no-install-recommends", *_packages(available)])
    _chroot(lab, root, ["apt-get", "clean"])


@contextmanager
def locked_cache() -> Iterator[None]:
    """Several labs share the cache; the second waits for what the first builds."""
    cache().mkdir(parents=True, exist_ok=True)
    fd = os.open(cache(), os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def ensure(lab: Lab, release: str) -> str:
    """The folder that a host of this release has as the lower layer of its root."""
    if release == NATIVE:
        return "/"
    # Another list of packages makes another folder: hosts may be running from this one.
    folder = cache() / f"rootfs-{release}-{zlib.crc32(PACKAGES.read_bytes()):08x}"
    if not folder.exists():
        print(f"building {folder} (once, some minutes)", flush=True)
        with locked_cache():
            made_once(folder, lambda new: _build(lab, release, new))
    return str(folder)


def remove_unfinished() -> None:
    """What a killed build has left; not what another lab is building."""
    if not cache().exists():
        return
    fd = os.open(cache(), os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in cache().glob("*.new"):
            shutil.rmtree(left)
    except BlockingIOError:
        pass
    finally:
        os.close(fd)
