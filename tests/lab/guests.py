# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests to try networks with: small enough to start in a moment, real enough to migrate."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from uuid import uuid4

from pinging import pinging_initrd

__all__ = ["domain_xml", "network_interface", "pinging_domain_xml", "pinging_initrd"]

MACHINE = "pc-i440fx-5.2"  # known to every release that the lab runs, from QEMU 5.2 to 11.1


def network_interface(network: str, mac: str | None = None, portgroup: str | None = None) -> str:
    """An <interface> that is plugged into a network by name."""
    interface = ET.Element("interface", type="network")
    if mac:
        ET.SubElement(interface, "mac", address=mac)
    source = ET.SubElement(interface, "source", network=network)
    if portgroup:
        source.set("portgroup", portgroup)
    ET.SubElement(interface, "model", type="virtio")
    return ET.tostring(interface, encoding="unicode")


def domain_xml(
    name: str,
    interfaces: Iterable[str] = (),
    *,
    memory_mib: int = 16,
    kind: str = "qemu",
    machine: str = MACHINE,
    uuid: str | None = None,
    kernel: str | None = None,
    initrd: str | None = None,
    cmdline: str = "console=ttyS0 quiet",
) -> str:
    """A diskless guest. Without a kernel it idles in its firmware, which is all that a port needs.

    It runs under TCG by default: that works, and migrates, on every machine, whatever its CPU. Where the machine itself
    is a guest, it is also faster: the firmware takes 0.3 s of the processor, under KVM 3 s.
    """
    domain = ET.Element("domain", type=kind)
    ET.SubElement(domain, "name").text = name
    ET.SubElement(domain, "uuid").text = uuid or str(uuid4())
    ET.SubElement(domain, "memory", unit="MiB").text = str(memory_mib)
    ET.SubElement(domain, "vcpu").text = "1"
    system = ET.SubElement(domain, "os")
    ET.SubElement(system, "type", arch="x86_64", machine=machine).text = "hvm"
    if kernel:
        ET.SubElement(system, "kernel").text = kernel
    if initrd:
        ET.SubElement(system, "initrd").text = initrd
        ET.SubElement(system, "cmdline").text = cmdline
    ET.SubElement(ET.SubElement(domain, "features"), "acpi")
    devices = ET.SubElement(domain, "devices")
    ET.SubElement(devices, "emulator").text = "/usr/bin/qemu-system-x86_64"
    ET.SubElement(devices, "controller", type="usb", model="none")
    for interface in map(ET.fromstring, interfaces):
        if interface.find("rom") is None:
            # Without it, the firmware asks the network for a system to boot, which takes a quarter of a CPU.
            ET.SubElement(interface, "rom", enabled="no")
        devices.append(interface)
    if kernel:
        console = ET.SubElement(devices, "console", type="file")
        ET.SubElement(console, "source", path=f"/var/log/libvirt/{name}-console.log")
        ET.SubElement(console, "target", type="serial", port="0")
    ET.SubElement(devices, "memballoon", model="none")
    return ET.tostring(domain, encoding="unicode")


def pinging_domain_xml(
    name: str,
    interfaces: Iterable[str],
    files: tuple[str, str],
    addresses: Iterable[str],
    *,
    mtu: int | None = None,
    pings: Iterable[str] = (),
    every: float | None = None,
    writers: int = 0,
    machine: str = MACHINE,
) -> str:
    """A guest that answers pings. files: from pinging_initrd(); addresses: one per interface, as 10.0.0.5/24;
    pings: whom it pings ten times a second, with every answer on its console, or every so many seconds, without;
    writers: how many programs in it write to its memory over and over.
    """
    cmdline = "console=ttyS0 quiet lab.ip=" + ",".join(addresses) + (f" lab.mtu={mtu}" if mtu else "")
    others = ",".join(pings)
    if others:
        cmdline += f" lab.ping={others}" + (f" lab.every={every}" if every else "")
    if writers:
        cmdline += f" lab.write={writers}"
    return domain_xml(
        name,
        interfaces,
        memory_mib=96,
        machine=machine,
        kernel=files[0],
        initrd=files[1],
        cmdline=cmdline,
    )
