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
PLANNED = "run/systemd/network/10-netplan-br0.netdev"
PLAIN_NETDEV = "[NetDev]\nName=br0\nKind=bridge\n"
PROFILE = "[connection]\nid=x\ntype=bridge\ninterface-name=br0\n"
STANZA = "iface br0 inet manual\n  bridge_ports eth1\n"

DECLARED = {
    "networkd": ({NETWORKD: "", NETDEV: PLAIN_NETDEV}, "systemd-networkd"),
    "netplan, by networkd": (
        {"run/systemd/system/multi-user.target.wants/systemd-networkd.service": "", PLANNED: PLAIN_NETDEV,
         "etc/netplan/50-cloud.yaml": "network:\n  bridges:\n    br0:\n      interfaces: [eth1]\n"},
        "systemd-networkd",
    ),
    "netplan, in braces": (
        {NETWORKD: "", PLANNED: PLAIN_NETDEV, "etc/netplan/1.yaml": '{"network": {"bridges": {"br0": {}}}}'},
        "systemd-networkd",
    ),
    "netplan, by NetworkManager": (
        {MANAGER: "", "run/NetworkManager/system-connections/netplan-br0.nmconnection": PROFILE,
         "etc/netplan/1.yaml": "network: {bridges: {br0: {}}}"}, "NetworkManager",
    ),
    "VLAN, networkd": (
        {NETWORKD: "", NETDEV: "[NetDev]\nName=br0\nKind=vlan\n[VLAN]\nId=7\n",
         "etc/systemd/network/20-eth1.network": "[Match]\nName=eth1\n[Network]\nVLAN=eth1.9\nVLAN = other br0\n"},
        "systemd-networkd",
    ),
    "VLAN, networkd, in an addition": (
        {NETWORKD: "", NETDEV: "[NetDev]\nName=br0\nKind=vlan\n", "run/systemd/network/20-eth1.network": "[Match]\n",
         "etc/systemd/network/20-eth1.network.d/vlan.conf": "[Network]\nVLAN=br0\n"}, "systemd-networkd",
    ),
    "keyfile without an ending": ({MANAGER: "", KEYFILE.partition(".")[0]: PROFILE}, "NetworkManager"),
    "keyfile beside a note": (
        {MANAGER: "", KEYFILE: PROFILE, "etc/NetworkManager/system-connections/README": "Ask Eve.\n"}, "NetworkManager",
    ),
    "keyfile, by its port": (
        {MANAGER: "", KEYFILE: PROFILE + "autoconnect=false\nuuid=1\n",
         "etc/NetworkManager/system-connections/eth1.nmconnection":
             "[connection]\ntype=ethernet\ninterface-name=eth1\ncontroller=1\nport-type=bridge\n"},
        "NetworkManager",
    ),
    "ifupdown, bond": (
        {NETWORKING: "", INTERFACES: "auto br0\niface br0 inet manual\n bond-slaves eth1 eth2\n"}, "ifupdown",
    ),
    "ifupdown, bond by the old word": (
        {NETWORKING: "", INTERFACES: "auto br0\niface br0 inet manual\n slaves eth1\n"}, "ifupdown",
    ),
    "ifupdown, ports in the other family": (
        {NETWORKING: "", INTERFACES: f"auto br0\niface br0 inet static\n address 10.0.0.1/8\n{STANZA}"}, "ifupdown",
    ),
    "ifupdown, by a command": (
        {NETWORKING: "", INTERFACES: "auto br0\niface br0 inet manual\n pre-up ip link add br0 type bridge\n"},
        "ifupdown",
    ),
    "ifupdown, by a template": (
        {NETWORKING: "", INTERFACES: f"{STANZA.replace('br0', 'all')}auto br0\niface br0 inet manual inherits all\n"},
        "ifupdown",
    ),
    "ifupdown, mapped": (
        {NETWORKING: "", INTERFACES: "auto br0=work\niface work inet manual\n bridge-ports none\n"}, "ifupdown",
    ),
    "ifupdown, files beside the one that names them": (
        {NETWORKING: "", INTERFACES: "source more/all\n", "etc/network/more/all": "source-directory parts\n",
         "etc/network/more/parts/br0": f"auto br0\n{STANZA}"}, "ifupdown",
    ),
    "keyfile": ({MANAGER: "", KEYFILE: PROFILE}, "NetworkManager"),
    "ifcfg": ({MANAGER: "", IFCFG: "TYPE=Bridge\nDEVICE='br0'\nONBOOT=yes\n"}, "NetworkManager"),
    "ifupdown": ({NETWORKING: "", INTERFACES: f"auto lo br0\n{STANZA}"}, "ifupdown"),
    "ifupdown, in another file": (
        {NETWORKING: "", INTERFACES: "source interfaces.d/*\n", "etc/network/interfaces.d/br": f"auto br0\n{STANZA}"},
        "ifupdown",
    ),
    "ifupdown, in a directory": (
        {NETWORKING: "", INTERFACES: "source-directory more\n", "etc/network/more/br": f"auto br0\n{STANZA}"},
        "ifupdown",
    ),
}  # fmt: skip
NOT_DECLARED = {
    "a tool that does not run": {NETDEV: "[NetDev]\nName=br0\nKind=bridge\n"},
    "another name": {NETWORKD: "", NETDEV: "[NetDev]\nName=br1\nKind=bridge\n"},
    "not at boot, keyfile": {MANAGER: "", KEYFILE: PROFILE + "autoconnect=false\n"},
    "a profile for a device that is there": {MANAGER: "", KEYFILE: PROFILE.replace("bridge", "ethernet")},
    "a copy of a keyfile": {MANAGER: "", KEYFILE + "~": PROFILE},
    "a hidden keyfile": {MANAGER: "", KEYFILE.replace("br0", ".br0"): PROFILE},
    "a keyfile of an editor": {MANAGER: "", KEYFILE + ".X1y2Z3": PROFILE},
    "a VLAN that no link names, networkd": {NETWORKD: "", NETDEV: "[NetDev]\nName=br0\nKind=vlan\n"},
    "a device without a kind, networkd": {NETWORKD: "", NETDEV: "[NetDev]\nName=br0\n"},
    "no longer in netplan": {NETWORKD: "", PLANNED: PLAIN_NETDEV, "etc/netplan/1.yaml": "network:\n  # br0: {}\n"},
    "nothing left of netplan": {NETWORKD: "", PLANNED: PLAIN_NETDEV},
    "netplan, another name": {
        NETWORKD: "",
        PLANNED: PLAIN_NETDEV,
        "etc/netplan/1.yaml": "bridges: {xbr0: {}, br0.7: {}}",
    },
    "brought up when udev sees it": {NETWORKING: "", INTERFACES: f"allow-hotplug br0\n{STANZA}"},
    "only an address": {NETWORKING: "", INTERFACES: "auto br0\niface br0 inet static\n  address 10.0.0.1/24\n"},
    "a pattern, which finds what is there": {NETWORKING: "", INTERFACES: f"auto /br*\n{STANZA}"},
    "a copy in a directory": {
        NETWORKING: "",
        INTERFACES: "source-directory interfaces.d\n",
        "etc/network/interfaces.d/br0.bak": f"auto br0\n{STANZA}",
    },
    "a file of a directory in another": {
        NETWORKING: "",
        INTERFACES: "source-directory interfaces.d\n",
        "etc/network/interfaces.d/old/br0": f"auto br0\n{STANZA}",
    },
    "not at boot, ifcfg": {MANAGER: "", IFCFG: "DEVICE=br0\nONBOOT=no\n"},
    "not at boot, ifupdown": {NETWORKING: "", INTERFACES: STANZA},
    "in a comment": {NETWORKING: "", INTERFACES: f"# auto br0\n{STANZA}"},
    "brought up, but not defined": {NETWORKING: "", INTERFACES: "auto br0\n"},
}


def host(directory: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)  # as NetworkManager wants it
    return str(directory)


@pytest.mark.parametrize("case", DECLARED)
def test_it_is_declared(tmp_path: Path, case: str) -> None:
    files, tool = DECLARED[case]
    assert read_boot(host(tmp_path, files)) == {"tools": [tool], "links": {"br0": tool}}


@pytest.mark.parametrize("case", NOT_DECLARED)
def test_it_is_not_declared(tmp_path: Path, case: str) -> None:
    found = read_boot(host(tmp_path, NOT_DECLARED[case]))
    assert found is not None
    assert "br0" not in found["links"]


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("auto eth1.7\niface eth1.7 inet manual\n", {"eth1.7"}),
        ("auto vlan7\niface vlan7 inet manual\n vlan-raw-device eth1\n", {"vlan7"}),
        ("auto red\niface red inet manual\n vlan-raw-device eth1\n vlan-id 7\n", {"red"}),
        # The bridge makes the VLANs among its ports.
        ("auto br0\niface br0 inet manual\n bridge_ports eth1.7 eth2 eth3.9\n", {"br0", "eth1.7", "eth3.9"}),
        ("iface br0 inet manual\n bridge_ports eth1.7\n", set()),
        ("allow-hotplug eth1 eth1.7\niface eth1 inet manual\niface eth1.7 inet manual\n", {"eth1.7"}),
        ("allow-hotplug eth1.7\niface eth1.7 inet manual\n", set()),
        ("auto eth1\niface eth1 inet manual\n up ifup eth1.7\niface eth1.7 inet manual\n", {"eth1", "eth1.7"}),
        ("auto b0 p1\niface p1 inet manual\n bond-master b0\niface b0 inet manual\n bond-slaves none\n", {"p1", "b0"}),
    ],
)  # fmt: skip
def test_names_and_ports_of_ifupdown(tmp_path: Path, text: str, made: set[str]) -> None:
    found = read_boot(host(tmp_path, {NETWORKING: "", INTERFACES: text}))
    assert found is not None
    assert set(found["links"]) == made


def test_a_vlan_profile_without_a_name(tmp_path: Path) -> None:
    text = "[connection]\nid=x\ntype=vlan\n[vlan]\nparent=eth1\nid=7\n"
    assert read_boot(host(tmp_path, {MANAGER: "", KEYFILE: text})) == {
        "tools": ["NetworkManager"],
        "links": {"eth1.7": "NetworkManager"},
    }


def test_a_keyfile_that_others_may_read_is_refused(tmp_path: Path) -> None:
    root = host(tmp_path, {MANAGER: "", KEYFILE: PROFILE})
    (tmp_path / KEYFILE).chmod(0o644)
    assert read_boot(root) == {"tools": ["NetworkManager"], "links": {}}


def test_a_file_hides_one_of_its_name(tmp_path: Path) -> None:
    root = host(tmp_path, {NETWORKD: "", "usr/lib/systemd/network/10-br0.netdev": PLAIN_NETDEV})
    (tmp_path / "etc/systemd/network").mkdir(parents=True)
    (tmp_path / NETDEV).symlink_to("/dev/null")
    assert read_boot(root) == {"tools": ["systemd-networkd"], "links": {}}


def test_files_that_include_one_another_end(tmp_path: Path) -> None:
    root = host(tmp_path, {NETWORKING: "", INTERFACES: f"source interfaces\nauto br0\n{STANZA}"})
    assert read_boot(root) == {"tools": ["ifupdown"], "links": {"br0": "ifupdown"}}


@pytest.mark.parametrize("file", [NETWORKD, NETDEV, KEYFILE, IFCFG, "etc/network/interfaces.d/br"])
def test_a_directory_that_may_not_be_read_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    """Root may read all of them, so the test refuses one itself."""
    files = {NETWORKD: "", MANAGER: "", NETWORKING: "", NETDEV: "", KEYFILE: "", IFCFG: ""}
    root = host(tmp_path, {**files, INTERFACES: "source interfaces.d/*\n", "etc/network/interfaces.d/br": ""})
    assert read_boot(root) is not None
    shut, listdir = str((tmp_path / file).parent), os.listdir

    def refuse(directory: str) -> list[str]:
        if directory == shut:
            raise PermissionError(directory)
        return listdir(directory)

    monkeypatch.setattr(os, "listdir", refuse)
    assert read_boot(root) is None


@given(st.sampled_from([NETDEV, KEYFILE, IFCFG, INTERFACES]), st.text(alphabet="[]=\n #abr0\\'\"\0é", max_size=40))
def test_damaged_files_are_unknown_or_read(tmp_path_factory: pytest.TempPathFactory, name: str, text: str) -> None:
    directory = tmp_path_factory.mktemp("host")
    found = read_boot(host(directory, {NETWORKD: "", MANAGER: "", NETWORKING: "", name: text}))
    assert found is None or set(found) == {"tools", "links"}
