# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands and files of a page of documentation, and somebody who follows it."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from batch import Hosts
from harness.playbook import ROOT

REPOSITORY = "https://github.com/virtfleet/network.git"


class Page:
    """files: by name, the YAML blocks that begin with their name; commands: the lines that begin with $."""

    def __init__(self, path: str) -> None:
        text = (ROOT / path).read_text(encoding="utf-8")
        blocks = re.finditer(r"^( *)```yaml\n *# (\S+\.yml)\n(.*?)```", text, re.DOTALL | re.MULTILINE)
        self.path = path
        self.files = {match[2]: re.sub(f"(?m)^{match[1]}", "", match[3]) for match in blocks}
        self.commands = re.findall(r"^ *\$ ((?:ansible|git).*)$", text, re.MULTILINE)

    def find(self, *words: str) -> list[str]:
        found = [command for command in self.commands if all(word in command for word in words)]
        assert found, f"{self.path} has no command with {words}"
        return found


@dataclass
class Reader:
    """A directory with the page's files, and an Ansible that has only the collections of one place."""

    directory: Path
    environment: dict[str, str]

    @classmethod
    def of(cls, directory: Path, hosts: Hosts, files: dict[str, str], collections: str) -> Reader:
        for name, text in files.items():
            (directory / name).parent.mkdir(exist_ok=True)
            (directory / name).write_text(text)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        environment["PWD"] = str(directory)
        environment["ANSIBLE_COLLECTIONS_PATH"] = collections
        # The lab's keys and addresses; a reader's own ssh configuration does that.
        environment["ANSIBLE_SSH_ARGS"] = f"-F {ROOT}/.lab-{hosts.name}/ssh/config"
        environment["ANSIBLE_CONFIG"] = str(ROOT / "tests/ansible.cfg")
        return cls(directory, environment)

    def run(self, command: str, check: bool = True) -> str:
        command = command.replace(f"git+{REPOSITORY}", f"git+file://{self.directory}/repository")
        done = subprocess.run(
            command.split(), cwd=self.directory, env=self.environment, capture_output=True, text=True, check=False
        )
        output = done.stdout + done.stderr
        assert not check or done.returncode == 0, f"{command}\n{output}"
        return output

    def commit(self, directory: str, message: str) -> None:
        git = ["git", "-C", str(self.directory / directory), "-c", "user.name=x", "-c", "user.email=x@localhost"]
        for argv in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", message]):
            subprocess.run([*git, *argv], check=True)
