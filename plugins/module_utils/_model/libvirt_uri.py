# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URIs by which a host reaches another host's libvirt (https://libvirt.org/uri.html)."""

from __future__ import annotations

from typing import Optional
from urllib.parse import urlsplit

TCP, TLS, SSH = 16509, 16514, 22
# Without a transport, a URI with a host means TLS.
_PORTS = {"": TLS, "tls": TLS, "tcp": TCP, "ssh": SSH, "libssh": SSH, "libssh2": SSH}


def port_of(uri: str) -> Optional[int]:
    """The TCP port to which it connects; None where that cannot be known."""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None
    _driver, _plus, transport = parts.scheme.partition("+")
    return (port or _PORTS.get(transport)) if parts.hostname else None
