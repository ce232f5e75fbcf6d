# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_portgroup without a host: what it does with what is there."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.virtfleet.network.plugins.module_utils._model.desired import NEVER
from ansible_collections.virtfleet.network.plugins.module_utils._model.host import Host
from ansible_collections.virtfleet.network.plugins.module_utils._plan.old_settings import (
    guests_on_old_settings,
    old_nics,
    suspects,
)
from ansible_collections.virtfleet.network.plugins.module_utils._plan.plan import plan_network
from ansible_collections.virtfleet.network.plugins.module_utils._plan.portgroup import (
    desired_portgroup,
    has_portgroup,
    is_default,
    of_portgroup,
    running_portgroups,
)
from ansible_collections.virtfleet.network.plugins.module_utils._plan.portgroup_use import refuse_if_used
from ansible_collections.virtfleet.network.plugins.module_utils._plan.refresh import RefreshSupport

HOST = Host((9, 0, 0))


def planned(wish, observed, host=HOST):
    """The plan, and the running network's document after it."""
    desired = desired_portgroup(wish, observed)
    plan = of_portgroup(plan_network(desired, observed, host, NEVER), wish, observed, desired)
    return plan, running_portgroups(observed, desired, plan)


def worked_out(wish, observed, guests, host=HOST, in_use="refuse"):
    """The plan, and who is on old settings after it."""
    plan, running = planned(wish, replace(observed, plugged=observed.plugged or ()), host)
    if wish.state == "absent" and in_use == "refuse" and has_portgroup(observed, wish.name):
        refuse_if_used(wish, is_default(observed, wish.name), guests)
    found = suspects(running, wish.name, observed.plugged or ()) if observed.active else ()
    means = RefreshSupport(host)
    return plan, guests_on_old_settings(running, old_nics(running, found, guests or ()), means)
