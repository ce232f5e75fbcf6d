# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_migrate: guests migrate from this host to others."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import Any, Optional

from .._model.errors import VirtfleetError
from .._model.move import (
    CANCEL,
    LIVE,
    NO_COMPRESSION,
    OFFLINE,
    POST_COPY,
    SUSPEND,
    XBZRLE,
    ZLIB,
    ZSTD,
    Move,
    MoveSettings,
)
from .argument_spec import connection_spec
from .module import Module, run
from .ranges import refuse_out_of_range

_GUEST = {
    "name": {"type": "str", "required": True},
    "destination": {"type": "str", "required": True},
    "mode": {"type": "str", "choices": [LIVE, OFFLINE], "default": LIVE},
    "traffic_uri": {"type": "str"},
    "origin": {"type": "str"},
}
_SETTINGS = {
    "bandwidth": {"type": "int", "default": 0},
    "auto_converge": {"type": "bool", "default": False},
    "post_copy": {"type": "bool", "default": False},
    "tls": {"type": "bool", "default": False},
    "parallel": {"type": "int", "default": 0},
    "compression": {"type": "str", "choices": [NO_COMPRESSION, XBZRLE, ZLIB, ZSTD], "default": NO_COMPRESSION},
    "persistent": {"type": "bool"},
    "undefine_source": {"type": "bool"},
    "unsafe": {"type": "bool", "default": False},
    "timeout": {"type": "float", "default": 0},
    "on_timeout": {"type": "str", "choices": [CANCEL, SUSPEND, POST_COPY], "default": CANCEL},
}
_OF_LIBVIRT = ("libvirt_code", "libvirt_domain", "libvirt_message")
_NUMBERS = ("bandwidth", "parallel", "timeout")


def main() -> None:
    module = Module(
        argument_spec={
            "guests": {"type": "list", "elements": "dict", "options": _GUEST, "required": True},
            **_SETTINGS,
            "progress_file": {"type": "path"},
            **connection_spec(),
        },
        supports_check_mode=True,
    )
    run(module, _work)


def _work(module: Module) -> dict[str, Any]:
    from .._run.migrate import migrate

    params = module.params
    moves = [Move(guest=one["name"], **{k: v for k, v in one.items() if k != "name"}) for one in params["guests"]]
    settings = MoveSettings(**{name: params[name] for name in _SETTINGS})
    _refuse(moves, settings)
    teller = _ProgressWriter(params["progress_file"])
    try:
        found = migrate(params["uri"], moves, settings, teller.tell, module.check_mode)
    finally:
        teller.end()
    result = {
        "changed": any(one["moved"] or one.get("forgot_origin") for one in found),
        "migrations": [{key: value for key, value in one.items() if key != "forgot_origin"} for one in found],
    }
    failed = [one for one in found if one.get("failed")]
    if failed:
        why = {key: failed[0][key] for key in ("code", "signal", *_OF_LIBVIRT) if key in failed[0]}
        module.fail_json(" ".join(one["sentence"] for one in failed), **why, **result)
    return result


def _refuse(moves: list[Move], settings: MoveSettings) -> None:
    """Raises VirtfleetError OPTIONS_INVALID."""
    refuse_out_of_range({name: getattr(settings, name) for name in _NUMBERS})
    if settings.compression in (ZLIB, ZSTD) and not settings.parallel:
        raise VirtfleetError("OPTIONS_INVALID", f"compression: {settings.compression} requires parallel connections.")
    if settings.on_timeout == POST_COPY and not settings.post_copy:
        raise VirtfleetError("OPTIONS_INVALID", "on_timeout: post_copy requires post_copy: true.")
    names = [move.guest for move in moves]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise VirtfleetError("OPTIONS_INVALID", f"guests lists {twice[0]!a} more than once.")


class _ProgressWriter:
    """Replaces the file with each report, so that a reader never sees half of one."""

    def __init__(self, path: Optional[str]) -> None:
        self._path = path

    def tell(self, running: list[dict[str, Any]]) -> None:
        if self._path is None:
            return
        fresh = f"{self._path}.new"
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(running, file)
        os.replace(fresh, self._path)

    def end(self) -> None:
        if self._path is not None:
            with suppress(FileNotFoundError):
                os.unlink(self._path)
