# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs (BPF) that tcx attaches to links, which tc does not show."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
from collections.abc import Iterable
from typing import Callable

# bpf(2) has no function in the C library.
_NUMBERS = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "loongarch64": 280, "ppc64le": 361, "s390x": 351}
# linux/bpf.h: BPF_PROG_QUERY; BPF_TCX_INGRESS, BPF_TCX_EGRESS; the number of programs in union bpf_attr
_QUERY, _INGRESS, _EGRESS = 16, 46, 47
_SIZE, _COUNT = 64, 24
# Kernels before 6.6 have no tcx, or no BPF at all.
_NONE = (errno.EINVAL, errno.ENOSYS, errno.ENODEV, errno.EOPNOTSUPP)

# The number of programs on a link (its index) by a type of attachment; raises OSError.
Count = Callable[[int, int], int]


def links_with_tcx(indexes: Iterable[int], count: Count | None = None) -> set[int]:
    """Those, by index, that have such a program, or may have one where the kernel does not say."""
    number = _NUMBERS.get(platform.machine())
    if count is None and number is None:
        return set()
    asked = count or _counter(int(number or 0))
    return {index for index in indexes if any(_has(asked, index, kind) for kind in (_INGRESS, _EGRESS))}


def _has(count: Count, index: int, kind: int) -> bool:
    try:
        return count(index, kind) > 0
    except OSError as error:
        return error.errno not in _NONE


def _counter(number: int) -> Count:
    library = ctypes.CDLL(None, use_errno=True)

    def count(index: int, kind: int) -> int:
        attributes = ctypes.create_string_buffer(struct.pack("=II", index, kind), _SIZE)
        if library.syscall(number, _QUERY, attributes, _SIZE) < 0:
            code = ctypes.get_errno()
            raise OSError(code, "bpf")
        return int(struct.unpack_from("=I", attributes.raw, _COUNT)[0])

    return count
