# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab `replug`: networks that change under running guests, on kvm1 with libvirt 9.0 and on kvm2 with 11.3."""

from __future__ import annotations

import subprocess
import sys
import zipfile

import pytest
from batch import hosts_of

RELEASES = ("bookworm", "trixie")
PACKAGE = "ansible==12.3.0"
INCUMBENT = "ansible_collections/community/libvirt/"


@pytest.fixture(scope="session")
def hosts(tmp_path_factory):
    with hosts_of("replug", tmp_path_factory.mktemp("replug"), RELEASES) as hosts:
        yield hosts


@pytest.fixture(scope="session")
def incumbent(tmp_path_factory) -> str:
    """A folder of collections with community.libvirt, out of the ansible package, which a package registry has."""
    folder = tmp_path_factory.mktemp("incumbent")
    download = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--dest", str(folder), PACKAGE]
    done = subprocess.run(download, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        pytest.skip(f"{PACKAGE} cannot be installed here: {done.stderr.strip()[-200:]}")
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder, [name for name in wheel.namelist() if name.startswith(INCUMBENT)])
    return str(folder)
