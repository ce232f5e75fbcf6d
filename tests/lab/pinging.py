# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest that answers pings: Debian's kernel, and busybox as all there is on top."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import cpio
import procs
import rootfs
from once import made_once
from state import LabError

META_PACKAGE = "linux-image-cloud-amd64"
# In the order of their dependencies.
MODULES = (
    "virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci",
    "failover", "net_failover", "virtio_net",
)  # fmt: skip
READY = "the guest answers pings"

# lab.ip=10.0.0.5/24,10.1.0.5/24 gives eth0 and eth1 an address, lab.mtu=9000 both an MTU; lab.ping=10.0.0.6,10.0.0.7
# pings these ten times a second, with every answer on the console; with lab.every=0.01 a hundred times, without;
# lab.write=2 writes twice the size of busybox to its memory, over and over.
INIT = f"""#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
for module in {" ".join(MODULES)}; do insmod /lib/$module.ko; done
ip link set lo up
for word in $(cat /proc/cmdline); do
  case $word in
    lab.ip=*) addresses=$(echo ${{word#lab.ip=}} | tr , ' ') ;;
    lab.mtu=*) mtu=${{word#lab.mtu=}} ;;
    lab.write=*) writers=${{word#lab.write=}} ;;
    lab.every=*) every=${{word#lab.every=}} quiet=-q ;;
    lab.ping=*) others=$(echo ${{word#lab.ping=}} | tr , ' ') ;;
  esac
done
number=0 ready=yes
for address in $addresses; do
  ip address add $address dev eth$number
  [ -z "$mtu" ] || ip link set eth$number mtu $mtu
  ip link set eth$number up || ready=
  number=$((number + 1))
done
[ -z "$ready" ] || echo "{READY}" > /dev/console
for other in $others; do ping $quiet -i ${{every:-0.1}} $other > /dev/console & done
for writer in $(seq ${{writers:-0}}); do
  while :; do cat /bin/busybox > /written$writer; done &
done
while :; do sleep 3600; done
"""


def _kernel_package(state: Path) -> str:
    shown = procs.run(state, ["apt-cache", "depends", META_PACKAGE])
    names = [line.split()[1] for line in shown.splitlines() if line.strip().startswith("Depends: linux-image-")]
    if not names:
        raise LabError(f"apt knows no {META_PACKAGE}: run apt-get update")
    return names[0]


def _download(state: Path, package: str, directory: Path) -> None:
    """Unpacked, never installed: the machine's own /boot is not touched."""
    unpacked = directory / "unpacked"
    procs.run(
        state, ["env", f"--chdir={directory}", "apt-get", "download", package], timeout=300, inherit=procs.PROXIES
    )
    procs.run(state, ["dpkg-deb", "-x", str(next(directory.glob("*.deb"))), str(unpacked)])
    shutil.copy(next(unpacked.glob("boot/vmlinuz-*")), directory / "vmlinuz")
    for name in MODULES:
        shutil.copy(next(unpacked.rglob(f"{name}.ko")), directory / f"{name}.ko")
    shutil.rmtree(unpacked)
    next(directory.glob("*.deb")).unlink()


def _busybox() -> bytes:
    path = shutil.which("busybox", path="/usr/bin:/bin")
    if not path:
        raise LabError("busybox-static is missing: tests/lab/packages.txt lists what the lab needs")
    return Path(path).read_bytes()


def pinging_initrd(lab_dir: Path) -> tuple[str, str]:
    """Put kernel and initrd into the lab's common storage; the paths are those that hosts see."""
    package = _kernel_package(lab_dir)
    with rootfs.locked_cache("guest-kernel"):
        kept = made_once(rootfs.cache() / package, lambda new: _download(lab_dir, package, new))

    def build(directory: Path) -> None:
        shutil.copy(kept / "vmlinuz", directory / "vmlinuz")
        files = {"init": INIT.encode(), "bin/busybox": _busybox()}
        files |= {f"lib/{name}.ko": (kept / f"{name}.ko").read_bytes() for name in MODULES}
        (directory / "initrd").write_bytes(gzip.compress(cpio.archive(["bin", "lib", "proc", "dev"], files), mtime=0))
        directory.chmod(0o755)

    made_once(lab_dir / "shared" / "pinging", build)
    return "/srv/shared/pinging/vmlinuz", "/srv/shared/pinging/initrd"
