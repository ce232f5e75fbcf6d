# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts what a module's run goes through: the files whose code runs, the layers, and how often the order of the files
leads back to an outer layer. The numbers in docs/architecture.md come from here.

    unshare -m sh -c 'mount -t tmpfs t /var/lib; exec python tests/tools/way.py COLLECTIONS WORD'

as root, in a mount namespace of its own, because a run makes its lock in /var/lib. COLLECTIONS: a directory with
ansible_collections in it, also with another version of the collection. WORD: an option, such as mtu. libvirt's test
driver answers.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import re
import sys
from pathlib import Path
from types import FrameType
from typing import Any

COLLECTION = "ansible_collections.virtfleet.network.plugins"
URI = "test:///default"
# From the entrance inwards. Older versions have fewer.
ORDER = ("_ansible", "_run", "_host", "_migrate", "_fleet", "_plan", "_xml", "_model")
NETWORK = "<network><name>lan</name><bridge name='virbr77'/><ip address='10.99.0.1' netmask='255.255.255.0'/></network>"


class Way:
    """The files below a directory of which a function runs, in the order of their first calls. Imports do not count."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.files: list[str] = []
        self._known: dict[str, str | None] = {}

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> None:
        file = self._file(frame) if event == "call" else None
        if file is not None and file not in self.files and not self._imported(frame):
            self.files.append(file)

    def _file(self, frame: FrameType) -> str | None:
        name = frame.f_code.co_filename
        if name not in self._known:
            path = Path(name).resolve()
            inside = path.is_relative_to(self.directory)
            self._known[name] = str(path.relative_to(self.directory)) if inside else None
        return self._known[name]

    def _imported(self, frame: FrameType | None) -> bool:
        while frame is not None:
            if frame.f_code.co_name == "<module>" and self._file(frame) is not None:
                return True
            frame = frame.f_back
        return False

    def counted(self, word: str) -> dict[str, Any]:
        depth = [ORDER.index(file.partition("/")[0]) for file in self.files]
        naming = [one for one in self.files if re.search(rf"\b{word}\b", (self.directory / one).read_text())]
        return {
            "files": len(self.files),
            "layers": len(set(depth)),
            "back to an outer layer": sum(later < earlier for earlier, later in zip(depth, depth[1:])),
            f"files that name {word}": naming,
            "way": self.files,
        }


def run(collections: Path, module: str, arguments: dict[str, Any]) -> tuple[Way, dict[str, Any]]:
    """The way of a module's run, and its result."""
    from ansible.module_utils import basic

    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
    basic._ANSIBLE_PROFILE = "legacy"
    main = importlib.import_module(f"{COLLECTION}.modules.{module}").main
    way = Way((collections / COLLECTION.replace(".", "/") / "module_utils").resolve())
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        sys.setprofile(way)
        try:
            main()
        finally:
            sys.setprofile(None)
    return way, json.loads(printed.getvalue())


def run_both(collections: Path, word: str) -> None:
    sys.path[:0] = [str(collections)]
    sys.path.append("/usr/lib/python3/dist-packages")  # libvirt's binding comes with the system only
    import libvirt

    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    conn = libvirt.open(URI)  # the driver keeps its state while this is open
    for network in conn.listAllNetworks():
        network.destroy()
        network.undefine()
    conn.networkDefineXML(NETWORK).create()
    option = {"name": "lan", "mtu": 9000, "uri": URI, "restart": "force", "_ansible_check_mode": True}
    way, _result = run(collections, "virt_network", option)
    print(json.dumps({"one option": way.counted(word)}, indent=1))
    _way, told = run(collections, "virt_guest_info", {"uri": URI})
    way, _result = run(collections, "virt_migrate_check", {"uri": URI, "guests": told["guests"]})
    print(json.dumps({"one verdict": way.counted(word)}, indent=1))


if __name__ == "__main__":
    run_both(Path(sys.argv[1]), sys.argv[2])
