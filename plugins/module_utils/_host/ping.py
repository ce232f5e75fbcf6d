# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the host itself still reaches others."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from .._model.errors import VirtfleetError

# A neighbour may have to be resolved again, and a route to settle.
_TRIES = 5


def unreachable_addresses(addresses: Sequence[str]) -> list[str]:
    """Those that answer no ping from this host within some seconds.

    Raises VirtfleetError DEPENDENCY_MISSING.
    """
    return [address for address in addresses if not any(_answers(address) for _try in range(_TRIES))]


def _answers(address: str) -> bool:
    try:
        done = subprocess.run(
            ["ping", "-c", "1", "-W", "1", "-n", "--", address],
            check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=10,
        )  # fmt: skip
    except FileNotFoundError:
        raise VirtfleetError(
            "DEPENDENCY_MISSING",
            "verify_reach requires ping, which is not installed on this host: install iputils-ping (iputils on Fedora "
            "and RHEL).",
            packages=["iputils-ping"],
        ) from None
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
