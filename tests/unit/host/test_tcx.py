# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links with programs of tcx."""

from __future__ import annotations

import errno

from ansible_collections.virtfleet.network.plugins.module_utils._host.tcx import links_with_tcx


def test_links_with_a_program_on_either_side():
    def count(index, kind):
        return {(2, 46): 1, (3, 47): 2}.get((index, kind), 0)

    assert links_with_tcx([1, 2, 3], count) == {2, 3}


def test_a_kernel_without_tcx_has_no_programs_and_one_that_does_not_say_may():
    def failing(code):
        def count(_index, _kind):
            raise OSError(code, "bpf")

        return count

    assert links_with_tcx([1], failing(errno.EINVAL)) == set()
    assert links_with_tcx([1], failing(errno.ENOSYS)) == set()
    assert links_with_tcx([1], failing(errno.EPERM)) == {1}


def test_the_kernel_here_answers_or_has_no_tcx():
    assert links_with_tcx([1]) <= {1}
