# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a host of the lab and does what it is told: one JSON line in, one JSON line out.

A process that stays makes a hundred scenarios affordable. It uses libvirt and the host's own tools, and nothing of the
collection: what it sees is held against the collection.
"""

from __future__ import annotations

import json
import sys
import traceback

sys.dont_write_bytecode = True

import clean  # noqa: E402
import guests  # noqa: E402
import nics  # noqa: E402
import probe  # noqa: E402
import served  # noqa: E402
import setup  # noqa: E402

CALLS = {
    "remember": clean.remember,
    "recall": clean.recall,
    "clean": clean.clean,
    "setup": setup.setup,
    "run": setup.run_all,
    "qemu_conf": setup.qemu_conf,
    "start": guests.start,
    "save": guests.save,
    "restore": guests.restore,
    "offline": guests.offline,
    "migrate": guests.migrate,
    "launch": guests.launch,
    "destroy": guests.destroy,
    "state": guests.state,
    "saved": guests.saved,
    "nics": nics.nics,
    "waits": nics.waits,
    "leases": served.leases,
    "ping": probe.ping,
    "console": probe.console,
}


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"result": CALLS[request["call"]](**request["with"])}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


main()
