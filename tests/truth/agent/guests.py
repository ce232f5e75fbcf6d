# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts guests and moves them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Callable

import libvirt
import tools

FLAGS = {
    "live": libvirt.VIR_MIGRATE_LIVE,
    "p2p": libvirt.VIR_MIGRATE_PEER2PEER,
    "offline": libvirt.VIR_MIGRATE_OFFLINE,
    "persistent": libvirt.VIR_MIGRATE_PERSIST_DEST,
    "undefine_source": libvirt.VIR_MIGRATE_UNDEFINE_SOURCE,
    "unsafe": libvirt.VIR_MIGRATE_UNSAFE,
}


def start(xml: str, persistent: bool = True, paused: bool = False) -> None:
    """Run a guest. Paused: it has its ports before its first instruction, and costs nothing."""
    flags = libvirt.VIR_DOMAIN_START_PAUSED if paused else 0
    if persistent:
        tools.conn().defineXML(xml).createWithFlags(flags)
    else:
        tools.conn().createXML(xml, flags)


def offline(xml: str) -> None:
    """Only define it."""
    tools.conn().defineXML(xml)


def save(name: str, path: str) -> None:
    tools.conn().lookupByName(name).saveFlags(path, None, 0)


def restore(xml: str, path: str, persistent: bool = True) -> None:
    """Wake a guest that was saved, plugged in as the XML says."""
    if persistent:
        tools.conn().defineXML(xml)
    tools.conn().restoreFlags(path, xml, libvirt.VIR_DOMAIN_SAVE_RUNNING)


def migrate(name: str, uri: str, flags: list[str]) -> dict[str, Any]:
    """libvirt's answer: accepted, or its error."""
    bits = 0
    for flag in flags:
        bits |= FLAGS[flag]
    return _answer(lambda: tools.conn().lookupByName(name).migrateToURI3(uri, {}, bits))


def launch(name: str) -> dict[str, Any]:
    """libvirt's answer to the start of a guest that came defined only."""
    return _answer(lambda: tools.conn().lookupByName(name).create())


def _answer(call: Callable[[], Any]) -> dict[str, Any]:
    try:
        call()
    except libvirt.libvirtError as error:
        message = " ".join((error.get_error_message() or str(error)).split())
        return {"refused": {"code": error.get_error_code(), "domain": error.get_error_domain(), "message": message}}
    return {"refused": None}


def saved(name: str) -> bool:
    """Whether its memory is in a file of libvirt's (managed save)."""
    with suppress(libvirt.libvirtError):
        return bool(tools.conn().lookupByName(name).hasManagedSaveImage(0))
    return False


def destroy(name: str) -> None:
    tools.conn().lookupByName(name).destroy()


def state(name: str) -> str:
    """running, paused, off or absent."""
    with suppress(libvirt.libvirtError):
        guest = tools.conn().lookupByName(name)
        if not guest.isActive():
            return "off"
        return "running" if guest.state()[0] == libvirt.VIR_DOMAIN_RUNNING else "paused"
    return "absent"
