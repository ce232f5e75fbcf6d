# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the host that a guest cannot start without."""

from __future__ import annotations

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._model.descriptor import HostFile
from ansible_collections.virtfleet.network.plugins.module_utils._xml.descriptor import parse_descriptor


@pytest.mark.parametrize(
    ("devices", "files"),
    [
        ("<serial type='pty'/>", {}),
        ("<serial type='file'><source path='/srv/log/web1'/></serial>", {"/srv/log": "directory of its serial"}),
        ("<serial type='file'><source path='/web1'/></serial>", {"/": "directory of its serial"}),
        ("<serial type='dev'><source path='/dev/ttyS0'/></serial>", {"/dev/ttyS0": "device of its serial"}),
        (
            "<channel type='unix'><source mode='connect' path='/srv/agent'/></channel>",
            {"/srv/agent": "socket of its channel"},
        ),
        (
            "<channel type='unix'><source mode='bind' path='/srv/a/b'/></channel>",
            {"/srv/a": "directory of its channel"},
        ),
        ("<channel type='unix'><source mode='bind' path='/var/lib/libvirt/qemu/channel/x'/></channel>", {}),
        ("<channel type='unix'><source mode='bind'/></channel>", {}),
        (
            "<serial type='pty'><log file='/srv/log/web1'/></serial>",
            {"/srv/log": "directory of the log of its serial"},
        ),
        (
            "<redirdev bus='usb' type='unix'><source mode='connect' path='/srv/usb'/></redirdev>",
            {"/srv/usb": "socket of its redirdev"},
        ),
        (
            "<smartcard mode='passthrough' type='unix'><source mode='bind' path='/srv/s/card'/></smartcard>",
            {"/srv/s": "directory of its smartcard"},
        ),
        (
            "<memory model='nvdimm'><source><path>/srv/nv/a</path></source></memory>",
            {"/srv/nv": "directory of the file of its NVDIMM"},
        ),
        (
            "<rng><backend model='egd' type='unix'><source mode='connect' path='/run/egd'/></backend></rng>",
            {"/run/egd": "socket of its source of randomness"},
        ),
        # A console that is the first serial port says the same again.
        (
            "".join(f"<{kind} type='file'><source path='/srv/log/a'/></{kind}>" for kind in ("serial", "console")),
            {"/srv/log": "directory of its serial"},
        ),
        ("<input type='evdev'><source dev='/dev/input/event3'/></input>", {"/dev/input/event3": "input device"}),
        (
            "<input type='passthrough'><source evdev='/dev/input/event3'/></input>",
            {"/dev/input/event3": "input device"},
        ),
        ("<interface type='network'><driver name='vhost'/></interface>", {"/dev/vhost-net": "vhost-net of its NIC"}),
        ("<interface type='network'><driver name='qemu'/></interface>", {}),
        (
            "<interface type='network'><backend vhost='/dev/vhost-7'/></interface>" * 2,
            {"/dev/vhost-7": "vhost-net of its NIC"},
        ),
    ],
)
def test_files(devices: str, files: dict[str, str]) -> None:
    xml = f"<domain type='kvm'><name>web1</name><devices>{devices}</devices></domain>"
    assert {file.path: file.what for file in parse_descriptor(xml).files} == files
    assert len(parse_descriptor(xml).files) == len(files)


def test_firmware() -> None:
    system = "<os><loader>/srv/code.fd</loader><nvram>/srv/v/web1.fd</nvram></os>"
    xml = f"<domain type='kvm'><name>web1</name>{system}</domain>"
    assert parse_descriptor(xml).files == (
        HostFile("firmware", "/srv/code.fd", type="file"),
        HostFile("directory of its firmware's variables", "/srv/v", type="directory"),
    )


@pytest.mark.parametrize(
    ("label", "accounts"),
    [
        ("tester:kvm", [("user", "tester"), ("group", "kvm")]),
        ("tester", [("user", "tester")]),
        ("+107:107", []),
        ("+107:kvm", [("group", "kvm")]),
        ("", []),
    ],
)
def test_accounts_in_labels(label, accounts):
    xml = f"<domain type='kvm'><seclabel type='static' model='dac'><label>{label}</label></seclabel></domain>"
    found = parse_descriptor(xml).accounts
    assert [(one.kind, one.name) for one in found] == accounts


def test_images_that_qemu_does_not_migrate_are_found_in_the_whole_chain():
    chain = "<backingStore><format type='qcow2'/><backingStore><format type='vdi'/></backingStore></backingStore>"
    disk = "<disk type='{}' device='{}'><driver name='qemu' type='{}'/>{}<target dev='vda'/></disk>"
    plain = disk.format("file", "disk", "qcow2", "")
    assert not _blockers(plain, plain)
    assert not _blockers(disk.format("dir", "floppy", "fat", "<readonly/>"), "")
    assert len(_blockers(disk.format("dir", "floppy", "fat", ""), "")) == 1
    assert len(_blockers(disk.format("file", "disk", "vmdk", ""), "")) == 1
    # A running guest shows only there what its disks stand on.
    assert len(_blockers(plain, disk.format("file", "disk", "qcow2", chain))) == 1


def _blockers(devices, live):
    texts = [f"<domain type='kvm'><devices>{text}</devices></domain>" if text else "" for text in (devices, live)]
    return parse_descriptor(*texts).blockers
