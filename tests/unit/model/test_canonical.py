# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which networks mean the same and which do not."""

from __future__ import annotations

import itertools

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._model.canonical import canonical
from ansible_collections.virtfleet.network.plugins.module_utils._model.forward import has_pool, is_virtual, mode_of
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import NETWORK
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import parse_network

UUID = "9f2c1c44-0d7e-4f0a-9f5e-4f2f3a9c7d10"
IP = "<ip address='10.1.0.1' {}/>"
NAT = "<forward mode='nat'>{}</forward>"
POOL = "<forward mode='hostdev'><address type='pci' {}/></forward>"
LEASE = "<ip address='10.1.0.1'><dhcp><host name='h' ip='10.1.0.2'><lease {}/></host></dhcp></ip>"
ROUTE = "<route address='{}' gateway='10.1.0.9' {}/>"


def meaning(inside):
    return canonical(NETWORK, parse_network(f"<network><name>a</name>{inside}</network>"))


# Two spellings of one thing.
SAME = {
    "netmask or prefix": (IP.format("netmask='255.255.255.0'"), IP.format("prefix='24'")),
    "the old class's prefix or none": (IP.format("prefix='8'"), IP.format("")),
    "IPv6 prefix or none": (
        "<ip family='ipv6' address='fd00::1' prefix='64'/>",
        "<ip family='ipv6' address='fd00::1'/>",
    ),
    "family ipv4 or none": (IP.format("family='ipv4'"), IP.format("")),
    "localPtr no or none": (IP.format("localPtr='no'"), IP.format("")),
    "compressed IPv6": (
        "<ip family='ipv6' address='fd00::1' prefix='64'/>",
        "<ip family='ipv6' address='FD00:0:0:0:0:0:0:0001' prefix='64'/>",
    ),
    "route's netmask or prefix": (
        ROUTE.format("10.2.0.0", "netmask='255.255.0.0'"),
        ROUTE.format("10.2.0.0", "prefix='16'"),
    ),
    "default route with prefix 0 or none": (ROUTE.format("0.0.0.0", "prefix='0'"), ROUTE.format("0.0.0.0", "")),
    "MAC's case": ("<mac address='52:54:00:AA:BB:CC'/>", "<mac address='52:54:00:aa:bb:cc'/>"),
    "a DHCP host's MAC's case": (
        "<ip address='10.1.0.1'><dhcp><host mac='52:54:00:AA:BB:CC' ip='10.1.0.2'/></dhcp></ip>",
        "<ip address='10.1.0.1'><dhcp><host mac='52:54:00:aa:bb:cc' ip='10.1.0.2'/></dhcp></ip>",
    ),
    "UUID's case": (f"<uuid>{UUID}</uuid>", f"<uuid>{UUID.upper()}</uuid>"),
    "PCI in hexadecimal or not": (
        POOL.format("domain='0x0000' bus='0x0a' slot='0x10' function='0x1'"),
        POOL.format("domain='0' bus='10' slot='16' function='1'"),
    ),
    "PCI in octal": (POOL.format("bus='0x08' slot='0x01'"), POOL.format("bus='010' slot='01'")),
    "PCI without what is 0": (
        POOL.format("domain='0x0000' bus='0x03' slot='0x00' function='0x0'"),
        POOL.format("bus='3'"),
    ),
    "PCI's case": (POOL.format("bus='0xAF'"), POOL.format("bus='0xaf'")),
    "mode nat or none": ("<forward mode='nat'/>", "<forward/>"),
    "dev or the one interface": (
        "<forward mode='route' dev='p0'/>",
        "<forward mode='route' dev='p0'><interface dev='p0'/></forward>",
    ),
    "dev or the first interface": (
        "<forward mode='vepa' dev='p1'><interface dev='p1'/><interface dev='p0'/></forward>",
        "<forward mode='vepa'><interface dev='p0'/><interface dev='p1'/></forward>",
    ),
    "managed no or none": ("<forward mode='hostdev' managed='no'/>", "<forward mode='hostdev'/>"),
    "a running network's NAT ports": (
        NAT.format("<nat><port start='1024' end='65535'/></nat>"),
        NAT.format(""),
    ),
    "a running network's VFs": (
        "<forward mode='passthrough' dev='v0'><pf dev='p0'/><interface dev='v0' connections='1'/></forward>",
        "<forward mode='passthrough'><pf dev='p0'/></forward>",
    ),
    "a running network's PCI VFs": (
        "<forward mode='hostdev'><pf dev='p0'/><address type='pci' bus='3' connections='1'/></forward>",
        "<forward mode='hostdev'><pf dev='p0'/></forward>",
    ),
    "connections": (
        "<forward mode='vepa'><interface dev='p0' connections='4'/></forward>",
        "<forward mode='vepa'><interface dev='p0'/></forward>",
    ),
    "a bridge that says libvirt's defaults": ("<bridge stp='on' delay='0'/>", ""),
    "MTU 0 or none": ("<mtu size='0'/>", ""),
    "empty title": ("<title></title><description/>", ""),
    "empty metadata": ("<metadata/>", ""),
    "domain's defaults": ("<domain name='d' localOnly='no' register='no'/>", "<domain name='d'/>"),
    "DNS with defaults or none": ("<dns enable='yes' forwardPlainNames='yes'/>", ""),
    "empty bandwidth": ("<bandwidth><inbound/></bandwidth>", ""),
    "ports that are not isolated": ("<port isolated='no'/>", ""),
    "DHCP that hands out nothing": ("<ip address='10.1.0.1'><dhcp/></ip>", "<ip address='10.1.0.1'/>"),
    "BOOTP without addresses to hand out": (
        "<ip address='10.1.0.1'><dhcp><bootp file='x'/></dhcp></ip>",
        "<ip address='10.1.0.1'/>",
    ),
    "lease in minutes": (
        LEASE.format("expiry='5' unit='minutes'"),
        LEASE.format("expiry='5'"),
    ),
    "lease without end": (
        LEASE.format("expiry='0' unit='hours'"),
        LEASE.format("expiry='0'"),
    ),
    "trunk of one that is none": ("<vlan trunk='no'><tag id='4'/></vlan>", "<vlan><tag id='4'/></vlan>"),
    "trunk of several": (
        "<vlan><tag id='4'/><tag id='5'/></vlan>",
        "<vlan trunk='yes'><tag id='5'/><tag id='4'/></vlan>",
    ),
    "portgroup that is not the default": ("<portgroup name='g' default='no'/>", "<portgroup name='g'/>"),
    "yes and no in any case": ("<portgroup name='g' default='YES'/>", "<portgroup name='g' default='yes'/>"),
    "numbers of a switch": (
        "<virtualport type='802.1Qbg'><parameters managerid='0x0b'/></virtualport>",
        "<virtualport type='802.1Qbg'><parameters managerid='11'/></virtualport>",
    ),
    "comments": ("<bridge name='b'><!-- c --></bridge><!-- d -->", "<bridge name='b'/>"),
    "a comment in the text": ("<title>one<!-- c --> two</title>", "<title>one two</title>"),
    "layout of metadata": (
        "<metadata>\n  <a:b xmlns:a='urn:a' y='2' x='1'>\n    <a:c/>\n  </a:b>\n</metadata>",
        '<metadata><a:b xmlns:a="urn:a" x="1" y="2"><a:c></a:c></a:b></metadata>',
    ),
    "bridge MAC's leading zeros": ("<mac address='2:4:0:a:b:c'/>", "<mac address='02:04:00:0a:0b:0c'/>"),
    "default route with netmask 0.0.0.0": (ROUTE.format("0.0.0.0", "netmask='0.0.0.0'"), ROUTE.format("0.0.0.0", "")),
    "a device of several functions": (POOL.format("bus='3' multifunction='on'"), POOL.format("bus='3'")),
    "no TFTP": ("<ip address='10.1.0.1'><tftp root=''/></ip>", "<ip address='10.1.0.1'/>"),
    "no zone": ("<bridge zone=''/>", ""),
}
# What must not be taken for the same.
DIFFERENT = {
    "prefix": (IP.format("prefix='24'"), IP.format("prefix='25'")),
    "isolated or nat": ("", "<forward/>"),
    "modes": ("<forward mode='nat'/>", "<forward mode='route'/>"),
    "some NAT ports": (NAT.format("<nat><port start='1024' end='65534'/></nat>"), NAT.format("")),
    "a portgroup that overrides": ("<portgroup name='g' trustGuestRxFilters='no'/>", "<portgroup name='g'/>"),
    "trunk of one": ("<vlan trunk='yes'><tag id='4'/></vlan>", "<vlan><tag id='4'/></vlan>"),
    "order of a DNS host's names": (
        "<dns><host ip='10.1.0.2'><hostname>a</hostname><hostname>b</hostname></host></dns>",
        "<dns><host ip='10.1.0.2'><hostname>b</hostname><hostname>a</hostname></host></dns>",
    ),
    "order of forwarders": (
        "<dns><forwarder addr='10.0.0.1'/><forwarder addr='10.0.0.2'/></dns>",
        "<dns><forwarder addr='10.0.0.2'/><forwarder addr='10.0.0.1'/></dns>",
    ),
    "case of a name": ("<portgroup name='G'/>", "<portgroup name='g'/>"),
    "DHCP hosts' names": (
        "<ip address='10.1.0.1'><dhcp><host name='h' ip='10.1.0.2'/></dhcp></ip>",
        "<ip address='10.1.0.1'><dhcp><host name='i' ip='10.1.0.2'/></dhcp></ip>",
    ),
    "DNS off": ("<dns enable='no'/>", ""),
    "STP off": ("<bridge stp='off'/>", ""),
    "space within text of metadata": (
        "<metadata><a xmlns='urn:a'>x y</a></metadata>",
        "<metadata><a xmlns='urn:a'>x  y</a></metadata>",
    ),
    "what the model does not know": ("<bridge name='b' speed='1'/>", "<bridge name='b' speed='2'/>"),
}
# Lists whose order means nothing, in any order.
UNORDERED = {
    "ip": ["<ip address='10.1.0.1'/>", "<ip address='10.2.0.1'/>", "<ip family='ipv6' address='fd00::1'/>"],
    "ip of one address": ["<ip address='10.1.0.1' prefix='24'/>", "<ip address='10.1.0.1' prefix='25'/>"],
    "route": [ROUTE.format("10.2.0.0", "prefix='16'"), ROUTE.format("10.2.0.0", "prefix='16' metric='2'")],
    "portgroup": ["<portgroup name='b'/>", "<portgroup name='a' default='yes'/>", "<portgroup name='c'/>"],
    "elements": ["<mtu size='9000'/>", "<bridge name='b'/>", "<forward mode='open'/>"],
}
UNORDERED_WITHIN = {
    "forward/interface": ("<forward mode='vepa'>{}</forward>", ["<interface dev='p1'/>", "<interface dev='p0'/>"]),
    "forward/address": (
        "<forward mode='hostdev'>{}</forward>",
        ["<address type='pci' bus='9'/>", "<address type='pci' bus='10'/>"],
    ),
    "vlan/tag": ("<vlan>{}</vlan>", ["<tag id='100'/>", "<tag id='20' nativeMode='untagged'/>", "<tag id='3'/>"]),
    "vlan/tag without id": ("<vlan>{}</vlan>", ["<tag id='100'/>", "<tag/>"]),
    "dhcp/range": (
        "<ip address='10.1.0.1'><dhcp>{}</dhcp></ip>",
        ["<range start='10.1.0.9' end='10.1.0.10'/>", "<range start='10.1.0.20' end='10.1.0.30'/>"],
    ),
    "dhcp/host": (
        "<ip address='10.1.0.1'><dhcp>{}</dhcp></ip>",
        ["<host name='b' ip='10.1.0.2'/>", "<host name='a' ip='10.1.0.2'/>", "<host name='a' ip='10.1.0.3'/>"],
    ),
    "dns/txt": ("<dns>{}</dns>", ["<txt name='b' value='1'/>", "<txt name='a' value='2'/>"]),
    "dns/srv": (
        "<dns>{}</dns>",
        ["<srv service='s' protocol='tcp' target='b'/>", "<srv service='s' protocol='tcp' target='a'/>"],
    ),
    "dns/host": (
        "<dns>{}</dns>",
        [
            "<host ip='10.1.0.3'><hostname>a</hostname></host>",
            "<host ip='10.1.0.2'><hostname>b</hostname></host>",
            "<host ip='10.1.0.2'><hostname>c</hostname></host>",
        ],
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_same(name):
    one, other = SAME[name]
    assert meaning(one) == meaning(other)


@pytest.mark.parametrize("name", DIFFERENT)
def test_different(name):
    one, other = DIFFERENT[name]
    assert meaning(one) != meaning(other)


@pytest.mark.parametrize("name", UNORDERED)
def test_order_means_nothing(name):
    parts = UNORDERED[name]
    assert all(meaning("".join(order)) == meaning("".join(parts)) for order in itertools.permutations(parts))
    assert meaning("".join(parts)) != meaning(parts[0])


@pytest.mark.parametrize("name", UNORDERED_WITHIN)
def test_order_within_means_nothing(name):
    around, parts = UNORDERED_WITHIN[name]
    first = meaning(around.format("".join(parts)))
    assert all(meaning(around.format("".join(order))) == first for order in itertools.permutations(parts))
    assert first != meaning(around.format(parts[0]))


def test_the_name_is_no_part_of_the_meaning():
    # A network is found by its name; what is compared is what it is.
    assert canonical(NETWORK, {"name": "a", "mtu": 9000}) == canonical(NETWORK, {"name": "b", "mtu": 9000})


def test_two_bad_netmasks_are_not_the_same():
    assert meaning(IP.format("netmask='255.0.255.0'")) != meaning(IP.format("netmask='255.255.0.255'"))


@pytest.mark.parametrize(
    ("xml", "mode", "virtual", "pool"),
    [
        ("", None, True, False),
        ("<forward mode='nat'/>", "nat", True, False),
        ("<forward dev='p0'/>", "nat", True, False),
        ("<forward mode='open'/>", "open", True, False),
        ("<forward mode='bridge'/><bridge name='br0'/>", "bridge", False, False),
        ("<forward mode='bridge'><interface dev='p0'/></forward>", "bridge", False, True),
        ("<forward mode='vepa' dev='p0'/>", "vepa", False, True),
        ("<forward mode='passthrough'><pf dev='p0'/></forward>", "passthrough", False, True),
        (POOL.format("bus='3'"), "hostdev", False, True),
        ("<forward/>", "nat", True, False),
    ],
)
def test_what_a_network_is_built_from(xml, mode, virtual, pool):
    network = parse_network(f"<network><name>a</name>{xml}</network>")
    assert mode_of(network) == mode
    assert is_virtual(network) == virtual
    assert has_pool(network) == pool
