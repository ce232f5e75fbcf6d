# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words for stories: steps on a host, told on every host of the fleet."""

from __future__ import annotations

import shlex
from typing import Any, Callable

import fleet
import pytest
from harness.playbook import Call, Probe, Step, Task
from harness.story import guest, nic
from harness.told import Told

__all__ = ["Call", "Probe", "Step", "Task", "assert_quartet", "guest", "lab", "nic", "quartet", "shell", "story"]


def story(tell: Callable[..., tuple[Step, ...]], **cases: Any) -> Callable[[Any], Any]:
    """Run a test once on each host; its arguments `host` and `told` are that host and what happened there.

    tell: gives the steps for a host, and for a case where there are some; the argument `case` has the case's value.
    """
    hosts = fleet.HOSTS
    if not cases:
        variants = [
            pytest.param(host, marks=pytest.mark.smoke(steps=tell(host), host=host), id=host.said) for host in hosts
        ]
        return pytest.mark.parametrize("host", variants)
    variants = [
        pytest.param(host, case, marks=pytest.mark.smoke(steps=tell(host, case), host=host), id=f"{host.said}-{name}")
        for host in hosts
        for name, case in cases.items()
    ]
    return pytest.mark.parametrize(("host", "case"), variants)


def quartet(name: str, module: str, options: dict[str, Any]) -> tuple[Step, ...]:
    """Check, run, again, again in check mode. name: of the steps, as name_check, name, name_again, name_still."""
    return (
        Call(f"{name}_check", module, options, check=True),
        Call(name, module, options),
        Call(f"{name}_again", module, options),
        Call(f"{name}_still", module, options, check=True),
    )


def assert_quartet(told: Told, name: str) -> dict[str, Any]:
    """It did what check mode said, and all of it at once. The result of the run."""
    promised, done, again, still = (told.ok(f"{name}{step}") for step in ("_check", "", "_again", "_still"))
    assert (promised["changed"], done["changed"], again["changed"], still["changed"]) == (True, True, False, False)
    assert promised["steps"] == done["steps"]
    assert done["steps"]
    return done


def shell(name: str, script: str) -> Task:
    return Task(name, {"ansible.builtin.shell": script, "check_mode": False})


def lab(name: str, action: str, host: fleet.Host, *daemons: str) -> Task:
    """Start, stop or kill daemons of the host, from outside of it."""
    script = " && ".join(shlex.join([*fleet.LAB, action, host.name, daemon]) for daemon in daemons)
    return Task(name, {"ansible.builtin.shell": script, "delegate_to": "localhost", "check_mode": False})
