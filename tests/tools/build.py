# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds the collection, installs it from its tarball without a network, reads all documentation there, and lets
galaxy-importer judge the tarball as Galaxy would. Runs in .cache/venv. Usage: build.py
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".cache/build"
SOURCE = BUILD / "source"
INSTALLED = BUILD / "installed"
NAME = "virtfleet.network"
# galaxy-importer and what it runs; the versions of the latter are those of requirements-dev.txt
IMPORTER = ["galaxy-importer==0.4.44", "ansible-core", "ansible-lint"]
KINDS = {"modules": "module", "filter": "filter"}
UNWANTED = (".cache/", ".ci/", ".git", ".lab", "__pycache__", ".pyc")


def run(*command: str, cwd: Path = BUILD, **env: str) -> str:
    """The command's output; fails with it, both streams, when the command does."""
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"build: {' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def build() -> Path:
    shutil.rmtree(BUILD, ignore_errors=True)
    run(str(ROOT / "tests/tools/copy-tree"), str(SOURCE), cwd=ROOT)
    run("ansible-galaxy", "collection", "build", "--output-path", str(BUILD), str(SOURCE))
    (tarball,) = BUILD.glob("*.tar.gz")
    with tarfile.open(tarball) as archive:
        bad = [name for name in archive.getnames() if any(part in name for part in UNWANTED)]
    if bad:
        sys.exit(f"build: the tarball holds what build_ignore should keep out: {bad}")
    return tarball


def install(tarball: Path) -> None:
    # without this path the checkout itself counts as installed already, and nothing is done
    command = ["ansible-galaxy", "collection", "install", "--offline", "-p", str(INSTALLED), str(tarball)]
    run(*command, ANSIBLE_COLLECTIONS_PATH=str(INSTALLED))
    if not (INSTALLED / "ansible_collections" / NAME.replace(".", "/") / "MANIFEST.json").exists():
        sys.exit("build: the collection was not installed")


def read_documentation() -> int:
    """Every module, filter and role of the installed collection has documentation that ansible-doc can read."""
    root = INSTALLED / "ansible_collections" / NAME.replace(".", "/")
    wanted = [
        (kind, f"{NAME}.{file.stem}")
        for directory, kind in KINDS.items()
        for file in sorted((root / "plugins" / directory).glob("[!_]*"))
        if file.suffix in (".py", ".yml")
    ]
    wanted += [("role", f"{NAME}.{role.name}") for role in sorted((root / "roles").glob("*")) if role.is_dir()]
    for kind in sorted({kind for kind, name in wanted}):
        names = sorted({name for k, name in wanted if k == kind})
        found = json.loads(run("ansible-doc", "--json", "-t", kind, *names, ANSIBLE_COLLECTIONS_PATH=str(INSTALLED)))
        missing = [name for name in names if "error" in found.get(name, {"error": 1})]
        if missing:
            sys.exit(f"build: ansible-doc finds no {kind} documentation for {', '.join(missing)}")
    return len(wanted)


def importer() -> Path:
    """An environment of its own: it holds back packages which the other tools want newer."""
    venv = ROOT / ".cache/importer"
    stamp = venv / ".stamp"
    requirements = ROOT / "requirements-dev.txt"
    wanted = hashlib.sha256(f"{venv} {sys.version} {IMPORTER} {requirements.read_text()}".encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        run("/usr/bin/python3", "-m", "venv", "--clear", str(venv))
        run(str(venv / "bin/python"), "-m", "pip", "install", "-qq", "-c", str(requirements), *IMPORTER)
        stamp.write_text(wanted)
    return venv / "bin"


def judge(tarball: Path) -> None:
    programs = importer()
    output = run(
        str(programs / "python"),
        "-m",
        "galaxy_importer.main",
        str(tarball),
        PATH=f"{programs}:{os.environ['PATH']}",
    )
    print(output, end="")
    if any(line.startswith("ERROR") for line in output.splitlines()):
        sys.exit("build: galaxy-importer found errors")


def main() -> None:
    tarball = build()
    print(f"build: {tarball.relative_to(ROOT)}", flush=True)
    install(tarball)
    print(
        f"build: installed; ansible-doc reads the documentation of {read_documentation()} plugins and roles", flush=True
    )
    judge(tarball)


if __name__ == "__main__":
    main()
