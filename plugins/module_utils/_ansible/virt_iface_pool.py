# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_iface_pool: the members of a network's pool."""

from __future__ import annotations

from typing import Any

from .._model.errors import VirtfleetError, sentence_of
from .._plan.pool.request import SELECTION, Request
from .argument_spec import connection_spec, options_of, restart_spec, safety_spec
from .module import Module, given, run


def pool_spec() -> dict[str, Any]:
    selection = options_of(SELECTION)
    for switch in ("exclusive", "drain"):
        selection[switch]["default"] = False
    return {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        **selection,
        "reclaim_stale": {"type": "bool", "default": False},
    }


def main() -> None:
    module = Module(
        argument_spec={**pool_spec(), **restart_spec(), **safety_spec(), **connection_spec()},
        required_by={"vfs": ["pf"]},
        supports_check_mode=True,
    )
    run(module, _work)


def _work(module: Module) -> dict[str, Any]:
    # Imported behind the gate, which says what is missing on this host.
    from .._plan.yaml_text import to_yaml
    from .._run.apply_pool import apply_pool, drained_members
    from .params import run_options
    from .report import confirm_result

    params = module.params
    done = apply_pool(_request(params), run_options(module))
    for warning in done.warnings:
        module.warn(warning)
    header = f"pool of network {params['name']}"
    return {
        "changed": done.plan.changed,
        "pool": done.pool.as_dict(),
        "steps": [step.as_dict() for step in done.plan.steps],
        "pending": list(done.plan.pending),
        "freed": [
            {"member": port.member, "guest": port.name, "mac": port.mac, "port": port.port} for port in done.freed
        ],
        "drained": drained_members(done.pool),
        "diff": {
            "before": to_yaml(done.before),
            "after": to_yaml(done.after),
            "before_header": header,
            "after_header": header,
        },
        **confirm_result(done.confirm),
    }


def _request(params: dict[str, Any]) -> Request:
    """Raises VirtfleetError OPTIONS_INVALID."""
    members = params["members"]
    match = given(params["match"] or {})
    request = Request(
        network=params["name"],
        present=params["state"] == "present",
        members=None if members is None else tuple(members),
        match=match,
        pf=params["pf"],
        vfs=params["vfs"],
        exclusive=params["exclusive"],
        drain=params["drain"],
        reclaim_stale=params["reclaim_stale"],
        max_guests=params["max_guests"],
    )
    problem = request.problem
    if params["match"] is not None and not match:
        problem = "match is empty and would match every link; give at least one condition"
    if problem:
        raise VirtfleetError("OPTIONS_INVALID", sentence_of(problem))
    return request
