# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of numbers that libvirt enforces, and the UUID."""

from __future__ import annotations

from collections.abc import Iterator

from ..._model import address
from ..._model.errors import Path, Problem
from ..._model.field import Document

UNSIGNED = 2**32 - 1
PORT = 65535
# Beyond it libvirt's count of milliseconds, or the kernel's of ticks, overflows.
DELAY = 2**54


def check_bounds(document: Document) -> Iterator[Problem]:
    uuid = document.get("uuid")
    if uuid is not None and not address.is_uuid(uuid):
        yield Problem(
            "UUID_INVALID",
            Path("uuid"),
            "uuid is {uuid!a}, which is not a valid UUID, such as 6f5b1f1e-0f3a-4d51-8f43-0c2f5b9b8f11.",
            uuid=uuid,
        )
    delay = (document.get("bridge") or {}).get("delay", 0)
    if delay < 0:
        yield Problem(
            "BRIDGE_INVALID",
            Path("bridge.delay"),
            "bridge.delay is {delay}; it must be 0 seconds or more.",
            delay=delay,
        )
    if delay > DELAY:
        yield Problem(
            "BRIDGE_INVALID",
            Path("bridge.delay"),
            "bridge.delay is {delay}; the maximum is {most} seconds.",
            delay=delay,
            most=DELAY,
        )
    for route in document.get("routes") or ():
        if not 1 <= route.get("metric", 1) <= UNSIGNED:
            yield Problem(
                "ROUTE_INVALID",
                Path(("routes", route.get("address"))) / "metric",
                "The {path} is {metric}; it must be 1 or more.",
                metric=route["metric"],
            )
    for record in (document.get("dns") or {}).get("srvs") or ():
        what = Path(("dns.srvs", record.get("service")))
        for name, least in (("port", 1), ("priority", 0), ("weight", 0)):
            if name not in record:
                continue
            if not least <= record[name] <= PORT:
                yield Problem(
                    "DNS_INVALID",
                    what / name,
                    "The {path} is {value}; it must be {least} to {most}.",
                    value=record[name],
                    least=least,
                    most=PORT,
                )
            if "target" not in record:
                yield Problem("DNS_INVALID", what, "{path} has {name}, which requires a target.", name=name)
    yield from _check_nat((document.get("forward") or {}).get("nat") or {})


def _check_nat(nat: Document) -> Iterator[Problem]:
    port, addresses = nat.get("port"), nat.get("address")
    if port is not None and not 0 <= port.get("start", -1) <= port.get("end", -1) <= PORT:
        yield Problem(
            "NAT_INVALID",
            Path("forward.nat.port"),
            "forward.nat.port is {start} to {end}; it must be a range within 0 to {most}.",
            start=port.get("start"),
            end=port.get("end"),
            most=PORT,
        )
    if addresses is not None:
        ends = [address.packed(str(addresses.get(end, ""))) for end in ("start", "end")]
        if any(end is None or len(end) != 4 for end in ends) or (ends[0] or b"") > (ends[1] or b""):
            shown = f"{addresses.get('start')!a} to {addresses.get('end')!a}"
            yield Problem(
                "NAT_INVALID",
                Path("forward.nat.address"),
                "forward.nat.address is {shown}, which is not a range of IPv4 addresses.",
                shown=shown,
            )
