# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_migrate_check: whether guests can come to this host and keep their networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._migrate.finding import BLOCKED, SEVERITIES, rank_of
from .._migrate.guest_facts import load_guests
from .._migrate.lookup_kinds import PROBE
from .argument_spec import connection_spec
from .module import Module, given, run, run_without_libvirt
from .policy import valid_policy

if TYPE_CHECKING:
    from .._migrate.verdicts import Verdict

NEVER = "never"
FAIL_ON = (*reversed(SEVERITIES[1:]), NEVER)


def main() -> None:
    module = Module(
        argument_spec={
            "guests": {"type": "list", "elements": "dict", "required": True},
            "policy": {"type": "dict", "default": {}},
            "fail_on": {"type": "str", "choices": list(FAIL_ON), "default": BLOCKED},
            "destination": {"type": "dict"},
            "max_age": {"type": "float"},
            "unsafe": {"type": "bool", "default": False},
            "migrate_uri": {"type": "str"},
            "probe_links": {"type": "bool", "default": False},
            **connection_spec(),
        },
        required_by={"max_age": ["destination"]},
        supports_check_mode=True,
    )
    # Saved facts can be judged anywhere, without libvirt.
    (run if module.params["destination"] is None else run_without_libvirt)(module, _work)


def _work(module: Module) -> dict[str, Any]:
    params = module.params
    policy = valid_policy(params["policy"])
    said = {"unsafe": True} if params["unsafe"] else {}
    guests = load_guests({**guest, **said} if said else guest for guest in params["guests"])
    if params["destination"] is None:
        from .._run.check import check_here

        probe = (PROBE,) if params["probe_links"] and not module.check_mode else ()
        judged = check_here(guests, params["uri"], policy, probe, params["migrate_uri"])
    else:
        from .._run.check import check_saved

        judged = check_saved(guests, params["destination"], policy, params["max_age"])
    # Ansible would echo all the guests.
    echoed = given({name: value for name, value in params.items() if name not in ("guests", "destination")})
    result = {**judged, "changed": False, "invocation": {"module_args": echoed}}
    if params["fail_on"] != NEVER and rank_of(judged["verdict"]) >= rank_of(params["fail_on"]):
        module.fail_json(_summary(judged["verdicts"], params["fail_on"]), code="NOT_ADVISED", **result)
    return result


def _summary(verdicts: list[Verdict], fail_on: str) -> str:
    """The worst reason of each of the first few guests that failed."""
    failed = [item for item in verdicts if rank_of(item["verdict"]) >= rank_of(fail_on)]
    shown = [f"{item['guest']} is {item['verdict']}: {item['findings'][0]['sentence']}" for item in failed[:5]]
    rest = len(failed) - len(shown)
    return " ".join(shown) + (f" {rest} more guests failed the check; see verdicts." if rest else "")
