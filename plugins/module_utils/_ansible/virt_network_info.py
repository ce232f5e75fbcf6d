# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_network_info: what there is, in the form in which it can be given back."""

from __future__ import annotations

from typing import Any

from .._run.gathered import GATHER
from .argument_spec import connection_spec
from .module import Module, run


def main() -> None:
    module = Module(
        argument_spec={
            "name": {"type": "str"},
            "gather": {"type": "list", "elements": "str", "choices": list(GATHER), "default": list(GATHER)},
            **connection_spec(),
        },
        supports_check_mode=True,
    )
    run(module, _work)


def _work(module: Module) -> dict[str, Any]:
    # Imported behind the gate, which says what is missing on this host.
    from .._run.gather import gather

    params = module.params
    return {"changed": False, **gather(params["uri"], params["name"], params["gather"])}
