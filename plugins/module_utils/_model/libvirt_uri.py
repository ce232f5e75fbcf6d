# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URIs by which a host reaches another host's libvirt (https://libvirt.org/uri.html)."""

from __future__ import annotations

import re
from typing import Optional

TCP, TLS, SSH = 16509, 16514, 22
# Without a transport, a URI with a host means TLS.
_PORTS = {"": TLS, "tls": TLS, "tcp": TCP, "ssh": SSH, "libssh": SSH, "libssh2": SSH}
_URI = re.compile(r"\w+(?:\+(\w+))?://(?:[^@/]*@)?(\[[^\]]+\]|[^:/?#]+)(?::(\d+))?(?:[/?#]|$)")


def port_of(uri: str) -> Optional[int]:
    """The TCP port to which it connects; None where that cannot be known."""
    parts = _URI.match(uri)
    if parts is None:
        return None
    transport, _host, port = parts.groups()
    return int(port) if port else _PORTS.get(transport or "")
