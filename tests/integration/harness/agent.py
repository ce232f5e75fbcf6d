# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that stays on a host of the lab and does what a test tells it, a line of JSON for a line of JSON."""

from __future__ import annotations

import json
import subprocess
from typing import Any

ON_HOST = "/srv/shared"


class Agent:
    """One host. lab: the lab's command. The host runs agent.py of the lab's shared directory, which is its argument."""

    def __init__(self, lab: list[str], host: str) -> None:
        self.host = host
        self._lab = lab
        self.process = subprocess.Popen(
            [*lab, "exec", host, "--", "/usr/bin/python3", f"{ON_HOST}/agent.py", ON_HOST],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def ask(self, do: str, **options: Any) -> dict[str, Any]:
        """{did: ...}, or the code and sentence of what was refused."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps({"do": do, **options}), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        assert line, f"{self.host}: the agent ended with {self.process.wait(10)} during {do} {options}"
        return dict(json.loads(line))

    def tell(self, do: str, **options: Any) -> Any:
        """What must succeed."""
        answered = self.ask(do, **options)
        assert "did" in answered, f"{self.host}: {do} {options}: {answered}"
        return answered["did"]

    def refused(self, do: str, code: str, **options: Any) -> dict[str, Any]:
        answered = self.ask(do, **options)
        assert answered.get("code") == code, f"{self.host}: {do} {options}: {answered}"
        return answered

    def run(self, *argv: str) -> str:
        return str(self.tell("run", argv=list(argv)))

    def lab(self, command: str, what: str) -> None:
        subprocess.run([*self._lab, command, self.host, what], check=True, timeout=60)

    def end(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
