# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of networks and of host devices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Optional

from ..._model.bridge import is_template
from ..._model.errors import Path, Problem
from ..._model.field import Document
from ..._model.forward import is_virtual

# libvirt makes files out of a network's name; with the longest suffix (.addnhosts, .hostsfile) one has 255 bytes.
NAME_BYTES = 245
# The kernel's IFNAMSIZ, less the closing NUL.
DEVICE_BYTES = 15

# What the kernel calls its settings for all links, in /proc/sys/net/ipv4/conf.
_RESERVED = ("all", "default")
_DEVICE = re.compile(r"^[^\s/:\x00-\x1f]+$")
# The kernel treats this byte as white space, so it refuses "\u00e0" and other letters that end with it in UTF-8.
_SPACE = b"\xa0"


def check_network_name(name: str) -> Optional[Problem]:
    """For a new network: an existing one may have any name."""
    reason = None
    size = len(name.encode("utf-8", "surrogatepass"))
    if not name:
        reason = "is empty"
    elif size > NAME_BYTES:
        reason = f"has {size} bytes; the maximum is {NAME_BYTES}, because libvirt uses it in file names"
    elif "/" in name:
        reason = "has a slash, but libvirt uses it in file names"
    elif not name.isprintable():
        reason = "has a line break or another non-printable character"
    elif any(character in name for character in "<>&\"'"):
        reason = "has one of the XML characters < > & \" '"
    elif name != name.strip() or name in (".", ".."):
        reason = "starts or ends with a space, or consists of dots only"
    if reason is None:
        return None
    shown = ascii(name) if len(name) <= 60 else ascii(name[:40]) + "..."
    return Problem("NAME_INVALID", Path("name"), "The network name {network} {reason}.", network=shown, reason=reason)


def check_device_names(document: Document) -> Iterator[Problem]:
    """Names of the bridge and of the forward devices: what the kernel can hold."""
    forward = document.get("forward") or {}
    bridge = (document.get("bridge") or {}).get("name")
    named = [("bridge.name", bridge), ("forward.dev", forward.get("dev"))]
    named.append(("forward.pf.dev", (forward.get("pf") or {}).get("dev")))
    named += [("forward.interfaces", item.get("dev")) for item in forward.get("interfaces") or ()]
    if is_virtual(document) and "%" in str(bridge) and not is_template(str(bridge)):
        yield Problem(
            "DEVICE_NAME_INVALID",
            Path("bridge.name"),
            "bridge.name is {name!a}; a percent sign is allowed only in a template, such as virbr%d, that libvirt "
            "numbers.",
            name=bridge,
        )
    for option, device in named:
        if device is not None:
            yield from check_device_name(Path(option), device)


def check_device_name(path: Path, device: str) -> Iterator[Problem]:
    raw = str(device).encode("utf-8", "surrogatepass")
    size = len(raw)
    # A bridge name may be a template for libvirt to number, such as virbr%d.
    if size > DEVICE_BYTES or not _DEVICE.match(device) or device in (".", ".."):
        yield Problem(
            "DEVICE_NAME_INVALID",
            path,
            "{path} is {device!a}; a network device name has 1 to {most} bytes and no slash, colon or white space.",
            device=device,
            most=DEVICE_BYTES,
        )
    elif _SPACE in raw:
        yield Problem(
            "DEVICE_NAME_INVALID",
            path,
            "{path} is {device!a}; the kernel treats its byte A0 as white space, which a device name cannot have.",
            device=device,
        )
    elif device in _RESERVED:
        yield Problem(
            "DEVICE_NAME_INVALID", path, "{path} is {device!a}, which the kernel reserves; use another.", device=device
        )
