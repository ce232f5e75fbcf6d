# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network definitions with odd values in them, drawn from the model: every option and every attribute gets its turn.

A definition begins as one that libvirt takes; then a few of its values become odd ones. Half of the cases are options,
half are XML, which is changed as text is changed by hand: attributes given another value, taken away or written twice.
"""

from __future__ import annotations

import copy
import random
from typing import Any

from ansible_collections.virtfleet.network.plugins.module_utils._model import address
from ansible_collections.virtfleet.network.plugins.module_utils._model.field import (
    CHILD,
    CHILDREN,
    EXTRA,
    METADATA,
    PCI,
    TEXTS,
    VALUES,
    Document,
    Entity,
    Field,
)
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import NETWORK
from ansible_collections.virtfleet.network.plugins.module_utils._xml.etree import etree
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import write_network

NAME = "verdict"
# What no libvirt of the lab has would only be dropped there.
NEWEST = (11, 3, 0)
# A link of the host has this subnet (tests/verdict/agent.py).
TAKEN = "192.168.211"

TEXT = (
    "", " ", "a", "a b", "a,b", "a.b", "a/b", "-a", ".", "..", "*", "#", "a#b", "%d", "v%d", "a%sb", "é", "a'b", 'a"b',
    "a<b", "a>b", "a&b", "a\\b", "a=b", "a:b", "a;b", "a\tb", "a\nb", "a\rb", "0", "yes", "no", "_x", "x" * 16,
    "x" * 40, "x" * 64, "x" * 254, "x" * 300, "x'/><forward mode='nat'/><portgroup name='y", "infinite", "ignore",
    "set:a", "tag:a", "id:a", "3600", "52:54:00:00:00:01", "10.99.0.1", "fd00:99::1", "/tmp", "/nonexistent", "p0",
    "kvmbr", "example.org", "example.org.", "EXAMPLE", "ex_ample", "a-", "/", "//", "/a/", "a@b", "[a]", "a|b", "lo",
)  # fmt: skip
NUMBERS = (
    0, 1, 2, 3, 7, 8, 9, 15, 16, 23, 24, 25, 29, 30, 31, 32, 33, 60, 63, 64, 65, 67, 68, 100, 119, 120, 124, 126, 127,
    128, 129, 255, 256, 576, 1279, 1280, 1500, 4094, 4095, 4096, 9000, 65535, 65536, 2**24 - 1, 2**24, 2**31 - 1, 2**31,
    2**32 - 1, 2**32, 2**54, 2**63, 2**64 - 1, 2**64, -1, -5, True, False,
)  # fmt: skip
V4 = ("10.99.0.1", "10.99.0.0", "10.99.0.255", "10.99.0.7", "10.99.1.1", "0.0.0.0", "255.255.255.255", "127.0.0.1",
      "169.254.1.1", "224.0.0.1", "240.0.0.1", f"{TAKEN}.1", f"{TAKEN}.9", "10.99.255.254", "10.99.0.2")  # fmt: skip
V6 = ("fd00:99::1", "fd00:99::", "fd00:99::ffff", "FD00:99::0001", "fd00:99:0:0:1::1", "::", "::1", "fe80::1",
      "ff02::1", "::ffff:10.99.0.1", "fd00:99:0:0:0:0:0:7", "2001:db8::1")  # fmt: skip
NO_ADDRESS = ("", " ", "x", "10.99.0", "10.99.0.1.1", "10.99.0.256", "10.99.0.1/24", "010.099.000.001", "10.99.0.01",
              "0x0a630001", "fd00:::1", "fe80::1%lo", "10.99.0.1 ", " 10.99.0.1")  # fmt: skip
MACS = ("52:54:00:00:00:01", "52:54:00:00:00:0A", "52:54:0:0:0:1", "52-54-00-00-00-01", "5254.0000.0001",
        "525400000001", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "52:54:00:00:00",
        "52:54:00:00:00:01:02", "52:54:00:00:00:0g", "", " 52:54:00:00:00:01", "52:54:00:00:00:01 ")  # fmt: skip
UUIDS = ("6f5b1f1e-0f3a-4d51-8f43-0c2f5b9b8f11", "6f5b1f1e0f3a4d518f430c2f5b9b8f11",
         "6F5B1F1E-0F3A-4D51-8F43-0C2F5B9B8F11", "00000000-0000-0000-0000-000000000000", "6f5b1f1e-0f3a",
         "{6f5b1f1e-0f3a-4d51-8f43-0c2f5b9b8f11}", " 6f5b1f1e-0f3a-4d51-8f43-0c2f5b9b8f11 ", "",
         "6f5b1f1e 0f3a 4d51 8f43 0c2f5b9b8f11", "-6f5b1f1e0f3a-4d518f43--0c2f5b9b8f11-", "x",
         "6-f5b1f1e0f3a4d518f430c2f5b9b8f11")  # fmt: skip
NETMASKS = ("255.255.255.0", "255.255.0.0", "255.255.255.255", "0.0.0.0", "255.0.255.0", "255.255.255.254", "24",
            "255.255.255.128", "ffff:ffff::", "", "0.0.0.255")  # fmt: skip
PCIS = ("0000:03:10.1", "03:10.1", "0000:ff:1f.7", "0000:03:20.1", "x", "", "10000:03:10.1", "0000:00:00.0")
RAW = ("", " ", "0", "00", "1", "-1", "+1", " 1", "1 ", "0x1", "0x10", "010", "1e3", "1.0", "1_0", "yes", "no", "YES",
       "Yes", "on", "off", "ON", "true", "false", "True", "x", "4294967295", "4294967296", "18446744073709551616",
       "99999999999999999999999", "nat", "bridge", "NAT", "ipv4", "ipv6", "none", "default", "vfio", "kvm", "xen",
       "openvswitch", "802.1Qbg", "midonet", "seconds", "hours", "days", "libvirt", "kernel", "tagged",
       "untagged")  # fmt: skip


def definition(seed: int) -> dict[str, Any]:
    """A case: name, state, and either options or xml; odd: what was made odd."""
    dice = random.Random(seed)
    document = _base(dice)
    odd: list[str] = []
    for _turn in range(dice.choice((0, 1, 1, 1, 1, 2, 2, 3))):
        odd.append(_make_odd(dice, document))
    state = dice.choice(("active", "active", "active", "present"))
    case: dict[str, Any] = {"seed": seed, "name": NAME, "state": state, "odd": odd}
    if dice.random() < 0.5:
        return {**case, "options": document}
    return {**case, "xml": _by_hand(dice, document, odd)}


# --- what libvirt takes ---------------------------------------------------------------------------------------------


def _base(dice: random.Random) -> Document:
    mode = dice.choice((None, None, "nat", "nat", "nat", "route", "route", "open", "bridge", "bridge", "macvtap",
                        "private", "vepa", "passthrough", "hostdev"))  # fmt: skip
    document: Document = {}
    if mode in (None, "nat", "route", "open"):
        _virtual(dice, document, mode)
    else:
        _of_the_host(dice, document, mode)
    if dice.random() < 0.4:
        groups = [{"name": name} for name in ("one", "two")[: dice.choice((1, 2))]]
        document["portgroups"] = groups
        for group in groups:
            if dice.random() < 0.3:
                group["trust_guest_rx_filters"] = dice.random() < 0.5
        if dice.random() < 0.5:
            groups[0]["default"] = True
    if dice.random() < 0.2:
        document["metadata"] = ['<a:b xmlns:a="urn:example:a">x</a:b>']
    if dice.random() < 0.2:
        document["port"] = {"isolated": dice.random() < 0.5}
    if dice.random() < 0.2:
        document["trust_guest_rx_filters"] = dice.random() < 0.5
    if dice.random() < 0.2:
        document["uuid"] = UUIDS[0]
    return document


def _virtual(dice: random.Random, document: Document, mode: str | None) -> None:
    if mode:
        document["forward"] = {"mode": mode}
        if mode != "open" and dice.random() < 0.3:
            document["forward"]["dev"] = dice.choice(("p0", "gone0"))
        if mode == "nat" and dice.random() < 0.4:
            nat: Document = {"ipv6": dice.random() < 0.5}
            if dice.random() < 0.5:
                nat["address"] = {"start": "192.0.2.1", "end": "192.0.2.9"}
            if dice.random() < 0.5:
                nat["port"] = {"start": dice.choice((1024, 2000)), "end": dice.choice((65535, 3000))}
            document["forward"]["nat"] = nat
    if mode or dice.random() < 0.7:
        document["ips"] = [_v4(dice)]
        if dice.random() < 0.4:
            document["ips"].append(_v6(dice))
        if dice.random() < 0.3:
            document["routes"] = [_route(dice)]
    if dice.random() < 0.4:
        document["bridge"] = {
            name: value
            for name, value in (
                ("name", "vbr7"),
                ("stp", dice.random() < 0.5),
                ("delay", dice.choice((0, 2))),
                ("mac_table_manager", dice.choice(("kernel", "libvirt"))),
            )
            if dice.random() < 0.4
        }
    if dice.random() < 0.3:
        document["mtu"] = dice.choice((1500, 9000, 1400))
    if dice.random() < 0.2:
        document["mac"] = "52:54:00:99:00:01"
    if dice.random() < 0.3:
        document["domain"] = {"name": "example.org", "local_only": dice.random() < 0.5}
    if dice.random() < 0.5:
        document["dns"] = _dns(dice)
    if dice.random() < 0.1:
        document["bandwidth"] = {"inbound": {"average": 1000, "peak": 5000, "burst": 1024}}
    if dice.random() < 0.1:
        document["ipv6"] = True
    if dice.random() < 0.15:
        document["dnsmasq_options"] = [
            dice.choice(("log-queries", "dhcp-option=42,10.99.0.1", "bogus", "cache-size=x"))
        ]


def _v4(dice: random.Random) -> Document:
    ip: Document = {"address": "10.99.0.1"}
    ip.update(dice.choice(({"prefix": 24}, {"netmask": "255.255.255.0"}, {"prefix": 16}, {"prefix": 30}, {})))
    if dice.random() < 0.3:
        ip["family"] = "ipv4"
    if dice.random() < 0.2:
        ip["local_ptr"] = dice.random() < 0.7
    if dice.random() < 0.2:
        ip["tftp"] = dice.choice(("/tmp", "/nonexistent/tftp"))
    if dice.random() < 0.6 and ip.get("prefix") != 30:
        ip["dhcp"] = {"ranges": [{"start": "10.99.0.50", "end": "10.99.0.99"}]}
        if dice.random() < 0.4:
            ip["dhcp"]["ranges"][0]["lease"] = {"expiry": dice.choice((0, 2, 5, 120)), "unit": "minutes"}
        if dice.random() < 0.5:
            host: Document = {"mac": "52:54:00:00:00:01", "ip": "10.99.0.60"}
            if dice.random() < 0.5:
                host["name"] = "web"
            if dice.random() < 0.2:
                host["lease"] = {"expiry": 1, "unit": "hours"}
            ip["dhcp"]["hosts"] = [host]
            if dice.random() < 0.3:
                ip["dhcp"]["hosts"].append({"name": "db", "ip": "10.99.0.61"})
        if dice.random() < 0.2:
            ip["dhcp"]["bootp"] = {"file": "pxelinux.0"}
            if dice.random() < 0.5:
                ip["dhcp"]["bootp"]["server"] = "10.99.0.1"
    return ip


def _v6(dice: random.Random) -> Document:
    ip: Document = {"family": "ipv6", "address": "fd00:99::1", "prefix": 64}
    if dice.random() < 0.2:
        ip["local_ptr"] = True
    if dice.random() < 0.4:
        ip["dhcp"] = {"ranges": [{"start": "fd00:99::100", "end": "fd00:99::1ff"}]}
        if dice.random() < 0.5:
            ip["dhcp"]["hosts"] = [{"id": "00:01:00:01", "name": "six", "ip": "fd00:99::5"}]
    return ip


def _route(dice: random.Random) -> Document:
    route: Document = {"address": "172.30.4.0", "gateway": "10.99.0.2"}
    route.update(dice.choice(({"prefix": 24}, {"netmask": "255.255.255.0"}, {"prefix": 22})))
    if dice.random() < 0.3:
        route["metric"] = 7
    return route


def _dns(dice: random.Random) -> Document:
    dns: Document = {}
    if dice.random() < 0.3:
        dns["forward_plain_names"] = dice.random() < 0.5
    if dice.random() < 0.4:
        dns["forwarders"] = [dice.choice(({"addr": "192.0.2.53"}, {"domain": "example.net"},
                                          {"addr": "192.0.2.53", "domain": "example.net"}))]  # fmt: skip
    if dice.random() < 0.4:
        dns["hosts"] = [{"ip": "10.99.0.70", "hostnames": ["mail", "mx.example.org"]}]
    if dice.random() < 0.4:
        dns["txts"] = [{"name": "example", "value": "some text"}]
    if dice.random() < 0.4:
        srv: Document = {"service": "ldap", "protocol": "tcp"}
        if dice.random() < 0.6:
            srv.update(domain="example.org", target="ldap.example.org", port=389)
            if dice.random() < 0.5:
                srv.update(priority=dice.choice((0, 1, 10)), weight=dice.choice((0, 5)))
        dns["srvs"] = [srv]
    if not dns and dice.random() < 0.5:
        dns["enable"] = dice.random() < 0.5
    return dns


def _of_the_host(dice: random.Random, document: Document, mode: str) -> None:
    forward: Document = {"mode": "bridge" if mode == "macvtap" else mode}
    document["forward"] = forward
    if mode == "bridge":
        document["bridge"] = {"name": dice.choice(("kvmbr", "gone0"))}
        if dice.random() < 0.2:
            document["bridge"]["mac_table_manager"] = dice.choice(("kernel", "libvirt"))
        if dice.random() < 0.3:
            document["virtualport"] = {"type": dice.choice(("openvswitch", "midonet"))}
            if dice.random() < 0.5:
                document["virtualport"]["parameters"] = {"interfaceid": UUIDS[0]}
        if dice.random() < 0.3:
            document["vlan"] = {"tags": [{"id": 42}]}
        if dice.random() < 0.1:
            document["bandwidth"] = {"outbound": {"average": 1000}}
    elif mode == "hostdev":
        forward["managed"] = dice.random() < 0.5
        if dice.random() < 0.5:
            forward["driver"] = {"name": "vfio"}
        if dice.random() < 0.5:
            forward["pf"] = {"dev": dice.choice(("p0", "gone0"))}
        elif dice.random() < 0.6:
            forward["addresses"] = [{"address": PCIS[0]}]
    else:
        if dice.random() < 0.7:
            forward["interfaces"] = [{"dev": dev} for dev in ("p0", "p1", "gone0")[: dice.choice((1, 2, 3))]]
        elif dice.random() < 0.5:
            forward["dev"] = "p0"
        elif dice.random() < 0.5:
            forward["pf"] = {"dev": "p0"}
        if dice.random() < 0.3:
            document["virtualport"] = {
                "type": "802.1Qbg",
                "parameters": {"managerid": 1, "typeid": 2, "typeidversion": 3, "instanceid": UUIDS[0]},
            }


# --- what is odd ----------------------------------------------------------------------------------------------------


def _make_odd(dice: random.Random, document: Document) -> str:
    """Change one value somewhere, or add one; where."""
    entity, place, path = NETWORK, document, ""
    while True:
        fields = [field for field in entity.fields.values() if not field.volatile and field.since <= NEWEST]
        if entity is NETWORK:
            fields = [field for field in fields if field.name != "name"]
        there = [field for field in fields if field.name in place]
        field = dice.choice(there if there and dice.random() < 0.7 else fields)
        path = f"{path}.{field.name}" if path else field.name
        if field.kind == CHILD and field.entity:
            if field.name not in place or dice.random() < 0.1:
                place[field.name] = {}
                if dice.random() < 0.15:
                    return f"{path}={{}}"
            entity, place = field.entity, place[field.name]
            continue
        if field.kind == CHILDREN and field.entity:
            items = place.setdefault(field.name, [])
            what = dice.random()
            if items and what < 0.15:
                twin = copy.deepcopy(dice.choice(items))
                items.append(twin)
                if what < 0.05:
                    return f"{path} twice"
                entity, place = field.entity, twin
                continue
            if not items or what < 0.2:
                if what < 0.02:
                    return f"{path}=[]"
                items.append(_filled(dice, field.entity))
            entity, place = field.entity, dice.choice(items)
            continue
        if field.name in place and dice.random() < 0.12:
            del place[field.name]
            return f"{path} gone"
        place[field.name] = _odd_value(dice, entity, field)
        return f"{path}={place[field.name]!r:.60}"


def _filled(dice: random.Random, entity: Entity) -> Document:
    """An item with what it needs, its values ordinary or odd."""
    return {
        field.name: {} if field.entity else _odd_value(dice, entity, field)
        for field in entity.fields.values()
        if field.required and not field.entity
    }


def _odd_value(dice: random.Random, entity: Entity, field: Field) -> Any:
    if field.kind in (TEXTS, VALUES):
        return [dice.choice(TEXT) for _time in range(dice.choice((0, 1, 1, 2)))]
    if field.kind == METADATA:
        return [dice.choice(('<a:b xmlns:a="urn:example:a"/>', '<b xmlns="urn:example:b"><c/></b>'))]
    if field.kind == PCI:
        return dice.choice(PCIS)
    if field.type in ("bool", "onoff"):
        return dice.random() < 0.5
    if field.type == "int":
        return dice.choice(NUMBERS)
    if field.choices:
        return dice.choice(field.choices)
    if field.same is address.ip:
        return dice.choice(dice.choice((V4, V6, V4, V6, NO_ADDRESS)))
    if field.same is address.mac:
        return dice.choice(MACS)
    if field.name in ("uuid", "instanceid", "interfaceid"):
        return dice.choice(UUIDS)
    if field.name == "netmask":
        return dice.choice(NETMASKS)
    return dice.choice(TEXT)


def _by_hand(dice: random.Random, document: Document, odd: list[str]) -> str:
    """The definition as XML, with one attribute or element changed perhaps."""
    spoilt = {name: value for name, value in document.items() if name != EXTRA}
    try:
        root = etree.fromstring(write_network({"name": NAME, **spoilt}))
    except Exception:  # a value that XML cannot hold
        root = etree.fromstring(f"<network><name>{NAME}</name></network>")
    for _turn in range(dice.choice((0, 1, 1, 2))):
        elements = [element for element in root.iter() if isinstance(element.tag, str)]
        element = dice.choice(elements)
        what = dice.random()
        if what < 0.6 and element.attrib:
            name = dice.choice(sorted(element.attrib))
            if dice.random() < 0.2:
                odd.append(f"<{element.tag}> without {name}")
                del element.attrib[name]
            else:
                element.set(name, dice.choice(RAW if dice.random() < 0.7 else _held(TEXT)))
                odd.append(f"<{element.tag} {name}={element.get(name)!r:.50}>")
        elif what < 0.7 and element is not root and element.tag != "name":
            element.getparent().append(copy.deepcopy(element))
            odd.append(f"<{element.tag}> twice")
        elif what < 0.8 and element is not root and element.tag != "name":
            odd.append(f"<{element.tag}> gone")
            element.getparent().remove(element)
        elif what < 0.85 and element.text and element.text.strip() and element.tag != "name":
            element.text = dice.choice(_held(TEXT))
            odd.append(f"<{element.tag}> is {element.text!r:.50}")
    return str(etree.tostring(root, encoding="unicode"))


def _held(texts: tuple[str, ...]) -> list[str]:
    return [text for text in texts if all(ord(character) >= 0x20 or character in "\t\n\r" for character in text)]
