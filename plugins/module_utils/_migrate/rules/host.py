# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guest as a whole: is it there already, and does the host have what it needs besides networks?"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any, Optional

from ..._model.field import Document
from ..._model.forward import POOL, members_of
from ..finding import TAKEN, WARNING, Finding, refused, unseen
from ..view import View

_LOCAL_DISKS = ("file", "block", "dir")
# Models of NICs that any QEMU has which runs guests of their architecture; the rest is asked after.
_EVERYWHERE = frozenset({
    "virtio", "virtio-transitional", "virtio-non-transitional", "e1000", "e1000e", "e1000-82544gc", "e1000-82545em",
    "rtl8139", "ne2k_pci", "pcnet", "vmxnet3", "i82550", "i82551", "i82557a", "i82557b", "i82557c", "i82558a",
    "i82558b", "i82559a", "i82559b", "i82559c", "i82559er", "i82562", "i82801", "usb-net", "spapr-vlan",
    "lan9118", "smc91c111",
})  # fmt: skip


def same_host(guest: Document, view: View) -> Iterator[Finding]:
    """libvirt goes by the UUID and by the name: either alone is refused."""
    host = guest["host"]
    if view.uuid and host["uuid"] == view.uuid:
        yield refused("SAME_HOST", f"{view.name} is the host that the guest is on (host UUID {view.uuid}).")
    elif host["name"] and host["name"] == view.name:
        yield refused("SAME_HOST", f"{view.name} has the name of the host that the guest is on.")
    elif not view.uuid or not host["uuid"]:
        yield unseen(f"Whether {view.name} is the host that the guest is on cannot be told.", TAKEN)


def machine(guest: Document, view: View) -> Iterator[Finding]:
    if not guest["machine"]:
        return
    if view.machines is None:
        yield unseen(f"Which machine types {view.name} has was not looked at.", TAKEN)
        return
    known = view.machines.get(str(guest["arch"]))
    if known is None:
        yield refused("MACHINE_UNSUPPORTED", f"{view.name} runs no guests of architecture {guest['arch']}.")
    elif guest["machine"] not in known:
        yield refused("MACHINE_UNSUPPORTED", f"QEMU on {view.name} has no machine type {guest['machine']}.")
    yield from _kind(guest, view)


def _kind(guest: Document, view: View) -> Iterator[Finding]:
    if view.kinds is None:
        yield unseen(f"Whether {view.name} runs guests of type {guest['type']} was not looked at.", TAKEN)
    elif guest["arch"] in view.kinds and guest["type"] not in view.kinds[guest["arch"]]:
        yield refused(
            "MACHINE_UNSUPPORTED",
            f"{view.name} runs no {guest['arch']} guests of type {guest['type']}, as this one is.",
        )


def models_asked(guest: Document) -> set[str]:
    """Models of NICs that not every QEMU has that there is."""
    return {str(nic["model"]) for nic in guest["nics"] if nic["model"]} - _EVERYWHERE


def models(guest: Document, view: View) -> Iterator[Finding]:
    known = None if view.models is None else view.models.get(str(guest.get("emulator")))
    for model in sorted(models_asked(guest)):
        if known is None:
            yield unseen(f"Whether QEMU on {view.name} has NICs of model {model} was not looked at.", TAKEN)
        elif model not in known:
            yield refused("MACHINE_UNSUPPORTED", f"QEMU on {view.name} has no NICs of model {model}.")


def is_compared(guest: Document) -> bool:
    """Whether the processor has to be held against the guest's CPU. libvirt does so before it takes a guest, but not
    with an emulated CPU, nor with one that it was told not to check, nor with one that is made of whatever the host has
    when the guest starts. A running guest that was given a whole processor it takes unchecked, to any other.
    """
    cpu = guest["cpu"]
    if guest["type"] == "qemu" or not cpu:
        return False
    if cpu["mode"] in ("host-passthrough", "maximum"):
        return bool(guest["running"])
    if cpu["check"] == "none":
        return False
    return bool(cpu["model"]) if cpu["mode"] == "custom" else bool(guest["running"])


def is_named(guest: Document) -> bool:
    """Whether the CPU is spelled out in words that an older libvirt may not know; it refuses those, checked or not."""
    cpu = guest["cpu"]
    spelled = cpu and cpu["model"] and cpu["mode"] not in ("host-passthrough", "maximum")
    return bool(spelled) and guest["arch"] in ("x86_64", "i686")


def cpu(guest: Document, view: View) -> Iterator[Finding]:
    known = _known(guest, view) if is_named(guest) else True
    if known is False:
        words = f"the guest's CPU ({guest['cpu']['model']}), or one of its features"
        yield refused("CPU_INCOMPATIBLE", f"libvirt on {view.name} does not know {words}.")
        return
    if known is None:
        yield unseen(f"Whether libvirt on {view.name} knows the guest's CPU was not looked at.", TAKEN)
    if not is_compared(guest):
        return
    answer = None if view.cpus is None else view.cpus.get(guest["cpu"]["xml"])
    if answer is None:
        yield unseen(f"Whether the processor of {view.name} has what the guest's CPU needs was not looked at.", TAKEN)
    elif not answer:
        what = guest["cpu"]["model"] or guest["cpu"]["mode"]
        yield refused("CPU_INCOMPATIBLE", f"The processor of {view.name} lacks features of the guest's CPU ({what}).")


def _known(guest: Document, view: View) -> Optional[bool]:
    """Without a connection to the host there are the names of models, and none of features."""
    cpu = guest["cpu"]
    if view.known_cpus is not None:
        return view.known_cpus.get(cpu["xml"])
    if view.cpu_models is None:
        return None
    if cpu["model"] not in view.cpu_models:
        return False
    return None if cpu["features"] else True


def memory(guest: Document, view: View) -> Iterator[Finding]:
    needs = guest["memory"] or 0
    if view.memory is None:
        yield unseen(f"How much memory {view.name} has was not looked at.", TAKEN)
        return
    if guest["hugepages"] is not None:
        yield from _pages(guest, view, needs)
        return
    total, available = view.memory["total"], view.memory["available"]
    if needs > total:
        yield refused("MEMORY_SHORT", f"The guest needs {_mib(needs)}, and {view.name} has {_mib(total)} in all.")
    elif needs > available:
        yield Finding(
            "MEMORY_SHORT",
            WARNING,
            f"The guest needs {_mib(needs)}, and {view.name} has {_mib(available)} to spare.",
            question=TAKEN,
        )


def _pages(guest: Document, view: View, needs: int) -> Iterator[Finding]:
    """Huge pages are taken at once or not at all."""
    pages = (view.memory or {}).get("pages") or {}
    sizes = [int(size) for size in pages]
    size = guest["hugepages"] or (min(sizes) if sizes else 0)
    free = int(pages.get(str(size), 0)) * size
    if free < needs:
        yield refused(
            "MEMORY_SHORT",
            f"The guest needs {_mib(needs)} in huge pages, and {view.name} has {_mib(free)} of them free.",
        )


def _mib(kib: int) -> str:
    return f"{kib // 1024} MiB"


def disks(guest: Document, view: View) -> Iterator[Finding]:
    for disk in guest["disks"]:
        if disk["type"] == "network" or not disk["path"]:
            continue
        if disk["type"] == "volume":
            yield from _volume(guest, disk, view)
            continue
        path, there = disk["path"], None if view.paths is None else view.paths.get(disk["path"])
        if disk["type"] not in _LOCAL_DISKS or there is None:
            yield unseen(f"Whether {view.name} has {path} (disk {disk['target']}) was not looked at.", TAKEN)
        elif not there and not _optional(disk):
            yield refused("DISK_UNREACHABLE", f"{view.name} has no {path} (disk {disk['target']}).")
        yield from _storage(guest, disk)


def _storage(guest: Document, disk: Document) -> Iterator[Finding]:
    if _moves(guest, disk) and disk["shared"] is False:
        yield refused(
            "DISK_UNREACHABLE",
            f"{disk['path']} (disk {disk['target']}) lies on a file system of the guest's own host alone, and libvirt "
            "refuses to migrate it without copying its storage.",
        )


def _volume(guest: Document, disk: Document, view: View) -> Iterator[Finding]:
    what = f"volume {disk['path']} (disk {disk['target']})"
    there = None if view.volumes is None else view.volumes.get(disk["path"])
    if there is None:
        yield unseen(f"Whether {view.name} has {what} was not looked at.", TAKEN)
    elif not there and not _optional(disk):
        yield refused("DISK_UNREACHABLE", f"{view.name} has no {what}, or its storage pool is not active there.")
    if _moves(guest, disk) and not disk.get("file"):
        yield unseen(f"Whether {what} lies on storage that hosts share is not known.", TAKEN)
    yield from _storage(guest, disk)


def _optional(disk: Document) -> bool:
    return disk["startup"] in ("optional", "requisite") and disk["device"] in ("cdrom", "floppy")


def _moves(guest: Document, disk: Document) -> bool:
    return bool(guest["running"]) and not disk["readonly"]


def is_looked_for(guest: Document, device: Document) -> bool:
    """A guest that is off takes the USB devices of the host on which it starts."""
    return device["type"] == "usb" and not guest["running"] and not device["transient"] and not device["optional"]


def pinned(guest: Document, view: View) -> Iterator[Finding]:
    for device in guest["hostdevs"]:
        if not device["transient"] and (guest["running"] or device["type"] != "usb"):
            yield refused(
                "DEVICE_PINNED",
                f"The guest has the host's {device['type']} device {device['device']}, which stays behind.",
            )
        elif is_looked_for(guest, device):
            if view.usb is None:
                yield unseen(f"Whether {view.name} has USB device {device['device']} was not looked at.", TAKEN)
            elif device["device"] not in view.usb:
                yield refused("DEVICE_PINNED", f"{view.name} has no USB device {device['device']}, as the guest needs.")
    if not guest["running"]:
        return
    for nic in guest["nics"]:
        if "hostdev" in (nic["type"], nic["plugged_as"]) and not nic["transient"]:
            yield refused(
                "DEVICE_PINNED",
                f"The guest's NIC {nic['model'] or ''} is a PCI device of its host, which cannot move while the guest "
                "runs (a teaming pair could).".replace("NIC  is", "NIC is"),
            )
            return


def blockers(guest: Document, view: View) -> Iterator[Finding]:
    if guest["running"]:
        for why in sorted(guest["blockers"]):
            yield refused("GUEST_BLOCKED", f"The guest cannot be migrated: {why}.")
        for why in sorted(guest["doubts"]):
            yield unseen(f"Whether the guest can be migrated now is not known: {why}.", TAKEN)


def graphics(guest: Document, view: View) -> Iterator[Finding]:
    for item in guest["graphics"]:
        if item["network"]:
            yield from _listens_on(item, view)
        listen = item["listen"]
        if listen and not _is_everywhere(listen):
            if view.addresses is None:
                yield unseen(
                    f"Whether {view.name} has {listen}, on which the guest's {item['type']} listens, is unknown.", TAKEN
                )
            elif listen not in view.addresses:
                yield refused(
                    "GRAPHICS_UNAVAILABLE",
                    f"The guest's {item['type']} listens on {listen}, which {view.name} does not have.",
                )
        if item["autoport"] or not item["port"]:
            continue
        if view.guests is None:
            yield unseen(
                f"Whether port {item['port']} is free for the guest's {item['type']} was not looked at.", TAKEN
            )
            continue
        taken = _holder(view, item["port"])
        if taken:
            yield refused(
                "GRAPHICS_UNAVAILABLE",
                f"{taken} has port {item['port']} on {view.name}, which the guest's {item['type']} needs.",
            )


def _listens_on(item: Document, view: View) -> Iterator[Finding]:
    """libvirt takes the first address of the network, or of the device that it stands on, and QEMU has to have it."""
    name = item["network"]
    what = f"network '{name}', on which the guest's {item['type']} listens"
    net = view.networks.get(name)
    if net is None:
        yield refused("GRAPHICS_UNAVAILABLE", f"{view.name} has no {what}.")
        return
    if net.mode in POOL:
        there = _has_address(view, net.bridge or next(iter(members_of(net.options)), ""))
        if there is None:
            yield unseen(f"Whether {view.name} has an address for {what}, is unknown.", TAKEN)
        elif not there:
            yield refused("GRAPHICS_UNAVAILABLE", f"{view.name} has no address of its own for {what}.")
        return
    if not net.active:
        yield refused("GRAPHICS_UNAVAILABLE", f"On {view.name} {what}, is not active.")
        return
    address = next((ip.get("address") for ip in net.document.get("ips") or ()), None)
    if not address or (view.addresses is not None and address not in view.addresses):
        yield refused("GRAPHICS_UNAVAILABLE", f"{view.name} has no address on {what}.")


def _has_address(view: View, device: str) -> Optional[bool]:
    """One that IPv6 gave the device by itself will do. None where it cannot be seen."""
    if view.links is None:
        return None
    link = view.link(device)
    if link is None:
        return False
    if link.get("addresses") or link.get("link_local"):
        return True
    return None if link.get("link_local") is None else False


def ports(guest: Document, view: View) -> Iterator[Finding]:
    for port in guest["ports"]:
        if view.guests is None:
            yield unseen(f"Whether port {port} is free for the guest was not looked at.", TAKEN)
            continue
        taken = _holder(view, port)
        if taken:
            yield refused("PORT_IN_USE", f"{taken} has port {port} on {view.name}, on which the guest listens.")


def files(guest: Document, view: View) -> Iterator[Finding]:
    for file in guest["files"]:
        if file["path"] in view.emulators:
            continue
        there = _is_there(file, view)
        if there is None:
            yield unseen(f"Whether {view.name} has {file['path']} ({file['what']}) was not looked at.", TAKEN)
        elif not there:
            yield refused("FILE_MISSING", f"{view.name} has no {file['path']} ({file['what']}).")


def _is_there(file: Document, view: View) -> Optional[bool]:
    """Under one name or the other; None where it was not looked at."""
    if view.paths is None:
        return None
    found = [view.paths.get(file[name]) for name in ("path", "or") if name in file]
    return True if True in found else None if None in found else False


def _is_everywhere(listen: str) -> bool:
    """An address that every host has. A name is resolved by the host itself."""
    try:
        address = ipaddress.ip_address(listen)
    except ValueError:
        return listen == "localhost"
    return address.is_unspecified or address.is_loopback


def _holder(view: View, port: int) -> Optional[Any]:
    return min((o["name"] for o in view.guests or () if o["running"] and port in o["tcp_ports"]), default=None)
