# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A message is short and ends as a sentence does, whatever it quotes."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._ansible.failure import (
    LONGEST,
    one_line,
    shortened_message,
)


@given(st.text(st.sampled_from("aB. ;,:'\n!?"), max_size=2 * LONGEST))
@example("q" * 5000)
def test_a_message_is_one_short_sentence(text):
    line = one_line(text)
    message, sentences = shortened_message(line)
    assert len(message) < LONGEST
    assert message.endswith((".", "!", "?"))
    assert "\n" not in message
    if message != line:
        assert "".join(" ".join(sentences).split()) == "".join(line.split()), "something was lost"
