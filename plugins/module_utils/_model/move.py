# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest's move to another host: what is asked for, and where the guest is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

LIVE, OFFLINE = "live", "offline"
NO_COMPRESSION, XBZRLE, ZLIB, ZSTD = "none", "xbzrle", "zlib", "zstd"
CANCEL, SUSPEND, POST_COPY = "cancel", "suspend", "post_copy"


@dataclass(frozen=True)
class Move:
    """destination: its libvirt's URI as the source's daemon reaches it; mode: LIVE for a guest that runs, OFFLINE for
    the definition of one that does not; traffic_uri: where QEMU sends the memory, None for what libvirt chooses;
    origin: the host that the guest keeps as its origin unless it has one, "" to forget it after the arrival, None to
    leave it alone.
    """

    guest: str
    destination: str
    mode: str = LIVE
    traffic_uri: Optional[str] = None
    origin: Optional[str] = None


@dataclass(frozen=True)
class MoveSettings:
    """bandwidth: MiB/s, 0 for no limit; parallel: connections, 0 for libvirt's single one; compression: NO_COMPRESSION
    or the method; persistent, undefine_source:
    None to keep the guest as persistent as it is; timeout: seconds, 0 for none; on_timeout: CANCEL, SUSPEND or
    POST_COPY.
    """

    bandwidth: int = 0
    auto_converge: bool = False
    post_copy: bool = False
    tls: bool = False
    parallel: int = 0
    compression: str = NO_COMPRESSION
    persistent: Optional[bool] = None
    undefine_source: Optional[bool] = None
    unsafe: bool = False
    timeout: float = 0
    on_timeout: str = CANCEL


@dataclass(frozen=True)
class Place:
    """A guest on one host: whether it runs there, is defined there, and starts with the host."""

    active: bool
    persistent: bool
    autostart: bool = False
