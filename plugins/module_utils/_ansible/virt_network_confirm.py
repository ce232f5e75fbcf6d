# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_network_confirm: keep a change."""

from __future__ import annotations

from typing import Any

from .argument_spec import connection_spec, lock_spec
from .module import Module, run


def main() -> None:
    module = Module(
        argument_spec={"run": {"type": "str", "required": True}, **lock_spec(), **connection_spec()},
        supports_check_mode=True,
    )
    run(module, _work)


def _work(module: Module) -> dict[str, Any]:
    # Imported behind the gate, which says what is missing on this host.
    from .._run.confirmation import confirm
    from .params import safety

    params = module.params
    networks = confirm(params["run"], uri=params["uri"], wait=safety(params).lock_timeout, check_mode=module.check_mode)
    return {"changed": True, "networks": networks}
