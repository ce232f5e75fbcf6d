# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_guest_info: guests as the migration check needs them."""

from __future__ import annotations

from typing import Any

from .._model.guest import FAIL, SKIP
from .argument_spec import connection_spec
from .module import Module, run


def main() -> None:
    module = Module(
        argument_spec={
            "names": {"type": "list", "elements": "str"},
            "missing": {"type": "str", "choices": [FAIL, SKIP], "default": FAIL},
            "resolve": {"type": "list", "elements": "str", "default": []},
            "unsafe": {"type": "bool", "default": False},
            **connection_spec(),
        },
        supports_check_mode=True,
    )
    run(module, _work)


def _work(module: Module) -> dict[str, Any]:
    # Imported behind the gate, which says what is missing on this host.
    from .._run.describe import describe

    params = module.params
    found = describe(params["uri"], params["names"], params["missing"], params["resolve"])
    guests = [{**guest, "unsafe": params["unsafe"]} for guest in found["guests"]]
    return {"changed": False, **found, "guests": guests}
