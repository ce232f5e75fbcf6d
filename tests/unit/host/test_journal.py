# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock and the journal of a run, in a folder of the test's own."""

from __future__ import annotations

import os

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._host import journal as files
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_folder", lambda: str(tmp_path / "state"))
    return tmp_path / "state"


def test_a_second_run_is_refused_while_the_first_holds_the_lock(folder):
    with files.locked("system", 0):
        with pytest.raises(VirtfleetError) as refused, files.locked("system", 0.2):
            pass
        assert refused.value.code == "LOCKED"
        assert f"process {os.getpid()} holds" in refused.value.sentence
        with files.locked("qemu%2Bssh%3A%2F%2Fkvm2%2Fsystem", 0):
            pass
    with files.locked("system", 0):
        pass


def test_check_mode_makes_no_file_and_respects_one_that_is_there(folder):
    with files.locked("system", 0, make=False):
        assert not folder.exists()
    with files.locked("system", 0):
        with pytest.raises(VirtfleetError) as refused, files.locked("system", 0, make=False):
            pass
        assert refused.value.code == "LOCKED"


def test_a_journal_is_what_was_written_until_it_is_removed(folder):
    journal = files.Journal("system")
    assert journal.read() is None
    with files.locked("system", 0):
        journal.write([{"network": "red"}], confirm_by=12.5)
    found = files.Journal("system").read()
    assert found == {"run": journal.run, "networks": [{"network": "red"}], "confirm_by": 12.5, "finished": False}
    assert files.Journal("session").read() is None
    journal.remove()
    journal.remove()
    assert journal.read() is None
    assert sorted(os.listdir(folder)) == ["system.lock"]


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "{}", "\x00"])
def test_a_journal_that_cannot_be_read_is_never_passed_over(folder, text):
    journal = files.Journal("system")
    journal.write([])
    (folder / "system.journal").write_text(text)
    with pytest.raises(VirtfleetError) as refused:
        journal.read()
    assert refused.value.code == "JOURNAL_UNREADABLE"
    assert "system.journal" in refused.value.sentence


def test_the_test_driver_needs_neither(folder):
    journal = files.Journal(None)
    with files.locked(None, 0):
        journal.write([{"network": "red"}])
    assert journal.read() is None
    journal.remove()
    assert not folder.exists()
