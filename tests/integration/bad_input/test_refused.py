# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions that make no sense: one sentence, the same in check mode, and a host that nobody has touched.

All cases run in one playbook, each in check mode, then for real, then with a look at the host.
"""

from __future__ import annotations

from typing import Any

import pytest
from batch import SNAPSHOT, assert_refused, task

pytestmark = pytest.mark.lab

NAT = {"forward": {"mode": "nat"}, "ips": [{"address": "10.30.0.1", "prefix": 24}]}
BRIDGE = {"forward": {"mode": "bridge"}, "bridge": {"name": "br0"}}
THERE = """
<network><name>there</name><forward mode='nat'/><bridge name='virbr7'/>
<ip address='10.9.0.1' prefix='24'><dhcp><range start='10.9.0.50' end='10.9.0.60'/></dhcp></ip></network>
"""
ENTITY = (
    "<!DOCTYPE network [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><network><name>new</name><title>&e;</title></network>"
)
LAUGHS = (
    "<!DOCTYPE network [<!ENTITY a 'ha'>"
    + "".join(f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefgh", "bcdefghi"))
    + "]><network><name>&i;</name></network>"
)
LARGE = f"<network><name>new</name><!--{'x' * 5 * 1024 * 1024}--></network>"
# What the case before may have left, so that its failure is not the next one's too.
RESET = """
virsh -q net-list --all --name | grep -E '^(new|fine|n1|n2)$' | while read -r name; do
  virsh net-destroy "$name" >/dev/null 2>&1
  virsh net-undefine "$name" >/dev/null
done
"""
APART = "-- and afterwards --"


def with_ip(**options: Any) -> dict[str, Any]:
    return {"forward": {"mode": "nat"}, "ips": [{"address": "10.30.0.1", "prefix": 24, **options}]}


def with_dhcp(**options: Any) -> dict[str, Any]:
    return with_ip(dhcp=options)


def xml(inside: str) -> dict[str, Any]:
    return {"xml": f"<network>{inside}</network>"}


# what: (options of virt_network, beside the name "new" that is the default; code; words of the sentence)
ONE: dict[str, tuple[dict[str, Any], str, tuple[str, ...]]] = {
    # names
    "name with a slash": ({"name": "a/b", "forward": {}}, "NAME_INVALID", ("'a/b'", "slash")),
    "name that climbs": ({"name": "../../etc/cron.d/x", "forward": {}}, "NAME_INVALID", ("slash",)),
    "name with a newline": ({"name": "a\nb", "forward": {}}, "NAME_INVALID", ("'a\\nb'", "line break")),
    "name with an escape": ({"name": "a\x1b[31mb", "forward": {}}, "NAME_INVALID", ("\\x1b",)),
    "name with a NUL": ({"name": "a\x00b", "forward": {}}, "NAME_INVALID", ("\\x00",)),
    "name that reads backwards": ({"name": "a\u202eb", "forward": {}}, "NAME_INVALID", ("\\u202e",)),
    "name of 300 characters": ({"name": "n" * 300, "forward": {}}, "NAME_INVALID", ("300 bytes", "245")),
    "name of 100 three-byte characters": ({"name": "网" * 100, "forward": {}}, "NAME_INVALID", ("300 bytes",)),
    "name with XML characters": ({"name": "a<b&c>", "forward": {}}, "NAME_INVALID", ("a<b&c>", "XML")),
    "name with quotes": ({"name": 'it\'s "x"', "forward": {}}, "NAME_INVALID", ("XML",)),
    "name that is empty": ({"name": "", "forward": {}}, "NAME_INVALID", ("is empty",)),
    "name that is a space": ({"name": " ", "forward": {}}, "NAME_INVALID", ("space",)),
    "name that is two dots": ({"name": "..", "forward": {}}, "NAME_INVALID", ("dots",)),
    # xml
    "xml that is none": ({"xml": "hello"}, "XML_INVALID", ("cannot be parsed",)),
    "xml that is empty": ({"xml": ""}, "XML_INVALID", ()),
    "xml that does not end": ({"xml": "<network><name>new</name>"}, "XML_INVALID", ("cannot be parsed",)),
    "xml with a NUL": ({"xml": "<network>\x00</network>"}, "XML_INVALID", ()),
    "xml with an external entity": ({"xml": ENTITY}, "XML_UNSAFE", ("document type",)),
    "xml that explodes": ({"xml": LAUGHS}, "XML_INVALID", ("entity",)),
    "xml of 5 MB": ({"xml": LARGE}, "XML_TOO_LARGE", ("1048576",)),
    "xml of a guest": ({"xml": "<domain><name>new</name></domain>"}, "XML_INVALID", ("<domain>", "<network>")),
    "xml of another network": (xml("<name>other</name>"), "NAME_DIFFERS", ("'other'", "'new'")),
    "xml without a name": (xml(""), "NAME_DIFFERS", ("'new'",)),
    "xml with an unknown element": (xml("<name>new</name><wombat/>"), "XML_UNKNOWN", ("<wombat>",)),
    "xml with an unknown element deep inside": (
        xml("<name>new</name><ip address='10.30.0.1' prefix='24'><dhcp><wombat/></dhcp></ip>"),
        "XML_UNKNOWN",
        ("<wombat>", "dhcp"),
    ),
    "xml with an unknown attribute": (xml("<name>new</name><bridge wombat='1'/>"), "XML_UNKNOWN", ("wombat", "bridge")),
    "xml with a word for a number": (
        xml("<name>new</name><mtu size='big'/>"),
        "XML_INVALID",
        ("'big'", "not a number"),
    ),
    "xml beside options": ({**xml("<name>new</name>"), "mtu": 1500}, "OPTIONS_INVALID", ("xml", "mtu")),
    # subnets
    "subnet that is taken": (
        {"forward": {"mode": "nat"}, "ips": [{"address": "10.9.0.129", "prefix": 25}]},
        "SUBNET_OVERLAP",
        ("10.9.0.129", "'new'", "'there'"),
    ),
    "subnet that another one lies in": (
        {"ips": [{"address": "10.0.0.1", "netmask": "255.0.0.0"}]},
        "SUBNET_OVERLAP",
        ("10.0.0.1", "'there'"),
    ),
    "DHCP range outside": (
        with_dhcp(ranges=[{"start": "10.31.0.5", "end": "10.31.0.9"}]),
        "DHCP_RANGE_INVALID",
        ("10.31.0.5", "outside"),
    ),
    "DHCP range half outside": (
        with_dhcp(ranges=[{"start": "10.30.0.5", "end": "10.30.1.9"}]),
        "DHCP_RANGE_INVALID",
        ("outside",),
    ),
    "DHCP range backwards": (
        with_dhcp(ranges=[{"start": "10.30.0.9", "end": "10.30.0.5"}]),
        "DHCP_RANGE_INVALID",
        ("ends before it starts",),
    ),
    "DHCP range of words": (
        with_dhcp(ranges=[{"start": "a", "end": "b"}]),
        "DHCP_RANGE_INVALID",
        ("valid IP address",),
    ),
    "DHCP host with a bad MAC": (
        with_dhcp(hosts=[{"mac": "zz", "ip": "10.30.0.5"}]),
        "DHCP_HOST_INVALID",
        ("'zz'",),
    ),
    "lease that is negative": (
        with_dhcp(ranges=[{"start": "10.30.0.5", "end": "10.30.0.9", "lease": {"expiry": -5}}]),
        "LEASE_INVALID",
        ("-300 seconds",),
    ),
    "prefix of 33": (with_ip(prefix=33), "PREFIX_INVALID", ("33", "0 to 32")),
    "prefix that is negative": (with_ip(prefix=-1), "PREFIX_INVALID", ("-1",)),
    "address that is none": (with_ip(address="10.30.0.256"), "ADDRESS_INVALID", ("10.30.0.256",)),
    "netmask with a hole": (
        {"ips": [{"address": "10.30.0.1", "netmask": "255.0.255.0"}]},
        "PREFIX_INVALID",
        ("255.0.255.0",),
    ),
    # numbers
    "MTU of 20": ({**NAT, "mtu": 20}, "MTU_INVALID", ("20", "68")),
    "MTU that is negative": ({**NAT, "mtu": -1500}, "MTU_INVALID", ("-1500",)),
    "MTU beyond any number": ({**NAT, "mtu": 10**30}, "MTU_INVALID", ()),
    "VLAN of 4096": ({**BRIDGE, "vlan": {"tags": [{"id": 4096}]}}, "VLAN_INVALID", ("4096", "4095")),
    "VLAN that is negative": ({**BRIDGE, "vlan": {"tags": [{"id": -1}]}}, "VLAN_INVALID", ("-1",)),
    "VLAN of 4096 in a portgroup": (
        {**BRIDGE, "portgroups": [{"name": "a", "vlan": {"tags": [{"id": 4096}]}}]},
        "VLAN_INVALID",
        ("'a'", "4096"),
    ),
    "bandwidth that is negative": ({**NAT, "bandwidth": {"inbound": {"average": -5}}}, "BANDWIDTH_INVALID", ("-5",)),
    "bandwidth beyond any number": ({**NAT, "bandwidth": {"inbound": {"average": 10**30}}}, "BANDWIDTH_INVALID", ()),
    "delay that is negative": ({**NAT, "bridge": {"delay": -1}}, "BRIDGE_INVALID", ("-1",)),
    "route with a negative metric": (
        {**NAT, "routes": [{"address": "10.40.0.0", "prefix": 24, "gateway": "10.30.0.9", "metric": -1}]},
        "ROUTE_INVALID",
        ("-1",),
    ),
    "SRV port that is negative": (
        {**NAT, "dns": {"srvs": [{"service": "s", "protocol": "tcp", "domain": "d", "target": "t", "port": -1}]}},
        "DNS_INVALID",
        ("-1",),
    ),
    "NAT ports that are no ports": (
        {"forward": {"mode": "nat", "nat": {"port": {"start": 70000, "end": 80000}}}, "ips": NAT["ips"]},
        "NAT_INVALID",
        ("70000",),
    ),
    # portgroups
    "two default portgroups": (
        {**BRIDGE, "portgroups": [{"name": "a", "default": True}, {"name": "b", "default": True}]},
        "PORTGROUP_DEFAULTS",
        ("'a'", "'b'"),
    ),
    "two portgroups of one name": (
        {**BRIDGE, "portgroups": [{"name": "a"}, {"name": "a"}]},
        "PORTGROUP_TWICE",
        ("'a'",),
    ),
    # options
    "unknown option": ({**NAT, "wombat": 1}, "OPTIONS_INVALID", ("wombat",)),
    "unknown option deep inside": (with_dhcp(wombat=1), "OPTIONS_INVALID", ("wombat", "dhcp")),
    "unknown forward mode": ({"forward": {"mode": "teleport"}}, "OPTIONS_INVALID", ("teleport", "passthrough")),
    "unknown state": ({"forward": {}, "state": "running"}, "OPTIONS_INVALID", ("running", "inactive")),
    "word for a number": ({**NAT, "mtu": "big"}, "OPTIONS_INVALID", ("mtu",)),
    "fraction for a number": (with_ip(prefix=24.5), "OPTIONS_INVALID", ("prefix",)),
    "text for a list": ({"ips": "hello"}, "OPTIONS_INVALID", ("ips is 'hello'", "mapping")),
    "text for a mapping deep inside": (with_ip(dhcp="no"), "OPTIONS_INVALID", ("ips[0].dhcp is 'no'", "mapping")),
    "list for a mapping": ({"forward": [1]}, "OPTIONS_INVALID", ("forward is [1]", "mapping")),
    "number in a list of mappings": ({"ips": [3]}, "OPTIONS_INVALID", ("ips[0] is 3", "mapping")),
    "number for a yes or no": ({**NAT, "autostart": 17}, "OPTIONS_INVALID", ("autostart",)),
    "missing part": ({"ips": [{"prefix": 24}]}, "OPTIONS_INVALID", ("address",)),
    "no definition": ({}, "NETWORK_MISSING", ("'new'", "definition")),
    # texts
    "domain with a control character": ({**NAT, "domain": {"name": "a\x01b"}}, "TEXT_INVALID", ("domain",)),
    "portgroup with a control character": (
        {**BRIDGE, "portgroups": [{"name": "a\x01"}]},
        "TEXT_INVALID",
        ("portgroup",),
    ),
    "hostname with a control character": (
        {**NAT, "dns": {"hosts": [{"ip": "10.30.0.5", "hostnames": ["a\x01b"]}]}},
        "TEXT_INVALID",
        ("hostnames",),
    ),
    "hostname with a newline": (
        {**NAT, "dns": {"hosts": [{"ip": "10.30.0.5", "hostnames": ["a\nb"]}]}},
        "TEXT_INVALID",
        ("hostnames",),
    ),
    "dnsmasq option with a control character": (
        {**NAT, "dnsmasq_options": ["log-queries\x07"]},
        "TEXT_INVALID",
        ("dnsmasq_options",),
    ),
    "dnsmasq option with a newline": (
        {**NAT, "dnsmasq_options": ["log-queries\nconf-file=/etc/shadow"]},
        "TEXT_INVALID",
        ("dnsmasq_options",),
    ),
    "TXT record with a NUL": ({**NAT, "dns": {"txts": [{"name": "a", "value": "b\x00"}]}}, "TEXT_INVALID", ("value",)),
    # devices
    "bridge name of 16 characters": ({**NAT, "bridge": {"name": "b" * 16}}, "DEVICE_NAME_INVALID", ("15",)),
    "bridge name of 8 two-byte characters": ({**NAT, "bridge": {"name": "ü" * 8}}, "DEVICE_NAME_INVALID", ("15",)),
    "bridge name with a slash": ({**NAT, "bridge": {"name": "a/b"}}, "DEVICE_NAME_INVALID", ("'a/b'",)),
    "pool member of 16 characters": (
        {"forward": {"mode": "bridge", "interfaces": [{"dev": "p" * 16}]}},
        "DEVICE_NAME_INVALID",
        ("15",),
    ),
    "MAC of words": ({**NAT, "mac": "hello"}, "MAC_INVALID", ("'hello'",)),
    "MAC of a group": ({**NAT, "mac": "01:00:5e:00:00:01"}, "MAC_INVALID", ("unicast",)),
    "UUID of words": ({**NAT, "uuid": "hello"}, "UUID_INVALID", ("'hello'",)),
    "PCI address of words": (
        {"forward": {"mode": "hostdev", "addresses": [{"address": "hello"}]}},
        "PCI_INVALID",
        ("'hello'",),
    ),
    # a network that is there
    "there: another UUID": (
        {"name": "there", "uuid": "11111111-2222-3333-4444-555555555555"},
        "UUID_DIFFERS",
        ("'there'",),
    ),
    "there: MTU of 20": ({"name": "there", "mtu": 20}, "MTU_INVALID", ("20",)),
    "there: DHCP range outside": (
        {
            "name": "there",
            "ips": [
                {"address": "10.9.0.1", "prefix": 24, "dhcp": {"ranges": [{"start": "10.8.0.1", "end": "10.8.0.2"}]}}
            ],
        },
        "DHCP_RANGE_INVALID",
        ("outside",),
    ),
    "there: portgroup with a VLAN": (
        {"name": "there", "portgroups": [{"name": "a", "vlan": {"tags": [{"id": 40}]}}]},
        "OPTION_NOT_IN_MODE",
        ("vlan", "'a'", "nat"),
    ),
}

FINE = {"name": "fine", "forward": {"mode": "nat"}, "ips": [{"address": "10.50.0.1", "prefix": 24}]}
# what: (options of virt_networks; code; words). A good network stands before the bad one: it must not be made either.
MANY: dict[str, tuple[dict[str, Any], str, tuple[str, ...]]] = {
    "many: overlapping": (
        {"networks": [FINE, {"name": "new", "ips": [{"address": "10.50.0.77", "prefix": 28}]}]},
        "SUBNET_OVERLAP",
        ("'fine'", "'new'"),
    ),
    "many: overlapping what is there": (
        {"networks": [FINE, {"name": "new", "ips": [{"address": "10.9.0.200", "prefix": 28}]}]},
        "SUBNET_OVERLAP",
        ("'there'", "'new'"),
    ),
    "many: one name twice": ({"networks": [FINE, FINE]}, "NETWORK_TWICE", ("'fine'", "more than once")),
    "many: a bad name": ({"networks": [FINE, {"name": "a/b", "forward": {}}]}, "NAME_INVALID", ("'a/b'",)),
    "many: a bad MTU": ({"networks": [FINE, {**NAT, "name": "new", "mtu": 20}]}, "MTU_INVALID", ("20", "'new'")),
    "many: an unknown option": ({"networks": [{**FINE, "wombat": 1}]}, "OPTIONS_INVALID", ("wombat", "networks")),
    "many: no list": ({"networks": "hello"}, "OPTIONS_INVALID", ("networks is 'hello'",)),
    "many: three bad ones": (
        {
            "networks": [
                FINE,
                {"name": "a/b", "forward": {}},
                {**NAT, "name": "n1", "mtu": 20},
                {"name": "n2", "mtu": -1},
            ]
        },
        "NAME_INVALID",
        ("'a/b'", "'n1' (MTU_INVALID)", "'n2'", "see refused"),
    ),
    "many: a bad one, and purge": (
        {"networks": [FINE, {**NAT, "name": "new", "mtu": 20}], "purge": True},
        "MTU_INVALID",
        ("20",),
    ),
}
CASES = {
    **{what: ("virt_network", {"name": "new", **options}, *rest) for what, (options, *rest) in ONE.items()},
    **{what: ("virt_networks", options, *rest) for what, (options, *rest) in MANY.items()},
}


@pytest.fixture(scope="module")
def tried(bad):
    """What: the result in check mode, for real, and whether the host is what it was before."""
    bad.clean("kvm1")
    bad.define("kvm1", THERE)
    bad.virsh("kvm1", "net-start", "there")
    bad.virsh("kvm1", "net-autostart", "there")
    # One of the collection's own, so that a purge would find something to remove.
    bad.run("kvm1", [task("virt_network", {"name": "ours", "forward": {}})])
    look = {"ansible.builtin.command": {"argv": ["sh", "-c", f"{SNAPSHOT}\necho '{APART}'\n{RESET}\n{SNAPSHOT}"]}}
    tasks = [look]
    for module, options, _code, _words in CASES.values():
        tasks += [task(module, options, check=True), task(module, options), look]
    results = bad.run("kvm1", tasks)
    found = {}
    for number, what in enumerate(CASES):
        before, check, real, after = results[number * 3 : number * 3 + 4]
        found[what] = (check, real, before["stdout"].split(APART)[1].strip(), after["stdout"].split(APART)[0].strip())
    yield found
    bad.clean("kvm1")


@pytest.mark.parametrize("what", CASES)
def test_is_refused_in_a_sentence_and_touches_nothing(what, tried):
    _module, _options, code, words = CASES[what]
    check, real, before, after = tried[what]
    assert after == before
    assert_refused(real, code, *words)
    assert_refused(check, code, *words)
    if code != "OPTIONS_INVALID":  # Ansible lists what it would take in no order
        assert check["msg"] == real["msg"]


def test_the_host_had_something_to_lose(tried):
    before = tried["prefix of 33"][2]
    assert "virbr7" in before
    assert "<name>there</name>" in before
    assert "autostart" in before


ODD = ("a/b", "a\nb", "", "..", "a\x00b", "n" * 300, "a<b&c>", "網路")


def test_what_was_never_there_is_absent_whatever_its_name(bad):
    bad.clean("kvm1")
    results = bad.run("kvm1", [task("virt_network", {"name": name, "state": "absent"}) for name in ODD])
    assert [(result["failed"], result.get("changed")) for result in results] == [(False, False)] * len(ODD)
    results = bad.run("kvm1", [task("virt_network_info", {"name": name}) for name in ODD])
    assert [(result["failed"], result.get("networks")) for result in results] == [(False, [])] * len(ODD)


def test_every_script_may_name_a_network(bad):
    bad.clean("kvm1")
    name = "grün-網路-שלום"
    options = {"name": name, **NAT, "portgroups": [{"name": "größe"}]}
    first, again, gone = bad.run(
        "kvm1",
        [
            task("virt_network", options),
            task("virt_network", options),
            task("virt_network", {"name": name, "state": "absent"}),
        ],
    )
    assert [r["failed"] for r in (first, again, gone)] == [False] * 3, first.get("msg")
    assert [r["changed"] for r in (first, again, gone)] == [True, False, True]
    assert bad.virsh("kvm1", "net-list", "--all", "--name").strip() == ""
