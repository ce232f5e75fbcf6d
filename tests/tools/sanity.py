# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs ansible-test sanity on a copy of the checkout: it refuses one that is not at ansible_collections/<name>/<name>.

Usage: sanity.py [ARGUMENT ...]     (arguments go to ansible-test, for instance --test import)
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COPY = ROOT / ".cache/sanity/ansible_collections/virtfleet/network"
RESULTS = ROOT / ".cache/results"
BOOTSTRAP = "https://ci-files.testing.ansible.com/ansible-test/get-pip-{}.py"


def wanted_pip() -> str:
    """The version that this ansible-core makes its environments with."""
    package = Path(importlib.util.find_spec("ansible_test").origin).parent
    return re.search(r"\bpip='([0-9.]+)'", (package / "_internal/python_requirements.py").read_text())[1]


def provide_pip() -> None:
    """Let ansible-test's environments be built where the package index is reachable and its download server is not."""
    pip, cache = wanted_pip(), Path.home() / ".ansible/test/cache"
    script = cache / f"get_pip_{pip.replace('.', '_')}.py"
    if script.exists():
        return
    try:
        with urllib.request.urlopen(BOOTSTRAP.format(pip), timeout=15):
            return
    except (urllib.error.URLError, TimeoutError):
        print(f"sanity: no {BOOTSTRAP.format(pip)}; taking pip {pip} from the package index", flush=True)
    cache.mkdir(parents=True, exist_ok=True)
    download = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--only-binary=:all:", "-d", str(cache)]
    subprocess.run([*download, f"pip=={pip}"], check=True)
    wheel = str(cache / f"pip-{pip}-py3-none-any.whl")
    script.write_text(
        "import sys\n"
        f"wheel = {json.dumps(wheel)}\n"
        "sys.path.insert(0, wheel)\n"
        "from pip._internal.cli.main import main\n"
        "unknown = ('--no-setuptools', '--no-wheel')\n"
        "args = [wheel if a.startswith('pip==') else a for a in sys.argv[1:] if a not in unknown]\n"
        "sys.exit(main(['install', *args]))\n"
    )


def main() -> int:
    subprocess.run([str(ROOT / "tests/tools/copy-tree"), str(COPY)], check=True)
    # within the checkout's own repository the copy is ignored, so ansible-test would find nothing in it
    subprocess.run(["git", "init", "-q", str(COPY)], check=True)
    provide_pip()
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    command = ["ansible-test", "sanity", "--venv", "--python", python, "--color", "no", "--junit", *sys.argv[1:]]
    # quiet pip: what it says about its sources hides what the tests say
    with subprocess.Popen(
        command, cwd=COPY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        left_out = False
        for line in process.stdout or ():
            if not line.startswith(("Looking in", "Processing ", "Collecting ", "WARNING: Location", "  Downloading ")):
                print(line, end="", flush=True)
            left_out = left_out or "Required program" in line or "All targets skipped" in line
    RESULTS.mkdir(parents=True, exist_ok=True)
    for result in sorted((COPY / "tests/output/junit").glob("*.xml")):
        # a test for which the collection has no file is not one that was skipped
        if "No tests applicable" not in result.read_text():
            shutil.copy(result, RESULTS / result.name.replace("ansible-test-", ""))
    if left_out:
        print("sanity: not everything was tested, see the warnings above")
    absent = [f"3.{minor}" for minor in range(9, 14) if not shutil.which(f"python3.{minor}")]
    print(f"sanity: not compiled or imported with Python {', '.join(absent)}: not on this machine" if absent else "")
    return process.returncode or int(left_out)


if __name__ == "__main__":
    sys.exit(main())
