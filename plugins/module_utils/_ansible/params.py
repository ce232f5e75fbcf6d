# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's parameters -> what is desired."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._model.desired import NEVER, UPDATE_GUESTS, Desired, declaration
from .._model.errors import VirtfleetError
from .._model.field import Document
from .._run.session import RunOptions, Safety
from .._xml.network import normalize_metadata, parse_network
from .argument_spec import DEFINITION
from .module import given
from .ranges import refuse_out_of_range

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def desired_network(params: dict[str, Any], claims: bool = False) -> Desired:
    """params: of virt_network, or one entry of virt_networks' networks; claims: as in Desired.

    Raises VirtfleetError XML_INVALID, XML_UNSAFE, XML_TOO_LARGE or NAME_DIFFERS for xml and metadata.
    """
    name = str(params["name"])
    options = {option: given(params[option]) for option in DEFINITION if params.get(option) is not None}
    if "metadata" in options:
        options["metadata"] = normalize_metadata(options["metadata"])
    xml = params.get("xml")
    if xml is not None:
        options = _from_xml(name, str(xml))
    return Desired(
        name,
        state=params["state"],
        autostart=params.get("autostart"),
        declared=options if xml is not None else declaration(options),
        exact=xml is not None,
        adopts=True,
        claims=claims,
        pending=tuple(params.get("pending") or ()),
    )


def _from_xml(name: str, xml: str) -> Document:
    document = parse_network(xml)
    named = document.pop("name", None)
    if named != name:
        shown = "no network" if named is None else f"network {named!a}"
        raise VirtfleetError("NAME_DIFFERS", f"xml defines {shown}, but name is {name!a}; use the same name in both.")
    return document


def run_options(module: AnsibleModule) -> RunOptions:
    """Of a module that changes networks. One without the option restart restarts nothing.

    Raises VirtfleetError OPTIONS_INVALID.
    """
    params = module.params
    return RunOptions(
        params["uri"],
        params.get("restart", NEVER),
        params.get("guests") == UPDATE_GUESTS,
        module.check_mode,
        safety(params),
    )


def safety(params: dict[str, Any]) -> Safety:
    """params: with lock_timeout and, where the module has them, confirm_timeout, confirm_run and verify_reach.

    Raises VirtfleetError OPTIONS_INVALID.
    """
    confirm = params.get("confirm_timeout") or 0
    run = params.get("confirm_run") or ""
    refuse_out_of_range({"lock_timeout": params["lock_timeout"], "confirm_timeout": confirm})
    if run and not confirm:
        raise VirtfleetError(
            "OPTIONS_INVALID",
            "confirm_run requires confirm_timeout, the number of seconds after which both changes are rolled back.",
        )
    return Safety(params["lock_timeout"], confirm, run, tuple(params.get("verify_reach") or ()))
