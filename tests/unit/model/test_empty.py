# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The value that an error tells a user to pass is of the option's type, and removes it."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.argument_spec import network_spec
from ansible_collections.virtfleet.network.plugins.module_utils._model.desired import declaration
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import NETWORK


@pytest.mark.parametrize("name", sorted(set(NETWORK.fields) & set(network_spec())))
def test_what_an_error_names_removes_the_option(name):
    empty = yaml.safe_load(NETWORK.fields[name].empty)
    assert type(empty).__name__ == network_spec()[name].get("type", "str")
    if not isinstance(empty, bool) and name != "uuid":
        assert declaration({name: empty}) == {name: None}
