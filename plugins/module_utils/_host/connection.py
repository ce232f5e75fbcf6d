# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection to libvirt, and libvirt's errors as ours."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Optional

from .._model.errors import VirtfleetError
from .._model.host import Host, version_of

try:
    import libvirt
except ImportError:  # said to the user by the dependency gate, before anything here is called
    libvirt = None

# The other files of this layer take libvirt from here.
__all__ = ("connect", "errors", "host_of", "hostname_of", "is_remote", "libvirt", "qemu_version_of", "sees_daemons")

# A daemon that accepts the connection and then does not answer (stopped, swapped out, hung) would block the task
# forever. The daemon's main loop answers the keepalive, so a long call on a busy host is not interrupted.
OPEN_SECONDS = 60
KEEPALIVE_SECONDS, KEEPALIVE_COUNT = 5, 6

# Before what a program said that libvirt ran: its whole command line.
_PROGRAM = re.compile(r"^internal error: Child process \(.*?\) unexpected exit status [0-9]+: ")

# An explicit socket may be a tunnel to anywhere.
_LOCAL = re.compile(r"^[a-z0-9]+(\+unix)?:///(?!.*[?&;]socket=)")


def connect(uri: str) -> Any:
    """An open virConnect.

    Raises VirtfleetError DAEMON_UNREACHABLE, DAEMON_SILENT, PERMISSION_DENIED, HOST_KEY_UNKNOWN, CERTIFICATE_REFUSED or
    URI_INVALID.
    """
    # Errors come as exceptions; libvirt's own print of them would spoil the module's output.
    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    _run_events()
    conn = _open(uri)
    with suppress(libvirt.libvirtError):  # drivers without a daemon (test) have no keepalive
        conn.setKeepAlive(KEEPALIVE_SECONDS, KEEPALIVE_COUNT)
    return conn


def _open(uri: str) -> Any:
    answer: list[Any] = []

    def open_it() -> None:
        try:
            answer.append(libvirt.open(uri))
        except (libvirt.libvirtError, ValueError) as error:  # ValueError: what C cannot hold, such as a NUL
            answer.append(error)

    # libvirt's open has no timeout and no keepalive yet; the thread ends with the process.
    opener = threading.Thread(target=open_it, daemon=True)
    opener.start()
    opener.join(OPEN_SECONDS)
    if answer and not isinstance(answer[0], Exception):
        return answer[0]
    # Imported where something went wrong, as all that most runs do without.
    from .refusal import quoted_uri, refusal

    if not answer:
        raise VirtfleetError(
            "DAEMON_SILENT",
            f"The libvirt daemon of {quoted_uri(uri)} did not answer within {OPEN_SECONDS} seconds; check whether it "
            "is stopped or hangs, and restart it.",
            uri=uri,
        )
    error = answer[0]
    if isinstance(error, ValueError):
        raise VirtfleetError("URI_INVALID", f"libvirt rejects the URI {quoted_uri(uri)}: {error}.", uri=uri)
    raise refusal(uri, error.get_error_code(), error.get_error_domain(), message_of(error))


_events: list[threading.Thread] = []


def _run_events() -> None:
    """libvirt's event loop, which the keepalive needs; once per process, and ending with it."""
    if _events:
        return
    libvirt.virEventRegisterDefaultImpl()

    def run() -> None:
        while True:
            libvirt.virEventRunDefaultImpl()

    _events.append(threading.Thread(target=run, daemon=True))
    _events[0].start()


def host_of(conn: Any, uri: str) -> Host:
    """What planning needs to know of the host. The version is the daemon's, not that of this library."""
    with errors("read the version of libvirt", conn):
        # The URI that was opened: the one given may be an alias of it, or none.
        return Host(version_of(conn.getLibVersion()), remote=is_remote(conn.getURI() or uri))


def qemu_version_of(conn: Any) -> Optional[str]:
    """None if libvirt does not return one: no QEMU is installed, or this is a connection to networks only."""
    with suppress(libvirt.libvirtError):
        return ".".join(map(str, version_of(conn.getVersion())))
    return None


def hostname_of(conn: Any) -> Optional[str]:
    """None if libvirt does not return it: network:///system is a connection to networks only."""
    try:
        return str(conn.getHostname())
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_SUPPORT:
            return None
        with errors("read the host's name", conn):
            raise


def is_remote(uri: str) -> bool:
    """Whether the daemon may be on another host, so that the links seen from here need not be its own.

    Every connection except one to the local socket counts, including localhost: that may be a tunnel or a container.
    """
    return not _LOCAL.match(uri)


def sees_daemons(uri: str) -> bool:
    """Whether what the daemon runs is found where the system's libvirt keeps it on this host."""
    return not is_remote(uri) and uri.partition("?")[0].endswith(":///system")


@contextmanager
def errors(doing: str, conn: Any = None) -> Iterator[None]:
    """Turn libvirt's error in the block into ours. doing: "define network 'red'"."""
    try:
        yield
    except libvirt.libvirtError as error:
        raise translate(error, doing, conn) from None


def translate(error: Any, doing: str, conn: Any = None) -> VirtfleetError:
    """The VirtfleetError of a libvirtError: its code, domain and words, and what it means where we know."""
    message = message_of(error)
    beside = {
        "libvirt_code": error.get_error_code(),
        "libvirt_domain": error.get_error_domain(),
        "libvirt_message": message,
    }
    if conn is not None and not _alive(conn):
        if "keepalive timeout" in message:
            seconds = KEEPALIVE_SECONDS * KEEPALIVE_COUNT
            return VirtfleetError(
                "DAEMON_SILENT",
                f"The libvirt daemon did not answer for {seconds} seconds while trying to {doing}.",
                **beside,
            )
        return VirtfleetError(
            "DAEMON_LOST",
            f"The connection to the libvirt daemon was lost while trying to {doing} ({message}).",
            **beside,
        )
    from .refusal import explain_silent_socket, is_disconnected

    # A modular daemon calls others, and one of those may stop, or be down.
    if is_disconnected(error.get_error_domain(), message):
        return VirtfleetError(
            "DAEMON_LOST",
            f"libvirt lost its connection to another of its daemons while trying to {doing} ({message}).",
            **beside,
        )
    silent = explain_silent_socket(message)
    if silent:
        return VirtfleetError("DAEMON_UNREACHABLE", f"{silent}; it was needed to {doing}.", **beside)
    said = _PROGRAM.sub("", message)
    return VirtfleetError("LIBVIRT_REFUSED", f"libvirt refused to {doing}: {said}.", **beside)


def _alive(conn: Any) -> bool:
    try:
        return bool(conn.isAlive())
    except libvirt.libvirtError:
        return False


def message_of(error: Any) -> str:
    """What libvirt says, in one line and without a full stop."""
    message = error.get_error_message() or str(error)
    return " ".join(message.split()).rstrip(".")
