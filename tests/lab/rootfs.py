# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Root file systems of other Debian releases, kept in a cache that hosts never write to.

`testing` moves: its root is named by the date of its archive as well, and a lab keeps the one it was made with.
"""

from __future__ import annotations

import fcntl
import os
import platform
import re
import shutil
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path

import procs
from once import made_once
from state import Lab, LabError

NATIVE = "native"
MIRROR = "http://deb.debian.org/debian"
MOVING = ("testing",)  # names that mean another release from day to day
# debootstrap has one script for all of them; older versions of it lack the names of newer releases.
SCRIPTS = Path("/usr/share/debootstrap/scripts")
SCRIPT = "sid"
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
    if not re.fullmatch(r"[a-z]+(-[0-9]{8})?", release):
        raise LabError(f"'{release}' is no release: use names like bookworm, trixie or testing")
    return NATIVE if release == codename() else release


def _packages(available: set[str]) -> list[str]:
    """The list; a name with a '?' only where the release has it (libvirt was split up over time)."""
    lines = (line.partition("#")[0].strip() for line in PACKAGES.read_text().splitlines())
    return [line.lstrip("?") for line in lines if line and (line[0] != "?" or line[1:] in available)]


def mirror(lab: Lab) -> str:
    """Where the machine's apt takes Debian from."""
    shown = procs.run(lab.dir, ["apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Identifier: Packages"])
    for line in shown.splitlines():
        label, _space, uri = line.partition(" ")
        if label == "Debian":
            return uri
    return MIRROR


def chroot(lab: Lab, root: Path, argv: list[str]) -> str:
    inner = ["chroot", str(root), "env", "DEBIAN_FRONTEND=noninteractive", *argv]
    return procs.run(lab.dir, [*APART, *inner], timeout=BUILD_MINUTES * 60, inherit=procs.PROXIES)


def bootstrap(lab: Lab, release: str, root: Path) -> None:
    """A smallest system of the release; installing more there starts no daemon."""
    if not shutil.which("debootstrap", path="/usr/sbin:/usr/bin"):
        raise LabError("debootstrap is missing: tests/lab/packages.txt lists what the lab needs")
    name = _plain(release)
    if name in MOVING and release != dated(lab, name):
        raise LabError(
            f"the archive no longer has {release}, it has {dated(lab, name)}: take the lab down and up again"
        )
    root.mkdir(parents=True, exist_ok=True)
    root.chmod(0o755)
    debootstrap = ["debootstrap", "--variant=minbase", name, str(root), mirror(lab)]
    if not (SCRIPTS / name).exists():
        debootstrap.append(SCRIPT)
    procs.run(lab.dir, [*APART, *debootstrap], timeout=BUILD_MINUTES * 60, inherit=procs.PROXIES)
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)


def _build(lab: Lab, release: str, root: Path) -> None:
    bootstrap(lab, release, root)
    available = set(chroot(lab, root, ["apt-cache", "pkgnames"]).split())
    chroot(lab, root, ["apt-get", "install", "-y", "--no-install-recommends", *_packages(available)])
    chroot(lab, root, ["apt-get", "clean"])


@contextmanager
def _locked(name: str, how: int) -> Iterator[None]:
    """BlockingIOError: somebody else has it, and how said not to wait."""
    directory = cache() / ".building" / name
    directory.mkdir(parents=True, exist_ok=True)
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, how)
        yield
    finally:
        os.close(fd)


@contextmanager
def locked_cache(name: str) -> Iterator[None]:
    """Several labs share the cache; the second waits for what the first builds under that name."""
    with _locked(name, fcntl.LOCK_EX):
        yield


def _plain(release: str) -> str:
    """The name as the archive has it: testing-20261030 is testing."""
    return release.partition("-")[0]


def dated(lab: Lab, release: str) -> str:
    """A moving release with the date of its archive, or of the newest root in the cache when that does not answer."""
    if release not in MOVING:
        return release
    url = f"{mirror(lab).rstrip('/')}/dists/{release}/InRelease"
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            head = answer.read(2000).decode(errors="replace")
        # "Date: Fri, 30 Oct 2026 08:08:01 UTC"
        when = parsedate_to_datetime(re.search(r"^Date: (.*)$", head, re.M)[1])  # type: ignore[index]
        return f"{release}-{when:%Y%m%d}"
    except (OSError, ValueError, TypeError) as error:
        there = sorted(path.name for path in cache().glob(f"rootfs-{release}-*-{_packages_sum()}"))
        if not there:
            raise LabError(f"cannot read the date of Debian {release} from {url}: {error}") from None
        print(f"the date of Debian {release} cannot be read ({error}): using {there[-1]}", flush=True)
        return there[-1].removeprefix("rootfs-").removesuffix(f"-{_packages_sum()}")


def _packages_sum() -> str:
    """Another list of packages makes another directory: hosts may be running from this one."""
    return f"{zlib.crc32(PACKAGES.read_bytes()):08x}"


def ensure(lab: Lab, release: str) -> str:
    """The directory that a host of this release has as the lower layer of its root."""
    if release == NATIVE:
        return "/"
    directory = cache() / f"rootfs-{release}-{_packages_sum()}"
    if not directory.exists():
        print(f"building {directory} (once, some minutes)", flush=True)
        with locked_cache(directory.name):
            made_once(directory, lambda new: _build(lab, release, new))
    if _plain(release) in MOVING:
        print(f"{release}: {versions(directory)}", flush=True)
    return str(directory)


def versions(root: Path) -> str:
    """What a root file system has of the programs that matter, as its packages tell."""
    found = {}
    for entry in (root / "var/lib/dpkg/status").read_text(encoding="utf-8").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in entry.splitlines() if ": " in line and line[0] != " ")
        found[fields.get("Package", "")] = fields.get("Version", "")
    wanted = {
        "libvirt": "libvirt-daemon",
        "QEMU": "qemu-system-x86",
        "Python": "python3",
        "pyroute2": "python3-pyroute2",
    }
    return ", ".join(f"{name} {found.get(package, 'missing')}" for name, package in wanted.items())


def remove_unfinished() -> None:
    """What a killed build has left; not what another lab is building."""
    for left in (*cache().glob("*.new"), *cache().glob("*.new.root")):
        try:
            with _locked(left.name.partition(".new")[0], fcntl.LOCK_EX | fcntl.LOCK_NB):
                shutil.rmtree(left, ignore_errors=True)
        except BlockingIOError:
            continue
