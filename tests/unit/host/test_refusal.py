# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real words of libvirt 9.0 and 11.3, and what is made of them."""

from __future__ import annotations

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._host.connection import is_remote
from ansible_collections.virtfleet.network.plugins.module_utils._host.refusal import (
    explain_silent_socket,
    is_disconnected,
    refusal,
)

RPC, URI, NONE = 7, 45, 0
SSH_NO_SOCKET = (
    "End of file while reading data: virt-ssh-helper: cannot connect to '/var/run/libvirt/libvirt-sock': "
    "Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory: Input/output error"
)
SSH_NO_KEY = (
    "Cannot recv data: No ED25519 host key is known for localhost and you have requested strict checking.\r\nHost key "
    "verification failed.: Connection reset by peer"
)


def socket(path: str, why: str = "No such file or directory") -> str:
    return f"Failed to connect socket to '{path}': {why}"


# URI, libvirt's code and domain and words, our code, words of the sentence, words that would be wrong in it
SAID = [
    (
        "qemu:///system", 38, RPC, socket("/var/run/libvirt/libvirt-sock"),
        "DAEMON_UNREACHABLE",
        ["/var/run/libvirt/libvirt-sock", "(No such file or directory)", "libvirtd.socket", "virtproxyd.socket"], [],
    ),
    (
        "qemu:///system", 38, RPC, socket("/run/libvirt/virtqemud-sock", "Connection refused"),
        "DAEMON_UNREACHABLE",
        ["/run/libvirt/virtqemud-sock", "(Connection refused)", "'systemctl start virtqemud.socket'"], ["libvirtd"],
    ),
    (
        "network:///system", 38, RPC, socket("/run/libvirt/virtnetworkd-sock"),
        "DAEMON_UNREACHABLE", ["/run/libvirt/virtnetworkd-sock", "'systemctl start virtnetworkd.socket'"], ["libvirtd"],
    ),
    (
        "qemu:///system", 38, RPC, socket("/run/libvirt/virtqemud-sock-ro"),
        "DAEMON_UNREACHABLE", ["/run/libvirt/virtqemud-sock-ro", "'systemctl start virtqemud.socket'"], [],
    ),
    (
        "", 1, RPC, "internal error: connection not open",
        "DAEMON_UNREACHABLE", ["empty URI", "'systemctl start virtqemud.socket'", "libvirtd.socket"], [],
    ),
    (
        "qemu:///system?socket=/tmp/x-sock", 38, RPC, socket("/tmp/x-sock"),
        "DAEMON_UNREACHABLE", ["/tmp/x-sock"], ["systemctl"],
    ),
    (
        "qemu:///system", 38, RPC, socket("/run/libvirt/libvirt-sock", "Permission denied"),
        "PERMISSION_DENIED", ["/run/libvirt/libvirt-sock", "become", "group libvirt"], ["systemctl"],
    ),
    (
        "qemu:///system", 94, RPC,
        "authentication unavailable: no polkit agent available to authenticate action 'org.libvirt.unix.manage'",
        "PERMISSION_DENIED", ["become", "org.libvirt.unix.manage"], [],
    ),
    ("qemu+ssh://b/system", 38, RPC, SSH_NO_SOCKET, "DAEMON_UNREACHABLE",
     ["/var/run/libvirt/libvirt-sock", "(No such file or directory)", "libvirtd.socket", "qemu+ssh://b/system"],
     ["Input/output", "virt-ssh-helper"]),
    ("qemu+ssh://localhost/system", 38, RPC, SSH_NO_KEY, "HOST_KEY_UNKNOWN", ["known_hosts"], ["reset by peer", "\r"]),
    ("qemu+ssh://u@b/system", 38, RPC,
     "Cannot recv data: u@b: Permission denied (publickey).: Connection reset by peer",
     "PERMISSION_DENIED", ["key", "u@b: Permission denied (publickey)"], ["group libvirt", "reset by peer"]),
    ("qemu+ssh://b:1/system", 38, RPC,
     "Cannot recv data: ssh: connect to host b port 1: Connection refused: Connection reset by peer",
     "DAEMON_UNREACHABLE", ["ssh: connect to host b port 1: Connection refused"], ["reset by peer"]),
    ("qemu+ssh://b/system?proxy=netcat", 38, RPC,
     "End of file while reading data: sh: 1: nc: not found: Input/output error",
     "DAEMON_UNREACHABLE", ["nc: not found"], ["Input/output"]),
    ("qemu+tcp://b/system", 38, RPC, "unable to connect to server at 'b:16509': Connection refused",
     "DAEMON_UNREACHABLE", ["b:16509", "Connection refused", "libvirtd-tcp.socket", "virtproxyd-tcp.socket"], []),
    ("qemu://b/system", 38, RPC, "unable to connect to server at 'b:16514': No route to host",
     "DAEMON_UNREACHABLE", ["b:16514", "No route to host", "libvirtd-tls.socket"], ["tcp.socket"]),
    ("qemu+tcp://b/system", 38, RPC,
     "Unable to resolve address 'b' service '16509': Temporary failure in name resolution",
     "DAEMON_UNREACHABLE", ["resolve", "'b'"], ["systemctl"]),
    ("qemu+tls:///system", 45, RPC, "authentication failed: Failed to verify peer's certificate",
     "CERTIFICATE_REFUSED", ["certificate"], ["become"]),
    ("qemu+tls://b/system", 38, RPC, "Cannot read CA certificate '/etc/pki/CA/cacert.pem': No such file or directory",
     "CERTIFICATE_REFUSED", ["/etc/pki/CA/cacert.pem"], ["become"]),
    ("qemu+tls://b/system", 38, RPC, "Unable to read TLS confirmation: Input/output error",
     "CERTIFICATE_REFUSED", ["certificate"], []),
    ("wombat:///system", 5, NONE, "no connection driver available for wombat:///system", "URI_INVALID", ["wombat"], []),
    ("://", 1, URI, "internal error: Unable to parse URI ://", "URI_INVALID", ["qemu:///system"], []),
    ("qemu:", 1, NONE, "internal error: unexpected qemu URI path '', try qemu:///system", "URI_INVALID", [], []),
    ("qemu+carrier://b/system", 8, 13,
     "invalid argument: remote_open: transport in URL not recognised (should be tls|unix|ssh|ext|tcp|libssh2|libssh)",
     "URI_INVALID", ["qemu+carrier"], []),
    ("qemu+ssh://b/system?mode=direct", 84, 13,
     "Operation not supported: Cannot use direct socket mode for ssh transport", "URI_INVALID", ["direct"], []),
    ("test:///nowhere.xml", 27, 12,
     "XML error: failed to parse xml document '/nowhere.xml'", "URI_INVALID", ["/nowhere"], []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("uri", "code", "domain", "said", "ours", "words", "wrong"), SAID, ids=lambda value: str(value)[:40]
)
def test_what_libvirt_said_becomes_what_to_do(uri, code, domain, said, ours, words, wrong):
    error = refusal(uri, code, domain, " ".join(said.split()).rstrip("."))
    assert error.code == ours, error.sentence
    assert uri in error.sentence
    assert error.sentence.endswith(".")
    assert not error.sentence.endswith("..")
    assert "\n" not in error.sentence
    for word in words:
        assert word in error.sentence
    for word in wrong:
        assert word not in error.sentence
    assert (error.details["libvirt_code"], error.details["libvirt_domain"]) == (code, domain)


def test_another_daemon_that_is_down_is_named_in_the_middle_of_work():
    said = "Failed to connect socket to '/run/libvirt/virtnetworkd-sock': No such file or directory"
    assert "'systemctl start virtnetworkd.socket'" in explain_silent_socket(said)
    assert explain_silent_socket("Network not found: no network with matching name 'Failed'") is None


def test_a_daemon_behind_the_connection_that_goes_away_is_no_refusal():
    """What virtqemud passes on, of libvirt 9.0, when virtnetworkd was killed: while it was asked, and ever after."""
    assert is_disconnected(RPC, "End of file while reading data: Input/output error")
    assert is_disconnected(RPC, "internal error: client socket is closed")
    assert not is_disconnected(19, "internal error: client socket is closed")
    assert not is_disconnected(RPC, "Requested operation is not valid: network 'lan' is not active")


LOCAL = ["qemu:///system", "qemu+unix:///system", "qemu:///session", "network:///system", "test:///default",
         "qemu:///system?mode=direct"]  # fmt: skip
REMOTE = ["qemu+ssh://b/system", "qemu+tls://b/system", "qemu://b/system", "qemu+tcp://b/system", "test+tcp://b/default",
          "qemu+tcp:///system", "qemu+ssh://localhost/system", "qemu+ssh://localhost:2222/system", "qemu+ext:///system",
          "qemu+libssh2://b/system", "qemu:///system?socket=/run/tunnel-sock"]  # fmt: skip


@pytest.mark.parametrize("uri", LOCAL + REMOTE)
def test_only_the_local_socket_is_surely_this_host(uri):
    assert is_remote(uri) == (uri in REMOTE)
