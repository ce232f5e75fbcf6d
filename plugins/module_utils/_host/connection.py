# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection to libvirt, and libvirt's errors as ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .._model.errors import VirtfleetError
from .._model.host import Host, version_of

try:
    import libvirt
except ImportError:  # said to the user by the dependency gate, before anything here is called
    libvirt = None

_SOCKET = re.compile(r"'(/[^']*/([a-z]+)-(?:admin-|ro-)?sock(?:-ro)?)'")
_LOCAL = re.compile(r"^[a-z0-9]+(\+unix)?:///")
# libvirt's monolithic daemon serves libvirt-sock; every other socket is named after its daemon.
_UNITS = {"libvirt": "libvirtd"}


def connect(uri: str) -> Any:
    """An open virConnect. Raises VirtfleetError DAEMON_UNREACHABLE, PERMISSION_DENIED or URI_INVALID."""
    # Errors come as exceptions; libvirt's own print of them would spoil the module's output.
    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    try:
        return libvirt.open(uri)
    except libvirt.libvirtError as error:
        raise _connection_error(uri, error) from None


def host_of(conn: Any, uri: str) -> Host:
    """What planning needs to know of the host. The version is the daemon's, not that of this library."""
    with errors("read the version of libvirt", conn):
        return Host(version_of(conn.getLibVersion()), remote=is_remote(uri))


def is_remote(uri: str) -> bool:
    """Whether the daemon is on another host, so that the links seen from here are not its own."""
    return not _LOCAL.match(uri)


@contextmanager
def errors(doing: str, conn: Any = None) -> Iterator[None]:
    """Turn libvirt's error in the block into ours. doing: "define network 'red'"."""
    try:
        yield
    except libvirt.libvirtError as error:
        raise translate(error, doing, conn) from None


def translate(error: Any, doing: str, conn: Any = None) -> VirtfleetError:
    """The VirtfleetError of a libvirtError: its code, domain and words, and what it means where we know."""
    message = _one_line(error)
    beside = {
        "libvirt_code": error.get_error_code(),
        "libvirt_domain": error.get_error_domain(),
        "libvirt_message": message,
    }
    if conn is not None and not _alive(conn):
        return VirtfleetError(
            "DAEMON_LOST", f"The libvirt daemon went away in the attempt to {doing}: {message}.", **beside
        )
    if _SOCKET.search(message):
        return VirtfleetError("DAEMON_UNREACHABLE", f"{_unreachable(message)} ({doing}).", **beside)
    return VirtfleetError("LIBVIRT_REFUSED", f"libvirt refused to {doing}: {message}.", **beside)


def _alive(conn: Any) -> bool:
    try:
        return bool(conn.isAlive())
    except libvirt.libvirtError:
        return False


def _one_line(error: Any) -> str:
    message = error.get_error_message() or str(error)
    return " ".join(message.split()).rstrip(".")


def _unreachable(message: str) -> str:
    found = _SOCKET.search(message)
    if not found:
        return message
    path, daemon = found.groups()
    unit = _UNITS.get(daemon, daemon)
    why = message[found.end() :].lstrip(": ") or message
    return (
        f"The libvirt daemon does not answer on {path} ({why}); "
        f"start it with 'systemctl start {unit}.socket' (or {unit}.service)"
    )


def _connection_error(uri: str, error: Any) -> VirtfleetError:
    message = _one_line(error)
    beside = {
        "libvirt_code": error.get_error_code(),
        "libvirt_domain": error.get_error_domain(),
        "libvirt_message": message,
        "uri": uri,
    }
    denied = error.get_error_code() in (libvirt.VIR_ERR_AUTH_FAILED, libvirt.VIR_ERR_AUTH_CANCELLED)
    if denied or "Permission denied" in message:
        return VirtfleetError(
            "PERMISSION_DENIED",
            f"libvirt at {uri} refused the connection: {message}. "
            "Run as root (become) or as a member of group libvirt.",
            **beside,
        )
    if error.get_error_code() in (
        libvirt.VIR_ERR_NO_CONNECT,
        libvirt.VIR_ERR_INVALID_ARG,
        libvirt.VIR_ERR_CONFIG_UNSUPPORTED,
    ):
        return VirtfleetError("URI_INVALID", f"libvirt cannot connect to {uri!a}: {message}.", **beside)
    return VirtfleetError("DAEMON_UNREACHABLE", f"{_unreachable(message)}; the URI was {uri}.", **beside)
