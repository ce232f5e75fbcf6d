# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_network_info: the existing networks, in the form that virt_networks takes."""

from __future__ import annotations

from typing import Any

from .._migrate.lookup_kinds import GATHERED, LOOKUPS, PROBE
from .argument_spec import connection_spec
from .module import Module, run


def main() -> None:
    module = Module(
        argument_spec={
            "name": {"type": "str"},
            "gather": {"type": "list", "elements": "str", "choices": list(GATHERED), "default": list(GATHERED)},
            "lookups": {"type": "dict", "options": {kind: {"type": "list", "elements": "str"} for kind in LOOKUPS}},
            "probe_links": {"type": "bool", "default": False},
            "migrate_uri": {"type": "str"},
            **connection_spec(),
        },
        supports_check_mode=True,
    )
    run(module, _work)


def _work(module: Module) -> dict[str, Any]:
    # Imported behind the gate, which says what is missing on this host.
    from .._run.gather import gather, reached_by

    params = module.params
    lookups = params["lookups"]
    if lookups is not None:
        lookups = {kind: keys for kind, keys in lookups.items() if keys is not None}
    what = [*params["gather"], *([PROBE] if params["probe_links"] and not module.check_mode else ())]
    found = gather(params["uri"], params["name"], what, lookups)
    return {"changed": False, **reached_by(found, params["migrate_uri"])}
