# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemons of a host and their settings."""

from __future__ import annotations

from typing import Any

from state import HostSpec

OVS_BRIDGE = "ovsbr0"
OVS_DATABASE = "/etc/openvswitch/conf.db"
OVS_SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"

# No security driver, cgroups or private /dev per guest: hosts share one kernel and must not meet there.
QEMU_CONF = """\
security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
lock_manager = "nop"
"""

SOCKETS = """\
unix_sock_group = "root"
unix_sock_rw_perms = "0700"
auth_unix_ro = "none"
auth_unix_rw = "none"
"""

REMOTE = """\
listen_tls = 1
listen_tcp = 1
auth_tcp = "none"
auth_tls = "none"
max_clients = 200
max_anonymous_clients = 50
"""


def settings(spec: HostSpec) -> dict[str, tuple[str, int]]:
    uuid = f'host_uuid = "{spec.uuid}"\n'
    return {
        "etc/libvirt/qemu.conf": (QEMU_CONF, 0o600),
        "etc/libvirt/libvirtd.conf": (uuid + SOCKETS + REMOTE, 0o644),
    }


def _ovs() -> dict[str, dict[str, Any]]:
    """Open vSwitch with its userspace datapath. Adding the bridge waits for the database, not for the switch."""
    vsctl = ["ovs-vsctl", "--timeout=20", "--retry", "--no-wait"]
    bridge = ["--may-exist", "add-br", OVS_BRIDGE, "--", "set", "bridge", OVS_BRIDGE, "datapath_type=netdev"]
    database = ["ovsdb-server", OVS_DATABASE, "--remote=punix:/run/openvswitch/db.sock", "--pidfile"]
    return {
        "ovsdb-server": {
            "before": [["ovsdb-tool", "create", OVS_DATABASE, OVS_SCHEMA]],  # fails if it is there, rightly
            "argv": database,
        },
        "ovs-vswitchd": {
            "before": [[*vsctl, "init"], [*vsctl, *bridge]],
            "argv": ["ovs-vswitchd", "unix:/run/openvswitch/db.sock", "--pidfile"],
        },
    }


def services(spec: HostSpec) -> dict[str, dict[str, Any]]:
    """In the order of their start."""
    return {
        "sshd": {"argv": ["/usr/sbin/sshd", "-D", "-e"]},
        **(_ovs() if spec.ovs else {}),
        "libvirtd": {"argv": ["/usr/sbin/libvirtd", "--listen"]},
    }


def signs_of_life(spec: HostSpec) -> list[str]:
    """Files that a host shows once its daemons work."""
    return ["run/libvirt/libvirt-sock", *([f"sys/class/net/{OVS_BRIDGE}"] if spec.ovs else [])]
