# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Integer programs, solved to proven optimum by HiGHS, as scipy brings it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._model.errors import VirtfleetError

Terms = Mapping[int, float]
# How far an integer may be from one in a solver's answer.
_NEAR = 1e-5


@dataclass
class Program:
    """Variables by number, rows of bounded sums. seconds: for each call of minimize."""

    seconds: float = 60.0
    upper: list[float] = field(default_factory=list)
    integer: list[bool] = field(default_factory=list)
    rows: list[tuple[dict[int, float], float, float]] = field(default_factory=list)

    def variable(self, upper: float, integer: bool) -> int:
        """From 0 to upper."""
        self.upper.append(upper)
        self.integer.append(integer)
        return len(self.upper) - 1

    def row(self, terms: Terms, low: float = -math.inf, high: float = math.inf) -> None:
        self.rows.append((dict(terms), low, high))

    def minimize(self, terms: Terms) -> Solution:
        """Raises VirtfleetError SOLVER_MISSING, or NO_PLAN when the rows contradict one another."""
        if not self.upper:
            return Solution({}, 0.0, True)
        numpy, optimize, sparse = _libraries()
        cells = [(value, number, column) for number, row in enumerate(self.rows) for column, value in row[0].items()]
        values, numbers, columns = zip(*cells) if cells else ((), (), ())
        matrix = sparse.csr_matrix((values, (numbers, columns)), shape=(len(self.rows), len(self.upper)))
        costs = numpy.zeros(len(self.upper))
        for column, value in terms.items():
            costs[column] = value
        lows, highs = ([row[place] for row in self.rows] for place in (1, 2))
        found = optimize.milp(
            costs,
            integrality=[int(whole) for whole in self.integer],
            bounds=optimize.Bounds(0, self.upper),
            constraints=[optimize.LinearConstraint(matrix, lows, highs)] if self.rows else [],
            options={"mip_rel_gap": 0.0, "time_limit": self.seconds},
        )
        if found.x is None:
            raise VirtfleetError("NO_PLAN", f"The solver found no plan: {found.message}")
        chosen = {column: float(value) for column, value in enumerate(found.x) if abs(value) > _NEAR}
        return Solution(chosen, float(found.fun), found.status == 0)


@dataclass(frozen=True)
class Solution:
    """values: of the variables that are not 0; cost: of what was minimized; proven: that nothing is better."""

    values: Mapping[int, float]
    cost: float
    proven: bool

    def count(self, variable: int) -> int:
        return round(self.values.get(variable, 0.0))


def _libraries() -> tuple[Any, Any, Any]:
    try:
        import numpy
        from scipy import optimize, sparse

        optimize.milp  # noqa: B018 - since scipy 1.9
    except (ImportError, AttributeError) as error:
        raise VirtfleetError(
            "SOLVER_MISSING",
            "Planning needs scipy 1.9 or later on the controller: install python3-scipy, or scipy from PyPI into "
            f"Ansible's environment ({error}).",
        ) from None
    return numpy, optimize, sparse
