# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the tools that make links at boot, as their manuals describe them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._host.boot import read_boot

NETWORKD = "etc/systemd/system/multi-user.target.wants/systemd-networkd.service"
MANAGER = "etc/systemd/system/multi-user.target.wants/NetworkManager.service"
NETWORKING = "etc/systemd/system/network-online.target.wants/networking.service"
NETDEV = "etc/systemd/network/10-br0.netdev"
KEYFILE = "etc/NetworkManager/system-connections/br0.nmconnection"
IFCFG = "etc/sysconfig/network-scripts/ifcfg-br0"
INTERFACES = "etc/network/interfaces"
STANZA = "iface br0 inet manual\n  bridge_ports eth1\n"

DECLARED = {
    "networkd": ({NETWORKD: "", NETDEV: "[NetDev]\nName=br0\nKind=bridge\n"}, "systemd-networkd"),
    "netplan, by networkd": (
        {"run/systemd/system/multi-user.target.wants/systemd-networkd.service": "",
         "run/systemd/network/10-netplan-br0.netdev": "[NetDev]\nName=br0\nKind=bridge\n"}, "systemd-networkd",
    ),
    "keyfile": ({MANAGER: "", KEYFILE: "[connection]\nid=x\ntype=bridge\ninterface-name=br0\n"}, "NetworkManager"),
    "ifcfg": ({MANAGER: "", IFCFG: "TYPE=Bridge\nDEVICE='br0'\nONBOOT=yes\n"}, "NetworkManager"),
    "ifupdown": ({NETWORKING: "", INTERFACES: f"auto lo br0\n{STANZA}"}, "ifupdown"),
    "ifupdown, in another file": (
        {NETWORKING: "", INTERFACES: "source interfaces.d/*\n", "etc/network/interfaces.d/br": f"auto br0\n{STANZA}"},
        "ifupdown",
    ),
    "ifupdown, in a folder": (
        {NETWORKING: "", INTERFACES: "source-directory more\n", "etc/network/more/br": f"auto br0\n{STANZA}"},
        "ifupdown",
    ),
}  # fmt: skip
NOT_DECLARED = {
    "a tool that does not run": {NETDEV: "[NetDev]\nName=br0\nKind=bridge\n"},
    "another name": {NETWORKD: "", NETDEV: "[NetDev]\nName=br1\nKind=bridge\n"},
    "not at boot, keyfile": {MANAGER: "", KEYFILE: "[connection]\ninterface-name=br0\nautoconnect=false\n"},
    "not at boot, ifcfg": {MANAGER: "", IFCFG: "DEVICE=br0\nONBOOT=no\n"},
    "not at boot, ifupdown": {NETWORKING: "", INTERFACES: STANZA},
    "in a comment": {NETWORKING: "", INTERFACES: f"# auto br0\n{STANZA}"},
    "brought up, but not defined": {NETWORKING: "", INTERFACES: "auto br0\n"},
}


def host(folder: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(folder)


@pytest.mark.parametrize("case", DECLARED)
def test_it_is_declared(tmp_path: Path, case: str) -> None:
    files, tool = DECLARED[case]
    assert read_boot(host(tmp_path, files)) == {"tools": [tool], "links": {"br0": tool}}


@pytest.mark.parametrize("case", NOT_DECLARED)
def test_it_is_not_declared(tmp_path: Path, case: str) -> None:
    found = read_boot(host(tmp_path, NOT_DECLARED[case]))
    assert found is not None
    assert "br0" not in found["links"]


def test_a_file_hides_one_of_its_name(tmp_path: Path) -> None:
    root = host(tmp_path, {NETWORKD: "", "usr/lib/systemd/network/10-br0.netdev": "[NetDev]\nName=br0\n"})
    (tmp_path / "etc/systemd/network").mkdir(parents=True)
    (tmp_path / NETDEV).symlink_to("/dev/null")
    assert read_boot(root) == {"tools": ["systemd-networkd"], "links": {}}


def test_files_that_include_one_another_end(tmp_path: Path) -> None:
    root = host(tmp_path, {NETWORKING: "", INTERFACES: f"source interfaces\nauto br0\n{STANZA}"})
    assert read_boot(root) == {"tools": ["ifupdown"], "links": {"br0": "ifupdown"}}


@pytest.mark.parametrize("file", [NETWORKD, NETDEV, KEYFILE, IFCFG, "etc/network/interfaces.d/br"])
def test_a_folder_that_may_not_be_read_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    """Root may read all of them, so the test refuses one itself."""
    files = {NETWORKD: "", MANAGER: "", NETWORKING: "", NETDEV: "", KEYFILE: "", IFCFG: ""}
    root = host(tmp_path, {**files, INTERFACES: "source interfaces.d/*\n", "etc/network/interfaces.d/br": ""})
    assert read_boot(root) is not None
    shut, listdir = str((tmp_path / file).parent), os.listdir

    def refuse(folder: str) -> list[str]:
        if folder == shut:
            raise PermissionError(folder)
        return listdir(folder)

    monkeypatch.setattr(os, "listdir", refuse)
    assert read_boot(root) is None


@given(st.sampled_from([NETDEV, KEYFILE, IFCFG, INTERFACES]), st.text(alphabet="[]=\n #abr0\\'\"\0é", max_size=40))
def test_damaged_files_are_unknown_or_read(tmp_path_factory: pytest.TempPathFactory, name: str, text: str) -> None:
    folder = tmp_path_factory.mktemp("host")
    found = read_boot(host(folder, {NETWORKD: "", MANAGER: "", NETWORKING: "", name: text}))
    assert found is None or set(found) == {"tools", "links"}
