# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host as virt_network_info shows it, made ready for questions. Live or saved, it is the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional

from .._model.canonical import canonical
from .._model.errors import VirtfleetError
from .._model.field import Document
from .._model.forward import mode_of
from .._model.network import NETWORK

FORMAT = 1
_STATES = ("state", "autostart")
_TAPS = ("tun",)


# States of a bridge's port that it does not leave by itself.
_MUTE = ("disabled", "blocking")
# What no rule can do without.
_LINK = ("name", "kind", "mtu", "admin", "carrier", "master")
_GUEST = ("name", "uuid", "running", "nics", "tcp_ports")
_NIC = ("mac", "type", "network", "source")
_MEMBER = ("name", "state", "holders", "max_guests")


def _have(what: str, items: Any, keys: tuple[str, ...]) -> None:
    """Raises KeyError with what is missing."""
    for item in items or ():
        missing = [key for key in keys if key not in item]
        if missing:
            raise KeyError(f"{what} without {', '.join(missing)}")


class Net:
    """A network of the host. document: canonical, as it runs or else as it would start; live: what differs live from
    the persistent definition, option to live value; plugged: guests and devices, None when not looked at; counted:
    libvirt's own counter by member; pfs: PCI members to the links of their PFs; pool: who holds which member, None when
    there is none or it was not looked at.
    """

    def __init__(self, name: str, options: Document, details: Document, persistent: bool, pool: Any) -> None:
        self.name = name
        self.persistent = persistent
        self.active = bool(details["active"])
        self.autostart = bool(details["autostart"])
        self.managed = bool(details["managed"])
        self.drift = [str(option) for option in details["drift"]]
        self.live = dict(details["live"])
        defined = {key: value for key, value in options.items() if key not in _STATES}
        self.defined: Document = defined
        running = {key: value for key, value in defined.items() if key not in self.drift}
        self.options: Document = {**running, **self.live} if self.active else defined
        self.document = canonical(NETWORK, self.options)
        self.plugged: Optional[list[Document]] = details["plugged"]
        self.counted: Optional[dict[str, int]] = details.get("counted")
        self.vfs: Optional[int] = details.get("vfs")
        self.pfs: dict[str, list[str]] = details.get("pfs") or {}
        self.pool: Optional[Document] = pool
        self.bridge: Optional[str] = (self.options.get("bridge") or {}).get("name")

    @property
    def mode(self) -> Optional[str]:
        return mode_of(self.document)


class View:
    """links, guests, memory, forwarding, machines, filters, switches: None where they were not looked at.

    kinds: architecture to kvm, qemu and so on; cpu_models: of x86, known by name; filters: name to a digest of rules.

    Only a check that has a connection to the host fills the rest. paths, volumes (pool/volume): what was looked for, to
    whether it is there; cpus: CPU XML to whether the host has it; known_cpus: CPU XML to whether its libvirt knows all
    of its words; models: path of a QEMU to the devices that it knows; usb: vendor:product of the host's USB devices.
    """

    def __init__(self, info: Mapping[str, Any]) -> None:
        host = info["host"]
        self.name = str(host["hostname"] or "the destination")
        self.uuid: Optional[str] = host.get("uuid")
        self.release = str(host["libvirt_version"])
        self.version = tuple(int(part) for part in self.release.split("."))
        self.remote = bool(host["remote"])
        self.gathered: Optional[float] = host.get("gathered")
        pools = info["pools"]
        self.pools_seen = pools is not None
        self.networks = {
            str(options["name"]): Net(
                str(options["name"]),
                {key: value for key, value in options.items() if key in NETWORK.fields or key in _STATES},
                info["details"][options["name"]],
                persistent,
                (pools or {}).get(options["name"]),
            )
            for key, persistent in (("networks", True), ("transient", False))
            for options in info[key]
        }
        links = info["links"]
        _have("a link", links, _LINK)
        _have("a guest", info.get("guests"), _GUEST)
        for guest in info.get("guests") or ():
            _have("a NIC", guest["nics"], _NIC)
        for pool in (pools or {}).values():
            _have("a pool", [pool], ("members", "capacity"))
            _have("a member", pool["members"], _MEMBER)
            for member in pool["members"]:
                _have("a holder", member["holders"], ("kind", "name", "network"))
        self.links: Optional[dict[str, Document]] = (
            None if links is None else {str(link["name"]): link for link in links}
        )
        self.switches: dict[str, list[str]] = {
            str(name): [str(port) for port in ports] for name, ports in (info.get("switches") or {}).items()
        }
        self.guests: Optional[list[Document]] = info.get("guests")
        self.memory: Optional[Document] = host.get("memory")
        _have("the memory", [self.memory] if self.memory else (), ("total", "available"))
        self.forwarding: Optional[dict[str, bool]] = host.get("forwarding")
        _have("the forwarding", [self.forwarding] if self.forwarding else (), ("ipv4", "ipv6"))
        machines = host.get("machines")
        self.machines: Optional[dict[str, list[str]]] = None if machines is None else dict(machines)
        kinds = host.get("kinds")
        self.kinds: Optional[dict[str, list[str]]] = None if kinds is None else dict(kinds)
        self.emulators: list[str] = list(host.get("emulators") or ())
        filters = info.get("filters")
        self.filters: Optional[dict[str, Optional[str]]] = None if filters is None else dict(filters)
        self.paths: Optional[dict[str, Optional[bool]]] = None
        models = host.get("cpu_models")
        self.cpu_models: Optional[set[str]] = None if models is None else set(models)
        self.volumes: Optional[dict[str, Optional[bool]]] = None
        self.cpus: Optional[dict[str, Optional[bool]]] = None
        self.known_cpus: Optional[dict[str, Optional[bool]]] = None
        self.models: Optional[dict[str, Optional[set[str]]]] = None
        self.usb: Optional[set[str]] = None

    def link(self, name: str) -> Optional[Document]:
        return (self.links or {}).get(name)

    def uplinks(self, bridge: str) -> Optional[list[Document]]:
        """The links by which a bridge reaches further than its guests; None where links cannot be seen."""
        if self.links is None:
            return None
        own = self.links.get(bridge)
        if bridge in self.switches:
            # What the kernel does not know (a DPDK port) is taken to be as good as its switch says.
            ports = [self.links.get(port) or {"name": port, "mtu": None} for port in self.switches[bridge]]
        elif own is not None and own.get("kind") != "bridge":
            return None
        else:
            ports = [link for link in self.links.values() if link["master"] == bridge]
            if own is not None and own.get("admin") == "down":
                # It has all its ports disabled, which says nothing of them.
                ports = [{**port, "port_state": None} for port in ports]
        return [
            link for link in ports if link.get("kind") not in _TAPS and link["name"] not in (bridge, f"{bridge}-nic")
        ]

    @property
    def addresses(self) -> Optional[set[str]]:
        """The host's own IP addresses; None where links cannot be seen."""
        if self.links is None or any("addresses" not in link for link in self.links.values()):
            return None
        return {address for link in self.links.values() for address in link["addresses"]}


def passes(link: Document) -> bool:
    """Whether frames pass through a link."""
    if link.get("port_state") in _MUTE or _only_for_itself(link):
        return False
    return link.get("admin", "up") == "up" and link.get("carrier") is not False


def _only_for_itself(link: Document) -> bool:
    """A macvlan hands a bridge on top of it no frames for others, unless it has its device for itself."""
    return link.get("kind") == "macvlan" and link.get("mode") != "passthru" and bool(link.get("master"))


def read_view(info: Any) -> View:
    """Raises VirtfleetError DESTINATION_INVALID: it is no whole result of this version's virt_network_info."""
    if not isinstance(info, Mapping) or "host" not in info or "networks" not in info:
        raise VirtfleetError(
            "DESTINATION_INVALID",
            "The destination is not a result of virt_network_info: it has no host or no networks.",
        )
    if info.get("format") != FORMAT:
        raise VirtfleetError(
            "DESTINATION_INVALID",
            f"The destination has format {info.get('format')!a}; this version reads {FORMAT}. Gather it again.",
        )
    try:
        return View(info)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        what = f"{type(error).__name__}: {error}"
        raise VirtfleetError(
            "DESTINATION_INVALID",
            f"The destination is no whole result of virt_network_info; is it cut off? ({what[:200]})",
        ) from None
