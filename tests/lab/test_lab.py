# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab keeps its promises: hosts are hosts, `up` repairs, `down` leaves nothing."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]
sys.path.insert(0, str(HERE))

import guests  # noqa: E402

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the lab needs root")

NETWORK = """<network><name>red</name><forward mode='nat'/>
<ip address='10.20.0.1' netmask='255.255.255.0'/></network>"""
POOL = """<network><name>pool</name><forward mode='passthrough'>
<interface dev='p0'/><interface dev='p1'/></forward></network>"""

BRIDGE_NIC = "<interface type='bridge'><source bridge='br1'/><model type='virtio'/></interface>"
OVS_NETWORK = """<network><name>ov</name><forward mode='bridge'/><bridge name='ovsbr0'/>
<virtualport type='openvswitch'/>
<portgroup name='eng' default='yes'><vlan><tag id='40'/></vlan></portgroup></network>"""
COMPARE_TAPS = "for tap in /sys/class/macvtap/*; do cat $tap/dev; stat -c %Hr:%Lr /dev/${tap##*/}; done"


class LabUnderTest:
    """The command line, and what the machine shows of this lab. Other labs may run beside it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dir = REPO / f".lab-{name}"
        self.spaces: set[str] = set()

    def argv(self, *args: str) -> list[str]:
        return [sys.executable, str(HERE / "lab.py"), "--name", self.name, *args]

    def __call__(self, *args: str, code: int | None = 0, wait: int = 300) -> str:
        done = subprocess.run(self.argv(*args), check=False, capture_output=True, text=True, timeout=wait)
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def on(self, host: str, *argv: str) -> str:
        return self("exec", host, "--", *argv).strip()

    def processes(self) -> dict[int, str]:
        """Whatever names the lab's directory in its environment or its command line."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    text = (entry / "environ").read_bytes() + b"\0" + (entry / "cmdline").read_bytes()
                except OSError:
                    continue
                if re.search(re.escape(os.fsencode(self.dir)) + rb"(/|\0|$)", text):
                    found[int(entry.name)] = text.decode(errors="replace")
        return found

    def inits(self) -> dict[str, int]:
        shown = self("status", code=None)
        return {host: int(pid) for host, pid in re.findall(r"^(\w+) .*init=(\d+)", shown, re.M)}

    def link(self) -> str | None:
        file = self.dir / "lab.json"
        slot = json.loads(file.read_text())["slot"] if file.exists() else None
        return None if slot is None else f"vflab{slot}"

    def remember_spaces(self) -> None:
        for pid in self.processes():
            try:
                space = os.readlink(f"/proc/{pid}/ns/net")
            except OSError:
                continue
            if space != os.readlink("/proc/self/ns/net"):
                self.spaces.add(space)

    def assert_nothing_left(self, link: str | None) -> None:
        assert self.processes() == {}
        assert not self.dir.exists()
        mounts = Path("/proc/self/mountinfo").read_text()
        assert str(self.dir) + "/" not in mounts
        assert link is None or not _claimed_here(link, self)
        occupied = set()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    occupied.add(os.readlink(entry / "ns/net"))
                except OSError:
                    continue
        assert not self.spaces & occupied
        assert not any(space in mounts for space in self.spaces)


def outcome(*args: str) -> str:
    return LabUnderTest("none")(*args, code=None)


def _claimed_here(link: str, lab: LabUnderTest) -> bool:
    """The link is there, and not because another lab has taken the slot since."""
    if not Path(f"/sys/class/net/{link}").exists():
        return False
    others = [path for path in REPO.glob(".lab*/lab.json") if path.parent != lab.dir]
    return not any(f"vflab{json.loads(path.read_text())['slot']}" == link for path in others)


def until(check: Callable[[], bool], wait: float = 60) -> None:
    deadline = time.monotonic() + wait
    while not check():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def outside() -> dict[str, object]:
    """What of the machine no lab may change."""
    netns = Path("/run/netns")
    links = [path.name for path in Path("/sys/class/net").iterdir() if not path.name.startswith("vflab")]
    mounts = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if "/.lab" not in line]
    return {
        "netns": sorted(path.name for path in netns.iterdir()) if netns.exists() else None,
        "links": sorted(links),
        "mounts": sorted(mounts),
        "forwarding": Path("/proc/sys/net/ipv4/ip_forward").read_text(),
        "etc": sorted(path.name for path in Path("/etc").iterdir()),
        "var/lib": sorted(path.name for path in Path("/var/lib").iterdir()),
    }


@pytest.fixture(scope="module")
def lab() -> Iterator[LabUnderTest]:
    """Two hosts for the tests that only look and repair; what they leave, `down` must remove."""
    before = outside()
    lab = LabUnderTest(f"t{os.getpid()}")
    try:
        lab("up", "--hosts", "2", "--nics", "2")
        yield lab
        link = lab.link()
        lab.remember_spaces()
    finally:
        lab("down")
    lab.assert_nothing_left(link)
    assert outside() == before


@pytest.fixture
def network(lab: LabUnderTest) -> str:
    (lab.dir / "shared/red.xml").write_text(NETWORK)
    (lab.dir / "shared/pool.xml").write_text(POOL)
    for host in ("kvm1", "kvm2"):
        for name in ("red", "pool"):
            if name not in lab.on(host, "virsh", "net-list", "--all", "--name").split():
                lab.on(host, "virsh", "net-define", f"/srv/shared/{name}.xml")
            if name not in lab.on(host, "virsh", "net-list", "--name").split():
                lab.on(host, "virsh", "net-start", name)
    return "red"


def start_guest(lab: LabUnderTest, host: str, name: str, network: str) -> None:
    xml = guests.domain_xml(name, [guests.network_interface(network)])
    (lab.dir / f"shared/{name}.xml").write_text(xml)
    lab.on(host, "virsh", "create", f"/srv/shared/{name}.xml")


def test_hosts_are_apart(lab: LabUnderTest) -> None:
    uuids, ids = set(), set()
    for host in ("kvm1", "kvm2"):
        assert lab.on(host, "hostname") == host
        assert lab.on(host, "virsh", "-c", "qemu:///system", "uri") == "qemu:///system"
        uuids.add(re.search("<uuid>(.*)</uuid>", lab.on(host, "virsh", "capabilities"))[1])  # type: ignore[index]
        ids.add(lab.on(host, "cat", "/etc/machine-id"))
        assert set(lab.on(host, "ls", "/sys/class/net").split()) >= {"lo", "eth0", "p0", "p1"}
    assert len(uuids) == len(ids) == 2
    lab.on("kvm1", "touch", "/usr/bin/written-by-kvm1")
    assert not Path("/usr/bin/written-by-kvm1").exists()
    assert "No such file" in lab("exec", "kvm2", "--", "ls", "/usr/bin/written-by-kvm1", code=2)


def test_no_way_out(lab: LabUnderTest) -> None:
    assert lab.on("kvm1", "ip", "-4", "route", "show", "default") == ""


def test_ssh_by_the_inventory(lab: LabUnderTest) -> None:
    group = json.loads((lab.dir / "inventory.yml").read_text())["kvm"]
    for name, own in group["hosts"].items():
        argv = ["ssh", *shlex.split(group["vars"]["ansible_ssh_common_args"]), "-o", "BatchMode=yes",
                "-i", group["vars"]["ansible_ssh_private_key_file"],
                f"{group['vars']['ansible_user']}@{own['ansible_host']}", "hostname"]  # fmt: skip
        done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=30)
        assert done.stdout.strip() == name, done.stderr


@pytest.mark.parametrize("transport", ["ssh", "tcp", "tls"])
def test_live_migration_by_network_name(lab: LabUnderTest, network: str, transport: str) -> None:
    name = f"by-{transport}"
    start_guest(lab, "kvm1", name, network)
    lab.on("kvm1", "virsh", "migrate", "--live", name, f"qemu+{transport}://kvm2/system")
    assert name not in lab.on("kvm1", "virsh", "list", "--name").split()
    assert name in lab.on("kvm2", "virsh", "list", "--name").split()
    assert "vnet" in lab.on("kvm2", "virsh", "domiflist", name)
    lab.on("kvm2", "virsh", "destroy", name)


def test_macvtap_nodes_are_a_hosts_own(lab: LabUnderTest, network: str) -> None:
    """Interface indexes repeat from host to host; a guest must not get another host's tap."""
    if "no" in lab("has", "macvtap", code=None):
        pytest.skip("this kernel has no macvtap")
    for host in ("kvm1", "kvm2"):
        start_guest(lab, host, f"tap-{host}", "pool")
        shown = lab.on(host, "sh", "-c", COMPARE_TAPS)
        lines = shown.split()
        assert lines
        assert lines[0::2] == lines[1::2]
    lab.on("kvm1", "virsh", "migrate", "--live", "tap-kvm1", "qemu+ssh://kvm2/system")
    for host in ("kvm1", "kvm2"):
        lab.on("kvm2", "virsh", "destroy", f"tap-{host}")


def test_up_again_changes_nothing(lab: LabUnderTest) -> None:
    before = lab.inits()
    assert "(0 started or repaired)" in lab("up", "--hosts", "2")
    assert lab.inits() == before


def test_fewer_hosts_removes_none(lab: LabUnderTest) -> None:
    assert "2 hosts up" in lab("up", "--hosts", "1")


def test_daemon_stops_and_starts_under_a_running_guest(lab: LabUnderTest, network: str) -> None:
    start_guest(lab, "kvm1", "stays", network)
    lab("stop", "kvm1", "libvirtd")
    assert "failed to connect" in lab("exec", "kvm1", "--", "virsh", "list", code=1)
    assert "libvirtd:down" in lab("status", code=1)
    lab("start", "kvm1", "libvirtd")
    lab("restart", "kvm1", "libvirtd")
    assert "stays" in lab.on("kvm1", "virsh", "list", "--name")
    lab("kill", "kvm1", "libvirtd")
    assert "(1 started or repaired)" in lab("up")
    assert "stays" in lab.on("kvm1", "virsh", "list", "--name")
    lab.on("kvm1", "virsh", "destroy", "stays")


def test_up_repairs_a_host_whose_init_was_killed(lab: LabUnderTest, network: str) -> None:
    lab.on("kvm1", "virsh", "net-autostart", network)
    os.kill(lab.inits()["kvm1"], signal.SIGKILL)
    until(lambda: "kvm1" not in lab.inits())
    assert "(1 started or repaired)" in lab("up")
    assert network in lab.on("kvm1", "virsh", "net-list", "--name").split(), "definitions outlive a power cut"
    lab("status")


def test_up_repairs_a_killed_fabric(lab: LabUnderTest) -> None:
    fabric = [pid for pid, text in lab.processes().items() if "VIRTFLEET_LAB_ROLE=fabric" in text]
    assert len(fabric) == 1
    os.kill(fabric[0], signal.SIGKILL)
    lab("up")
    assert lab.on("kvm1", "ssh", "kvm2", "hostname") == "kvm2"
    test_ssh_by_the_inventory(lab)


def test_growing_tells_the_old_hosts(lab: LabUnderTest) -> None:
    lab("up", "--hosts", "3")
    assert lab.on("kvm1", "ssh", "kvm3", "hostname") == "kvm3"
    assert lab.on("kvm3", "virsh", "-c", "qemu+tls://kvm1/system", "hostname") == "kvm1"


def test_exec_gives_the_commands_code(lab: LabUnderTest) -> None:
    lab("exec", "kvm1", "--", "sh", "-c", "exit 7", code=7)
    assert "no host 'kvm9'" in lab("exec", "kvm9", "--", "true", code=2)


ZIPPED = """
import os, sys, zipfile
for value, place in ((1, "/run/one.zip"), (1, "/run/two.zip"), (2, "/run/three.zip")):
    with zipfile.ZipFile(place, "w") as made:
        made.writestr("zipped.py", f"value = {value}\\ndef whence(): return whence.__code__.co_filename")
    sys.path.insert(0, place)
    sys.modules.pop("zipped", None)
    import zipped
    print(zipped.value, zipped.whence(), len(os.listdir("/var/cache/lab-bytecode")))
"""


def test_bytecode_is_kept_by_content_and_knows_where_it_comes_from(lab: LabUnderTest) -> None:
    shown = lab.on("kvm1", "python3", "-c", ZIPPED).splitlines()
    assert shown == ["1 /run/one.zip/zipped.py 1", "1 /run/two.zip/zipped.py 1", "2 /run/three.zip/zipped.py 2"]
    assert "lab-bytecode" not in lab.on("kvm2", "ls", "/var/cache")


def test_unknown_feature_is_an_error(lab: LabUnderTest) -> None:
    assert "unknown feature" in lab("has", "warp", code=2)
    assert lab("has", "veth") == "yes\n"


def test_a_guest_answers_pings_before_and_after_migration(lab: LabUnderTest) -> None:
    """Over the hosts' p1 and the fabric, with frames of 9000 bytes."""
    files = guests.pinging_initrd(lab.dir)
    guest = guests.pinging_domain_xml("pong", [BRIDGE_NIC], files, ["10.30.0.9/24"], mtu=9000)
    (lab.dir / "shared/pong.xml").write_text(guest)
    for number in (1, 2):
        host = f"kvm{number}"
        lab.on(host, "ip", "link", "add", "br1", "type", "bridge")
        lab.on(host, "ip", "link", "set", "p1", "mtu", "9000", "master", "br1")
        lab.on(host, "ip", "link", "set", "br1", "mtu", "9000", "up")
        lab.on(host, "ip", "address", "add", f"10.30.0.{number}/24", "dev", "br1")
    lab.on("kvm1", "virsh", "create", "/srv/shared/pong.xml")

    def answers(host: str) -> bool:
        shown = lab("exec", host, "--", "busybox", "ping", "-c1", "-w1", "-s8900", "10.30.0.9", code=None)
        return " 0% packet loss" in shown

    until(lambda: answers("kvm2"))
    lab.on("kvm1", "virsh", "migrate", "--live", "pong", "qemu+ssh://kvm2/system")
    until(lambda: answers("kvm1"), 10)
    lab.on("kvm2", "virsh", "destroy", "pong")


def test_ovs_guest_keeps_its_tag() -> None:
    if "no" in outcome("has", "ovs"):
        pytest.skip("Open vSwitch is not installed")
    lab = LabUnderTest(f"o{os.getpid()}")
    try:
        lab("up", "--hosts", "2", "--nics", "1", "--ovs")
        (lab.dir / "shared/ov.xml").write_text(OVS_NETWORK)
        for host in ("kvm1", "kvm2"):
            lab.on(host, "virsh", "net-define", "/srv/shared/ov.xml")
            lab.on(host, "virsh", "net-start", "ov")
        start_guest(lab, "kvm1", "tagged", "ov")
        lab.on("kvm1", "virsh", "migrate", "--live", "tagged", "qemu+ssh://kvm2/system")
        assert lab.on("kvm2", "ovs-vsctl", "get", "port", "vnet0", "tag") == "40"
        link = lab.link()
        lab.remember_spaces()
    finally:
        lab("down")
    lab.assert_nothing_left(link)


@pytest.fixture(scope="module")
def mixed() -> Iterator[LabUnderTest]:
    """A host with modular daemons beside one with libvirtd, each with the network red."""
    lab = LabUnderTest(f"x{os.getpid()}")
    try:
        lab("up", "--hosts", "2", "--nics", "1", "--daemons", "modular,monolithic", wait=1800)
        (lab.dir / "shared/red.xml").write_text(NETWORK)
        for host in ("kvm1", "kvm2"):
            lab.on(host, "virsh", "net-define", "/srv/shared/red.xml")
            lab.on(host, "virsh", "net-start", "red")
        yield lab
        link = lab.link()
        lab.remember_spaces()
    finally:
        lab("down")
    lab.assert_nothing_left(link)


def test_a_host_runs_the_daemons_that_were_asked_for(mixed: LabUnderTest) -> None:
    first, second = mixed("status").splitlines()[1:]
    assert " modular " in first
    assert {"virtqemud", "virtnetworkd", "virtproxyd"} <= set(first.split())
    assert "libvirtd" not in first
    assert second.split()[-1] == "libvirtd"
    hosts = json.loads((mixed.dir / "inventory.yml").read_text())["kvm"]["hosts"]
    assert [host["lab_daemons"] for host in hosts.values()] == ["modular", "monolithic"]


@pytest.mark.parametrize("transport", ["ssh", "tcp", "tls"])
def test_migration_to_modular_daemons_and_back(mixed: LabUnderTest, transport: str) -> None:
    """On the way there by virtproxyd, which answers where libvirtd would."""
    name = f"to-{transport}"
    start_guest(mixed, "kvm2", name, "red")
    mixed.on("kvm2", "virsh", "migrate", "--live", name, f"qemu+{transport}://kvm1/system")
    assert "vnet" in mixed.on("kvm1", "virsh", "domiflist", name)
    mixed.on("kvm1", "virsh", "migrate", "--live", name, f"qemu+{transport}://kvm2/system")
    assert name in mixed.on("kvm2", "virsh", "list", "--name").split()
    mixed.on("kvm2", "virsh", "destroy", name)


def test_a_modular_daemon_is_started_by_whoever_connects_unless_it_was_stopped(mixed: LabUnderTest) -> None:
    start_guest(mixed, "kvm1", "stays", "red")
    for daemon in ("virtnetworkd", "virtqemud"):
        mixed("kill", "kvm1", daemon)
        assert f"{daemon}:down" in mixed("status", code=1)
        assert "red" in mixed.on("kvm1", "virsh", "net-list", "--name")
        assert f"{daemon}:down" not in mixed("status")
    mixed("stop", "kvm1", "virtnetworkd")
    assert "virtnetworkd-sock': No such file" in mixed("exec", "kvm1", "--", "virsh", "net-list", code=1)
    assert "stays" in mixed.on("kvm1", "virsh", "list", "--name"), "the daemon of the guests does not need it"
    assert "(1 started or repaired)" in mixed("up")
    assert "red" in mixed.on("kvm1", "virsh", "net-list", "--name")
    mixed.on("kvm1", "virsh", "destroy", "stays")


@pytest.mark.skipif("LAB_TEST_RELEASES" not in os.environ, reason="LAB_TEST_RELEASES (as bookworm,trixie) is not set")
def test_migration_between_releases_and_back() -> None:
    lab = LabUnderTest(f"m{os.getpid()}")
    try:
        lab("up", "--hosts", "2", "--nics", "1", "--releases", os.environ["LAB_TEST_RELEASES"])
        (lab.dir / "shared/red.xml").write_text(NETWORK)
        versions = set()
        for host in ("kvm1", "kvm2"):
            lab.on(host, "virsh", "net-define", "/srv/shared/red.xml")
            lab.on(host, "virsh", "net-start", "red")
            versions.add(lab.on(host, "virsh", "--version"))
            lab.on(host, "python3", "-c", "import libvirt, lxml, pyroute2")
        assert len(versions) == 2
        start_guest(lab, "kvm1", "there", "red")
        lab.on("kvm1", "virsh", "migrate", "--live", "there", "qemu+ssh://kvm2/system")
        lab.on("kvm2", "virsh", "migrate", "--live", "there", "qemu+ssh://kvm1/system")
        assert "there" in lab.on("kvm1", "virsh", "list", "--name").split()
        link = lab.link()
        lab.remember_spaces()
    finally:
        lab("down")
    lab.assert_nothing_left(link)


@pytest.mark.parametrize("victim", ["init", "libvirtd", "qemu", "sshd", "fabric"])
def test_down_after_a_kill(victim: str) -> None:
    lab = LabUnderTest(f"d{os.getpid()}")
    try:
        lab("up", "--hosts", "1", "--nics", "1")
        (lab.dir / "shared/g.xml").write_text(guests.domain_xml("g"))
        lab.on("kvm1", "virsh", "create", "/srv/shared/g.xml")
        link = lab.link()
        lab.remember_spaces()
        if victim in ("init", "libvirtd", "sshd"):
            lab("kill", "kvm1", victim)
        elif victim == "qemu":
            lab.on("kvm1", "sh", "-c", "kill -9 $(cat /run/libvirt/qemu/g.pid)")
        else:
            for pid, text in lab.processes().items():
                if "VIRTFLEET_LAB_ROLE=fabric" in text:
                    os.kill(pid, signal.SIGKILL)
    finally:
        lab("down")
    lab.assert_nothing_left(link)


@pytest.mark.parametrize("stage", ["lab.json", "fabric.json", "tls", "kvm1.json", "kvm2.json", "hosts/kvm1/root"])
def test_down_after_up_was_killed_half_way(stage: str) -> None:
    lab = LabUnderTest(f"k{os.getpid()}")
    try:
        up = subprocess.Popen(lab.argv("up", "--hosts", "2"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        until(lambda: (lab.dir / stage).exists() or up.poll() is not None)
        up.kill()
        up.communicate(timeout=30)
        link = lab.link()
        lab.remember_spaces()
    finally:
        lab("down")
    lab.assert_nothing_left(link)


def test_up_after_up_was_killed_half_way() -> None:
    lab = LabUnderTest(f"r{os.getpid()}")
    try:
        up = subprocess.Popen(lab.argv("up", "--hosts", "2"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        until(lambda: (lab.dir / "hosts/kvm1/root").exists() or up.poll() is not None)
        up.kill()
        up.communicate(timeout=30)
        lab("up", "--hosts", "2")
        lab("status")
        assert lab.on("kvm1", "ssh", "kvm2", "hostname") == "kvm2"
        link = lab.link()
        lab.remember_spaces()
    finally:
        lab("down")
    lab.assert_nothing_left(link)


def test_down_without_its_directory() -> None:
    lab = LabUnderTest(f"f{os.getpid()}")
    try:
        lab("up", "--hosts", "1")
        link = lab.link()
        lab.remember_spaces()
        subprocess.run(["rm", "-rf", str(lab.dir)], check=False)
    finally:
        lab("down")
    lab.assert_nothing_left(None)
    until(lambda: not Path(f"/sys/class/net/{link}").exists() or not _claimed_here(str(link), lab), 20)
