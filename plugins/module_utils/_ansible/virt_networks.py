# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_networks: all networks of a host in one call."""

from __future__ import annotations

from typing import Any

from .argument_spec import connection_spec, guests_spec, network_exclusions, network_spec, restart_spec, safety_spec
from .module import Module, run


def main() -> None:
    networks = {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": network_spec(),
        "mutually_exclusive": network_exclusions(),
    }
    module = Module(
        argument_spec={
            "networks": networks,
            "purge": {"type": "bool", "default": False},
            "adopt": {"type": "bool", "default": False},
            **restart_spec(),
            **guests_spec(),
            **safety_spec(),
            **connection_spec(),
        },
        supports_check_mode=True,
    )
    run(module, _work)


def _work(module: Module) -> dict[str, Any]:
    # Imported behind the gate, which says what is missing on this host.
    from .._run.apply_networks import apply_networks, apply_with_purge
    from .params import desired_network, run_options
    from .report import confirm_result, plan_diff, plan_result

    params = module.params
    apply = apply_with_purge if params["purge"] else apply_networks
    wanted = [desired_network(network, claims=params["adopt"]) for network in params["networks"]]
    done = apply(wanted, run_options(module))
    for warning in done.warnings:
        module.warn(warning)
    return {
        "changed": any(plan.changed for plan, _observed in done.work),
        "networks": [plan_result(plan, done.gaps.get(plan.network), done.old) for plan, _observed in done.work],
        "diff": [plan_diff(plan) for plan, _observed in done.work if plan.before != plan.after],
        **confirm_result(done.confirm),
    }
