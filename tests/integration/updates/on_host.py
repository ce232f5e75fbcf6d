# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run on a lab host: networks are started, updated by libvirt's binding, and shown after each update.

Standard input: a list of [network XML, [[command, section, index, xml], ...]]. Output: for each the XML before and
after every update, and whether libvirt took it.
"""

from __future__ import annotations

import json
import sys

import libvirt

libvirt.registerErrorHandler(lambda _context, _error: None, None)
COMMANDS = {"add": "ADD_LAST", "add_first": "ADD_FIRST", "modify": "MODIFY", "delete": "DELETE"}


def main() -> None:
    conn = libvirt.open("qemu:///system")
    told = []
    for xml, updates in json.load(sys.stdin):
        network = conn.networkCreateXML(xml)
        try:
            shown = [(True, network.XMLDesc(0))]
            for command, section, index, fragment in updates:
                number = getattr(libvirt, "VIR_NETWORK_SECTION_" + section.replace("-", "_").upper())
                action = getattr(libvirt, "VIR_NETWORK_UPDATE_COMMAND_" + COMMANDS[command])
                try:
                    network.update(action, number, index, fragment, libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE)
                    taken = True
                except libvirt.libvirtError:
                    taken = False
                shown.append((taken, network.XMLDesc(0)))
        finally:
            network.destroy()
        told.append(shown)
    json.dump(told, sys.stdout)


main()
