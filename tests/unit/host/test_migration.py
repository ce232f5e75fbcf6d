# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""qemu.conf, hook scripts and listening ports, as files."""

from __future__ import annotations

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._host.migration import (
    own_addresses,
    read_conf,
    read_migration,
    resolve_names,
    shared_filesystems,
)

CONF = """
# migration_address = "192.0.2.1"
migration_host = "kvm2.example.com"
  migration_port_min = 50000
migration_port_max=50001 # two
migrate_tls_force = 1
shared_filesystems = [
  "/srv/images", # the NFS mount
  '/srv/more',
]
user = "root"
user = "qemu"
"""
LISTENING = """  sl  local_address rem_address   st tx_queue rx_queue
   0: 00000000:C350 00000000:0000 0A 00000000:00000000
   1: 0100007F:C351 0100007F:1234 01 00000000:00000000
"""


@pytest.fixture(name="conf")
def conf_file(tmp_path):
    path = tmp_path / "qemu.conf"
    path.write_text(CONF)
    return str(path)


def test_settings(conf):
    assert read_conf(conf) == {
        "migration_host": "kvm2.example.com",
        "migration_port_min": 50000,
        "migration_port_max": 50001,
        "migrate_tls_force": 1,
        "shared_filesystems": ["/srv/images", "/srv/more"],
        "user": "root",
    }
    assert shared_filesystems(conf) == ["/srv/images", "/srv/more"]


def test_a_file_that_is_missing_has_no_settings_and_one_that_cannot_be_read_is_unknown(tmp_path):
    assert read_conf(str(tmp_path / "none")) == {}
    assert read_conf(str(tmp_path)) is None
    assert read_migration(str(tmp_path), str(tmp_path), str(tmp_path))["tls_only"] is None


def test_what_comes_in(conf, tmp_path):
    hooks = tmp_path / "hooks"
    (hooks / "qemu.d").mkdir(parents=True)
    for name, mode in (("qemu", 0o755), ("qemu.d/10-log", 0o755), ("qemu.d/README", 0o644), ("daemon", 0o755)):
        (hooks / name).write_text("#!/bin/sh\n")
        (hooks / name).chmod(mode)
    proc = tmp_path / "net"
    proc.mkdir()
    (proc / "tcp").write_text(LISTENING)
    found = read_migration(conf, str(hooks), str(proc), str(tmp_path / "none"))
    assert len(found["other_settings"].pop("user")) == 12  # a digest: it may be a password
    for name in ("tap_device", "unwritable_directories", "missing_programs"):  # of the machine that runs the test
        del found[name]
    assert found == {
        "hooks": [str(hooks / "qemu"), str(hooks / "qemu.d/10-log")],
        "host": "kvm2.example.com",
        "address": None,
        "port_min": 50000,
        "port_max": 50001,
        "ports_free": 1,
        "port": 50001,
        "libvirt_ports": [],
        "logger": False,
        "other_settings": {},
        "tls_only": True,
        "displays": {"vnc_listen": None, "spice_listen": None, "ports_free": 59635, "certificates": None},
    }


def test_names():
    found = resolve_names(["localhost", "no-such-host.invalid"])
    assert set(found["localhost"]) & {"127.0.0.1", "::1"}
    assert found["no-such-host.invalid"] == []


@pytest.mark.parametrize(
    ("listening", "ports"),
    [("007D 0016", [16509, 22]), ("0016", [22]), ("", [])],
)
def test_by_which_ports_libvirt_is_reached(tmp_path, listening, ports):
    ends = {"007D": "407D", "0016": "0016"}
    rows = [f" 0: 00000000:{ends[one]} 00000000:0000 0A 0:0" for one in listening.split()]
    (tmp_path / "tcp").write_text("\n".join(["  sl", *rows, " 9: 0100007F:4082 00000000:0000 0A 0:0", ""]))
    assert read_migration(str(tmp_path / "none"), str(tmp_path), str(tmp_path))["libvirt_ports"] == ports


def test_own_addresses_for_others():
    assert own_addresses({"here": ["127.0.0.1", "::1"]}) == {}
    assert own_addresses({"broadcast": ["255.255.255.255"]}) == {"255.255.255.255": None}
