# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the acts play with: headings, the lab's hosts, the rollout."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Optional
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "tests" / "demo"
# A lab of its own: another one may be up.
LAB = "demo"
# Relative to ROOT, so that what is shown can be typed.
INVENTORIES = (f".lab-{LAB}/inventory.yml", "tests/demo/inventory")
HOSTS = ("kvm1", "kvm2", "kvm3")
# The system's Python: the lab needs nothing from the environment of the tests.
LAB_PROGRAM = ("/usr/bin/python3", "-B", str(ROOT / "tests" / "lab" / "lab.py"), "--name", LAB)
_RECAP = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)
_START = time.monotonic()


class PromiseBrokenError(Exception):
    """The demonstration did not show what it is there to show."""


def heading(text: str) -> None:
    seconds = time.monotonic() - _START
    print(f"\n=== {text}  [{seconds:.0f} s]\n", flush=True)


def say(text: str) -> None:
    print(text, flush=True)


def hold(promise: bool, sentence: str) -> None:
    """Says what holds; raises PromiseBrokenError with the same sentence when it does not."""
    if not promise:
        raise PromiseBrokenError(sentence)
    say(f"ok: {sentence}")


def lab(*arguments: str) -> None:
    """Runs the lab's program, its output shown. CalledProcessError when it fails."""
    subprocess.run([*LAB_PROGRAM, *arguments], check=True)


def on(host: str, *command: str, given: str = "") -> str:
    """What a command on a host prints, given something to read. PromiseBrokenError with its complaint when it fails."""
    argv = [*LAB_PROGRAM, "exec", host, "--", *command]
    done = subprocess.run(argv, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PromiseBrokenError(f"{host}: {' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def virsh(host: str, *arguments: str, given: str = "") -> str:
    return on(host, "virsh", "-q", "-c", "qemu:///system", *arguments, given=given)


def definitions(host: str) -> dict[str, tuple[str, str]]:
    """Name to libvirt's own (live, persistent) XML of every network of a host."""
    names = virsh(host, "net-list", "--all", "--name").split()
    return {name: (virsh(host, "net-dumpxml", name), virsh(host, "net-dumpxml", "--inactive", name)) for name in names}


def everything() -> dict[str, dict[str, tuple[str, str]]]:
    return {host: definitions(host) for host in HOSTS}


def nics(host: str, guest: str) -> dict[str, dict[str, Optional[str]]]:
    """MAC address to network, portgroup and device of a running guest's NICs, as libvirt shows them."""
    domain = ElementTree.fromstring(virsh(host, "dumpxml", guest))
    result = {}
    for interface in domain.iterfind("devices/interface"):
        source, mac = interface.find("source"), interface.find("mac")
        if source is None or mac is None:
            continue
        plug = source.get("bridge") or f"{source.get('mode')} {source.get('dev')}"
        result[mac.get("address", "")] = {
            "network": source.get("network"),
            "portgroup": source.get("portgroup"),
            "plug": plug,
        }
    return result


class Outcome:
    """What a rollout came to: its text, whether it succeeded, host to number of changed tasks."""

    def __init__(self, text: str, code: int) -> None:
        self.text = text
        self.good = code == 0
        self.changed = {host: int(changed) for host, changed, _unreachable, _failed in _RECAP.findall(text)}


def rollout(*arguments: str) -> Outcome:
    return playbook("rollout", *arguments)


def playbook(name: str, *arguments: str) -> Outcome:
    """Runs one of the collection's playbooks as a user would, its output shown as it comes."""
    command = [word for inventory in INVENTORIES for word in ("-i", inventory)]
    command += [f"virtfleet.network.{name}", *arguments]
    say(f"$ {shlex.join(['ansible-playbook', *command])}")
    command.insert(0, str(ROOT / ".cache" / "venv" / "bin" / "ansible-playbook"))
    # Nothing of the user's own settings; skipped tasks say nothing.
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_") and name != "NO_COLOR"
    }
    environment |= {
        "ANSIBLE_CONFIG": str(ROOT / "tests" / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache" / "collections"),
        "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
        "ANSIBLE_NOCOLOR": "true",
    }
    lines = []
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **both) as run:
        assert run.stdout
        for line in run.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            lines.append(line)
    return Outcome("".join(lines), run.returncode)
