# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where libvirt can write no new files."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._host import room
from ansible_collections.virtfleet.network.plugins.module_utils._host.room import why_unwritable

ROOMY = {"f_flag": 0, "f_blocks": 1000, "f_bfree": 900, "f_frsize": 4096, "f_files": 1000, "f_ffree": 900}


def on(monkeypatch, facts):
    monkeypatch.setattr(room.os, "statvfs", lambda _path: SimpleNamespace(**{**ROOMY, **facts}))


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({"f_flag": os.ST_RDONLY}, "read-only"),
        ({"f_bfree": 0}, "space"),
        ({"f_bfree": 3}, "space"),
        ({"f_ffree": 0}, "inodes"),
    ],
)
@pytest.mark.parametrize("below", ["", "missing", "missing/as/well"])
def test_a_file_system_that_takes_no_file(monkeypatch, tmp_path, facts, word, below):
    on(monkeypatch, facts)
    assert word in why_unwritable(str(tmp_path / below))


@pytest.mark.parametrize("facts", [{}, {"f_blocks": 0, "f_bfree": 0, "f_files": 0, "f_ffree": 0}])
@pytest.mark.parametrize("below", ["", "missing/as/well"])
def test_a_file_system_that_takes_some_or_does_not_count(monkeypatch, tmp_path, facts, below):
    on(monkeypatch, facts)
    assert why_unwritable(str(tmp_path / below)) is None


@pytest.mark.parametrize("below", ["file", "file/missing"])
def test_a_file_is_no_directory(tmp_path, below):
    (tmp_path / "file").write_text("")
    assert why_unwritable(str(tmp_path / below)) == "it is not a directory"


def test_what_cannot_be_seen_is_no_reason(monkeypatch, tmp_path):
    def seen(_path):
        raise PermissionError

    monkeypatch.setattr(room.os, "statvfs", seen)
    assert why_unwritable(str(tmp_path)) is None
