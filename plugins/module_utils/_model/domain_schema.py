# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each part of a guest's XML means for a migration. What is not listed here is not understood.

A key is the path of an element below <domain>, which stands for its attributes and for all that is in it, too;
path@attribute; or path=text. path@attribute=value says what the element means that has this value. A * stands for any
one name. The longest key that fits decides; of two of one length the one with fewer *.

Facts about libvirt and QEMU are from libvirt's src/conf/domain_conf.c, src/qemu/qemu_process.c and qemu_migration.c.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Optional

HARMLESS = "harmless"
JUDGED = "judged"  # a rule of the check examines it, or libvirt on the destination is asked about it
UNKNOWN = "unknown"

NOT_LISTED = (UNKNOWN, "this version of the collection does not know it")
# Elements that mean nothing by themselves.
CONTAINERS = frozenset({
    "", "devices", "features", "features/hyperv", "features/kvm", "os", "cputune", "memoryBacking", "memtune",
    "resource",
})  # fmt: skip

_LIBVIRT = (JUDGED, "the check asks libvirt on the destination whether it can build QEMU's command line from it")
_RULE = (JUDGED, "a rule of the check examines it")
_GUEST = (HARMLESS, "a setting of the guest alone, which migrates with it")
_RUNTIME = (HARMLESS, "libvirt generated it, and will generate it again")
_CGROUP = (HARMLESS, "a limit of the cgroup controllers cpu and memory, which every host that runs systemd has")
_HARDWARE = (UNKNOWN, "it needs a feature of the host's kernel or processor that is not checked")
_FILE = (UNKNOWN, "it names a file, device, socket or service of the host that is not checked")
_OTHER_DRIVER = (UNKNOWN, "it is not for QEMU")

MEANINGS: dict[str, tuple[str, str]] = {
    "@id": _RUNTIME,
    "@type": _RULE,
    "name": _RULE,
    "uuid": _RULE,
    "title": _GUEST,
    "description": _GUEST,
    "metadata": (HARMLESS, "libvirt keeps it but ignores it"),
    "genid": _LIBVIRT,
    "hwuuid": _GUEST,
    "iommufd": _HARDWARE,
    # Memory, CPUs and their limits
    "memory": _RULE,
    "memory@dumpCore": _GUEST,
    "maxMemory": _GUEST,
    "currentMemory": _GUEST,
    "memoryBacking/hugepages": _RULE,
    "memoryBacking/hugepages/page@nodeset": _GUEST,
    "memoryBacking/nosharepages": _GUEST,
    "memoryBacking/discard": _GUEST,
    "memoryBacking/access": _GUEST,
    "memoryBacking/source": _GUEST,
    "memoryBacking/source@type=file": _FILE,
    "memoryBacking/allocation": _GUEST,
    "memoryBacking/allocation@mode=immediate": (UNKNOWN, "all of its memory must be free at once"),
    "memoryBacking/locked": (UNKNOWN, "all of its memory must be free at once, and may be locked"),
    "memtune/hard_limit": _CGROUP,
    "memtune/soft_limit": _CGROUP,
    "memtune/swap_hard_limit": _CGROUP,
    "memtune/min_guarantee": _OTHER_DRIVER,
    "vcpu": _GUEST,
    "vcpu@cpuset": _RULE,
    "vcpu@placement=auto": _FILE,
    "vcpus": _GUEST,
    "iothreads": _GUEST,
    "iothreadids": _LIBVIRT,
    "defaultiothread": _LIBVIRT,
    "cputune/shares": _CGROUP,
    "cputune/period": _CGROUP,
    "cputune/quota": _CGROUP,
    "cputune/global_period": _CGROUP,
    "cputune/global_quota": _CGROUP,
    "cputune/emulator_period": _CGROUP,
    "cputune/emulator_quota": _CGROUP,
    "cputune/iothread_period": _CGROUP,
    "cputune/iothread_quota": _CGROUP,
    "cputune/vcpupin": _RULE,
    "cputune/emulatorpin": _RULE,
    "cputune/iothreadpin": _RULE,
    "cputune/vcpusched": _HARDWARE,
    "cputune/iothreadsched": _HARDWARE,
    "cputune/emulatorsched": _HARDWARE,
    "cputune/cachetune": _HARDWARE,
    "cputune/memorytune": _HARDWARE,
    "cputune/energytune": _HARDWARE,
    "numatune": _RULE,
    "numatune/memory@placement=auto": _FILE,
    "blkiotune": (UNKNOWN, "it needs the cgroup controller io, and may name a device of the host"),
    "throttlegroups": (UNKNOWN, "libvirt before 11.2 does not know it and drops it"),
    "resource/partition": (UNKNOWN, "it names a cgroup of the host"),
    "resource/partition=/machine": _GUEST,
    "resource/fibrechannel": _HARDWARE,
    "cpu": _RULE,
    "cpu@deprecated_features": _HARDWARE,
    "cpu/topology": _GUEST,
    "cpu/numa": _GUEST,
    "cpu/cache": _GUEST,
    "cpu/maxphysaddr": _GUEST,
    "cpu/maxphysaddr@mode=passthrough": _HARDWARE,
    "clock": _GUEST,
    "clock/timer@frequency": _HARDWARE,
    "perf": _HARDWARE,
    # Firmware and kernel
    "os/type": _RULE,
    "os@firmware": _LIBVIRT,
    "os/firmware": _LIBVIRT,
    "os/loader": _RULE,
    "os/nvram": _RULE,
    "os/nvram@type=network": _FILE,
    "os/nvram/source": _FILE,
    "os/varstore": _FILE,
    "os/kernel": _RULE,
    "os/initrd": _RULE,
    "os/dtb": _RULE,
    "os/cmdline": _GUEST,
    "os/boot": _GUEST,
    "os/bootmenu": _GUEST,
    "os/bios": _GUEST,
    "os/smbios": _GUEST,
    "os/acpi": _FILE,
    "os/shim": _FILE,
    "os/root": _OTHER_DRIVER,
    "os/init": _OTHER_DRIVER,
    "os/initarg": _OTHER_DRIVER,
    "os/initdir": _OTHER_DRIVER,
    "os/initenv": _OTHER_DRIVER,
    "os/inituser": _OTHER_DRIVER,
    "os/initgroup": _OTHER_DRIVER,
    "bootloader": _OTHER_DRIVER,
    "bootloader_args": _OTHER_DRIVER,
    "idmap": _OTHER_DRIVER,
    "sysinfo": _GUEST,
    "sysinfo/entry@file": _RULE,
    # What the machine can do
    "features/*": _LIBVIRT,
    "features/hyperv@mode": _GUEST,
    "features/hyperv@mode=passthrough": _HARDWARE,
    "features/hyperv/*": _HARDWARE,
    # Enlightenments that KVM has on every x86 host that the collection supports (Linux 4.18 and later).
    **dict.fromkeys(
        (
            f"features/hyperv/{name}"
            for name in (
                "relaxed",
                "vapic",
                "spinlocks",
                "vpindex",
                "runtime",
                "synic",
                "stimer",
                "reset",
                "vendor_id",
                "frequencies",
                "ipi",
                "tlbflush",
            )
        ),
        _GUEST,
    ),
    "features/hyperv/tlbflush/*": _HARDWARE,
    "features/kvm/*": _GUEST,
    "features/kvm/dirty-ring": _HARDWARE,
    "features/tcg": _GUEST,
    "features/capabilities": _OTHER_DRIVER,
    "features/privnet": _OTHER_DRIVER,
    "features/xen": _OTHER_DRIVER,
    "features/gic": _HARDWARE,
    "features/htm": _HARDWARE,
    "features/hpt": _HARDWARE,
    "features/nested-hv": _HARDWARE,
    "features/ccf-assist": _HARDWARE,
    "features/cfpc": _HARDWARE,
    "features/sbbc": _HARDWARE,
    "features/ibs": _HARDWARE,
    "features/ras": _HARDWARE,
    "features/aia": _HARDWARE,
    "features/msrs": _HARDWARE,
    "features/async-teardown": _HARDWARE,
    "keywrap": _HARDWARE,
    "launchSecurity": _RULE,
    "seclabel": _RULE,
    "on_poweroff": _GUEST,
    "on_reboot": _GUEST,
    "on_crash": _GUEST,
    "on_lockfailure": _GUEST,
    "pm": _LIBVIRT,
    # Devices: what all kinds have
    "devices/*/alias": _RUNTIME,
    "devices/*/address": _LIBVIRT,
    "devices/*/boot": _GUEST,
    "devices/*/acpi": _GUEST,
    "devices/*/rom": _GUEST,
    "devices/*/rom@file": _RULE,
    "devices/emulator": _RULE,
    # Disks
    "devices/disk": _LIBVIRT,
    "devices/disk@type=nvme": _FILE,
    "devices/disk@type=vhostuser": _FILE,
    "devices/disk@type=vhostvdpa": _FILE,
    "devices/disk@sgio": _HARDWARE,
    "devices/disk@rawio": _HARDWARE,
    "devices/disk/driver@io=io_uring": _HARDWARE,
    "devices/disk/source": _RULE,
    "devices/disk/source/*": _FILE,
    "devices/disk/source@protocol": (UNKNOWN, "QEMU's driver for the protocol may be missing"),
    "devices/disk/source@protocol=nbd": _RULE,
    "devices/disk/source@tls": _FILE,
    "devices/disk/source/host": _GUEST,
    "devices/disk/source/auth": _LIBVIRT,
    "devices/disk/source/encryption": _LIBVIRT,
    "devices/disk/source/seclabel": _GUEST,
    "devices/disk/source/address": _FILE,
    "devices/disk/backingStore": _RULE,
    "devices/disk/backingStore@type=network": _FILE,
    "devices/disk/mirror": _RULE,
    "devices/disk/throttlefilters": (UNKNOWN, "libvirt before 11.2 does not know it and drops it"),
    # NICs
    "devices/interface": _RULE,
    "devices/interface/filterref/parameter@value=dhcp": (
        UNKNOWN,
        "the filter lets only DHCP pass until the guest renews its lease, if it waits for the guest's address",
    ),
    "devices/interface@type=vdpa": _FILE,
    "devices/interface@type=vds": _OTHER_DRIVER,
    "devices/interface/script": _FILE,
    "devices/interface/downscript": _FILE,
    "devices/interface/backend@tap": _RULE,
    "devices/interface/backend@vhost": _RULE,
    "devices/interface/backend@type=passt": _FILE,
    "devices/interface/backend@logFile": _FILE,
    "devices/interface/backend@hostname": _FILE,
    "devices/interface/backend@fqdn": _FILE,
    "devices/interface/portForward": _FILE,
    "devices/interface/guest": _OTHER_DRIVER,
    # Other devices
    "devices/controller": _LIBVIRT,
    "devices/serial": _RULE,
    "devices/parallel": _RULE,
    "devices/console": _RULE,
    "devices/channel": _RULE,
    "devices/serial@type=nmdm": _OTHER_DRIVER,
    "devices/parallel@type=nmdm": _OTHER_DRIVER,
    "devices/console@type=nmdm": _OTHER_DRIVER,
    "devices/*/source@tls": _FILE,
    "devices/input": _LIBVIRT,
    "devices/input/source": _RULE,
    "devices/graphics": _RULE,
    "devices/graphics/gl": _HARDWARE,
    "devices/graphics/gl@enable=no": _GUEST,
    "devices/graphics@type=egl-headless": _HARDWARE,
    "devices/graphics@type=dbus": _FILE,
    "devices/graphics@type=sdl": _FILE,
    "devices/graphics@type=desktop": _OTHER_DRIVER,
    "devices/graphics@type=rdp": _FILE,
    "devices/graphics@socket": _RULE,
    "devices/graphics/listen@socket": _RULE,
    "devices/audio": _FILE,
    "devices/audio@id": _GUEST,
    "devices/audio@type=none": _GUEST,
    "devices/audio@type=spice": _GUEST,
    "devices/audio@timerPeriod": _GUEST,
    "devices/audio/input": _GUEST,
    "devices/audio/output": _GUEST,
    "devices/sound": _LIBVIRT,
    "devices/video": _LIBVIRT,
    "devices/video/driver@vgaconf": _GUEST,
    "devices/video/model@blob=on": _HARDWARE,
    "devices/video/model/acceleration@accel3d=yes": _HARDWARE,
    "devices/video/model/acceleration@rendernode": _FILE,
    "devices/hub": _LIBVIRT,
    "devices/watchdog": _LIBVIRT,
    "devices/memballoon": _LIBVIRT,
    "devices/panic": _LIBVIRT,
    "devices/iommu": _LIBVIRT,
    "devices/nvram": _LIBVIRT,
    "devices/redirdev": _LIBVIRT,
    "devices/redirdev/source": _RULE,
    "devices/redirfilter": _GUEST,
    "devices/rng": _LIBVIRT,
    "devices/rng/backend": _RULE,
    "devices/rng/backend@type=udp": _FILE,
    "devices/vsock": _RULE,
    "devices/vsock/cid@auto=no": (UNKNOWN, "another guest may have its context ID"),
    "devices/tpm": _RULE,
    "devices/tpm/backend@type=passthrough": _FILE,
    "devices/tpm/backend@type=external": _FILE,
    "devices/smartcard": _FILE,
    "devices/smartcard@mode=passthrough": _LIBVIRT,
    "devices/smartcard/source": _RULE,
    "devices/smartcard/protocol": _GUEST,
    "devices/shmem": _RULE,
    "devices/shmem/server": _FILE,
    "devices/memory": _LIBVIRT,
    "devices/memory@model=nvdimm": _LIBVIRT,
    "devices/memory@model=virtio-pmem": _FILE,
    "devices/memory@model=sgx-epc": _HARDWARE,
    "devices/memory/source/path": _RULE,
    "devices/memory/source/pmem": _HARDWARE,
    "devices/memory/source/nodemask": _RULE,
    "devices/pstore": _FILE,
    "devices/crypto": _LIBVIRT,
    "devices/crypto/backend@model=lkcf": _HARDWARE,
    "devices/lease": _FILE,
    "devices/filesystem": _RULE,
    "devices/hostdev": _RULE,
}

# The same by path: an attribute, empty for the text, and its value.
_BY_VALUE: dict[str, list[tuple[str, str, tuple[str, str]]]] = {}
for _key, _found in MEANINGS.items():
    _what, _equals, _value = _key.partition("=")
    if _equals:
        _path, _at, _attribute = _what.partition("@")
        _BY_VALUE.setdefault(_path, []).append((_attribute, _value, _found))


def meaning_of(path: str, attributes: Mapping[str, str], text: str) -> tuple[str, str]:
    """HARMLESS, JUDGED or UNKNOWN, and why, of an element. path: names separated by /."""
    if path in CONTAINERS:
        return HARMLESS, "it has no effect alone"
    by_value = [
        found
        for spelled in _spelled(path)
        for attribute, value, found in _BY_VALUE.get(spelled, ())
        if (attributes.get(attribute) if attribute else text) == value
    ]
    return max(by_value, key=lambda found: found[0] == UNKNOWN) if by_value else _meaning_of_path(path)


@cache
def meaning_of_attribute(path: str, name: str) -> Optional[tuple[str, str]]:
    """None where it means what its element means."""
    keys = (f"{spelled}@{name}" for spelled in _spelled(path))
    return next((MEANINGS[key] for key in keys if key in MEANINGS), None)


def is_understood_by_value(path: str, name: str, value: str) -> bool:
    """Whether the attribute has a value that is, where others are not."""
    found = (one for spelled in _spelled(path) for one in _BY_VALUE.get(spelled, ()))
    return any(one[:2] == (name, value) and one[2][0] != UNKNOWN for one in found)


@cache
def _meaning_of_path(path: str) -> tuple[str, str]:
    """By the longest key that fits it or an element around it."""
    for key in _spelled(path):
        if key in MEANINGS:
            return MEANINGS[key]
    above, _slash, _name = path.rpartition("/")
    return _meaning_of_path(above) if above else NOT_LISTED


@cache
def _spelled(path: str) -> tuple[str, ...]:
    """The path, and with a * in place of the kind of device or of the last name."""
    names = path.split("/")
    spelled = [path]
    if len(names) > 2 and names[0] == "devices":
        spelled.append("/".join([names[0], "*", *names[2:]]))
    if len(names) > 1:
        spelled.append("/".join([*names[:-1], "*"]))
    return tuple(spelled)
