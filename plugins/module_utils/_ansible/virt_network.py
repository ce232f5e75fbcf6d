# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_network: one network."""

from __future__ import annotations

from typing import Any

from .argument_spec import connection_spec, guests_spec, network_exclusions, network_spec, restart_spec, safety_spec
from .module import Module, run


def main() -> None:
    module = Module(
        argument_spec={**network_spec(), **restart_spec(), **guests_spec(), **safety_spec(), **connection_spec()},
        mutually_exclusive=network_exclusions(),
        supports_check_mode=True,
    )
    run(module, _work)


def _work(module: Module) -> dict[str, Any]:
    # Imported behind the gate, which says what is missing on this host.
    from .._model.options import network_options
    from .._run.apply_networks import apply_networks
    from .params import desired_network, run_options
    from .report import confirm_result, plan_diff, plan_result

    params = module.params
    done = apply_networks([desired_network(params)], run_options(module))
    for warning in done.warnings:
        module.warn(warning)
    plan, observed = done.work[0]
    result = plan_result(plan, done.gaps.get(plan.network), done.old)
    del result["name"]
    result["network"] = network_options(observed) if observed.exists else {}
    result["diff"] = plan_diff(plan)
    return {**result, **confirm_result(done.confirm)}
