# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a network's ports are set aside and put back around a change, so that libvirt counts them right.

docs/updates.md says why, docs/pools.md what becomes of the port of a guest whose member is drained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .._model.canonical import canonical
from .._model.field import Document
from .._model.forward import INTERFACE, POOL, members_of
from .._model.network import NETWORK
from .._model.observed import Observed
from .._model.plugged import GUEST, Plugged
from .._xml.network import write_fragment
from .._xml.port import make_new_port, read_settings_from_network
from .comparison import Comparison
from .old_settings import differing, effective_settings
from .step import DESTROY, FREE, POOL_SECTION, RECLAIM, RELEASE, START, UPDATE, Step

_MEMBERS = ("dev", "pf", "interfaces", "addresses")


@dataclass(frozen=True)
class PortAccounting:
    """What is to be done to a pool's ports beside a change of its definition.

    drain: members may go while guests hold them, which keep them without a port; freed: ports to be dropped for good;
    returning: ports to be made for guests that hold a member without one; recount: have libvirt count again.
    """

    drain: bool = False
    freed: tuple[Plugged, ...] = ()
    returning: tuple[Plugged, ...] = ()
    recount: bool = False

    @property
    def due(self) -> bool:
        return self.recount or bool(self.freed)


def leaving_members(observed: Observed, compared: Comparison) -> set[str]:
    """Members of the running network that go."""
    old, new = (side.get("forward") for side in (compared.live or {}, compared.live_goal or {}))
    if observed.live is None or old == new:
        return set()
    return set(members_of(observed.live)) - set(members_of({"forward": new or {}}))


def only_members_differ(compared: Comparison) -> bool:
    """Whether a restart would change only the members of the pool in <forward>."""
    old, new = (side.get("forward") or {} for side in (compared.live or {}, compared.live_goal or {}))
    rest = [{name: value for name, value in side.items() if name not in _MEMBERS} for side in (old, new)]
    return rest[0] == rest[1] and old.get("mode") in POOL


def sets_aside(updates: Sequence[Step], accounting: PortAccounting) -> bool:
    return accounting.due or any(step.action == UPDATE for step in updates)


@dataclass(frozen=True)
class PluggedPool:
    """A running network whose ports are set aside for a change. leaving: members that go."""

    name: str
    live: Document
    plugged: Sequence[Plugged]
    leaving: frozenset[str] = frozenset()
    accounting: PortAccounting = PortAccounting()

    @property
    def inside(self) -> list[Plugged]:
        """The ports that libvirt knows how to drop."""
        return [port for port in self.plugged if _is_inside(port, self.live)]


def restart_with_ports_aside(pool: PluggedPool) -> tuple[Step, ...]:
    """For changes that no update can make: stop and start, which guests that have a host device do not notice."""
    name = pool.name
    between = (Step(DESTROY, name, f"stop network '{name}'"), Step(START, name, f"start network '{name}'"))
    # The stop drops every port, those too of members that the pool no longer has.
    return (*_release(name, pool.inside), *between, *_reclaim(name, _staying(pool, pool.inside)))


def update_with_ports_aside(pool: PluggedPool, updates: Sequence[Step], runs: Document) -> tuple[Step, ...]:
    """The updates with the ports aside. runs: the network as it runs after them."""
    name, freed = pool.name, {port.port for port in pool.accounting.freed}
    lost = [port for port in pool.inside if port.port in freed]
    between = list(updates)
    outside = sorted({str(port.member) for port in pool.accounting.freed if not _is_inside(port, pool.live)})
    for member in outside:
        # libvirt drops no port of a device that the pool does not have.
        ports = tuple(port for port in pool.accounting.freed if port.member == member)
        between += [_member_comes(name, member), _free(name, ports), _member_goes(name, member)]
    if members_of(pool.live) and not any(step.action == UPDATE for step in between):
        # Any update makes libvirt begin at zero.
        member = members_of(pool.live)[-1]
        between += [_member_goes(name, member), _member_comes(name, member)]
    kept = [port for port in pool.inside if port.port not in freed]
    return (
        *((_free(name, tuple(lost)),) if lost else ()),
        *_release(name, kept),
        *between,
        *_reclaim(name, allocate_again(_staying(pool, kept), runs)),
    )


def _member_comes(name: str, member: str) -> Step:
    doing = f"add {member} in running network '{name}' temporarily"
    return Step(UPDATE, name, doing, xml=_member_xml(member), command="add", section=POOL_SECTION)


def _member_goes(name: str, member: str) -> Step:
    doing = f"remove {member} in running network '{name}' temporarily"
    return Step(UPDATE, name, doing, xml=_member_xml(member), command="delete", section=POOL_SECTION)


def _member_xml(member: str) -> str:
    return write_fragment(INTERFACE, "interface", {"dev": member})


def _is_inside(port: Plugged, live: Document) -> bool:
    return port.member is None or port.member in members_of(live)


def _staying(pool: PluggedPool, ports: Sequence[Plugged]) -> list[Plugged]:
    freed = {port.port for port in pool.accounting.freed}
    staying = [port for port in ports if port.port not in freed and port.member not in pool.leaving]
    return staying + [port for port in pool.accounting.returning if port.member not in pool.leaving]


def _release(name: str, ports: Sequence[Plugged]) -> tuple[Step, ...]:
    guests = tuple(port for port in ports if port.kind == GUEST)
    doing = f"set aside the ports of {_whose(guests)} in network '{name}'"
    return (Step(RELEASE, name, doing, ports=guests),) if guests else ()


def _reclaim(name: str, ports: Sequence[Plugged]) -> tuple[Step, ...]:
    guests = tuple(port for port in ports if port.kind == GUEST)
    return (
        (Step(RECLAIM, name, f"put back the ports of {_whose(guests)} in network '{name}'", ports=guests),)
        if guests
        else ()
    )


def _free(name: str, ports: tuple[Plugged, ...]) -> Step:
    return Step(FREE, name, f"delete the ports of {_whose(ports)} in network '{name}'", ports=ports)


def _whose(ports: Sequence[Plugged]) -> str:
    return ", ".join(str(port) for port in ports)


def allocate_again(ports: Sequence[Plugged], runs: Document) -> tuple[Plugged, ...]:
    """The ports, prepared for being put back. runs: the network as it will run then.

    Reclaiming a port counts it and restores nothing else. Allocating it again under its old UUID, as at a guest start,
    also restores the class of a guaranteed bandwidth (floor) on the bridge and the record by which libvirt's NSS module
    finds the guest (networkAllocatePort), but gives the port the settings and the member that its network has now. So a
    port is allocated only where settings and member stay the same.
    """
    shown = canonical(NETWORK, runs)
    return tuple(replace(port, xml=make_new_port(port.xml)) if _stays_the_same(port, shown) else port for port in ports)


def _stays_the_same(port: Plugged, runs: Document) -> bool:
    if port.member is not None or not port.xml:
        return False
    return not differing(port, effective_settings(runs, port.portgroup, read_settings_from_network(port.xml)))
