# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a connection to libvirt failed, and what to do about it.

Pure: libvirt's code, domain and message in, a VirtfleetError out. libvirt says most of it in the message alone.
"""

from __future__ import annotations

import re

from .._model.errors import VirtfleetError

# Of libvirt's virErrorNumber and virErrorDomain, which never change.
NO_CONNECT, INVALID_ARG, XML_ERROR, AUTH_FAILED, CONFIG_UNSUPPORTED = 5, 8, 27, 45, 67
AUTH_CANCELLED, OPERATION_UNSUPPORTED, ACCESS_DENIED, AUTH_UNAVAILABLE = 79, 84, 88, 94
FROM_RPC, FROM_URI = 7, 45
_URI = (NO_CONNECT, INVALID_ARG, XML_ERROR, CONFIG_UNSUPPORTED, OPERATION_UNSUPPORTED)
_AUTH = (AUTH_FAILED, AUTH_CANCELLED, ACCESS_DENIED, AUTH_UNAVAILABLE)

# The maximum length of text from outside in a message.
_LONG = 250

_SOCKET = re.compile(r"Failed to connect socket to '(?P<path>[^']*/(?P<daemon>[^'/]+?)(?:-admin|-ro)?-sock(?:-ro)?)'")
_SERVER = re.compile(r"unable to connect to server at '(?P<path>[^']+)'")
_HUNG_UP = re.compile(r"(internal error: )?(End of file while|Cannot (recv|write) data|client socket is closed)")
_UNIT = re.compile(r"virt[a-z]+d")
_CERTIFICATE = re.compile(r"certificate|\bTLS\b|private key", re.IGNORECASE)


def refusal(uri: str, code: int, domain: int, message: str) -> VirtfleetError:
    """URI_INVALID, PERMISSION_DENIED, CERTIFICATE_REFUSED or DAEMON_UNREACHABLE. message: in one line, no full stop."""
    kind, sentence = _judged(uri, code, domain, message if len(message) <= _LONG else f"{message[:_LONG]}...")
    return VirtfleetError(kind, sentence, libvirt_code=code, libvirt_domain=domain, libvirt_message=message, uri=uri)


def quoted_uri(uri: str) -> str:
    """A URI in a sentence: in one line, and not endless."""
    return ascii(uri if len(uri) <= _LONG else f"{uri[:_LONG]}...")


def explain_silent_socket(message: str) -> str | None:
    """The sentence, without its full stop, for a message about a socket that does not answer; else None."""
    found = _SOCKET.search(message)
    if not found:
        return None
    why = _rest(message, found)
    return f"The libvirt daemon does not answer on {found['path']} ({why}){_start(found['path'], found['daemon'])}"


def is_address_in_use(message: str) -> bool:
    """Whether a start failed because something has the network's address already, such as a dnsmasq that was left."""
    return "Address already in use" in message


def is_disconnected(domain: int, message: str) -> bool:
    """Whether a modular daemon went away that was asked by way of the one that this connection goes to."""
    return domain == FROM_RPC and bool(_HUNG_UP.match(message))


def _judged(uri: str, code: int, domain: int, message: str) -> tuple[str, str]:
    shown = quoted_uri(uri)
    socket, server = _SOCKET.search(message), _SERVER.search(message)
    ssh = re.match(r"[a-z]+\+(ssh|libssh2?)\b", uri)
    if socket and "Permission denied" in message:
        return "PERMISSION_DENIED", (
            f"This user has no access to the socket {socket['path']} of the libvirt daemon (Permission denied). Run "
            f"the task as root (become: true) or as a member of group libvirt. The URI was {shown}."
        )
    if socket:
        return "DAEMON_UNREACHABLE", f"{explain_silent_socket(message)}; the URI was {shown}."
    if code in _URI or domain == FROM_URI or "URI path" in message:
        return "URI_INVALID", (
            f"libvirt rejects the URI {shown}: {message}. Valid URIs are, for example, qemu:///system and "
            "qemu+ssh://host/system."
        )
    if server:
        return "DAEMON_UNREACHABLE", (
            f"No libvirt daemon answers on {server['path']} ({_rest(message, server)}): check that its host is up, and "
            f"start it there with {_remote_unit(uri)}; the URI was {shown}."
        )
    if ssh and re.search(r"Permission denied|Access denied|authentication", message, re.IGNORECASE):
        return "PERMISSION_DENIED", (
            f"SSH refused the login for {shown} ({_bare(message)}): the user that runs the task needs a key "
            "that the other host accepts."
        )
    if ssh and re.search(r"host key", message, re.IGNORECASE):
        return "HOST_KEY_UNKNOWN", (
            f"SSH does not trust the host of {shown} ({_bare(message)}): add its key to known_hosts of the user that "
            "runs the task."
        )
    if not ssh and _CERTIFICATE.search(message):
        return "CERTIFICATE_REFUSED", (
            f"The TLS connection to {shown} failed: {message}. Check the certificates of both hosts (/etc/pki/CA, "
            "/etc/pki/libvirt); the server's certificate must contain the host name in the URI."
        )
    if code in _AUTH:
        return "PERMISSION_DENIED", (
            f"The libvirt daemon refused the login for {shown}: {message}. Run the task as root (become: true) "
            "or as a user that the daemon accepts."
        )
    if not uri:  # virtproxyd answers for the daemons that it finds, and libvirt does not say which it missed
        return "DAEMON_UNREACHABLE", (
            f"libvirt found no daemon for the empty URI '' ({_bare(message)}): start it with 'systemctl start "
            "virtqemud.socket' (libvirtd.socket where the daemon is monolithic), or set uri."
        )
    return "DAEMON_UNREACHABLE", f"The libvirt daemon of {shown} cannot be reached: {_bare(message)}."


def _rest(message: str, found: re.Match[str]) -> str:
    """What libvirt says after the address: the system's own reason."""
    return message[found.end() :].lstrip(": ").partition(": Input/output error")[0] or "no reason given"


def _start(path: str, daemon: str) -> str:
    """The unit that serves a socket: named after it, except for the monolithic daemon's."""
    if not path.startswith(("/run/libvirt/", "/var/run/libvirt/")):
        return ""
    if daemon == "libvirt":
        return "; start it with 'systemctl start libvirtd.socket' (virtproxyd.socket where the daemons are modular)"
    return f"; start it with 'systemctl start {daemon}.socket'" if _UNIT.fullmatch(daemon) else ""


def _remote_unit(uri: str) -> str:
    way = "tcp" if "+tcp:" in uri else "tls"
    return f"'systemctl start libvirtd-{way}.socket' (virtproxyd-{way}.socket where the daemons are modular)"


def _bare(message: str) -> str:
    """Without what libvirt wraps around the words of the ssh that it ran."""
    message = re.sub(r"^(Cannot recv data|End of file while reading data): ", "", message)
    return re.sub(r"\.?: (Connection reset by peer|Input/output error)$", "", message)
