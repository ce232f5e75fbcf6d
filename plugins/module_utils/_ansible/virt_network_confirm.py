# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_network_confirm: keep a change, or roll it back now."""

from __future__ import annotations

from typing import Any

from .argument_spec import connection_spec, lock_spec
from .module import Module, run

CONFIRM, ROLL_BACK = "confirm", "roll_back"


def main() -> None:
    module = Module(
        argument_spec={
            "run": {"type": "str", "required": True},
            "decision": {"type": "str", "choices": [CONFIRM, ROLL_BACK], "default": CONFIRM},
            "verify_reach": {"type": "list", "elements": "str", "default": []},
            **lock_spec(),
            **connection_spec(),
        },
        supports_check_mode=True,
    )
    run(module, _work)


def _work(module: Module) -> dict[str, Any]:
    # Imported behind the gate, which says what is missing on this host.
    from .._run.confirmation import confirm_change, roll_back_change
    from .params import safety

    params = module.params
    safe = safety(params)
    common: dict[str, Any] = {"uri": params["uri"], "wait": safe.lock_timeout, "check_mode": module.check_mode}
    if params["decision"] == ROLL_BACK:
        done = roll_back_change(params["run"], **common)
        return {"changed": True, "networks": done.networks, "rolled_back": done.sentence}
    done = confirm_change(params["run"], reach=safe.verify_reach, **common)
    return {"changed": True, "networks": done.networks}
