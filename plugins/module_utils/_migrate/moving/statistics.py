# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt counts of a migration, in the words of results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MIB = 1024 * 1024
# A guest that writes little needs no more passes over its memory.
_USUAL_PASSES = 3


def progress_of(job: Mapping[str, Any], post_copy: bool) -> dict[str, Any]:
    """How far a migration is: share of the memory (0 to 1; it grows less while the guest writes to it), rate in MiB/s,
    pass over the memory, post_copy: whether the guest runs at its destination already."""
    processed, remaining = _count(job, "memory_processed"), _count(job, "memory_remaining")
    all_of_it = processed + remaining
    return {
        "share": round(processed / all_of_it, 3) if all_of_it else 0.0,
        "rate": round(_count(job, "memory_bps") / _MIB, 1),
        "pass": _count(job, "memory_iteration"),
        "post_copy": post_copy,
    }


def statistics_of(job: Mapping[str, Any]) -> dict[str, Any]:
    """downtime_ms, total_ms, transferred_mib, rate (MiB/s), passes and throttle (percent that the guest was slowed down
    to); those that libvirt counted."""
    found = {
        "downtime_ms": job.get("downtime"),
        "total_ms": job.get("time_elapsed"),
        "transferred_mib": _mib(job.get("data_processed", job.get("memory_processed"))),
        "rate": _mib(job.get("memory_bps")),
        "passes": job.get("memory_iteration"),
        "throttle": job.get("auto_converge_throttle"),
    }
    return {name: value for name, value in found.items() if value is not None}


def explain_delay(passes: int) -> str:
    """Of a migration that took too long, a sentence to add; empty when the guest is not the reason."""
    if passes <= _USUAL_PASSES:
        return ""
    return (
        f" QEMU passed over the memory {passes} times, because the guest writes faster than its memory is sent: use "
        "auto_converge, post_copy or on_timeout: suspend, or allow more bandwidth."
    )


def progress_line(guest: str, destination: str, seconds: float, progress: Mapping[str, Any] | None) -> str:
    """For people, while it runs. progress: as progress_of() returns it, None before the first byte."""
    line = f"{guest} -> {destination}: {seconds:.0f} s"
    if progress is None:
        return line
    line += f", {progress['share']:.0%} of memory at {progress['rate']} MiB/s, pass {progress['pass']}"
    return f"{line}, running at the destination" if progress["post_copy"] else line


def _count(job: Mapping[str, Any], name: str) -> int:
    return int(job.get(name) or 0)


def _mib(count: Any) -> Any:
    return None if count is None else round(count / _MIB, 1)
