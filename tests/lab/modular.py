# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt's modular daemons, which Debian does not ship: built from the release's own source, once, into the cache.

What is kept is what `meson install` writes, under the paths of Debian's own libvirt (prefix /usr), so that it lies
over a root of that release as one more layer. It was built in a root of its own, which is gone afterwards.
"""

from __future__ import annotations

import shutil
import zlib
from pathlib import Path

import rootfs
from once import made_once
from state import Lab, LabError

PACKAGES = (
    "ca-certificates", "dpkg-dev", "gcc", "libc6-dev", "libglib2.0-dev", "libgnutls28-dev", "libjson-c-dev",
    "libnl-3-dev", "libnl-route-3-dev", "libpcap0.8-dev", "libpciaccess-dev", "libtirpc-dev", "libudev-dev",
    "libxml2-dev", "libxml2-utils", "libyajl-dev", "meson", "ninja-build", "perl", "pkg-config", "python3",
    "python3-docutils", "rpcsvc-proto", "xsltproc",
)  # fmt: skip
# Each is enabled where the release's source knows it.
ENABLED = (
    "driver_interface", "driver_libvirtd", "driver_network", "driver_nodedev", "driver_nwfilter", "driver_qemu",
    "driver_remote", "driver_secrets", "driver_test", "json_c", "libnl", "libpcap", "pciaccess", "storage_dir",
    "storage_fs", "udev", "yajl",
)  # fmt: skip
SETTINGS = (
    "-Dauto_features=disabled", "-Dbuildtype=plain", "-Dinit_script=none", "-Dqemu_user=libvirt-qemu",
    "-Dqemu_group=libvirt-qemu", "-Dremote_default_mode=direct", "-Drunstatedir=/run", "-Dno_git=true",
    "--prefix=/usr", "--sysconfdir=/etc", "--localstatedir=/var", "--libexecdir=/usr/lib/libvirt",
    "--libdir=/usr/lib/x86_64-linux-gnu",
)  # fmt: skip
SCRIPT = """\
set -eu
cd /build
apt-get source --download-only libvirt >/dev/null
dpkg-source --no-check -x libvirt_*.dsc source >/dev/null
cd source
options=
for name in {enabled}; do
  ! grep -q "^option('$name'" meson_options.txt meson.options 2>/dev/null || options="$options -D$name=enabled"
done
meson setup ../made {settings} $options
nice ninja -C ../made
DESTDIR=/build/installed meson install -C ../made --no-rebuild --strip
"""


def _script() -> str:
    return SCRIPT.format(enabled=" ".join(ENABLED), settings=" ".join(SETTINGS))


def _build(lab: Lab, release: str, directory: Path) -> None:
    root = directory.with_name(directory.name + ".root")  # removed with what else is unfinished
    shutil.rmtree(root, ignore_errors=True)
    try:
        rootfs.bootstrap(lab, release, root)
        sources = root / "etc/apt/sources.list"
        sources.write_text(sources.read_text() + sources.read_text().replace("deb ", "deb-src ", 1))
        rootfs.chroot(lab, root, ["apt-get", "update"])
        rootfs.chroot(lab, root, ["apt-get", "install", "-y", "--no-install-recommends", *PACKAGES])
        (root / "build").mkdir()
        (root / "build/run").write_text(_script())
        rootfs.chroot(lab, root, ["sh", "/build/run"])
        for part in (root / "build/installed").iterdir():
            shutil.move(part, directory / part.name)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    # The daemons' settings and state are the host's own.
    for path in ("etc", "var", "run"):
        shutil.rmtree(directory / path, ignore_errors=True)
    if not (directory / "usr/sbin/virtqemud").exists():
        raise LabError(f"the source of libvirt in Debian {release} made no virtqemud")
    directory.chmod(0o755)


def ensure(lab: Lab, release: str) -> str:
    """The directory that lies over the root of a host of this release."""
    name = rootfs.codename() if release == rootfs.NATIVE else release
    made_of = zlib.crc32("\n".join([*PACKAGES, _script()]).encode())
    directory = rootfs.cache() / f"modular-{name}-{made_of:08x}"
    if not directory.exists():
        print(f"building {directory} from libvirt's source (once, some minutes)", flush=True)
        with rootfs.locked_cache(directory.name):
            made_once(directory, lambda new: _build(lab, name, new))
    return str(directory)
