# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a host: each definition through check mode, through libvirt, and once more.

One JSON line each. A fault is a verdict of check mode that libvirt does not share, or a network that is not what was
asked for afterwards.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = sys.argv[1]
sys.path[:0] = [f"{ROOT}/.cache/collections", f"{ROOT}/verdict"]

import libvirt  # noqa: E402
from definitions import TAKEN, definition  # noqa: E402

UTILS = "ansible_collections.virtfleet.network.plugins.module_utils."
apply_networks = import_module(UTILS + "_run.apply_networks").apply_networks
RunOptions = import_module(UTILS + "_run.session").RunOptions
desired = import_module(UTILS + "_model.desired")
VirtfleetError = import_module(UTILS + "_model.errors").VirtfleetError
xml_network = import_module(UTILS + "_xml.network")

URI = "qemu:///system"
# What the collection refuses although libvirt would take it, each for a reason that docs/validation.md gives.
ON_PURPOSE = {"TEXT_INVALID", "NAME_INVALID", "DEVICE_NAME_INVALID", "POOL_MIXED", "XML_TWICE", "DRIVER_INVALID"}
# The same in one form only: what 9.0 drops, and what is dropped beside interfaces.
ON_PURPOSE_SAID = ("dhcp.bootp of", "Attribute register", "forward.addresses has no ", "forward.pf has no ",
                   "An <address> in <forward>")  # fmt: skip
# What libvirt would drop without a word; only its schema tells.
ASK_SCHEMA = {"XML_UNKNOWN", "LIBVIRT_TOO_OLD"}

Answer = dict[str, Any]


def wanted(case: Answer) -> Any:
    if "xml" in case:
        declared = xml_network.parse_network(case["xml"])
        declared.pop("name", None)
        return desired.Desired(case["name"], state=case["state"], declared=declared, exact=True)
    options = dict(case["options"])
    if "metadata" in options:
        options["metadata"] = xml_network.normalize_metadata(options["metadata"])
    return desired.Desired(case["name"], state=case["state"], declared=desired.declaration(options))


def ours(case: Answer, check_mode: bool) -> Answer:
    """What the collection makes of it."""
    try:
        done = apply_networks([wanted(case)], RunOptions(URI, check_mode=check_mode))
    except VirtfleetError as error:
        problems = error.details.get("problems") or [{"code": error.code}]
        codes = [problem["code"] for problem in problems]
        return {
            "code": error.code, "codes": codes, "said": error.sentence, "libvirt": "libvirt_code" in error.details
        }  # fmt: skip
    except Exception:
        return {"code": "UNEXPECTED", "codes": [], "said": traceback.format_exc(), "libvirt": False}
    plan = done.work[0][0]
    return {
        "changed": plan.changed,
        "warnings": list(done.warnings),
        "outstanding": list(getattr(plan, "outstanding", ())),
        "diff": [plan.before, plan.after],
    }


def theirs(case: Answer, conn: Any, schema: bool) -> str:
    """libvirt's own refusal of the same definition, "" when it takes it."""
    try:
        xml = case["xml"] if "xml" in case else xml_network.write_network({"name": case["name"], **shown(case)})
    except (VirtfleetError, TypeError) as error:
        return f"no XML: {error}"
    try:
        if schema:
            conn.networkDefineXMLFlags(xml, libvirt.VIR_NETWORK_DEFINE_VALIDATE)
        conn.networkDefineXML(xml).create()
    except libvirt.libvirtError as error:
        return str(error) or "refused"
    return ""


def shown(case: Answer) -> Answer:
    return {name: value for name, value in desired.declaration(case["options"]).items() if value is not None}


def judge(case: Answer, conn: Any) -> Answer:
    check = ours(case, check_mode=True)
    if "code" in check:
        if check["code"] in ("UNEXPECTED", "NOT_CONVERGED") or check["libvirt"]:
            return {"fault": "check mode broke", "check": check}
        refusal = theirs(case, conn, bool(ASK_SCHEMA & set(check["codes"])))
        if (
            refusal
            or check["said"].startswith(ON_PURPOSE_SAID)
            or ON_PURPOSE & set(check["codes"])
            or (check["code"] == "NETWORK_MISSING" and not shown(case))
        ):
            return {"verdict": "refused", "check": check, "libvirt": refusal}
        return {"fault": "legal and refused", "check": check}
    run = ours(case, check_mode=False)
    if "code" in run:
        if check["outstanding"] and run["libvirt"]:
            return {"verdict": "outstanding", "check": check, "run": run}
        return {"fault": "promised and refused", "check": check, "run": run}
    if run["changed"] != check["changed"] or run["diff"] != check["diff"]:
        return {"fault": "promised otherwise", "check": check, "run": run}
    again = ours(case, check_mode=True)
    if again.get("changed") is not False:
        return {"fault": "changes again", "again": again}
    if case["state"] == "active" and not serves(conn.networkLookupByName(case["name"])):
        return {"fault": "dnsmasq does not run"}
    return {"verdict": "ok", "check": check}


def serves(network: Any) -> bool:
    """Whether the network's dnsmasq runs, if it is to have one."""
    xml = network.XMLDesc()
    if "<ip" not in xml or ("<dns enable='no'" in xml and "<dhcp>" not in xml and "<tftp" not in xml):
        return True
    pid = Path(f"/run/libvirt/network/{network.name()}.pid")
    return pid.exists() and Path(f"/proc/{pid.read_text().strip()}").exists()


def clean(conn: Any) -> None:
    for network in conn.listAllNetworks():
        if network.isActive():
            network.destroy()
        if network.isPersistent():
            network.undefine()


def prepare() -> None:
    """A link with a subnet of its own, on a host that has none yet."""
    if not os.path.exists("/sys/class/net/taken0"):
        run("ip", "link", "add", "taken0", "type", "bridge")
        run("ip", "address", "add", f"{TAKEN}.1/24", "dev", "taken0")
        run("ip", "link", "set", "taken0", "up")
    if not os.path.exists("/sys/class/net/kvmbr"):
        run("ip", "link", "add", "kvmbr", "type", "bridge")
        run("ip", "link", "set", "kvmbr", "up")


def run(*command: str) -> None:
    subprocess.run(command, check=True)


def main() -> None:
    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    conn = libvirt.open(URI)
    prepare()
    clean(conn)
    print("ready", flush=True)
    for line in sys.stdin:
        case = definition(int(json.loads(line)["seed"]))
        try:
            answer = judge(case, conn)
        except Exception:
            answer = {"fault": "the test broke", "said": traceback.format_exc()}
        try:
            clean(conn)
        except libvirt.libvirtError as error:
            answer = {"fault": "libvirt broke", "said": str(error), **answer}
        print(json.dumps({**answer, "case": case} if "fault" in answer else answer), flush=True)


if __name__ == "__main__":
    main()
