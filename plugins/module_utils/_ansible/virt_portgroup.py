# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_portgroup: one portgroup of a network."""

from __future__ import annotations

from typing import Any

from .._model.desired import ABSENT, PRESENT
from .._model.portgroup import ALLOW, PORTGROUP, REFUSE
from .argument_spec import connection_spec, guests_spec, options_of, safety_spec
from .module import Module, given, run

OPTIONS = tuple(name for name, field in PORTGROUP.fields.items() if name != "name" and not field.volatile)


def main() -> None:
    module = Module(
        argument_spec={
            "network": {"type": "str", "required": True},
            **options_of(PORTGROUP),
            "state": {"type": "str", "choices": [PRESENT, ABSENT], "default": PRESENT},
            "in_use": {"type": "str", "choices": [REFUSE, ALLOW], "default": REFUSE},
            **guests_spec(),
            **safety_spec(),
            **connection_spec(),
        },
        supports_check_mode=True,
    )
    run(module, _work)


def _work(module: Module) -> dict[str, Any]:
    # Imported behind the gate, which says what is missing on this host.
    from .._plan.portgroup import DesiredPortgroup
    from .._run.apply_portgroup import apply_portgroup
    from .params import run_options
    from .report import confirm_result, plan_diff, plan_result

    params = module.params
    wish = DesiredPortgroup(
        params["network"],
        params["name"],
        params["state"],
        {option: given(params[option]) for option in OPTIONS if params[option] is not None},
        params["in_use"],
    )
    done = apply_portgroup(wish, run_options(module))
    for warning in done.warnings:
        module.warn(warning)
    result = plan_result(done.plan)
    for key in ("name", "effect", "plugged", "blocked_by_guests", "replugged", "expected_gaps"):
        del result[key]
    return {
        **result,
        "portgroup": done.portgroup,
        "guests_on_old_settings": done.old,
        "diff": plan_diff(done.plan),
        **confirm_result(done.confirm),
    }
