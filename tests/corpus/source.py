# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks in libvirt's own tests, from the source package of a Debian release; kept in the lab's cache."""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

import rootfs
from lxml import etree
from once import made_once
from state import Lab

PARSER = etree.XMLParser(resolve_entities=False, no_network=True)


def networks(lab: Lab, release: str) -> Path:
    """A directory with one file for each network that is written differently.

    LabError, subprocess.CalledProcessError: the archive does not have the source, or does not answer.
    """
    directory = rootfs.cache() / f"networks-{rootfs.dated(lab, release)}"
    with rootfs.locked_cache(directory.name):
        return made_once(directory, lambda new: _unpack(rootfs.mirror(lab), release, new))


def _unpack(mirror: str, release: str, directory: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        archive = _download(mirror, release, Path(place))
        texts: set[bytes] = set()
        with tarfile.open(archive) as source:
            for member in source:
                path = PurePosixPath(member.name)
                if not path.match("*/tests/network*/*.xml") or not member.isfile():
                    continue
                text = source.extractfile(member).read()  # type: ignore[union-attr]
                # The directories also hold records and portgroups, for the updates of networks.
                if text not in texts and etree.fromstring(text, PARSER).tag == "network":
                    texts.add(text)
                    (directory / f"{path.parent.name}-{path.name}").write_bytes(text)
    directory.chmod(0o755)


def _download(mirror: str, release: str, place: Path) -> Path:
    """libvirt's own part of the source package, fetched and verified by apt without the machine's own lists."""
    for part in ("state/lists/partial", "cache/archives/partial", "source"):
        (place / part).mkdir(parents=True)
    (place / "sources.list").write_text(f"deb-src {mirror} {release} main\n")
    settings = {
        "Dir::Etc::SourceList": place / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State": place / "state",
        "Dir::State::status": "/var/lib/dpkg/status",
        "Dir::Cache": place / "cache",
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-qq", *(word for name, value in settings.items() for word in ("-o", f"{name}={value}"))]
    for command in (["update"], ["source", "--download-only", "libvirt"]):
        subprocess.run([*apt, *command], cwd=place / "source", check=True)
    (archive,) = (path for path in (place / "source").glob("*.orig.tar.*") if path.suffix != ".asc")
    return archive
