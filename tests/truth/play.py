# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One play for all scenarios of a lane. The real modules run in it as in anybody's; between them it calls back here."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path
from typing import Any, Callable

from hosts import HERE, ROOT
from scenario import Scenario

STEP = "truth_step"
PROGRAM = ROOT / ".cache" / "venv" / "bin" / "ansible-playbook"


def tasks(number: int, scenario: Scenario, source: str, destination: str, door: Path) -> list[dict[str, Any]]:
    options = dict(scenario.check)
    judge = source if options.pop("at", "destination") == "source" else destination
    options = {
        key: value.replace("{destination}", destination) if isinstance(value, str) else value
        for key, value in options.items()
    }
    names = [destination, *options.pop("resolve", [])]
    reached = {"migrate_uri": f"qemu+tcp://{destination}/system"}
    saved = []
    if options.pop("saved", False):
        # Judged from what was written down before, where no libvirt is.
        judge, options = "localhost", {**options, "destination": "{{ saved }}"}
        saved = [{"name": f"{scenario.key}: save", "virtfleet.network.virt_network_info": {
            "lookups": "{{ gathered.guests | default([]) | virtfleet.network.migrate_lookups }}", **reached},
            "delegate_to": destination, "register": "saved"}]  # fmt: skip
    common = {"ignore_errors": True, "ignore_unreachable": True}
    return [
        {"name": f"{scenario.key}: begin", STEP: {"socket": str(door), "step": "begin", "number": number},
         "register": "begun"},
        {"name": f"{scenario.key}: gather", "virtfleet.network.virt_guest_info": {
            "names": "{{ begun.names }}", "resolve": names},
         "delegate_to": source, "register": "gathered", "when": "begun.names | length > 0", **common},
        *saved,
        {"name": f"{scenario.key}: check", "virtfleet.network.virt_migrate_check": {
            "guests": "{{ gathered.guests | default([]) }}", "fail_on": "never", **reached, **options},
         "delegate_to": judge, "register": "checked", "when": "begun.names | length > 0", **common},
        {"name": f"{scenario.key}: end", STEP: {"socket": str(door), "step": "end", "number": number,
         "gathered": "{{ gathered }}", "checked": "{{ checked }}", "gate": "{{ gate | default({}) }}"}},
    ]  # fmt: skip


def gate(scenario: Scenario, destination: str) -> dict[str, Any]:
    """Installs the gate on the destination with current facts; a host that was rebuilt has lost it."""
    return {"name": f"{scenario.key}: gate", "virtfleet.network.virt_migrate_gate": {}, "delegate_to": destination,
            "register": "gate", "when": "begun.names | length > 0", "ignore_errors": True,
            "ignore_unreachable": True}  # fmt: skip


def run(todo: list[dict[str, Any]], inventory: Path, directory: Path, door: Path, answer: Callable[..., Any]) -> str:
    """Play these tasks; answer each call of theirs. Returns the play's last words when it broke off, else ""."""
    playbook, log = directory / "play.yml", directory / "play.log"
    playbook.write_text(
        json.dumps([{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": todo}])
    )
    own = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment = {
        **own,
        "ANSIBLE_CONFIG": str(ROOT / "tests" / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache" / "collections"),
        "ANSIBLE_ACTION_PLUGINS": str(HERE / "action_plugins"),
        "ANSIBLE_NOCOLOR": "1",
    }
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener, log.open("w") as out:
        listener.bind(str(door))
        listener.listen()
        listener.settimeout(0.5)
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "--", str(PROGRAM), "-i", str(inventory), str(playbook)],
            env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, cwd=directory,
        )  # fmt: skip
        try:
            while process.poll() is None:
                _serve(listener, answer)
        finally:
            process.terminate()
            process.wait()
    return "" if process.returncode == 0 else log.read_text()[-2000:]


def _serve(listener: socket.socket, answer: Callable[..., Any]) -> None:
    try:
        peer, _address = listener.accept()
    except TimeoutError:
        return
    peer.settimeout(None)
    with peer, peer.makefile("rw", encoding="utf-8") as stream:
        stream.write(json.dumps(answer(**json.loads(stream.readline()))) + "\n")
