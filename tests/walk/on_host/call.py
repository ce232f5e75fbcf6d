# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls a module on this host as Ansible does, without Ansible's transport: its main() with parameters, in a process of
its own, which may be made to die on the way.

interrupt: {"signal": name, "after": seconds}, or {"signal": name, "call": number, "when": "before" or "after"} for one
of the calls of libvirt that change something; "daemon": true has the signal hit libvirtd instead of the module.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

MODULES = ("virt_network", "virt_networks", "virt_portgroup", "virt_iface_pool", "virt_network_info")
PACKAGE = "ansible_collections.virtfleet.network.plugins."
LONGEST = 120.0
# What changes a host, by class of libvirt's binding.
CHANGES = {
    "virConnect": ("networkDefineXML", "networkDefineXMLFlags", "networkCreateXML"),
    "virNetwork": ("create", "destroy", "undefine", "setAutostart", "update", "portCreateXML", "setMetadata"),
    "virNetworkPort": ("delete",),
    "virDomain": ("updateDeviceFlags",),
}


def preload() -> None:
    """Import once what every call needs; each call is a copy of this process."""
    from ansible.module_utils import basic

    basic._ANSIBLE_PROFILE = "legacy"
    for name in MODULES:
        import_module(f"{PACKAGE}modules.{name}")
    for path in sorted(
        Path(sys.modules[f"{PACKAGE}modules.virt_network"].__file__).parents[1].rglob("module_utils/*/*.py")
    ):
        if path.parent.name in ("_run", "_plan", "_host", "_xml", "_model", "_ansible") and path.stem != "__init__":
            import_module(f"{PACKAGE}module_utils.{path.parent.name}.{path.stem}")
    gc.collect()
    gc.freeze()


def call(module: str, options: dict[str, Any], check: bool = False, interrupt: dict[str, Any] | None = None) -> Any:
    """The module's result; {"died": signal's number} when it gave none, {"hung": true} when it did not end."""
    arguments = {
        **options,
        "_ansible_check_mode": check,
        "_ansible_diff": True,
        "_ansible_module_name": f"virtfleet.network.{module}",
        "_ansible_no_log": False,
        "_ansible_verbosity": 0,
        "_ansible_syslog_facility": "LOG_USER",
        "_ansible_remote_tmp": "/tmp",
        "_ansible_target_log_info": None,
    }
    out, into = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if not child:
        os.close(out)
        _be_the_module(module, arguments, into, interrupt or {})
    os.close(into)
    after = (interrupt or {}).get("after")
    written, status, hung = _wait(child, out, interrupt["signal"] if after is not None else None, after or 0.0)
    lines = written.decode(errors="replace").strip().splitlines()
    if hung:
        return {"hung": True, "said": lines[-3:]}
    try:
        return json.loads(lines[-1])
    except (IndexError, ValueError):
        if os.WIFSIGNALED(status):
            return {"died": os.WTERMSIG(status), "said": lines[-3:]}
        return {"died": 0, "rc": os.waitstatus_to_exitcode(status), "said": lines[-12:]}


def _wait(child: int, out: int, name: str | None, after: float) -> tuple[bytes, int, bool]:
    written, start, hung = b"", time.monotonic(), False
    while True:
        now = time.monotonic() - start
        if name is not None and now >= after:
            os.kill(child, getattr(signal, f"SIG{name}"))
            name = None
        if now > LONGEST and not hung:
            os.kill(child, signal.SIGKILL)
            hung = True
        ready, _w, _x = select.select([out], [], [], max(0.0, after - now) if name is not None else LONGEST - now + 1)
        if ready:
            some = os.read(out, 1 << 20)
            if not some:
                break
            written += some
    os.close(out)
    return written, os.waitpid(child, 0)[1], hung


def _be_the_module(module: str, arguments: dict[str, Any], into: int, interrupt: dict[str, Any]) -> None:
    code = 1
    try:
        null = os.open(os.devnull, os.O_RDWR)
        for number, target in ((0, null), (1, into), (2, into)):
            os.dup2(target, number)
        sys.stdout = os.fdopen(os.dup(1), "w")
        sys.stderr = os.fdopen(os.dup(2), "w")
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        from ansible.module_utils import basic

        basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
        if "call" in interrupt:
            _strike_at(interrupt)
        sys.modules[f"{PACKAGE}modules.{module}"].main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _strike_at(interrupt: dict[str, Any]) -> None:
    import libvirt

    counted = iter(range(100000))

    def strike() -> None:
        if interrupt.get("daemon"):
            pid = next(
                int(entry.name)
                for entry in Path("/proc").iterdir()
                if entry.name.isdigit() and (entry / "comm").read_text().strip() == "libvirtd"
            )
        else:
            pid = os.getpid()
        os.kill(pid, getattr(signal, f"SIG{interrupt['signal']}"))

    def faulty(original: Any) -> Any:
        def method(*args: Any, **kwargs: Any) -> Any:
            mine = next(counted) == interrupt["call"]
            if mine and interrupt["when"] == "before":
                strike()
            result = original(*args, **kwargs)
            if mine and interrupt["when"] == "after":
                strike()
            return result

        return method

    for name, methods in CHANGES.items():
        for method in methods:
            if hasattr(getattr(libvirt, name), method):
                setattr(getattr(libvirt, name), method, faulty(getattr(getattr(libvirt, name), method)))
