# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every network XML in a directory through virt_network, on hosts of the lab.

Without a directory: the networks in libvirt's own tests, from the source of each release, on its hosts. Each
*.xml is checked, applied, applied again and removed. It converges when check mode promised what was done, the second
run found nothing to do and nothing is left at the end. It is refused when libvirt refuses it, with libvirt's reason;
where the collection refuses first, virsh asks the same libvirt, and some of what that takes is refused on purpose.
All else is a fail. The last line counts; the exit status is 0 without a fail, 1 with one, 2 when there is nothing to
try.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / part) for part in ("integration", "lab")]
sys.dont_write_bytecode = True

import rootfs  # noqa: E402
import source  # noqa: E402
from harness.playbook import Call, Probe, Results, Running, Verbatim  # noqa: E402
from state import Lab, LabError  # noqa: E402

NAME = "corpus"
LAB = ["/usr/bin/python3", str(ROOT / "tests" / "lab" / "lab.py"), "--name", NAME]
HOSTS = 2
CONVERGES, REFUSED, OURS, FAIL = "converges", "refused by libvirt", "refused though libvirt takes it", "FAIL"
# Refusals for what a libvirt would drop without a word; only its schema tells.
ASK_SCHEMA = ("XML_UNKNOWN", "LIBVIRT_TOO_OLD")
# Refusals for what libvirt accepts; docs/validation.md says why.
STRICTER = ("NAME_INVALID",)


@dataclass
class Entry:
    path: Path
    xml: str
    name: str
    verdict: str = ""
    words: str = ""

    def judge(self, verdict: str, words: str = "") -> None:
        self.verdict, self.words = verdict, words


class FaultError(Exception):
    pass


def entries(directory: Path) -> list[Entry]:
    if not directory.is_dir():
        raise FaultError(f"{directory} is not a directory")
    paths = sorted(path for path in directory.glob("*.xml") if path.is_file())
    if not paths:
        raise FaultError(f"there is no XML file (*.xml) in {directory}")
    return [entry(path) for path in paths]


def entry(path: Path) -> Entry:
    raw = path.read_bytes()
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    try:
        name = ElementTree.fromstring(raw).findtext("name")
    except (ElementTree.ParseError, ValueError, LookupError):
        name = None
    return Entry(path, text, path.stem if name is None else name)


def call(step: str, one: Entry, check: bool = False, **options: Any) -> Call:
    given = {"name": Verbatim(one.name), **options}
    if options.get("state") != "absent":
        given["xml"] = Verbatim(one.xml)
    return Call(step, "virt_network", given, check=check)


def round_trip(one: Entry, state: str) -> tuple[Any, ...]:
    return (
        Probe("before", clean=True),
        call("check", one, check=True, state=state),
        call("real", one, state=state),
        call("again", one, state=state),
        call("again_check", one, check=True, state=state),
        Probe("there"),
        call("removed", one, state="absent"),
        Probe("after"),
    )


def ask_libvirt(one: Entry) -> tuple[Any, ...]:
    xml = {"file": one.xml}
    return (
        Probe("before", clean=True, run=(["virsh", "net-define", xml], ["virsh", "net-start", one.name])),
        Probe("schema", clean=True, run=(["virsh", "net-define", "--validate", xml],)),
        Probe("after", clean=True),
    )


def snapshot(results: Results, step: str) -> dict[str, Any]:
    told: dict[str, Any] = results[step]["probe"]["snapshot"]
    return told


def reason(results: Results, step: str) -> str:
    result = results[step]
    return f"{result.get('code')}: {result.get('msg')}"


def judge(one: Entry, results: Results, state: str) -> str:
    """What came of a round trip: "" when its verdict is final, else what has to be asked yet."""
    probes = [step for step in ("before", "there", "after") if results.get(step, {}).get("probe") is None]
    missing = [step for step in ("check", "real", "again", "again_check", "removed") if step not in results]
    if probes or missing:
        why = results.get(probes[0], {}).get("stderr", "") if probes else ""
        one.judge(FAIL, f"steps that did not work: {', '.join(probes + missing)} {why}")
        return ""
    before = snapshot(results, "before")
    real = results["real"]
    if snapshot(results, "after") != before:
        one.judge(FAIL, f"something is left behind: {difference(before, snapshot(results, 'after'))}")
        return ""
    if real["failed"]:
        if snapshot(results, "there") != before:
            one.judge(FAIL, f"a refusal left something: {difference(before, snapshot(results, 'there'))}")
        elif "libvirt_code" not in real:
            one.words = reason(results, "real")
            return "ours"
        elif real.get("code") != "LIBVIRT_REFUSED":
            one.judge(FAIL, reason(results, "real"))
        else:
            one.judge(REFUSED, str(real["libvirt_message"]))
            return "start" if real.get("undone") else ""  # by then it had taken the definition
        return ""
    faults = promises(one, results, state)
    one.judge(FAIL if faults else CONVERGES, "; ".join(faults))
    return ""


def difference(before: dict[str, Any], after: dict[str, Any]) -> str:
    return ", ".join(f"{what}: {after[what]}" for what in before if before[what] != after[what])


def promises(one: Entry, results: Results, state: str) -> list[str]:
    """What a definition that was taken did not keep to."""
    check, real = results["check"], results["real"]
    if check["failed"]:
        return [f"check mode refuses what is then done: {reason(results, 'check')}"]
    faults = [
        f"check mode promised another {what}" for what in ("changed", "diff", "steps") if check[what] != real[what]
    ]
    if not real["changed"]:
        faults.append("the network was made and nothing is said to have changed")
    for step in ("again", "again_check"):
        if results[step]["failed"]:
            faults.append(f"{step}: {reason(results, step)}")
        elif results[step]["changed"]:
            faults.append(f"{step} changes it once more: {results[step]['diff']}")
    found = snapshot(results, "there")["networks"].get(one.name)
    if not found or not found["persistent"] or found["active"] is not (state == "active"):
        faults.append(f"virsh does not show it {state} and persistent")
    if results["removed"]["failed"]:
        faults.append(f"not removed: {reason(results, 'removed')}")
    return faults


def judge_ours(one: Entry, results: Results) -> None:
    """The collection refused by itself: would libvirt have taken it?"""
    probes = [results.get(step, {}).get("probe") for step in ("before", "schema")]
    if None in probes:
        one.judge(FAIL, f"{one.words} (and libvirt could not be asked)")
        return
    define, start = probes[0]["ran"]
    schema = probes[1]["ran"][0]
    asked = [define, schema, start] if one.words.startswith(ASK_SCHEMA) else [define, start]
    refusal = next((done for done in asked if done["rc"]), None)
    if refusal is None:
        stricter = one.words.startswith(STRICTER)
        one.judge(OURS if stricter else FAIL, one.words if stricter else f"libvirt takes what is refused: {one.words}")
        return
    said = [line.partition("error: ")[2] for line in refusal["err"].splitlines() if line.startswith("error: ")]
    theirs = [line for line in said if not line.startswith("Failed to ")] or [refusal["err"]]
    one.judge(REFUSED, f"{theirs[0]} [{one.words}]")


def judge_at_rest(one: Entry, results: Results) -> None:
    """libvirt did not start it: at rest it must converge all the same, or be refused."""
    refusal = one.words
    judge(one, results, "inactive")
    if one.verdict == CONVERGES:
        one.judge(REFUSED, f"{refusal} (at its start; at rest it converges)")


Steps = Callable[[Entry], tuple[Any, ...]]


def tell(found: list[Entry], steps: Steps, inventory: Path, directory: Path) -> dict[int, Results]:
    """The results of each entry's steps, by its place in the list. The hosts share the work."""
    if not found:
        return {}
    directory.mkdir()
    running = []
    for number in range(HOSTS):
        stories = {str(place): steps(one) for place, one in list(enumerate(found))[number::HOSTS]}
        if stories:
            running.append(Running(stories, f"kvm{number + 1}", inventory, directory))
    try:
        told = {int(place): results for one in running for place, results in one.results().items()}
    finally:
        for one in running:
            one.stop()
    if not told:
        raise FaultError(f"ansible-playbook did not get anything done:\n{running[0].tail()}")
    return told


def work(found: list[Entry], inventory: Path, directory: Path) -> None:
    rest: dict[str, list[Entry]] = {"ours": [], "start": []}
    told = tell(found, lambda one: round_trip(one, "active"), inventory, directory / "active")
    for place, one in enumerate(found):
        open_question = judge(one, told.get(place, {}), "active")
        if open_question:
            rest[open_question].append(one)
    told = tell(rest["ours"], ask_libvirt, inventory, directory / "libvirt")
    for place, one in enumerate(rest["ours"]):
        judge_ours(one, told.get(place, {}))
    told = tell(rest["start"], lambda one: round_trip(one, "inactive"), inventory, directory / "at-rest")
    for place, one in enumerate(rest["start"]):
        judge_at_rest(one, told.get(place, {}))


def report(found: list[Entry]) -> int:
    for one in found:
        words = " ".join(one.words.split())
        print(f"{one.verdict}: {one.path.name}" + (f": {words}" if words else ""))
    count = {verdict: sum(one.verdict == verdict for one in found) for verdict in (CONVERGES, REFUSED, OURS, FAIL)}
    print(f"{count[CONVERGES]} converge, {count[REFUSED]} {REFUSED}, {count[OURS]} {OURS}, {count[FAIL]} fail")
    return 1 if count[FAIL] else 0


def up(release: str) -> Path:
    command = [*LAB, "up", "--hosts", str(HOSTS), "--releases", release]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise FaultError(f"the lab does not come up: {done.stderr.strip()}")
    return ROOT / f".lab-{NAME}" / "inventory.yml"


def down() -> None:
    subprocess.run([*LAB, "down"], stdout=subprocess.DEVNULL, check=False)


def tried(directory: Path | None, release: str) -> list[Entry]:
    """The networks of the directory, or of the release's libvirt, with what hosts of the release made of them."""
    found = entries(directory or source.networks(Lab(NAME), release))
    down()  # what a killed run may have left
    try:
        inventory = up(release)
        with tempfile.TemporaryDirectory() as results:
            work(found, inventory, Path(results))
    finally:
        down()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, nargs="?")
    parser.add_argument("--releases", default=rootfs.codename(), help="of Debian: A,B")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    worst = 0
    for release in options.releases.split(","):
        print(f"== {options.directory or 'networks of its own libvirt'} on Debian {release}", flush=True)
        try:
            worst = max(worst, report(tried(options.directory, release)))
        except (FaultError, LabError, OSError, subprocess.CalledProcessError) as fault:
            print(f"corpus: {fault}", file=sys.stderr)
            worst = 2
    return worst


if __name__ == "__main__":
    sys.exit(main())
