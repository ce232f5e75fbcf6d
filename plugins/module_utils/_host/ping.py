# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the host itself still reaches others."""

from __future__ import annotations

from collections.abc import Sequence

from .._model.errors import VirtfleetError
from .programs import find_program, output_of

# A neighbour may have to be resolved again, and a route to settle.
_TRIES = 5
_SECONDS = 10


def unreachable_addresses(addresses: Sequence[str]) -> list[str]:
    """Those that answer no ping from this host within some seconds.

    Raises VirtfleetError DEPENDENCY_MISSING.
    """
    if not addresses:
        return []
    program = find_program("ping")
    if program is None:
        raise VirtfleetError(
            "DEPENDENCY_MISSING",
            "verify_reach requires ping, which is not installed on this host: install iputils-ping (iputils on Fedora "
            "and RHEL).",
            packages=["iputils-ping"],
        )
    return [address for address in addresses if not any(_answers(program, address) for _try in range(_TRIES))]


def _answers(program: str, address: str) -> bool:
    return output_of([program, "-c", "1", "-W", "1", "-n", "--", address], _SECONDS) is not None
