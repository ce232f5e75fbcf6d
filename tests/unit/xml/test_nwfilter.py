# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nwfilters of two hosts: when are they the same?"""

from __future__ import annotations

from ansible_collections.virtfleet.network.plugins.module_utils._xml.nwfilter import compute_digests

RULE = "<rule action='{action}' direction='inout' priority='500'><all/></rule>"


def text(name="clean", uuid="1", action="accept", refers=""):
    reference = f"<filterref filter='{refers}'/>" if refers else ""
    rule = RULE.format(action=action)
    return f"<filter name='{name}' chain='root'>\n  <uuid>{uuid}</uuid>\n  {reference}{rule}</filter>\n"


def test_another_uuid_and_other_indentation_are_the_same():
    assert compute_digests([text()]) == compute_digests([text(uuid="2").replace("\n", "").replace("'", '"')])


def test_another_rule_differs():
    assert compute_digests([text()])["clean"] != compute_digests([text(action="drop")])["clean"]


def test_another_rule_of_a_filter_that_it_refers_to_differs():
    here, there = (
        compute_digests([text(refers="other"), text("other", action=action)]) for action in ("accept", "drop")
    )
    assert here["clean"] != there["clean"]
    assert here["clean"] != compute_digests([text(refers="other")])["clean"]


def test_a_filter_that_it_does_not_refer_to_makes_no_difference():
    assert compute_digests([text()])["clean"] == compute_digests([text(), text("other")])["clean"]


def test_filters_that_refer_to_each_other_come_to_an_end():
    assert len(compute_digests([text(refers="other"), text("other", refers="clean")])) == 2
