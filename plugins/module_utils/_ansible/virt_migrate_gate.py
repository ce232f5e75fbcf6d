# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_migrate_gate: a hook that refuses incoming guests."""

from __future__ import annotations

from typing import Any

from .._model.desired import ABSENT, PRESENT
from .module import Module, run, run_without_libvirt
from .policy import valid_policy
from .ranges import refuse_out_of_range

PASS, REFUSE = "pass", "refuse"


def main() -> None:
    module = Module(
        argument_spec={
            "state": {"type": "str", "choices": [PRESENT, ABSENT], "default": PRESENT},
            "without_facts": {"type": "str", "choices": [PASS, REFUSE], "default": PASS},
            "max_age": {"type": "int", "default": 3600},
            "timeout": {"type": "int", "default": 5},
            "policy": {"type": "dict", "default": {}},
            "assume_connected": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    (run if module.params["state"] == PRESENT else run_without_libvirt)(module, _work)


def _work(module: Module) -> dict[str, Any]:
    # Imported behind the gate, which says what is missing on this host.
    from .._migrate.gate import GateSettings
    from .._run.gate import install_gate, uninstall_gate

    params = module.params
    refuse_out_of_range({option: params[option] for option in ("max_age", "timeout")}, least=1)
    if params["state"] == ABSENT:
        return uninstall_gate(module.check_mode)
    policy = valid_policy(params["policy"])
    passes = params["without_facts"] == PASS
    settings = GateSettings(params["max_age"], passes, policy, params["assume_connected"])
    return install_gate(settings, params["timeout"], module.check_mode)
