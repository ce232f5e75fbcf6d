# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest needs of its host besides networks: machine, CPU, memory, disks, devices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

# The types that a guest may require of a path.
FILE_TYPES = REGULAR, DEVICE, DIRECTORY, PROGRAM = ("file", "device", "directory", "program")
ANY_TYPE = ""


@dataclass(frozen=True)
class CpuFeature:
    name: Optional[str]
    policy: Optional[str]


@dataclass(frozen=True)
class Cpu:
    """xml: as libvirt's own comparison takes it; of a guest that has its host's processor, that processor."""

    mode: str
    model: Optional[str]
    check: Optional[str]
    features: tuple[CpuFeature, ...]
    xml: Optional[str]
    cpus_per_socket: Optional[int] = None

    @property
    def is_the_hosts(self) -> bool:
        return self.mode in ("host-passthrough", "maximum")


@dataclass(frozen=True)
class Disk:
    """shared: whether other hosts can be expected to have it, None when that is not known; file: of a volume."""

    target: Optional[str]
    device: str
    type: Optional[str]
    path: Optional[str]
    readonly: bool
    shareable: bool
    cache: Optional[str]
    startup: Optional[str]
    shared: Optional[bool] = None
    file: Optional[str] = None


@dataclass(frozen=True)
class HostDevice:
    """transient: libvirt unplugs it before a migration; optional: the guest starts without it."""

    type: str
    device: str
    transient: bool
    optional: bool


@dataclass(frozen=True)
class HostFile:
    """alternative: the path that does as well; size: that the file must have there too, None where it may have any or
    cannot be read; rounded: up to a power of two; type: of FILE_TYPES, or ANY_TYPE."""

    what: str
    path: str
    type: str
    alternative: Optional[str] = None
    size: Optional[int] = None
    rounded: bool = False


@dataclass(frozen=True)
class GuestSocket:
    """By which QEMU listens, or connects when it starts. protocol: tcp, udp."""

    protocol: str
    address: str
    port: int
    listens: bool


# Kinds of accounts.
USER, GROUP = "user", "group"


@dataclass(frozen=True)
class Account:
    """By which QEMU runs. kind: USER or GROUP."""

    kind: str
    name: str


@dataclass(frozen=True)
class Graphics:
    type: Optional[str]
    port: Optional[int]
    autoport: bool
    listen: Optional[str]
    network: Optional[str]
    websocket: Optional[int] = None
    tcp: bool = True


@dataclass(frozen=True)
class Descriptor:
    """live_cpu: what cpu became when the guest started, with all features that QEMU gives it.

    memory: KiB; hugepages: KiB each, 0 for the host's default, None without; ports: TCP, on which QEMU listens for
    something other than a display; blockers, possible_blockers: what keeps it from migrating, or does at some times,
    each as the end of a sentence; not_understood: paths of what the check does not understand; question: the XML that
    libvirt on a destination is asked about; origin: the host that it was evacuated from; processors, nodes: sets of
    host processors and NUMA nodes to which it is pinned, as libvirt writes them; accounts: of the host, by
    name, that its labels need; own_files: in which its host keeps what belongs to it, besides its disks.
    """

    type: Optional[str]
    arch: Optional[str]
    machine: Optional[str]
    emulator: Optional[str]
    memory: Optional[int]
    hugepages: Optional[int]
    vcpus: Optional[int]
    cpu: Optional[Cpu]
    live_cpu: Optional[Cpu]
    disks: tuple[Disk, ...]
    hostdevs: tuple[HostDevice, ...]
    files: tuple[HostFile, ...]
    ports: tuple[int, ...]
    sockets: tuple[GuestSocket, ...]
    graphics: tuple[Graphics, ...]
    blockers: tuple[str, ...]
    possible_blockers: tuple[str, ...]
    security_models: tuple[str, ...]
    not_understood: tuple[str, ...]
    question: Optional[str]
    origin: Optional[str]
    processors: tuple[str, ...]
    nodes: tuple[str, ...]
    accounts: tuple[Account, ...]
    own_files: tuple[HostFile, ...]
