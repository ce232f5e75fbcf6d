# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a lab keeps what it knows: one directory, one JSON file, one lock."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
LOCK_WAIT = 120.0
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,15}")
SOCKET_PATH_ROOM = 60  # of the 108 bytes of a socket path; ssh adds a name and a random suffix


class LabError(Exception):
    """Something the user can act on; printed as one sentence."""


@dataclass
class HostSpec:
    """What a host was made with; a repaired host is made with the same."""

    name: str
    number: int
    release: str  # "native" or a Debian release
    uuid: str
    nics: int = 8
    ovs: bool = False
    daemons: str = "monolithic"  # or "modular"
    firewall: str = ""  # the backend of libvirt's networks: iptables, nftables, or its own choice
    keeps_bytecode: bool = False  # of the modules that run there


@dataclass
class Lab:
    """A lab, running or not."""

    name: str
    slot: int | None = None
    hosts: list[HostSpec] = field(default_factory=list)
    releases: list[str] = field(default_factory=lambda: ["native"])
    daemons: list[str] = field(default_factory=lambda: ["monolithic"])
    firewalls: list[str] = field(default_factory=lambda: [""])

    def __post_init__(self) -> None:
        if self.name and not NAME.fullmatch(self.name):
            raise LabError(f"'{self.name}' is no lab name: use up to 16 of a-z, 0-9 and '-'")

    @property
    def dir(self) -> Path:
        return REPO / (f".lab-{self.name}" if self.name else ".lab")

    @property
    def file(self) -> Path:
        return self.dir / "lab.json"

    @property
    def shared(self) -> Path:
        """Seen by every host as /srv/shared: their common storage."""
        return self.dir / "shared"

    @property
    def sockets(self) -> Path:
        """Directory of the controller's ssh sockets, short enough for a socket path."""
        inside = self.dir / "cp"
        if len(str(inside)) <= SOCKET_PATH_ROOM:
            return inside
        return Path(f"/tmp/virtfleet-lab-{os.getuid()}-{self.dir.stat().st_ino:x}")

    def host_dir(self, host: str) -> Path:
        return self.dir / "hosts" / host

    def host(self, name: str) -> HostSpec:
        for spec in self.hosts:
            if spec.name == name:
                return spec
        known = ", ".join(spec.name for spec in self.hosts) or "none"
        raise LabError(f"there is no host '{name}' in this lab (hosts: {known})")

    def subnet(self) -> str:
        if self.slot is None:
            raise LabError("the lab has no network yet: run up")
        return f"198.18.{self.slot}"

    def address(self, number: int) -> str:
        return f"{self.subnet()}.{number}"

    def save(self) -> None:
        """Written aside and renamed: a killed command leaves the old file or the new one."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self), indent=1) + "\n")
        fresh.rename(self.file)

    def load(self) -> Lab:
        if self.file.exists():
            kept = json.loads(self.file.read_text())
            self.slot = kept["slot"]
            self.releases = kept.get("releases", self.releases)
            self.daemons = kept.get("daemons", self.daemons)
            self.firewalls = kept.get("firewalls", self.firewalls)
            known = {item.name for item in fields(HostSpec)}  # the lab may be another version's
            self.hosts = [
                HostSpec(**{key: value for key, value in spec.items() if key in known}) for spec in kept["hosts"]
            ]
        return self

    def remove(self) -> None:
        if self.dir.exists():
            shutil.rmtree(self.sockets, ignore_errors=True)
            shutil.rmtree(self.dir)


@contextmanager
def locked(lab: Lab) -> Iterator[None]:
    """One command at a time per lab. The directory itself is the lock: there is no lock file to leave behind."""
    deadline = time.monotonic() + LOCK_WAIT
    while True:
        lab.dir.mkdir(mode=0o700, exist_ok=True)
        fd = os.open(lab.dir, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if lab.dir.exists() and os.fstat(fd).st_ino == lab.dir.stat().st_ino:
                break
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(fd)
                raise LabError(f"another command works on {lab.dir} since {LOCK_WAIT:.0f} seconds") from None
            time.sleep(0.1)
        os.close(fd)
    try:
        yield
    finally:
        os.close(fd)
