# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock and the journal of a run, in a directory of the test's own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._host import clock, state_directory
from ansible_collections.virtfleet.network.plugins.module_utils._host import journal as files
from ansible_collections.virtfleet.network.plugins.module_utils._model.bridge_port import BridgePort
from ansible_collections.virtfleet.network.plugins.module_utils._model.bridge_state import BridgeState
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._model.leases import Leases
from ansible_collections.virtfleet.network.plugins.module_utils._model.observed import Observed
from ansible_collections.virtfleet.network.plugins.module_utils._model.plugged import Plugged
from ansible_collections.virtfleet.network.plugins.module_utils._plan.record import Entry, record
from ansible_collections.virtfleet.network.plugins.module_utils._plan.step import RECLAIM, UPDATE, Plan, Step

# A daemon whose files are the user's own, so that the tests need no root.
KEY = "session"
XML = "<network><name>red</name></network>"
PORT = Plugged(
    "guest", "web1", port="p1", tap=BridgePort("vnet0", 1500, (("isolated", 1),), (("52:54:00:00:00:01", 64, 0),))
)
PLAN = Plan(
    "red",
    (
        Step(UPDATE, "red", "add x", xml="<x/>"),
        Step(RECLAIM, "red", "put back", ports=(PORT,)),
    ),
)
SEEN = Observed("red", live={"name": "red"}, live_xml=XML, persistent={"name": "red"}, persistent_xml=XML, plugged=())
ENTRY = Entry(PLAN, SEEN, True, (BridgeState("virbr0", 7, True),), (Leases("virbr0", "[]"),))
RECORDED = json.loads(json.dumps(record([ENTRY])))


@pytest.fixture(autouse=True)
def directory(tmp_path, monkeypatch):
    monkeypatch.setattr(state_directory, "own_directory", lambda: str(tmp_path / "state"))
    return tmp_path / "state"


def test_a_second_run_is_refused_while_the_first_holds_the_lock():
    with files.locked(KEY, 0):
        with pytest.raises(VirtfleetError) as refused, files.locked(KEY, 0.2):
            pass
        assert refused.value.code == "LOCKED"
        assert f"process {os.getpid()} of " in refused.value.sentence
        with files.locked("qemu%2Bssh%3A%2F%2Fkvm2%2Fsystem", 0):
            pass
    with files.locked(KEY, 0):
        pass


@pytest.mark.parametrize("content", [b"", b"\x00" * 9, b"\xff\xfe", b"no number\n", b"1\n" * 10000, b"9" * 10000])
def test_whatever_a_lock_file_says_it_is_a_lock(directory, content):
    with files.locked(KEY, 0):
        pass
    (directory / f"{KEY}.lock").write_bytes(content)
    lock = str(directory / f"{KEY}.lock")
    code = f"import fcntl, time; f = open({lock!r}); fcntl.flock(f, 2); print(flush=True); input()"
    with subprocess.Popen(
        ["/usr/bin/python3", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline()
        with pytest.raises(VirtfleetError) as refused, files.locked(KEY, 0):
            pass
        assert refused.value.code == "LOCKED"
        assert len(refused.value.sentence) < 500
        other.communicate("\n")
    with files.locked(KEY, 0):
        pass


@pytest.mark.parametrize("what", ["directory", "link", "fifo"])
def test_what_is_no_file_is_neither_lock_nor_journal(directory, what):
    directory.mkdir(parents=True)
    for name in (f"{KEY}.lock", f"{KEY}.journal"):
        {
            "directory": lambda path: path.mkdir(),
            "link": lambda path: path.symlink_to("/etc/passwd"),
            "fifo": os.mkfifo,
        }[what](directory / name)
    with pytest.raises(VirtfleetError) as refused:
        files.Journal(KEY).read()
    assert refused.value.code == "JOURNAL_UNREADABLE"
    if what != "fifo":
        with pytest.raises(VirtfleetError) as refused, files.locked(KEY, 0):
            pass
        assert refused.value.code == "JOURNAL_UNWRITABLE"


def test_a_lock_file_that_is_removed_under_a_waiting_run_is_no_lock(directory):
    """Whoever waits for it would otherwise hold a lock that nobody else meets."""
    with files.locked(KEY, 0):
        (directory / f"{KEY}.lock").unlink()
        with files.locked(KEY, 0):
            inside = os.stat(directory / f"{KEY}.lock").st_ino
    assert os.stat(directory / f"{KEY}.lock").st_ino == inside


def test_check_mode_makes_no_file_and_respects_one_that_is_there(directory):
    with files.locked_if_used(KEY, 0):
        assert not directory.exists()
    with files.locked(KEY, 0):
        with pytest.raises(VirtfleetError) as refused, files.locked_if_used(KEY, 0):
            pass
        assert refused.value.code == "LOCKED"


def test_a_journal_is_what_was_written_until_it_is_removed(directory):
    journal = files.Journal(KEY)
    assert journal.read() is None
    deadline = clock.deadline_in(60)
    with files.locked(KEY, 0):
        journal.write(RECORDED, deadline)
    left = files.Journal(KEY).read()
    assert (left.run, left.networks, left.deadline, left.finished) == (journal.run, RECORDED, deadline, False)
    assert left.entries() == [ENTRY]
    assert files.Journal("other").read() is None
    journal.remove()
    journal.remove()
    assert journal.read() is None
    assert sorted(os.listdir(directory)) == [f"{KEY}.lock"]


def test_a_change_that_joins_another_is_in_the_journal_beside_it():
    first, second = files.Journal(KEY), files.Journal(KEY)
    first.write(RECORDED, clock.deadline_in(60), finished=True)
    second.join(first.read())
    second.write(RECORDED, clock.deadline_in(90))
    left = first.read()
    assert (left.run, left.names, len(left.entries())) == (first.run, "red", 2)
    assert not left.waits
    second.withdraw()
    left = first.read()
    assert left.waits
    assert left.deadline.left < 61
    assert len(left.networks) == 1


def test_the_test_driver_needs_neither(directory):
    journal = files.Journal(None)
    with files.locked(None, 0):
        journal.write(RECORDED)
    assert journal.read() is None
    journal.remove()
    assert not directory.exists()


# Deadlines.


@given(st.integers(-(10**9), 10**9), st.floats(0, 10**6))
def test_setting_the_clock_moves_no_deadline(jump, seconds):
    real, moved = time.time, {"by": 0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: real() + moved["by"])
        deadline = clock.deadline_in(seconds)
        before = deadline.left
        moved["by"] = jump
        assert before - 5 <= deadline.left <= before


def test_a_reboot_ends_a_deadline():
    assert clock.Deadline("another boot", clock.deadline_in(1000).at).left == 0
    assert clock.deadline_in(-1).left < 0


# Journals that nobody wrote, or that another version wrote.

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
WRITTEN = {
    "format": files.FORMAT, "run": "r", "user": "alice", "networks": RECORDED, "deadline": {"boot": "b", "at": 1.5},
    "finished": True,
}  # fmt: skip


def places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def replaced(value, path, other):
    if not path:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(copy[path[0]], path[1:], other)
    return copy


def read_whole(directory, content: bytes):
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    (directory / f"{KEY}.journal").write_bytes(content)
    left = files.Journal(KEY).read()
    return left.entries(), left.names, left.waits


def assert_readable_or_refused(directory, content: bytes) -> None:
    refused = None
    try:
        read_whole(directory, content)
    except VirtfleetError as error:
        refused = error
    if refused is not None:
        assert refused.code == "JOURNAL_UNREADABLE"
        for words in (f"{KEY}.journal", "remove the file", "Nothing was changed."):
            assert words in refused.sentence


FUZZ = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)


@FUZZ
@given(st.binary(max_size=200))
def test_any_bytes(directory, content):
    assert_readable_or_refused(directory, content)


@FUZZ
@given(JSON)
def test_any_document(directory, document):
    assert_readable_or_refused(directory, json.dumps(document).encode())


@FUZZ
@given(st.sampled_from(sorted(places(WRITTEN), key=str)), JSON)
def test_a_journal_with_something_else_anywhere_in_it(directory, path, other):
    assert_readable_or_refused(directory, json.dumps(replaced(WRITTEN, path, other)).encode())


@FUZZ
@given(st.integers(0, len(json.dumps(WRITTEN)) - 1))
def test_a_journal_that_is_cut(directory, length):
    with pytest.raises(VirtfleetError) as refused:
        read_whole(directory, json.dumps(WRITTEN).encode()[:length])
    assert refused.value.code == "JOURNAL_UNREADABLE"


@pytest.mark.parametrize("depth", [100, 990, 5000, 10**6])
@pytest.mark.parametrize("start", ["", f'{{"format": {files.FORMAT}, "run": "r", "networks": '])
def test_a_journal_that_is_nested_deeply(directory, depth, start):
    assert_readable_or_refused(directory, f"{start}{'[' * depth}".encode())
    assert_readable_or_refused(directory, (start + "[" * depth + "]" * depth + ("}" if start else "")).encode())
    nested = json.dumps(WRITTEN).replace('"tap": {', '"tap": ' + '{"tap": ' * min(depth, 900) + "{", 1)
    assert_readable_or_refused(directory, (nested + "}" * min(depth, 900)).encode())


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"run": "r", "networks": [{"network": "red"}], "confirm_by": 12.5, "finished": False}, ("older", "1", "red")),
        ({**WRITTEN, "format": files.FORMAT + 1}, ("newer", str(files.FORMAT + 1), "red")),
        ({**WRITTEN, "format": files.FORMAT + 1, "news": {}, "run": 7}, ("newer", "red")),
        ({**WRITTEN, "format": "2"}, ("damaged",)),
    ],
)
def test_a_journal_of_another_version_says_so(directory, document, words):
    with pytest.raises(VirtfleetError) as refused:
        read_whole(directory, json.dumps(document).encode())
    assert refused.value.code == "JOURNAL_UNREADABLE"
    for word in words:
        assert word in refused.value.sentence
    assert len(refused.value.sentence) < 400 + len(str(directory))


def test_the_untouched_one_is_read(directory):
    assert read_whole(directory, json.dumps(WRITTEN).encode()) == ([ENTRY], "red", False)


# Room for it.


def test_check_mode_sees_that_there_is_no_room(directory, monkeypatch):
    journal = files.Journal(KEY)
    journal.refuse_unwritable(RECORDED)
    assert not directory.exists()
    real = os.statvfs
    full = {"f_bfree": 3, "f_bavail": 3, "f_frsize": 4096}

    class Full:
        def __init__(self, path):
            self.real = real(path)

        def __getattr__(self, name):
            return full.get(name, getattr(self.real, name))

    monkeypatch.setattr(os, "statvfs", Full)
    with pytest.raises(VirtfleetError) as refused:
        journal.refuse_unwritable(RECORDED)
    assert refused.value.code == "JOURNAL_UNWRITABLE"
    assert "no space" in refused.value.sentence
    assert "Nothing was changed." in refused.value.sentence
