# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A domain's XML -> what a destination has to offer besides networks: machine, CPU, memory, disks, devices."""

from __future__ import annotations

import re
from copy import deepcopy
from math import prod
from typing import Any, Optional

from .._model.descriptor import (
    ANY_TYPE,
    DIRECTORY,
    GROUP,
    PROGRAM,
    REGULAR,
    USER,
    Account,
    Cpu,
    CpuFeature,
    Descriptor,
    Disk,
    Graphics,
    GuestSocket,
    HostDevice,
    HostFile,
)
from .._model.plain_number import plain_number
from .codec import read_pci_address
from .etree import parse_xml, write_canonical_text
from .guest_mark import find_origin
from .not_understood import find_not_understood
from .question import make_question

_UNITS = {"b": 1, "bytes": 1, "kb": 1000, "k": 1024, "kib": 1024, "mb": 10**6, "m": 1024**2, "mib": 1024**2}
_UNITS.update({"gb": 10**9, "g": 1024**3, "gib": 1024**3, "tb": 10**12, "t": 1024**4, "tib": 1024**4})

# Where libvirt makes sockets itself, and their directories with them.
_OWN_SOCKETS = ("/var/lib/libvirt/", "/run/libvirt/")
# Security models that need nothing of the host.
_EVERYWHERE = {"dac", "none"}
# What, the element and its attribute.
_NAMED_FILES = (
    ("input device", "devices/input/source", "dev"),
    ("input device", "devices/input/source", "evdev"),
    ("ROM of a device", "devices/*/rom", "file"),
    ("template of its firmware's variables", "os/nvram", "template"),
    ("file for its firmware (fw_cfg)", "sysinfo/entry", "file"),
    ("tap device of its NIC", "devices/interface/backend", "tap"),
)
# Devices whose host side is a character device of QEMU, by any of its backends.
_CHARACTERS = ("serial", "parallel", "console", "channel", "redirdev", "smartcard")
_NBD = "10809"
# Elements and attributes that name processors and NUMA nodes of the host; without an attribute, their text.
_PROCESSORS = (
    ("vcpu", "cpuset"),
    ("cputune/vcpupin", "cpuset"),
    ("cputune/emulatorpin", "cpuset"),
    ("cputune/iothreadpin", "cpuset"),
)
_NODES = (("numatune/memory", "nodeset"), ("numatune/memnode", "nodeset"), ("devices/memory/source/nodemask", ""))
# Formats of images that block a migration in QEMU (migrate_add_blocker in its block/).
_UNMIGRATABLE = {"vmdk", "vdi", "vpc", "vhd", "vhdx", "qcow", "ploop", "parallels"}
_TPM_STATES = "/var/lib/libvirt/swtpm"
_NUMBER = re.compile(r"\+?\d+$")
# Every Linux has these.
_RANDOM = ("/dev/random", "/dev/urandom")


def parse_descriptor(xml: str, live: str = "") -> Descriptor:
    """Everything of a migratable or inactive domain XML except NICs. live: the XML of a running guest, which alone
    shows what its disks stand on, and all features of its CPU.

    Raises VirtfleetError XML_INVALID and what parse_xml raises.
    """
    root = parse_xml(xml)
    running = parse_xml(live) if live else root
    system = root.find("os/type")
    files = _read_files(root)
    return Descriptor(
        type=root.get("type"),
        arch=None if system is None else system.get("arch"),
        machine=None if system is None else system.get("machine"),
        emulator=root.findtext("devices/emulator"),
        memory=_read_kib(root.find("memory")),
        hugepages=_read_hugepages(root),
        vcpus=_read_vcpus(root.find("vcpu")),
        cpu=_read_cpu(root.find("cpu")),
        live_cpu=_read_live_cpu(running.find("cpu")) if live else None,
        disks=tuple(disk for node in root.iterfind("devices/disk") for disk in [_read_disk(node)] if disk),
        hostdevs=tuple(_read_hostdev(node) for node in root.iterfind("devices/hostdev")),
        files=(*files, *(file for file in _read_backing_files(running) if file not in files)),
        ports=tuple(_read_tcp_ports(root)),
        sockets=tuple(_read_sockets(root)),
        graphics=tuple(_read_graphics(node) for node in root.iterfind("devices/graphics")),
        blockers=(*_find_blockers(root), *_find_unmigratable_images(running)),
        possible_blockers=tuple(_find_possible_blockers(root)),
        security_models=tuple(
            sorted({str(node.get("model")) for node in root.iterfind("seclabel[@model]")} - _EVERYWHERE)
        ),
        not_understood=tuple(find_not_understood(root)),
        question=make_question(root),
        origin=find_origin(root),
        processors=_read_sets(root, _PROCESSORS),
        nodes=_read_sets(root, _NODES),
        accounts=_read_accounts(root),
        own_files=tuple(_read_own_files(root)),
    )


def _read_kib(node: Any) -> Optional[int]:
    number = None if node is None else plain_number((node.text or "").strip())
    if number is None:
        return None
    return number * _UNITS.get(node.get("unit", "KiB").lower(), 1024) // 1024


def _read_vcpus(node: Any) -> Optional[int]:
    """Those that are plugged in now, of which there may be more."""
    text = "" if node is None else str(node.get("current") or node.text or "").strip()
    return plain_number(text)


def _read_sets(root: Any, places: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    texts = ((node.get(name) if name else node.text) or "" for place, name in places for node in root.iterfind(place))
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))


def _read_own_files(root: Any) -> list[HostFile]:
    """The variables of its firmware, and the state of an emulated TPM, which libvirt keeps by the guest's UUID."""
    variables = (root.findtext("os/nvram") or "").strip()
    found = [HostFile("variables of its firmware", variables, REGULAR)] if variables else []
    for backend in root.iterfind("devices/tpm/backend[@type='emulator']"):
        source = backend.find("source")
        path = (None if source is None else source.get("path")) or f"{_TPM_STATES}/{root.findtext('uuid')}"
        found.append(HostFile("state of its TPM", path, ANY_TYPE))
    return found


def _read_accounts(root: Any) -> tuple[Account, ...]:
    """Names in its own label of model dac, user:group. Numbers need no account (virGetUserID() of libvirt), and those
    in labels of disks are not looked up when it arrives."""
    found: list[Account] = []
    for node in root.iterfind("seclabel[@model='dac']"):
        names = (node.findtext("label") or "").strip().partition(":")[::2]
        found += [Account(kind, name) for kind, name in zip((USER, GROUP), names) if name and not _NUMBER.match(name)]
    return tuple(dict.fromkeys(found))


def _read_hugepages(root: Any) -> Optional[int]:
    node = root.find("memoryBacking/hugepages")
    if node is None:
        return None
    page = node.find("page")
    size = None if page is None else plain_number(page.get("size", ""))
    if size is None:
        return 0
    return size * _UNITS.get(page.get("unit", "KiB").lower(), 1024) // 1024


def _read_cpu(node: Any) -> Optional[Cpu]:
    if node is None:
        return None
    return Cpu(
        mode=node.get("mode", "custom"),
        model=node.findtext("model"),
        check=node.get("check"),
        features=tuple(CpuFeature(item.get("name"), item.get("policy")) for item in node.iterfind("feature")),
        xml=write_canonical_text(node),
        cpus_per_socket=_count_cpus_per_socket(node.find("topology")),
    )


def _read_live_cpu(node: Any) -> Optional[Cpu]:
    """libvirt says so (check='full') once it has asked QEMU for all features of the CPU."""
    if node is None or node.get("check") != "full":
        return None
    node = deepcopy(node)
    # Newer versions of libvirt disregard it, and the check has a rule of its own for older ones.
    for feature in node.findall("feature[@name='ht']"):
        node.remove(feature)
    return _read_cpu(node)


def _count_cpus_per_socket(node: Any) -> int:
    if node is None:
        return 1
    parts = [plain_number(node.get(name, "1")) for name in ("dies", "clusters", "cores", "threads")]
    return prod(part for part in parts if part is not None)


def _read_disk(node: Any) -> Optional[Disk]:
    """None for an empty drive."""
    source = node.find("source")
    if source is None or not source.attrib:
        return None
    path = next((source.get(name) for name in ("file", "dev", "dir") if source.get(name)), None)
    if node.get("type") == "volume":
        path = f"{source.get('pool')}/{source.get('volume')}"
    target, driver = node.find("target"), node.find("driver")
    return Disk(
        target=None if target is None else target.get("dev"),
        device=node.get("device", "disk"),
        type=node.get("type"),
        path=path,
        readonly=node.find("readonly") is not None,
        shareable=node.find("shareable") is not None,
        cache=None if driver is None else driver.get("cache"),
        startup=source.get("startupPolicy"),
    )


def _read_hostdev(node: Any) -> HostDevice:
    kind = node.get("type") or node.get("mode") or "?"
    teaming, address = node.find("teaming"), node.find("source/address")
    what = kind
    if kind == "pci" and address is not None:
        what = read_pci_address(dict(address.attrib))
    elif kind == "usb":
        numbers = [node.find(f"source/{name}") for name in ("vendor", "product")]
        what = ":".join(number.get("id", "") for number in numbers if number is not None) or kind
    elif kind == "mdev" and address is not None:
        what = address.get("uuid", kind)
    return HostDevice(
        type=kind,
        device=what,
        transient=teaming is not None and teaming.get("type") == "transient",
        optional=any(item.get("startupPolicy") == "optional" for item in node.iterfind("source")),
    )


def _read_graphics(node: Any) -> Graphics:
    listen = node.find("listen")
    # libvirt looks up the address of a network on the host on which it starts the guest.
    network = None if listen is None or listen.get("type") != "network" else listen.get("network")
    address = node.get("listen") or (None if listen is None else listen.get("address"))
    port = plain_number(node.get("port", ""))
    return Graphics(
        type=node.get("type"),
        port=port,
        autoport=node.get("autoport") == "yes" or port is None,
        listen=None if network else address,
        network=network,
        websocket=plain_number(node.get("websocket", "")),
        tcp=node.get("socket") is None and (listen is None or listen.get("type") not in ("socket", "none")),
    )


def _read_files(root: Any) -> list[HostFile]:
    """Files of the host that QEMU opens, and directories in which it makes one."""
    found = [
        HostFile(what, path.strip(), file_type)
        for what, place, file_type in (
            ("QEMU", "devices/emulator", PROGRAM),
            ("kernel", "os/kernel", REGULAR),
            ("initrd", "os/initrd", REGULAR),
            ("device tree", "os/dtb", REGULAR),
            ("firmware", "os/loader", REGULAR),
        )
        for path in [root.findtext(place)]
        if path and path.strip()
    ]
    for node in root.iterfind("devices/rng/backend[@model='random']"):
        path = (node.text or "").strip()
        if path and path not in _RANDOM:
            found.append(HostFile("source of randomness", path, ANY_TYPE))
    found += _read_character_files(root)
    found += _read_display_files(root)
    found += [
        HostFile("socket of its disk", host.get("socket"), ANY_TYPE)
        for host in _find_nbd_servers(root)
        if host.get("socket")
    ]
    found += [
        HostFile(what, path, ANY_TYPE)
        for what, place, name in _NAMED_FILES
        for node in root.iterfind(place)
        for path in [node.get(name)]
        if path
    ]
    if root.find("devices/vsock") is not None:
        found.append(HostFile("device of its vsock", "/dev/vhost-vsock", ANY_TYPE))
    for node in root.iterfind("devices/interface"):
        driver, backend = node.find("driver"), node.find("backend")
        vhost = None if backend is None else backend.get("vhost")
        found += _read_vhost_user_files(node)
        if vhost or (driver is not None and driver.get("name") == "vhost"):
            found.append(HostFile("vhost-net of its NIC", vhost or "/dev/vhost-net", ANY_TYPE))
    for node in root.iterfind("devices/memory[@model='nvdimm']/source/path"):
        found.append(_describe_directory("the file of its NVDIMM", (node.text or "").strip()))
    variables = (root.findtext("os/nvram") or "").strip()
    if variables:
        found.append(_describe_directory("its firmware's variables", variables))
    return [item for place, item in enumerate(found) if item not in found[:place]]


def _read_backing_files(root: Any) -> list[HostFile]:
    found = [
        HostFile("backing file of a disk", path, ANY_TYPE)
        for node in root.iterfind("devices/disk//backingStore/source")
        for path in [node.get("file") or node.get("dev")]
        if path
    ]
    return [item for place, item in enumerate(found) if item not in found[:place]]


def _read_vhost_user_files(interface: Any) -> list[HostFile]:
    """The socket on which a switch listens, or the directory in which QEMU creates one."""
    source = interface.find("source")
    path = source.get("path") if interface.get("type") == "vhostuser" and source is not None else None
    if not path:
        return []
    if source.get("mode") == "server":
        return [_describe_directory("the socket of its NIC", path)]
    return [HostFile("socket of its NIC", path, ANY_TYPE)]


def _read_character_files(root: Any) -> list[HostFile]:
    """What serial ports and their like are connected to. A console may be a serial port under another name."""
    found: list[HostFile] = []
    for kind, place in (*((kind, kind) for kind in _CHARACTERS), ("source of randomness", "rng/backend")):
        for node in root.iterfind(f"devices/{place}"):
            known = {item.path for item in found} if kind == "console" else set()
            found += [
                item for item in (_read_end(node, kind), _read_log(node, kind)) if item and item.path not in known
            ]
    return found


def _read_display_files(root: Any) -> list[HostFile]:
    """Directories of the sockets on which they listen."""
    nodes = [*root.iterfind("devices/graphics"), *root.iterfind("devices/graphics/listen")]
    paths = dict.fromkeys(node.get("socket") for node in nodes)
    shown = [path for path in paths if path and not path.startswith(_OWN_SOCKETS)]
    return [_describe_directory("the socket of its display", path) for path in shown]


def _find_nbd_servers(root: Any) -> list[Any]:
    return list(root.iterfind("devices/disk/source[@protocol='nbd']/host"))


def _read_end(node: Any, what: str) -> Optional[HostFile]:
    source, kind = node.find("source"), node.get("type")
    path = None if source is None else source.get("path")
    if not path:
        return None
    if kind == "pipe":  # QEMU takes a pair of pipes, or one of the name itself
        return HostFile(f"pipe of its {what}", f"{path}.in", ANY_TYPE, alternative=path)
    if kind == "dev":
        return HostFile(f"device of its {what}", path, ANY_TYPE)
    if kind == "unix" and source.get("mode") == "connect":
        return HostFile(f"socket of its {what}", path, ANY_TYPE)
    if kind == "file" or (kind == "unix" and not path.startswith(_OWN_SOCKETS)):
        return _describe_directory(f"its {what}", path)
    return None


def _read_log(node: Any, what: str) -> Optional[HostFile]:
    log = node.find("log")
    path = None if log is None else log.get("file")
    return _describe_directory(f"the log of its {what}", path) if path else None


def _describe_directory(what: str, path: str) -> HostFile:
    """The directory in which QEMU or libvirt creates a file."""
    return HostFile(f"directory of {what}", path.rpartition("/")[0] or "/", DIRECTORY)


def _read_sockets(root: Any) -> list[GuestSocket]:
    """TCP and UDP sockets by which QEMU listens or connects when it starts, besides those of displays."""
    found: list[GuestSocket] = []
    nodes = [node for kind in _CHARACTERS for node in root.iterfind(f"devices/{kind}")]
    for node in (*nodes, *root.iterfind("devices/rng/backend[@model='egd']")):
        kind = node.get("type")
        for source in node.iterfind("source") if kind in ("tcp", "udp") else ():
            listens, address = source.get("mode") == "bind", source.get("host", "")
            service = plain_number(source.get("service", ""))
            retries = source.find("reconnect")
            waits = retries is not None and retries.get("enabled") == "yes"
            if service is not None and (listens or (kind == "tcp" and not waits)):
                one = GuestSocket(kind, address, service, listens)
                found += [one] if one not in found else []
    for host in _find_nbd_servers(root):
        port = plain_number(host.get("port", _NBD))
        if host.get("name") and port is not None:
            found.append(GuestSocket("tcp", host.get("name"), port, False))
    return found


def _read_tcp_ports(root: Any) -> list[int]:
    """On which QEMU listens for something other than a display."""
    nodes = root.iterfind("devices/*[@type='tcp']/source[@mode='bind']")
    ports = {plain_number(node.get("service", "")) for node in nodes}
    return sorted(port for port in ports if port is not None)


def _find_blockers(root: Any) -> list[str]:
    """What libvirt and QEMU refuse to migrate whatever the destination, each as the end of a sentence."""
    found = []
    timers = [node for node in root.iterfind("clock/timer[@name='tsc']") if node.get("frequency")]
    features = {node.get("name"): node.get("policy") for node in root.iterfind("cpu/feature")}
    if features.get("invtsc") in ("require", "force") and not timers:
        found.append("it has the CPU feature invtsc without a TSC frequency")
    for node in root.iterfind("devices/filesystem"):
        driver = node.find("driver")
        kind = None if driver is None else driver.get("type")
        source = node.find("source")
        if kind == "virtiofs" and not (source is not None and source.get("socket")):
            found.append("it shares a directory of the host through virtiofs")
    for node in root.iterfind("devices/shmem"):
        if node.get("role") != "master":
            found.append(f"its shared memory '{node.get('name')}' has no role 'master'")
    if any(True for _node in root.iterfind("devices/disk/transient")):
        found.append("it has a transient disk")
    if any(True for _node in root.iterfind("launchSecurity")):
        found.append("it has launch security, which binds its memory to the host's processor")
    cpu = root.find("cpu")
    if cpu is not None and cpu.get("mode") == "host-passthrough" and cpu.get("migratable") == "off":
        found.append("its CPU has mode host-passthrough with migratable='off'")
    return found


def _find_unmigratable_images(root: Any) -> list[str]:
    """Of each disk, and of what it stands on. A directory as a writable FAT disk is one, too."""
    found = []
    for disk in root.iterfind("devices/disk"):
        formats = {str(node.get("type")) for node in disk.iterfind(".//driver") if node.get("type")}
        formats |= {str(node.get("type")) for node in disk.iterfind(".//format") if node.get("type")}
        odd = formats & _UNMIGRATABLE
        if disk.get("type") == "dir" and disk.find("readonly") is None and disk.get("device") != "cdrom":
            odd.add("fat")
        target = disk.find("target")
        name = "?" if target is None else target.get("dev")
        found += [f"QEMU does not migrate the format {kind} of its disk {name}" for kind in sorted(odd)]
    return found


def _find_possible_blockers(root: Any) -> list[str]:
    """What keeps a guest from migrating at some times and at others does not, each as the end of a sentence."""
    found = []
    for node in root.iterfind("devices/filesystem"):
        driver = node.find("driver")
        if driver is None or driver.get("type") != "virtiofs":
            found.append("it shares a directory of the host through 9p, which blocks a migration while it is mounted")
    if any(True for _node in root.iterfind("devices/tpm/backend[@type='emulator']")):
        found.append("it has an emulated TPM, whose state must be on shared storage or be copied by swtpm")
    return found
