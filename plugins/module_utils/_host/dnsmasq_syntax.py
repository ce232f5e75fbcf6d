# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host's dnsmasq says about a configuration, by `dnsmasq --test`, which starts nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Optional

from .programs import ProgramResult, find_program, run_program

_SECONDS = 10
# dnsmasq reads lines in pieces of this many bytes, and counts the pieces.
_PIECE = 1024


def refused_options(options: Sequence[str]) -> Optional[str]:
    """Why dnsmasq refuses these lines: "" if it accepts them, None if that is unknown."""
    done = _test("-", "".join(f"{option}\n" for option in options))
    if done is None:
        return None
    return "" if done.status == 0 else _why(done.err, options)


def is_refused(conf: str) -> bool:
    """Whether dnsmasq refuses this file. False if that is unknown."""
    done = _test(conf, "") if os.access(conf, os.R_OK) else None
    return done is not None and done.status != 0


def _test(conf: str, text: str) -> Optional[ProgramResult]:
    """libvirt passes dnsmasq no locale, so it must be tested in the locale C: in others it accepts names that are not
    ASCII."""
    program = find_program("dnsmasq")
    return run_program([program, "--test", f"--conf-file={conf}"], _SECONDS, text) if program else None


def _why(said: str, options: Sequence[str]) -> str:
    """dnsmasq names a line number of its input, which the user never sees; name the option instead."""
    reason = " ".join(said.split()).partition("dnsmasq: ")[2] or "it does not say why"
    head, _at, place = reason.rpartition(" at line ")
    number = place.split(" ")[0]
    lines = [option for option in options for _piece in range(0, len(f"{option}\n".encode()), _PIECE)]
    if head and number.isdigit() and 0 < int(number) <= len(lines):
        return f"{head} in {ascii(lines[int(number) - 1])[:120]}"
    return reason[:200]
