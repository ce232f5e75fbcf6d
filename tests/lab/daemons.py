# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemons of a host and their settings.

A host runs libvirtd, or libvirt's modular daemons: one for guests, one for networks and so on, each with sockets as its
systemd units make them, and virtproxyd where libvirtd would listen.
"""

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
stdio_handler = "{stdio}"
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


# With its nftables backend libvirt has tc repair the checksums of DHCP replies, which only very old guests need, and
# starts no network where the kernel cannot (it lacks act_csum).
TC = """\
#!/bin/sh
case "$*" in *"action csum"*) exit 0 ;; esac
exec /usr/sbin/tc "$@"
"""
DRIVERS = ("virtnetworkd", "virtnodedevd", "virtnwfilterd", "virtinterfaced", "virtsecretd", "virtstoraged",
           "virtqemud")  # fmt: skip
PROXY = "virtproxyd"
TCP, TLS = 16509, 16514


def is_modular(spec: HostSpec) -> bool:
    return spec.daemons == "modular"


def settings(spec: HostSpec, csum: bool) -> dict[str, tuple[str, int]]:
    uuid = f'host_uuid = "{spec.uuid}"\n'
    files = {"etc/libvirt/qemu.conf": (QEMU_CONF.format(stdio="logd" if is_modular(spec) else "file"), 0o600)}
    if spec.firewall:
        files["etc/libvirt/network.conf"] = (f'firewall_backend = "{spec.firewall}"\n', 0o644)
    if spec.firewall == "nftables" and not csum:
        files["usr/local/sbin/tc"] = (TC, 0o755)
    if is_modular(spec):
        files |= {f"etc/libvirt/{name}.conf": (uuid + SOCKETS, 0o644) for name in DRIVERS}
        files[f"etc/libvirt/{PROXY}.conf"] = (uuid + SOCKETS + REMOTE, 0o644)
    else:
        files["etc/libvirt/libvirtd.conf"] = (uuid + SOCKETS + REMOTE, 0o644)
    return files


def _sockets(daemon: str, plain: str, read_only: str | None, admin: str) -> list[dict[str, Any]]:
    units = {f"{daemon}.socket": plain, f"{daemon}-ro.socket": read_only, f"{daemon}-admin.socket": admin}
    return [
        {"name": unit, "where": f"/run/libvirt/{path}", "mode": 0o666 if path == read_only else 0o600}
        for unit, path in units.items()
        if path
    ]


def _modular() -> dict[str, dict[str, Any]]:
    logd = _sockets("virtlogd", "virtlogd-sock", None, "virtlogd-admin-sock")
    proxy = _sockets(PROXY, "libvirt-sock", "libvirt-sock-ro", "libvirt-admin-sock")
    proxy += [{"name": f"{PROXY}-tcp.socket", "where": TCP}, {"name": f"{PROXY}-tls.socket", "where": TLS}]
    return {
        "virtlogd": {"argv": ["/usr/sbin/virtlogd"], "sockets": logd},
        **{
            name: {
                "argv": [f"/usr/sbin/{name}"],
                "sockets": _sockets(name, f"{name}-sock", f"{name}-sock-ro", f"{name}-admin-sock"),
            }
            for name in DRIVERS
        },
        PROXY: {"argv": [f"/usr/sbin/{PROXY}"], "sockets": proxy},
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
        **(_modular() if is_modular(spec) else {"libvirtd": {"argv": ["/usr/sbin/libvirtd", "--listen"]}}),
    }


def signs_of_life(spec: HostSpec) -> list[str]:
    """Files that a host shows once its daemons work."""
    return ["run/libvirt/libvirt-sock", *([f"sys/class/net/{OVS_BRIDGE}"] if spec.ovs else [])]
