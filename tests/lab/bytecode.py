# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""On hosts that keep bytecode, Python does so with what it imports out of zip files, as it does with other files.

Ansible sends a module as a zip file, out of which a call imports more than a hundred files. To compile them is half of
what the call costs. They are found by their content, so a changed file is compiled again.
"""

from __future__ import annotations

import _imp
import marshal
import os
import zipimport
from types import CodeType

DIRECTORY = "/var/cache/lab-bytecode"
compile_source = zipimport._compile_source


def remembered(path: str, source: bytes, *more: object) -> CodeType:
    name = f"{DIRECTORY}/{_imp.source_hash(0, source).hex()}-{len(source)}"
    try:
        with open(name, "rb") as file:
            code: CodeType = marshal.load(file)
    except (OSError, EOFError, ValueError):
        code = compile_source(path, source, *more)
        _keep(name, code)
        return code
    _imp._fix_co_filename(code, path)
    return code


def _keep(name: str, code: CodeType) -> None:
    """Written aside and renamed: several calls run at a time. A user who may not write there goes without."""
    fresh = f"{name}.{os.getpid()}"
    try:
        os.makedirs(DIRECTORY, exist_ok=True)
        with open(fresh, "wb") as file:
            marshal.dump(code, file)
        os.rename(fresh, name)
    except OSError:
        pass


zipimport._compile_source = remembered
