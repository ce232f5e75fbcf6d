# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of certain versions of libvirt and QEMU that a guest meets on its way.

As of November 2026: from libvirt's release notes up to 12.5, and from migrations in the lab (libvirt 7.0 to 12.8, QEMU
5.2 to 11.1). Versions are those of the projects; a distribution may have fixed an older one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Optional, Union

from ..destination_facts import DestinationFacts, NetworkFacts
from ..finding import LIBVIRT_ACCEPTS, Finding, refused, risky, unknown
from ..guest_facts import GuestFacts, GuestHost
from ..lookup_kinds import HOST
from ..rule import guest_rule

_X86 = ("x86_64", "i686")
# QEMU 10.0 reports the CPU feature ht of a guest with several CPUs in a socket, which libvirt before 11.10 does not
# expect.
_HT_REPORTED, _HT_EXPECTED = (10, 0), (11, 10)
# The state of virtio devices. What lies between these versions was not tried.
_VIRTIO_FROM, _VIRTIO_TO = (10, 0), (11, 1)
# The virtio crypto device: seen to migrate from the one, and not from the other. What lies between was not tried.
_CRYPTO_MIGRATED, _CRYPTO_BLOCKED = (7, 2), (10, 0)
# libvirt 12.1 crashed over a NIC of a hostdev network that was attached to a guest (release notes of 12.2).
_HOSTDEV_CRASH, _HOSTDEV_FIXED = (12, 1), (12, 2)

_REPAIR = "update libvirt; set the severity of the code with policy if your distribution has fixed it"
HT_UNEXPECTED = refused(
    "KNOWN_FAULT",
    "libvirt {version} with QEMU {qemu} on {host} accepts a running guest with several CPUs per socket (this "
    "one has {cpus}) only from hosts with the same versions. libvirt 11.10 fixes it.",
    "A version of libvirt or QEMU on source or destination has a known fault. Seen on hosts with libvirt 11.3 and QEMU "
    "10.0 (Debian 13), for running guests with a CPU model and with `cores` or `threads` above 1 in `<topology>`. Such "
    "a host accepts these guests only from the same versions, and cannot send them to an older QEMU (error 9, extra or "
    "missing features: ht)",
    _REPAIR,
)
HT_MISSING = refused(
    "KNOWN_FAULT",
    "The guest was started by libvirt {version} with QEMU {qemu}, has {cpus} CPUs per socket, and therefore "
    "requires the CPU feature ht, which QEMU {older} on {host} does not report. libvirt 11.10 fixes it.",
)
HT_NOT_KNOWN = unknown(
    "It is unknown whether the versions of QEMU support the guest's {cpus} CPUs per socket.", LIBVIRT_ACCEPTS
)
VIRTIO_REFUSED = refused(
    "KNOWN_FAULT",
    "QEMU {qemu} on {host} cannot load the state of virtio devices of a guest that QEMU {older} runs.",
    "Seen: from QEMU 10.0.13 (Debian 13) to 11.1.2, no running guest with a virtio device migrates, whatever its "
    "machine type (load of migration failed: error while loading state of virtio)",
    "migrate to another version of QEMU, or shut the guest down and start it there",
)
CRYPTO_BLOCKED = refused(
    "GUEST_BLOCKED",
    "The guest cannot be migrated: QEMU {qemu} does not migrate its virtio crypto device.",
    "A virtio crypto device, which QEMU 7.2 migrates and QEMU 10.0 does not. Seen: error 55",
)
CRYPTO_UNKNOWN = unknown(
    "It is unknown whether QEMU {qemu} migrates the guest's virtio crypto device.", LIBVIRT_ACCEPTS
)
HOSTDEV_CRASH = risky(
    "KNOWN_FAULT",
    "libvirt {version} on {host} may crash when a guest uses hostdev network {network}. libvirt 12.2 fixes it.",
    "libvirt 12.1 crashes when guests use hostdev networks (release notes of 12.2; not seen)",
    _REPAIR,
)


@dataclass(frozen=True)
class _Versions:
    """Of a host; None where they are not known."""

    libvirt: Optional[tuple[int, ...]]
    qemu: Optional[tuple[int, ...]]

    @classmethod
    def of(cls, host: Union[GuestHost, DestinationFacts]) -> _Versions:
        return cls(_numbers(host.libvirt_version), _numbers(host.qemu_version))

    @property
    def expects_ht(self) -> bool:
        return self.libvirt is not None and self.libvirt >= _HT_EXPECTED

    @property
    def faultily_reports_ht(self) -> Optional[bool]:
        if self.expects_ht:
            return False
        return None if self.libvirt is None or self.qemu is None else self.qemu >= _HT_REPORTED


def _numbers(version: Optional[str]) -> Optional[tuple[int, ...]]:
    parts = (version or "").split(".")
    return tuple(map(int, parts)) if all(part.isdigit() for part in parts) else None


@guest_rule(HT_UNEXPECTED, HT_MISSING, HT_NOT_KNOWN, needs=(HOST,))
def check_cpus_per_socket(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    # A CPU that is the host's own is not compared feature by feature.
    if not (guest.running and guest.arch in _X86 and guest.cpu is not None) or guest.cpu.is_the_hosts:
        return
    cpus, here, there = guest.cpu.cpus_per_socket, _Versions.of(guest.host), _Versions.of(host)
    if cpus == 1 or (here.expects_ht and there.expects_ht):
        return
    reported_here, reported_there = here.faultily_reports_ht, there.faultily_reports_ht
    if cpus is None or reported_here is None or reported_there is None or there.qemu is None:
        yield HT_NOT_KNOWN.found(cpus=cpus or "several")
    elif reported_there and not reported_here:
        yield HT_UNEXPECTED.found(version=host.libvirt_version, qemu=host.qemu_version, cpus=cpus)
    elif reported_here and there.qemu < _HT_REPORTED:
        yield HT_MISSING.found(
            version=guest.host.libvirt_version, qemu=guest.host.qemu_version, older=host.qemu_version, cpus=cpus
        )


@guest_rule(VIRTIO_REFUSED, needs=(HOST,))
def check_virtio_state(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    here, there = _Versions.of(guest.host).qemu or (), _Versions.of(host).qemu or ()
    if guest.running and here[:2] == _VIRTIO_FROM and there[:2] == _VIRTIO_TO and _has_virtio(guest):
        yield VIRTIO_REFUSED.found(qemu=host.qemu_version, older=guest.host.qemu_version)


@guest_rule(CRYPTO_BLOCKED, CRYPTO_UNKNOWN)
def check_virtio_crypto(guest: GuestFacts, _host: DestinationFacts) -> Iterator[Finding]:
    qemu = _Versions.of(guest.host).qemu or ()
    if not guest.running or "<crypto" not in (guest.question or "") or (qemu and qemu[:2] <= _CRYPTO_MIGRATED):
        return
    kind = CRYPTO_BLOCKED if qemu[:2] >= _CRYPTO_BLOCKED else CRYPTO_UNKNOWN
    yield kind.found(qemu=guest.host.qemu_version or "of an unknown version")


def _has_virtio(guest: GuestFacts) -> bool:
    """The question has all devices except NICs, also the memory balloon that libvirt adds."""
    return any((nic.model or "").startswith("virtio") for nic in guest.nics) or "virtio" in (guest.question or "virtio")


@guest_rule(HOSTDEV_CRASH, needs=(HOST,))
def check_hostdev_crash(guest: GuestFacts, host: DestinationFacts) -> Iterator[Finding]:
    for name in sorted({nic.network_name for nic in guest.nics if nic.network_name}):
        net = host.networks.get(name)
        if net is not None and crashes_over_hostdev(host, net):
            yield HOSTDEV_CRASH.found(network=name, version=host.libvirt_version)


def crashes_over_hostdev(host: DestinationFacts, net: NetworkFacts) -> bool:
    return net.mode == "hostdev" and _HOSTDEV_CRASH <= host.version < _HOSTDEV_FIXED
