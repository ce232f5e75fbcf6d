# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stdout callback with Ansible's own tasks on twelve hosts, which are all this machine. IT_ANSIBLE takes another
ansible-core."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from harness.playbook import PROGRAM, environment

HOSTS = [f"kvm{number}" for number in range(1, 13)]
EVEN = "inventory_hostname[3:] | int is even"
ALL = "kvm1-kvm12 (12 hosts)"


class Player:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        variables = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        (directory / "inventory.yml").write_text(
            json.dumps({"kvm": {"hosts": dict.fromkeys(HOSTS), "vars": variables}})
        )

    def play(self, *tasks: dict, args: tuple[str, ...] = (), env: dict[str, str] | None = None, **play) -> str:
        """What people see, without the head of the play and the recap, which is checked."""
        plays = [{"hosts": "kvm", "gather_facts": False, **play, "tasks": list(tasks)}]
        (self.directory / "play.yml").write_text(json.dumps(plays))
        done = subprocess.run(
            [PROGRAM, "-i", self.directory / "inventory.yml", self.directory / "play.yml", "-f", "12", *args],
            env={
                **environment(self.directory / "lines"),
                "ANSIBLE_STDOUT_CALLBACK": "virtfleet.network.fleet", "COLUMNS": "80", **(env or {}),
            },
            capture_output=True, text=True, check=False, timeout=300, cwd=self.directory,
        )  # fmt: skip
        assert "Failure using method" not in done.stdout + done.stderr, done.stderr
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        self.stderr = done.stderr
        self.whole = done.stdout
        head, _recap, self.recap = done.stdout.partition("\nRECAP")
        assert "\nPLAY [kvm]" in head, done.stdout + done.stderr
        return head.partition("\nPLAY [kvm]")[2].partition("\n")[2].strip("\n")


@pytest.fixture(scope="module")
def player(tmp_path_factory) -> Player:
    return Player(tmp_path_factory.mktemp("output"))


def test_hosts_that_are_alike_are_one_line(player):
    shown = player.play(
        {"name": "Nothing", "ansible.builtin.set_fact": {"some": "thing"}},
        {"name": "Look", "ansible.builtin.command": "true", "changed_when": EVEN},
        {"name": "Skip", "ansible.builtin.command": "true", "when": "false"},
        {"name": "Some", "ansible.builtin.command": "true", "when": EVEN, "changed_when": "false"},
    )
    even, odd = (", ".join(f"kvm{n}" for n in range(first, 13, 2)) for first in (2, 1))
    words = " ".join(shown.split())
    assert words == (f"Look ok {odd} (6 hosts) changed {even} (6 hosts) Some ok {even} (6 hosts)")
    assert f"{even} (6 hosts) : changed=1 unreachable=0 failed=0" in " ".join(player.recap.split())
    assert max(map(len, player.whole.splitlines())) < 100


def test_failures_are_folded_and_come_last(player):
    shown = player.play(
        {
            "name": "Fail",
            "ansible.builtin.fail": {"msg": "{{ 'One\nmore.' if inventory_hostname == 'kvm3' else 'The same.' }}"},
            "when": f"{EVEN} or inventory_hostname == 'kvm3'",
        },
        {"name": "Run", "ansible.builtin.command": "sh -c 'echo out; echo err >&2; exit 3'",
         "when": "inventory_hostname == 'kvm1'", "ignore_errors": True},
    )  # fmt: skip
    lines = shown.splitlines()
    assert lines[0] == "Fail"
    assert "  failed      kvm2, kvm4, kvm6, kvm8, kvm10, kvm12 (6 hosts)" in lines
    assert shown.count("The same.") == 1
    place = lines.index("  failed      kvm3")
    assert [line.strip() for line in lines[place + 1 : place + 3]] == ["One", "more."]
    place = lines.index("  ignored     kvm1")
    assert "non-zero return code" in lines[place + 1]
    assert [line.strip() for line in lines[place + 2 :]] == ["stderr: err", "stdout: out"]
    assert "failed=1" in player.recap


def test_messages_are_shown_as_they_are(player):
    table = ["one  two", "---  ---", "a    'b'"]
    debug = {"name": "Show", "ansible.builtin.debug": {"msg": table}, "run_once": True}
    assert player.play(debug).splitlines() == ["Show", *table]
    by_host = {
        "name": "Say",
        "ansible.builtin.debug": {"msg": "{{ 'odd' if inventory_hostname == 'kvm7' else 'usual' }}"},
    }
    assert player.play(by_host).splitlines() == [
        "Say", "  kvm1-kvm6, kvm8-kvm12 (11 hosts):", "usual", "  kvm7:", "odd",
    ]  # fmt: skip
    variable = {"name": "See", "vars": {"seen": {"a": [1]}}, "ansible.builtin.debug": {"var": "seen"}, "run_once": True}
    assert '"seen": {' in player.play(variable)


def test_equal_diffs_are_shown_once(player):
    for host in HOSTS:
        (player.directory / host).write_text("old\n" if host != "kvm9" else "older\n")
    copy = {"content": "new\n", "dest": f"{player.directory}/{{{{ inventory_hostname }}}}"}
    shown = player.play({"name": "Copy", "ansible.builtin.copy": copy}, args=("--diff", "--check"))
    # The name of the file is a part of a diff.
    assert shown.count("-old\n") == len(HOSTS) - 1
    titles = [line.split()[-1] for line in shown.splitlines() if line.startswith("  diff of")]
    assert titles == [f"{host}:" for host in HOSTS]
    loop = [f"{player.directory}/shared", f"{player.directory}/other"]
    for name in loop:
        Path(name).write_text("old\n")
    task = {"name": "Copy", "ansible.builtin.copy": {"content": "new\n", "dest": "{{ item }}"}, "loop": loop,
            "check_mode": True}  # fmt: skip
    lines = player.play(task, args=("--diff",)).splitlines()
    assert lines.count("-old") == 2
    assert f"  diff of {loop[0]} on {ALL}:" in lines
    assert lines[1] == f"  changed     {ALL}"
    assert {loop[0], loop[1]} <= set(" ".join(lines[2:5]).replace(",", "").split())


def test_an_item_that_fails_is_named(player):
    task = {
        "name": "Each",
        "ansible.builtin.command": "test {{ item }} = a",
        "loop": ["a", "b"],
        "changed_when": "false",
    }
    lines = player.play(task).splitlines()
    assert lines[:2] == ["Each", f"  failed      {ALL}"]
    assert lines[2].strip().startswith("b: ")
    assert "non-zero return code" in lines[2]


def test_secrets_stay_hidden(player):
    task = {"name": "Hide", "ansible.builtin.command": "sh -c 'echo s3cr3t; exit 1'", "no_log": True}
    player.play(task)
    assert "s3cr3t" not in player.whole + player.stderr
    items = {**task, "ansible.builtin.command": "sh -c 'echo s3cr3t {{ item }}; exit 1'", "loop": ["s3cr3t1"]}
    player.play(items)
    assert "s3cr3t" not in player.whole + player.stderr
    player.play(items, args=("-v",))
    assert "s3cr3t" not in player.whole + player.stderr


def test_a_host_that_is_unreachable(player):
    lost = {
        "ansible_host": "127.0.0.1",
        "ansible_port": 1,
        "ansible_connection": "{{ 'ssh' if inventory_hostname == 'kvm5' else 'local' }}",
    }
    shown = player.play(
        {"name": "Ping", "ansible.builtin.ping": {}}, vars=lost,
    )  # fmt: skip
    lines = shown.splitlines()
    assert lines[1] == "  ok          kvm1-kvm4, kvm6-kvm12 (11 hosts)"
    assert lines[2] == "  unreachable kvm5"
    assert "kvm5 : changed=0 unreachable=1" in player.recap


def test_verbose_shows_all_folded_and_more_verbose_is_ansibles_own(player):
    tasks = (
        {"name": "Nothing", "ansible.builtin.set_fact": {"some": "thing"}},
        {"name": "Skip", "ansible.builtin.command": "true", "when": "false"},
    )
    assert player.play(*tasks, args=("-v",)).splitlines()[-4:] == [
        "Nothing", f"  ok          {ALL}", "Skip", f"  skipped     {ALL}",
    ]  # fmt: skip
    player.play(*tasks, args=("-vv",))
    assert player.whole.count("skipping: [") == len(HOSTS)
    assert "PLAY RECAP" in player.whole


@pytest.mark.parametrize("strategy", ["free", "host_pinned", "linear"])
def test_with_any_strategy_no_host_is_lost(player, strategy):
    run = {"ansible.builtin.command": "true", "changed_when": "true"}
    shown = player.play(
        {"name": "First", **run},
        {"name": "Second", **run, "when": "inventory_hostname != 'kvm4'"},
        strategy=f"ansible.builtin.{strategy}",
    )  # fmt: skip
    assert "First" in shown
    assert "Second" in shown
    if strategy == "linear":
        assert shown.splitlines() == [
            "First", f"  changed     {ALL}", "Second", "  changed     kvm1-kvm3, kvm5-kvm12 (11 hosts)",
        ]  # fmt: skip


def test_options_of_the_default_callback(player):
    tasks = ({"name": "Look", "ansible.builtin.ping": {}}, {"name": "Fail", "ansible.builtin.fail": {"msg": "No."}})
    shown = player.play(*tasks, env={"ANSIBLE_DISPLAY_OK_HOSTS": "no", "ANSIBLE_DISPLAY_FAILED_STDERR": "yes"})
    assert shown == "Fail"
    assert f"failed      {ALL}" in player.stderr
    player.play(
        {"name": "Keep", "ansible.builtin.set_stats": {"data": {"some": "thing"}}, "run_once": True},
        env={"ANSIBLE_SHOW_CUSTOM_STATS": "yes"},
    )
    assert '"some": "thing"' in player.recap
    assert os.path.exists(player.directory / "play.yml")
