# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One NIC on one destination: what every rule of NICs is given."""

from __future__ import annotations

from typing import Optional

from .._model.field import Document
from .promise import promises
from .view import Net, View


class Case:
    """had: what the NIC enjoys on its source, None where that is not known; net: the network on the destination, None
    when it is missing there; gets: what the NIC would enjoy there.
    """

    __slots__ = ("gets", "had", "net", "nic", "view")

    def __init__(self, nic: Document, view: View) -> None:
        self.nic = nic
        self.view = view
        self.had: Optional[Document] = nic["promises"]
        self.net: Optional[Net] = view.networks.get(str(nic["network"])) if nic["type"] == "network" else None
        self.gets: Optional[Document] = None if self.net is None else promises(view, {**nic, "device": None})

    @property
    def name(self) -> str:
        return str(self.nic["network"])

    @property
    def where(self) -> str:
        """Within a sentence."""
        return f"network '{self.name}' on {self.view.name}"
