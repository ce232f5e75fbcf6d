# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scenario made of a host's firewall and sysctls, taken back. libvirt's own rules go with its networks."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import tools

TOOLS = ("iptables", "ip6tables")
# Of the tables of nftables: those of iptables and of libvirt.
OWN = ("filter", "nat", "mangle", "raw", "security")
SYSCTLS = (
    "net/ipv4/ip_forward",
    "net/ipv6/conf/all/forwarding",
    "net/bridge/bridge-nf-call-iptables",
    "net/bridge/bridge-nf-call-ip6tables",
)


def state() -> dict[str, Any]:
    paths = [Path("/proc/sys", name) for name in SYSCTLS]
    return {
        "rules": {tool: sorted(_lines(tool)) for tool in TOOLS},
        "tables": sorted(_tables()),
        "sysctls": {str(path): path.read_text().strip() for path in paths if path.exists()},
        "routing": {family: tools.run("ip", family, "rule", "show").splitlines() for family in ("-4", "-6")},
    }


def _lines(tool: str) -> list[str]:
    """Table, and a rule, a policy or a chain of it, but libvirt's."""
    table, found = "", []
    for line in tools.run(f"{tool}-save").splitlines():
        table = line[1:] if line.startswith("*") else table
        if line.startswith((":", "-A")) and "LIBVIRT" not in line:
            found.append(f"{table} {line.split(' [')[0]}")
    return found


def _tables() -> list[str]:
    shown = [line.split()[1:3] for line in tools.run("nft", "list", "tables").splitlines()]
    return [f"{family} {name}" for family, name in shown if name not in OWN and not name.startswith("libvirt")]


def back(before: dict[str, Any]) -> None:
    """Rules before the chains that they lead to. What cannot be taken back shows in left()."""
    now = state()
    for tool in TOOLS:
        new = [line.split(" ", 2) for line in now["rules"][tool] if line not in before["rules"][tool]]
        for table, what, *rest in sorted(new, key=lambda words: words[1] != "-A"):
            if what == "-A":
                _try("sh", "-ec", f"{tool} -t {table} -D {rest[0]}")
            elif rest == ["-"]:
                for action in ("-F", "-X"):
                    _try(tool, "-t", table, action, what[1:])
            else:
                _try(tool, "-t", table, "-P", what[1:], "ACCEPT")
    for table in set(now["tables"]) - set(before["tables"]):
        _try("nft", "delete", "table", *table.split())
    for path, value in before["sysctls"].items():
        if now["sysctls"][path] != value:
            Path(path).write_text(value)
    for family, rules in now["routing"].items():
        for rule in set(rules) - set(before["routing"][family]):
            _try("ip", family, "rule", "del", "priority", rule.split(":")[0])


def left(before: dict[str, Any]) -> list[str]:
    now = state()
    found = [f"{tool}: {line}" for tool in TOOLS for line in now["rules"][tool] if line not in before["rules"][tool]
             and not line.endswith(" ACCEPT")]  # fmt: skip
    return found + [f"nftables: {table}" for table in set(now["tables"]) - set(before["tables"])]


def _try(*argv: str) -> None:
    with suppress(RuntimeError):
        tools.run(*argv)
