# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One playbook out of many steps, run once, and the result of each step."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
CALLBACKS = HERE.parent / "callback_plugins"
# IT_ANSIBLE: the directory of another ansible-core's programs.
PROGRAM = Path(os.environ.get("IT_ANSIBLE") or ROOT / ".cache" / "venv" / "bin") / "ansible-playbook"
PROBE_ON_HOST = "/run/probe.py"
COLLECTION = "virtfleet.network."


class Verbatim(str):
    """Text that Ansible must not take for a template."""


def _verbatim(dumper: yaml.SafeDumper, text: Verbatim) -> yaml.Node:
    # The tag also makes a number of what looks like one, so it goes only where it is needed.
    if any(opening in text for opening in ("{{", "{%", "{#")):
        return dumper.represent_scalar("!unsafe", str(text), style='"')
    return dumper.represent_str(str(text))


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(Verbatim, _verbatim)


@dataclass(frozen=True)
class Probe:
    """The host's own tools: see probe.py. Every command must succeed, or the test that has it fails."""

    name: str
    run: tuple[Any, ...] = ()
    clean: bool = False
    snapshot: bool = True


@dataclass(frozen=True)
class Call:
    """One of the collection's modules."""

    name: str
    module: str
    options: dict[str, Any] = field(default_factory=dict)
    check: bool = False


@dataclass(frozen=True)
class Task:
    """Any other task of Ansible's."""

    name: str
    task: dict[str, Any]


Step = Any  # Probe, Call or Task
Results = dict[str, dict[str, Any]]


class NotRunError(AssertionError):
    pass


Place = tuple[str, Step]  # a step of a story


def _probe(name: str, places: list[Place]) -> dict[str, Any]:
    asked = [{"clean": step.clean, "run": step.run, "snapshot": step.snapshot} for _story, step in places]
    return {
        "name": name,
        "ansible.builtin.command": {"argv": ["/usr/bin/python3", PROBE_ON_HOST], "stdin": Verbatim(json.dumps(asked))},
        "check_mode": False,
        "ignore_errors": True,
    }


def _call(name: str, step: Call) -> dict[str, Any]:
    return {
        "name": name,
        COLLECTION + step.module: step.options,
        "check_mode": step.check,
        "diff": True,
        "register": step.name,
        "ignore_errors": True,
    }


def _task(name: str, step: Call | Task) -> dict[str, Any]:
    if isinstance(step, Call):
        return _call(name, step)
    return {"name": name, "register": step.name, "ignore_errors": True, **step.task}


def write(stories: dict[str, tuple[Step, ...]], host: str) -> tuple[str, dict[str, list[Place]]]:
    """The playbook that tells these stories on a host, one after the other, and what each task's name stands for.

    Probes in a row, the last of one story and the first of the next, are one task: tasks are what takes the time.
    """
    groups: list[list[Place]] = []
    for story, steps in stories.items():
        names = [step.name for step in steps]
        assert len(set(names)) == len(names), f"{story} has two steps of one name: {names}"
        for step in steps:
            if isinstance(step, Probe) and groups and isinstance(groups[-1][-1][1], Probe):
                groups[-1].append((story, step))
            else:
                groups.append([(story, step)])
    named = {
        f"{number} " + ", then ".join(f"{story} :: {step.name}" for story, step in group): group
        for number, group in enumerate(groups)
    }
    copy = {
        "name": "the probe",
        "ansible.builtin.copy": {"src": str(HERE / "probe.py"), "dest": PROBE_ON_HOST, "mode": "0644"},
    }
    tasks = [
        _probe(name, group) if isinstance(group[0][1], Probe) else _task(name, group[0][1])
        for name, group in named.items()
    ]
    play = {"hosts": host, "gather_facts": False, "tasks": [copy, *tasks]}
    return yaml.dump([play], Dumper=_Dumper, sort_keys=False, allow_unicode=False, width=10**6), named


def environment(lines: Path, others: str = "") -> dict[str, str]:
    """others: a directory of further collections."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return {
        **own,
        "ANSIBLE_CONFIG": str(ROOT / "tests" / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": ":".join(filter(None, [str(ROOT / ".cache" / "collections"), others])),
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "result_lines",
        "ANSIBLE_NOCOLOR": "1",
        "RESULT_LINES": str(lines),
    }


def _is_probe(places: list[Place]) -> bool:
    return isinstance(places[0][1], Probe)


class Running:
    """An ansible-playbook that tells stories on one host."""

    def __init__(self, stories: dict[str, tuple[Step, ...]], host: str, inventory: Path, directory: Path) -> None:
        self.lines = directory / f"{host}.jsonl"
        self.log = directory / f"{host}.log"
        playbook = directory / f"{host}.yml"
        text, self.places = write(stories, host)
        playbook.write_text(text)
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [str(PROGRAM), "-i", str(inventory), str(playbook)],
                env=environment(self.lines),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=directory,
            )

    def results(self) -> dict[str, Results]:
        """Story -> step -> result, with "failed" set where the task failed. Waits for the end."""
        self.process.wait()
        found: dict[str, Results] = {}
        for line in self.lines.read_text().splitlines() if self.lines.exists() else ():
            entry = json.loads(line)
            failed = entry["status"] != "ok"
            places = self.places.get(entry["task"], [])
            probes = json.loads(entry["result"]["stdout"]) if places and _is_probe(places) and not failed else []
            for number, (story, step) in enumerate(places):
                result = {**entry["result"], "failed": failed, "probe": probes[number] if probes else None}
                found.setdefault(story, {})[step.name] = result
        return found

    def stop(self) -> None:
        """End it if it still runs: the one who waited for it has given up."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()

    def tail(self) -> str:
        return self.log.read_text()[-3000:]
