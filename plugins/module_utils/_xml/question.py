# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A domain's XML -> what libvirt on a destination is asked about the guest."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from .etree import write_canonical_text

_SOME_PATH = "/path"
_SOME_UUID = "11111111-1111-1111-1111-111111111111"
# NICs, labels and the CPU have rules of their own; the rest makes no difference to QEMU's command line.
_LEFT_OUT = (
    "devices/interface", "seclabel", "cpu", "title", "description", "metadata", "resource", "cputune", "numatune",
    "blkiotune", "memtune", "perf", "devices/*//alias",
)  # fmt: skip
_TEXTS = {
    "name": "guest", "uuid": _SOME_UUID, "genid": _SOME_UUID, "os/nvram": _SOME_PATH, "os/cmdline": "quiet",
    "devices/disk/serial": "serial", "devices/memory/source/path": _SOME_PATH,
}  # fmt: skip
# Paths are looked up by themselves.
_WITH_PATHS = ("devices/*//source", "devices/*//log")
_PATHS = ("file", "dev", "dir", "path")


def make_question(root: Any) -> str:
    """The definition, the same for guests that differ in nothing that QEMU must have. root: of the domain's XML."""
    root = deepcopy(root)
    cpu, numa = root.find("cpu"), root.find("cpu/numa")
    for place in _LEFT_OUT:
        for node in root.findall(place):
            node.getparent().remove(node)
    if numa is not None:  # without its cells a guest can have no memory devices
        cpu.attrib.clear()
        cpu[:] = [numa]
        root.append(cpu)
    for place in _WITH_PATHS:
        for node in root.iterfind(place):
            for name in _PATHS:
                if node.get(name):
                    node.set(name, _SOME_PATH)
    for place, text in _TEXTS.items():
        for node in root.iterfind(place):
            node.text = text
    root.attrib.pop("id", None)
    return write_canonical_text(root)
