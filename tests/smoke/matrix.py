# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The smoke tests on everything that is claimed, ansible-test sanity with each ansible-core, and the table of it in
docs/support.md.

Usage: matrix.py [HOSTS]. HOSTS: instead of EVERYWHERE, as SMOKE_HOSTS has them. An ansible-core that is not the
checkout's has an environment in .cache. Exit status 1: a test failed, or an ansible-core could not be had here.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Optional

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
REPORT = CACHE / "matrix.jsonl"
PAGE = ROOT / "docs" / "support.md"
# Everything with the checkout's ansible-core; the oldest and the newest of each kind with the others.
EVERYWHERE = "bullseye,bookworm,bookworm/modular,trixie/iptables,trixie/nftables,testing/iptables,testing/nftables"
ELSEWHERE = "bullseye,bookworm/modular,testing/nftables"
# What pip is asked for, and the Python that it needs at least; the newest needs one that Debian 12 does not have.
OTHERS = {"oldest": ("ansible-core~=2.17.0", (3, 10)), "newest": ("ansible-core", (3, 12))}
HEAD = (
    "Debian",
    "libvirt",
    "QEMU",
    "daemons",
    "firewall backend",
    "Python",
    "ansible-core (its Python)",
    "passed",
    "failed",
)


def pythons() -> dict[tuple[int, int], str]:
    """Interpreters at hand, by version."""
    found = {}
    managed = Path.home() / ".pyenv"  # its shims start only what the user has chosen
    directories = [Path(part) for part in os.environ["PATH"].split(":") if Path(part) != managed / "shims"]
    for directory in (*directories, *(managed / "versions").glob("*/bin")):
        for program in directory.glob("python3.*"):
            version = re.fullmatch(r"python3\.(\d+)", program.name)
            if version:
                found.setdefault((3, int(version[1])), str(program))
    return found


def environment(name: str) -> Optional[Path]:
    """The programs of another ansible-core; None where no Python here is new enough for it."""
    wanted, needs = OTHERS[name]
    fitting = sorted(version for version in pythons() if version >= needs)
    if not fitting:
        return None
    # The oldest core with the oldest Python, the newest with the newest.
    version = fitting[0] if name == "oldest" else fitting[-1]
    directory = CACHE / f"ansible-{name}"
    subprocess.run([pythons()[version], "-m", "venv", "--clear", str(directory)], check=True)
    pip = [str(directory / "bin/pip"), "install", "-qq", "--disable-pip-version-check", wanted]
    subprocess.run(pip, check=True)
    return directory / "bin"


def smoke(hosts: str, programs: Optional[Path]) -> int:
    variables = {**os.environ, "SMOKE_HOSTS": hosts, "SMOKE_REPORT": str(REPORT)}
    if programs:
        variables["IT_ANSIBLE"] = str(programs)
    # The callback extends Ansible's own, which differs between versions of ansible-core.
    tests = ("tests/smoke", "tests/integration/terminal/test_callback.py")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *tests], cwd=ROOT, env=variables, check=False
    ).returncode


def sanity(programs: Path) -> int:
    """ansible-test sanity of this ansible-core, with the Python that it runs on."""
    variables = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    command = [str(programs / "python"), "tests/tools/sanity.py"]
    return subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode


def version_of(programs: Path) -> str:
    """As in the table: 2.19.14 (3.11.2)."""
    code = "import ansible.release as a, platform; print(f'{a.__version__} ({platform.python_version()})')"
    return subprocess.run(
        [str(programs / "python"), "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def row(run: dict[str, Any]) -> tuple[str, ...]:
    return (
        run["release"],
        run["libvirt"],
        run["qemu"],
        run["daemons"],
        run["firewall"] or "libvirt's choice",
        run["python"],
        f"{run['ansible']} ({run['controller']})",
        str(run.get("passed", 0)),
        str(run.get("failed", 0)),
    )


def table(runs: list[dict[str, Any]]) -> str:
    lines = [HEAD, tuple("---" for _column in HEAD), *(row(run) for run in runs)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def publish(runs: list[dict[str, Any]], sane: list[str], not_run: list[str]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, _start, rest = text.partition("<!-- matrix -->\n")
    _old, _end, after = rest.partition("<!-- end of matrix -->\n")
    said = f"Written by `make matrix` on {datetime.date.today()}.\n\n{table(runs)}"
    said += f"\n`ansible-test sanity` passed with ansible-core {', '.join(sane) or 'of no version'}.\n"
    said += "".join(f"\nNot run: {what}.\n" for what in not_run)
    PAGE.write_text(f"{before}<!-- matrix -->\n{said}<!-- end of matrix -->\n{after}", encoding="utf-8")


def main() -> int:
    REPORT.unlink(missing_ok=True)
    everywhere = sys.argv[1] if len(sys.argv) > 1 else EVERYWHERE
    elsewhere = ",".join(host for host in ELSEWHERE.split(",") if host in everywhere.split(","))
    failed, sane, not_run = 0, [], []
    for name in ("", *OTHERS):
        programs = environment(name) if name else None
        if name and programs is None:
            not_run.append(f"the {name} ansible-core, since no Python {'.'.join(map(str, OTHERS[name][1]))} is here")
            continue
        hosts, start = elsewhere if name else everywhere, time.monotonic()
        print(f"== smoke tests on {hosts}, {name or 'the usual'} ansible-core", flush=True)
        failed += bool(smoke(hosts, programs))
        print(f"== {time.monotonic() - start:.0f} seconds", flush=True)
        tools = programs or CACHE / "venv/bin"
        version = version_of(tools)
        print(f"== ansible-test sanity, {version}", flush=True)
        if sanity(tools):
            failed += 1
        else:
            sane.append(version)
    runs = [json.loads(line) for line in REPORT.read_text(encoding="utf-8").splitlines()] if REPORT.exists() else []
    publish(runs, sane, not_run)
    print(table(runs), *not_run, sep="\n")
    return 1 if failed or not_run else 0


if __name__ == "__main__":
    sys.exit(main())
