# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of hosts in lines for people."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Union

# Columns of a line.
WIDTH = 99


def fold_host_names(hosts: Iterable[str]) -> str:
    """kvm1-kvm3, kvm10: runs of at least three numbered names, in natural order."""
    runs: list[list[str]] = []
    for host in sorted(set(hosts), key=natural):
        if runs and _next(runs[-1][-1]) == host:
            runs[-1].append(host)
        else:
            runs.append([host])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs)


def natural(host: str) -> list[tuple[int, Union[int, str]]]:
    """A sort key: kvm2 before kvm10."""
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in re.findall(r"[0-9]+|[^0-9]+", host)]


def _next(host: str) -> str:
    found = re.fullmatch(r"(.*?)([0-9]+)", host)
    return f"{found[1]}{int(found[2]) + 1:0{len(found[2])}}" if found else ""
