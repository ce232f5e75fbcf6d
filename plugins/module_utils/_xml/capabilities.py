# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt's capabilities XML -> the host's UUID, processor, huge page sizes, and the machine types of its QEMUs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Optional

from .._model.plain_number import plain_number
from .etree import parse_xml, write_canonical_text


def parse_capabilities(xml: str) -> dict[str, Any]:
    """uuid; cpu: the processor as libvirt's own comparison takes it, None where it is not told; pages: sizes in KiB;
    machines: architecture -> names, both the canonical ones and their aliases; kinds: architecture -> kvm, qemu and
    whatever else guests can be; emulators: paths of the QEMUs; security_models: those
    of apparmor, selinux and dac that libvirt uses; cpus: how many the host has, None if unknown; processors, nodes: the
    numbers of its processors and NUMA nodes.

    Raises VirtfleetError XML_INVALID.
    """
    root = parse_xml(xml)
    cpu = root.find("host/cpu")
    machines: dict[str, list[str]] = {}
    kinds: dict[str, set[str]] = {}
    for arch in root.iterfind("guest/arch"):
        names = {str(text) for node in arch.iter("machine") for text in (node.text, node.get("canonical")) if text}
        machines.setdefault(str(arch.get("name")), []).extend(sorted(names))
        kinds.setdefault(str(arch.get("name")), set()).update(str(node.get("type")) for node in arch.iter("domain"))
    return {
        "uuid": root.findtext("host/uuid"),
        "cpu": None if cpu is None else _read_cpu(cpu),
        "pages": [
            size
            for size in (plain_number(node.get("size", "")) for node in root.iterfind("host/cpu/pages"))
            if size is not None
        ],
        "emulators": sorted({str(node.text) for node in root.iterfind("guest/arch/emulator")}),
        "kinds": {name: sorted(found) for name, found in kinds.items()},
        "machines": {name: sorted(set(found)) for name, found in machines.items()},
        "cpus": sum(int(node.get("num", "0")) for node in root.iterfind("host/topology/cells/cell/cpus")) or None,
        "processors": _read_numbers(root.iterfind("host/topology/cells/cell/cpus/cpu")),
        "nodes": _read_numbers(root.iterfind("host/topology/cells/cell")),
        "security_models": sorted({str(node.text) for node in root.iterfind("host/secmodel/model")}),
    }


def _read_numbers(nodes: Iterable[Any]) -> Optional[list[int]]:
    found = {number for number in (plain_number(node.get("id", "")) for node in nodes) if number is not None}
    return sorted(found) or None


def _read_cpu(node: Any) -> Optional[str]:
    """Without what it says of pages, microcode and counters, which is no matter of guests."""
    if node.find("model") is None:
        return None
    for child in list(node):
        if child.tag not in ("arch", "model", "vendor", "feature"):
            node.remove(child)
    return write_canonical_text(node)
