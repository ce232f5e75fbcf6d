# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every element and attribute that libvirt's schema of a network (network.rng of 9.0 and 11.3) has is in the model.

When a new libvirt brings a new one: a line here, then a field in _model, then its documentation.
"""

from __future__ import annotations

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._model.field import (
    CHILD,
    CHILDREN,
    TEXT,
    TEXTS,
    VALUES,
    WRAPPED,
)
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import DNSMASQ, NETWORK

VIRTUALPORT = {
    "virtualport": ("type",),
    "virtualport/parameters": ("managerid", "typeid", "typeidversion", "instanceid", "profileid", "interfaceid"),
}
BANDWIDTH = {
    "bandwidth": ("classID",),
    "bandwidth/inbound": ("average", "peak", "burst", "floor"),
    # The schema has floor here too, but libvirt has never done anything but refuse it.
    "bandwidth/outbound": ("average", "peak", "burst"),
}
VLAN = {"vlan": ("trunk",), "vlan/tag": ("id", "nativeMode")}

# Each element by its path below <network>, with its attributes.
SCHEMA = {
    "": ("connections", "ipv6", "trustGuestRxFilters"),
    "name": (),
    "title": (),
    "description": (),
    "metadata": (),
    "uuid": (),
    "bridge": ("name", "zone", "stp", "delay", "macTableManager"),
    "mtu": ("size",),
    "mac": ("address",),
    "forward": ("dev", "mode", "managed"),
    "forward/interface": ("dev", "connections"),
    "forward/address": ("type", "domain", "bus", "slot", "function", "multifunction", "connections"),
    "forward/pf": ("dev",),
    "forward/driver": ("name", "model"),
    "forward/nat": ("ipv6",),
    "forward/nat/address": ("start", "end"),
    "forward/nat/port": ("start", "end"),
    **VIRTUALPORT,
    "portgroup": ("name", "default", "trustGuestRxFilters"),
    **{f"portgroup/{path}": names for path, names in {**VIRTUALPORT, **BANDWIDTH, **VLAN}.items()},
    "domain": ("name", "localOnly", "register"),
    "dns": ("enable", "forwardPlainNames"),
    "dns/forwarder": ("addr", "domain"),
    "dns/txt": ("name", "value"),
    "dns/srv": ("service", "protocol", "domain", "target", "port", "priority", "weight"),
    "dns/host": ("ip",),
    "dns/host/hostname": (),
    **BANDWIDTH,
    **VLAN,
    "port": ("isolated",),
    "ip": ("address", "netmask", "prefix", "family", "localPtr"),
    "ip/tftp": ("root",),
    "ip/dhcp": (),
    "ip/dhcp/range": ("start", "end"),
    "ip/dhcp/range/lease": ("expiry", "unit"),
    "ip/dhcp/host": ("mac", "id", "name", "ip"),
    "ip/dhcp/host/lease": ("expiry", "unit"),
    "ip/dhcp/bootp": ("file", "server"),
    "route": ("family", "address", "netmask", "prefix", "gateway", "metric"),
    DNSMASQ + "options": (),
    f"{DNSMASQ}options/{DNSMASQ}option": ("value",),
}
# Values that the schema lists, by element and attribute.
CHOICES = {
    ("bridge", "macTableManager"): {"kernel", "libvirt"},
    ("forward", "mode"): {"nat", "route", "open", "bridge", "passthrough", "private", "vepa", "hostdev"},
    ("forward/driver", "name"): {"kvm", "vfio", "xen"},
    ("virtualport", "type"): {"802.1Qbg", "802.1Qbh", "openvswitch", "midonet"},
    ("vlan/tag", "nativeMode"): {"tagged", "untagged"},
    ("ip", "family"): {"ipv4", "ipv6"},
    ("route", "family"): {"ipv4", "ipv6"},
    ("ip/dhcp/range/lease", "unit"): {"seconds", "minutes", "hours"},
}


def elements(entity, path=""):
    """The model as the schema above has it: each element's path with its attributes."""
    yield path, {*entity.attributes, *(("type", "domain", "bus", "slot", "function") if entity.pci else ())}
    for xml, field in entity.elements.items():
        below = f"{path}/{xml}" if path else xml
        if field.kind in (CHILD, CHILDREN):
            yield from elements(field.entity, below)
        elif field.kind == WRAPPED:
            yield below, {field.attribute}
        elif field.kind == VALUES:
            yield below, set()
            yield f"{below}/{field.item}", {field.attribute}
        else:
            yield below, set()


def field_at(path, name):
    entity = NETWORK
    for step in path.split("/"):
        entity = entity.elements[step].entity
    return entity.attributes[name]


def test_the_model_has_what_the_schema_has_and_nothing_else():
    assert dict(elements(NETWORK)) == {path: set(names) for path, names in SCHEMA.items()}


@pytest.mark.parametrize(("path", "name"), CHOICES, ids="@".join)
def test_the_model_takes_the_values_that_the_schema_lists(path, name):
    assert set(field_at(path, name).choices) == CHOICES[path, name]


def test_elements_with_text_are_text():
    for name in ("name", "uuid", "title", "description"):
        assert NETWORK.elements[name].kind == TEXT
    assert NETWORK.elements["dns"].entity.elements["host"].entity.elements["hostname"].kind == TEXTS
