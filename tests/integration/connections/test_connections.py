# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to libvirt: the full life of a network over each, and each way of not getting there."""

from __future__ import annotations

import time
from typing import Any

import pytest
from batch import assert_refused, task
from harness import EVERYWHERE, every_nth

pytestmark = pytest.mark.lab

LAN: dict[str, Any] = {"name": "lan", "forward": {"mode": "nat"}, "ips": [{"address": "10.30.0.1", "prefix": 24}]}
MORE = {**LAN, "dns": {"hosts": [{"ip": "10.30.0.9", "hostnames": ["db"]}]}}

# uri: (the host whose libvirt it is, whether that is surely the host that the module runs on). Every third
# row covers each transport and both hosts.
WAYS = {
    "qemu:///system": ("kvm1", True),
    "qemu+unix:///system": ("kvm1", True),
    "network:///system": ("kvm1", True),
    "network+unix:///system": ("kvm1", True),
    "qemu+ssh://kvm2/system": ("kvm2", False),
    "qemu+ssh://root@kvm2:22/system": ("kvm2", False),
    "qemu+ssh://{kvm2}/system": ("kvm2", False),
    "network+ssh://kvm2/system": ("kvm2", False),
    "qemu+tls://kvm2/system": ("kvm2", False),
    "qemu+tls://{kvm2}/system": ("kvm2", False),
    "qemu://kvm2/system": ("kvm2", False),
    "qemu+tcp://kvm2/system": ("kvm2", False),
    "qemu+tcp://{kvm2}:16509/system": ("kvm2", False),
    "network+tcp://kvm2/system": ("kvm2", False),
    # No host name, and names of the very host: libvirt goes there by the same way, so it is not known to be this host.
    "qemu+tcp:///system": ("kvm1", False),
    "qemu+tcp://localhost/system": ("kvm1", False),
    "qemu+tls://kvm1/system": ("kvm1", False),
    "qemu+ssh:///system": ("kvm1", False),
    "qemu+ssh://localhost/system": ("kvm1", False),
    "qemu+ssh://kvm1/system": ("kvm1", False),
}


def filled(uri: str, hosts) -> str:
    return uri.replace("{kvm2}", hosts.address("kvm2"))


@pytest.fixture(scope="module")
def two(conn):
    """kvm1 trusts itself by the name of localhost, as many hosts do."""
    script = "sed -n 's/^kvm1,[^ ]* /localhost /p' /root/.ssh/known_hosts >>/root/.ssh/known_hosts"
    conn.on("kvm1", "sh", "-c", f"grep -q ^localhost /root/.ssh/known_hosts || {script}")
    return conn


@pytest.mark.parametrize("uri", every_nth(3, WAYS))
def test_the_life_of_a_network(two, uri):
    target, local = WAYS[uri]
    other = {"kvm1": "kvm2", "kvm2": "kvm1"}[target]
    two.clean("kvm1")
    two.clean("kvm2")
    uri = filled(uri, two)
    # What the host's own virsh says, live; nothing when there is no such network.
    look = {"ansible.builtin.command": "virsh -q net-dumpxml lan", "delegate_to": target}
    check, make, made, again, change, changed, info = two.run(
        "kvm1",
        [
            task("virt_network", LAN | {"uri": uri}, check=True),
            task("virt_network", LAN | {"uri": uri}),
            look,
            task("virt_network", LAN | {"uri": uri}),
            task("virt_network", MORE | {"uri": uri}),
            look,
            task("virt_network_info", {"uri": uri}),
        ],
    )
    assert two.virsh(other, "net-list", "--all", "--name").strip() == ""
    assert (check["failed"], check.get("changed")) == (False, True), check
    assert (make["failed"], make.get("changed")) == (False, True), make
    assert check["steps"] == make["steps"]
    assert "10.30.0.1" in made["stdout"]
    assert (again["failed"], again.get("changed")) == (False, False), again
    assert (change["failed"], change.get("changed")) == (False, True), change
    assert "<hostname>db</hostname>" not in made["stdout"]
    assert "<hostname>db</hostname>" in changed["stdout"]
    assert not info["failed"], info
    assert [network["name"] for network in info["networks"]] == ["lan"]
    assert info["networks"][0]["dns"] == MORE["dns"]
    assert info["host"]["remote"] is not local
    assert info["host"]["hostname"] == (None if uri.startswith("network") else target)
    names = [link["name"] for link in info["links"] or ()]
    assert (info["networks"][0]["bridge"]["name"] in names) is local
    assert (info["links"] is None) is not local
    adopt, gone, absent = two.run(
        "kvm1",
        [
            task("virt_networks", {"networks": info["networks"], "uri": uri}),
            task("virt_network", {"name": "lan", "state": "absent", "uri": uri}),
            task("virt_network", {"name": "lan", "state": "absent", "uri": uri}),
        ],
    )
    assert (adopt["failed"], adopt.get("changed")) == (False, False), adopt
    assert (gone["failed"], gone.get("changed")) == (False, True), gone
    assert (absent["failed"], absent.get("changed")) == (False, False), absent
    assert two.virsh(target, "net-list", "--all", "--name").strip() == ""


def test_the_test_driver(two):
    """It forgets everything at the end of each task, and has one network of its own."""
    uri = {"uri": "test:///default"}
    there, make, check, stop, info = two.run(
        "kvm1",
        [
            task("virt_network", {"name": "default", **uri}),
            task("virt_network", LAN | uri),
            task("virt_network", LAN | uri, check=True),
            task("virt_network", {"name": "default", "state": "inactive", **uri}),
            task("virt_network_info", uri),
        ],
    )
    for result, changed in ((there, False), (make, True), (check, True), (stop, True)):
        assert (result["failed"], result.get("changed")) == (False, changed), result
    assert [network["name"] for network in info["networks"]] == ["default"]


def test_the_default_of_the_host_is_taken_when_there_is_no_uri(two):
    """libvirt's own rule: the environment, its configuration, then what it finds."""
    (result,) = two.run(
        "kvm1", [task("virt_network_info", {"uri": ""}, environment={"LIBVIRT_DEFAULT_URI": "qemu+tcp://kvm2/system"})]
    )
    assert not result["failed"], result
    assert (result["host"]["hostname"], result["host"]["remote"], result["links"]) == ("kvm2", True, None)


# uri: (code, words)
NO_WAY = {
    # not a URI that libvirt takes
    "://": ("URI_INVALID", ["'://'", "qemu:///system"]),
    "not a uri": ("URI_INVALID", ["'not a uri'"]),
    "qemu": ("URI_INVALID", ["'qemu'"]),
    "qemu:": ("URI_INVALID", ["'qemu:'"]),
    "qemu://": ("URI_INVALID", ["'qemu://'"]),
    "qemu:///nonsense": ("URI_INVALID", ["/nonsense", "qemu:///system"]),
    "qemu:///sys\ntem": ("URI_INVALID", ["sys\\ntem"]),
    "qemu:///sys\x00tem": ("URI_INVALID", ["sys\\x00tem"]),
    "qemu+tcp://[::1/system": ("URI_INVALID", ["[::1"]),
    "wombat:///system": ("URI_INVALID", ["wombat"]),
    "wombat://kvm2/system": ("URI_INVALID", ["wombat"]),
    "xen:///system": ("URI_INVALID", ["xen"]),
    "qemu+carrier://kvm2/system": ("URI_INVALID", ["carrier", "transport"]),
    "qemu+unix://kvm2/system": ("URI_INVALID", ["kvm2", "unix"]),
    "qemu+ssh://kvm2/system?mode=direct": ("URI_INVALID", ["direct"]),
    "qemu:///system?mode=wrong": ("URI_INVALID", ["wrong"]),
    "test:///nowhere.xml": ("URI_INVALID", ["/nowhere.xml"]),
    "q" * 5000: ("URI_INVALID", ["qqq..."]),
    # nobody there
    "qemu+ssh://nowhere/system": ("DAEMON_UNREACHABLE", ["nowhere", "resolve"]),
    "qemu+tcp://nowhere/system": ("DAEMON_UNREACHABLE", ["nowhere", "resolve"]),
    "qemu+tls://nowhere/system": ("DAEMON_UNREACHABLE", ["nowhere", "resolve"]),
    "qemu+ssh://kvm2:1/system": ("DAEMON_UNREACHABLE", ["kvm2 port 1", "Connection refused"]),
    "qemu+tcp://kvm2:1/system": ("DAEMON_UNREACHABLE", ["kvm2:1", "Connection refused", "libvirtd-tcp.socket"]),
    "qemu+tls://kvm2:1/system": ("DAEMON_UNREACHABLE", ["kvm2:1", "Connection refused", "libvirtd-tls.socket"]),
    "qemu+tcp://kvm2:22/system": ("DAEMON_UNREACHABLE", ["qemu+tcp://kvm2:22/system"]),
    "qemu:///system?socket=/nowhere/x-sock": ("DAEMON_UNREACHABLE", ["/nowhere/x-sock", "No such file"]),
    # modular daemons that do not run; the host has none, and libvirt's client is told to want them
    "qemu:///system?mode=direct": ("DAEMON_UNREACHABLE", ["/run/libvirt/virtqemud-sock", "virtqemud.socket"]),
    "network:///system?mode=direct": ("DAEMON_UNREACHABLE", ["/run/libvirt/virtnetworkd-sock", "virtnetworkd.socket"]),
    # somebody there who does not want us
    "qemu+ssh://nobody@kvm2/system": ("PERMISSION_DENIED", ["nobody@kvm2", "key"]),
    "qemu+ssh://other-name/system": ("HOST_KEY_UNKNOWN", ["known_hosts"]),
    "qemu+libssh2://other-name/system?sshauth=privkey": ("HOST_KEY_UNKNOWN", ["known_hosts"]),
    "qemu+tls:///system": ("CERTIFICATE_REFUSED", ["certificate"]),
    "qemu+tls://other-name/system": ("CERTIFICATE_REFUSED", ["certificate"]),
    "qemu+tls://kvm2/system?pkipath=/nowhere": ("CERTIFICATE_REFUSED", ["/nowhere/cacert.pem"]),
    "qemu+tls://kvm2/system?pkipath=/run/authority-only": ("CERTIFICATE_REFUSED", ["certificate"]),
    "qemu+tls://kvm2/system?pkipath=/run/another-authority": ("CERTIFICATE_REFUSED", ["certificate"]),
    "qemu+tls://kvm2:16509/system": ("CERTIFICATE_REFUSED", ["qemu+tls://kvm2:16509/system"]),
}

PKI = """
mkdir -p /run/authority-only /run/another-authority
cp /etc/pki/CA/cacert.pem /run/authority-only/
cd /run/another-authority
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=other \
  -keyout ca.key -out cacert.pem
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=kvm1 \
  -addext basicConstraints=critical,CA:FALSE -addext keyUsage=critical,digitalSignature -CA cacert.pem -CAkey ca.key \
  -keyout clientkey.pem -out clientcert.pem
"""


@pytest.fixture(scope="module")
def refused(two):
    two.clean("kvm1")
    two.clean("kvm2")
    two.on("kvm1", "sh", "-ec", PKI)
    name = f"{two.address('kvm2')} other-name"
    two.on("kvm1", "sh", "-c", f"grep -q other-name /etc/hosts || echo '{name}' >>/etc/hosts")
    tasks = []
    for uri in NO_WAY:
        options = LAN | {"uri": filled(uri, two)}
        tasks += [task("virt_network", options, check=True), task("virt_network", options)]
    began = time.monotonic()
    results = two.run("kvm1", tasks)
    seconds = time.monotonic() - began
    return seconds / len(tasks), {uri: results[2 * number : 2 * number + 2] for number, uri in enumerate(NO_WAY)}


@pytest.mark.parametrize("uri", NO_WAY, ids=lambda uri: ascii(uri)[:60])
def test_no_way(uri, refused):
    code, words = NO_WAY[uri]
    check, real = refused[1][uri]
    assert_refused(real, code, *words)
    assert_refused(check, code, *words)


def test_no_way_leads_anywhere_or_takes_long(two, refused):
    assert refused[0] < 4, "something waited for an answer that cannot come"
    assert [two.virsh(host, "net-list", "--all", "--name").strip() for host in ("kvm1", "kvm2")] == ["", ""]


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("qemu:///system", ["/run/libvirt/virtqemud-sock", "No such file", "'systemctl start virtqemud.socket'"]),
        (
            "network:///system",
            ["/run/libvirt/virtnetworkd-sock", "No such file", "'systemctl start virtnetworkd.socket'"],
        ),
    ],
)
def test_a_host_of_modular_daemons(two, uri, words):
    """remote_mode in libvirt.conf is how a host without a monolithic daemon is set up."""
    setting = "/etc/libvirt/libvirt.conf"
    two.on("kvm1", "sh", "-c", f"test ! -e {setting} && echo 'remote_mode = \"direct\"' >{setting}")
    try:
        results = two.run("kvm1", [task("virt_network_info", {"uri": uri}), task("virt_network", LAN | {"uri": uri})])
    finally:
        two.on("kvm1", "rm", setting)
    for result in results:
        assert_refused(result, "DAEMON_UNREACHABLE", *words)
        assert "libvirtd" not in result["msg"]


def test_the_socket_of_a_modular_daemon_that_died(two):
    """A socket file without a listener makes libvirt's client choose the modular daemon by itself, and find nobody."""
    make = "import socket; socket.socket(socket.AF_UNIX).bind('/run/libvirt/virtqemud-sock')"
    two.on("kvm1", "python3", "-c", make)
    try:
        (result,) = two.run("kvm1", [task("virt_network_info", {})])
    finally:
        two.on("kvm1", "rm", "/run/libvirt/virtqemud-sock")
    assert_refused(
        result, "DAEMON_UNREACHABLE", "/run/libvirt/virtqemud-sock", "Connection refused", "virtqemud.socket"
    )


@pytest.mark.parametrize("daemon", ["virtqemud", "virtnetworkd"])
def test_modular_sockets_are_used_when_they_answer(two, daemon):
    """The monolithic daemon's socket under the modular name: what libvirt's client then does is the same."""
    uri = {"virtqemud": "qemu:///system", "virtnetworkd": "network:///system"}[daemon]
    two.clean("kvm1")
    link = f"/run/libvirt/{daemon}-sock"
    two.on("kvm1", "ln", "-s", "/run/libvirt/libvirt-sock", link)
    try:
        results = two.run(
            "kvm1",
            [
                task("virt_network", LAN | {"uri": f"{uri}?mode=direct"}),
                task("virt_network", LAN | {"uri": uri}),
                task("virt_network", {"name": "lan", "state": "absent", "uri": uri}),
            ],
        )
    finally:
        two.on("kvm1", "rm", link)
    assert [(result["failed"], result.get("changed")) for result in results] == [
        (False, True),
        (False, False),
        (False, True),
    ], results


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        (
            "qemu+ssh://kvm2/system",
            ["/run/libvirt/libvirt-sock", "No such file", "libvirtd.socket", "qemu+ssh://kvm2/system"],
        ),
        ("qemu+tcp://kvm2/system", ["kvm2:16509", "Connection refused", "libvirtd-tcp.socket"]),
        ("qemu+tls://kvm2/system", ["kvm2:16514", "Connection refused", "libvirtd-tls.socket"]),
    ],
)
def test_the_other_host_s_daemon_is_down(two, uri, words):
    two.lab("stop", "kvm2", "libvirtd")
    try:
        (result,) = two.run("kvm1", [task("virt_network", LAN | {"uri": uri})])
    finally:
        two.lab("start", "kvm2", "libvirtd")
    assert_refused(result, "DAEMON_UNREACHABLE", *words)


# Each takes the minute that a daemon is given to answer.
SILENT = ["qemu+ssh://kvm2/system", "qemu+tcp://kvm2/system", "qemu+tls://kvm2/system"]


@pytest.mark.slow
@pytest.mark.parametrize("uri", SILENT if EVERYWHERE else SILENT[:1])
def test_the_other_host_s_daemon_never_answers(two, uri):
    began = time.monotonic()
    with two.stopped("kvm2", "libvirtd"):
        (result,) = two.run("kvm1", [task("virt_network", LAN | {"uri": uri})])
    assert_refused(result, "DAEMON_SILENT", uri, "60 seconds")
    assert time.monotonic() - began < 90
