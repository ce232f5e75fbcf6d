# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What libvirt refuses is refused before, what it takes is taken, and what it rewrites is no difference."""

from __future__ import annotations

import pytest
from hypothesis import given

from ansible_collections.virtfleet.network.plugins.module_utils._model.canonical import canonical
from ansible_collections.virtfleet.network.plugins.module_utils._model.desired import Desired, declaration
from ansible_collections.virtfleet.network.plugins.module_utils._model.host import Host
from ansible_collections.virtfleet.network.plugins.module_utils._model.network import NETWORK
from ansible_collections.virtfleet.network.plugins.module_utils._model.observed import Observed
from ansible_collections.virtfleet.network.plugins.module_utils._plan.dnsmasq_config import configuration
from ansible_collections.virtfleet.network.plugins.module_utils._plan.plan import plan_network
from ansible_collections.virtfleet.network.plugins.module_utils._plan.rules.check import check_definition
from ansible_collections.virtfleet.network.plugins.module_utils._plan.rules.dead import find_dead_options
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import parse_network
from ansible_collections.virtfleet.network.tests.unit.strategies import documents

OLD, NEW = Host((9, 0, 0)), Host((11, 3, 0))
V4 = "<ip address='10.9.0.1' prefix='24'>{}</ip>"
V6 = "<ip family='ipv6' address='fd00:9::1' prefix='64'>{}</ip>"
RANGE = "<dhcp><range start='{}' end='{}'/></dhcp>"


def network(inside):
    return parse_network(f"<network><name>a</name>{inside}</network>")


def codes(document, host=OLD):
    return {problem.code for problem in check_definition(document, host)}


REFUSED = {
    "range from the network's address": (V4.format(RANGE.format("10.9.0.0", "10.9.0.9")), "DHCP_RANGE_INVALID"),
    "range to broadcast": (V4.format(RANGE.format("10.9.0.9", "10.9.0.255")), "DHCP_RANGE_INVALID"),
    "range over 16 bits": (
        "<ip address='10.9.0.1' prefix='8'><dhcp><range start='10.9.255.9' end='10.10.0.9'/></dhcp></ip>",
        "DHCP_RANGE_INVALID",
    ),
    "range over 16 bits, IPv6": (V6.format(RANGE.format("fd00:9::fff0", "fd00:9::1:5")), "DHCP_RANGE_INVALID"),
    "range of two families": (V4.format(RANGE.format("10.9.0.9", "fd00::1")), "DHCP_RANGE_INVALID"),
    "address twice": (V4.format("") + V4.format(""), "ADDRESS_INVALID"),
    "address twice in two spellings": (V6.format("") + V6.replace("::1", ":0:0::1").format(""), "ADDRESS_INVALID"),
    "no link's address": ("<ip family='ipv6' address='::1' prefix='64'/>", "ADDRESS_INVALID"),
    "multicast IPv6": ("<ip family='ipv6' address='ff02::1' prefix='64'/>", "ADDRESS_INVALID"),
    "small MTU with IPv6": ("<mtu size='1279'/>" + V6.format(""), "MTU_INVALID"),
    "MTU of -1": ("<mtu size='-1'/>", "MTU_INVALID"),
    "route with host bits": (
        V4.format("") + "<route address='10.8.0.1' prefix='24' gateway='10.9.0.2'/>",
        "ROUTE_INVALID",
    ),
    "route without prefix": (V4.format("") + "<route address='10.8.0.0' gateway='10.9.0.2'/>", "PREFIX_INVALID"),
    "route of two families": (
        V4.format("") + V6.format("") + "<route address='10.8.0.0' prefix='24' gateway='fd00:9::2'/>",
        "FAMILY_INVALID",
    ),
    "member twice": (
        "<forward mode='passthrough'><interface dev='p0'/><interface dev='p0'/></forward>",
        "MEMBER_TWICE",
    ),
    "function twice": (
        (
            "<forward mode='hostdev'><address type='pci' bus='0x3' slot='0x10'/>"
            "<address type='pci' bus='3' slot='16'/></forward>"
        ),
        "MEMBER_TWICE",
    ),
    "no function": ("<forward mode='hostdev'><address type='pci' bus='3' slot='0x3f'/></forward>", "PCI_INVALID"),
    "dev is not the first": ("<forward mode='bridge' dev='p1'><interface dev='p0'/></forward>", "POOL_MIXED"),
    "unknown mode": ("<forward mode='NAT'/>" + V4.format(""), "VALUE_INVALID"),
    "unknown virtualport": (
        "<forward mode='bridge'/><bridge name='b'/><virtualport type='ovs'/>",
        "VALUE_INVALID",
    ),
    "virtualport without type": ("<forward mode='bridge'/><bridge name='b'/><virtualport/>", "VIRTUALPORT_INVALID"),
    "unknown family": ("<ip family='inet' address='10.9.0.1'/>", "VALUE_INVALID"),
    "unknown unit": (
        V4.format("<dhcp><range start='10.9.0.5' end='10.9.0.9'><lease expiry='5' unit='days'/></range></dhcp>"),
        "VALUE_INVALID",
    ),
    "member without dev": ("<forward mode='bridge'><interface/></forward>", "VALUE_INVALID"),
    "TXT without value": ("<dns><txt name='a'/></dns>", "VALUE_INVALID"),
    "MAC with dashes": ("<mac address='52-54-00-00-00-01'/>", "MAC_INVALID"),
    "DHCP host's MAC with dashes": (
        V4.format("<dhcp><host mac='52-54-00-00-00-01' ip='10.9.0.5'/></dhcp>"),
        "DHCP_HOST_INVALID",
    ),
    "DHCP host's MAC is multicast": (
        V4.format("<dhcp><host mac='01:54:00:00:00:01' ip='10.9.0.5'/></dhcp>"),
        "DHCP_HOST_INVALID",
    ),
    "DHCP host's id": (V6.format("<dhcp><host id='x' ip='fd00:9::5'/></dhcp>"), "DHCP_HOST_INVALID"),
    "localPtr": ("<ip address='10.9.0.1' prefix='25' localPtr='yes'/>", "PREFIX_INVALID"),
    "localPtr, IPv6": ("<ip family='ipv6' address='fd00:9::1' prefix='62' localPtr='yes'/>", "PREFIX_INVALID"),
    "SRV numbers without target": ("<dns><srv service='a' protocol='tcp' weight='1'/></dns>", "DNS_INVALID"),
    "DNS host without a name": ("<dns><host ip='10.9.0.5'/></dns>", "VALUE_INVALID"),
    "DNS host with an empty name": (
        "<dns><host ip='10.9.0.5'><hostname/><hostname>a</hostname></host></dns>",
        "DNS_INVALID",
    ),
    "SRV's service": ("<dns><srv service='a b' protocol='tcp'/></dns>", "DNS_INVALID"),
    "no MAC": ("<mac address='0:0:0:0:0:0'/>", "MAC_INVALID"),
    "TFTP over IPv6": (V6.format("<tftp root=''/>"), "OPTION_NOT_IN_MODE"),
    "bridge with a percent sign": ("<bridge name='a%sb'/>", "DEVICE_NAME_INVALID"),
    "bridge named as settings of the kernel": ("<bridge name='default'/>", "DEVICE_NAME_INVALID"),
    "link named as settings of the kernel": ("<forward mode='nat' dev='all'/>", "DEVICE_NAME_INVALID"),
    "bootp without file": (V4.format("<dhcp><host name='b' ip='10.9.0.5'/><bootp/></dhcp>"), "VALUE_INVALID"),
    "everything behind NAT": ("<forward mode='nat'/><ip address='10.9.0.1' netmask='0.0.0.0'/>", "PREFIX_INVALID"),
    "SRV port 0": ("<dns><srv service='a' protocol='tcp' target='b' port='0'/></dns>", "DNS_INVALID"),
    "stp in bridge mode": ("<forward mode='bridge'/><bridge name='b' stp='on'/>", "OPTION_NOT_IN_MODE"),
    "empty nat elsewhere": ("<forward mode='route'><nat/></forward>" + V4.format(""), "OPTION_NOT_IN_MODE"),
    "native tag without trunk": (
        (
            "<forward mode='bridge'/><bridge name='b'/><virtualport type='openvswitch'/>"
            "<vlan trunk='no'><tag id='1' nativeMode='tagged'/></vlan>"
        ),
        "VLAN_INVALID",
    ),
}


@pytest.mark.parametrize(("inside", "code"), REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize("host", [OLD, NEW], ids=["9.0", "11.3"])
def test_refused(inside, code, host):
    assert code in codes(network(inside), host)


def test_an_element_that_is_there_twice_is_not_unknown():
    assert codes(network("<mtu size='1500'/><mtu size='1400'/><domain name='b'/><domain name='c'/>")) == {"XML_TWICE"}


TAKEN = {
    "nothing": "",
    "UUID without dashes": "<uuid>6f5b1f1e0f3a4d518f430c2f5b9b8f11</uuid>",
    "UUID with dashes anywhere": "<uuid> 6f-5b1f1e0f3a4d518f43 0c2f5b9b8f11 </uuid>",
    "range of 65,536 IPv6 addresses": V6.format(RANGE.format("fd00:9::", "fd00:9::ffff")),
    "prefix 0": "<ip address='10.9.0.1' prefix='0'/>",
    "empty texts": "<bridge name='' zone='' stp='' delay='' macTableManager=''/><mac address=''/><mtu size=''/>",
    "loose yes and no": "<forward mode='nat' managed='maybe'/>" + V4.format("") + "<portgroup name='b' default='x'/>",
    "no domain": "<domain localOnly='yes'/>",
    "C's addresses": "<ip address='10.9' prefix='24'/>",
    "C's numbers": "<forward mode='bridge'/><virtualport type='802.1Qbg'><parameters typeid='0x10'/></virtualport>",
    "DNS host twice": "<dns>" + "<host ip='10.9.0.5'><hostname>b</hostname></host>" * 2 + "</dns>",
    "two metadata of a namespace": "<metadata><a xmlns='urn:b'/><a xmlns='urn:b'/><b/></metadata>",
    "bootp in IPv6": V6.format("<dhcp><host name='b' ip='fd00:9::5'/><bootp/></dhcp>"),
    "no MTU": "<mtu size='0'/>",
    "mode none": "<forward mode='none' dev='p0'/>",
    "the highest tag": "<forward mode='hostdev'/><vlan><tag id='4095'/></vlan>",
}


@pytest.mark.parametrize("inside", TAKEN.values(), ids=TAKEN.keys())
@pytest.mark.parametrize("host", [OLD, NEW], ids=["9.0", "11.3"])
def test_taken(inside, host):
    assert check_definition(network(inside), host) == []
    plan = plan_network(Desired("a", declared=network(inside), exact=True), Observed("a"), host, "idle")
    assert plan.changed


@pytest.mark.parametrize(
    "options",
    [{"mtu": True}, {"bridge": {"delay": False}}, {"forward": {"mode": "hostdev"}, "vlan": {"tags": [{"id": True}]}}],
)
def test_a_bool_is_no_number(options):
    assert codes({"name": "a", **declaration(options)}) == {"VALUE_INVALID"}


REWRITTEN = {
    "SRV zeros": (
        "<dns><srv service='a' protocol='tcp' target='b' port='1' priority='0' weight='0'/></dns>",
        "<dns><srv service='a' protocol='tcp' target='b' port='1'/></dns>",
    ),
    "no profile": (
        "<virtualport type='openvswitch'><parameters profileid=''/></virtualport>",
        "<virtualport type='openvswitch'/>",
    ),
    "MidoNet's parameters": (
        "<virtualport type='midonet'><parameters managerid='1' profileid='a'/></virtualport>",
        "<virtualport type='midonet'/>",
    ),
    "managed": ("<forward mode='nat' managed='yes'/>", "<forward mode='nat'/>"),
    "template": ("<bridge name='lab%d'/>", ""),
    "no limit": ("<bandwidth><inbound average='0'/></bandwidth>", ""),
    "no ports": ("<forward mode='nat'><nat><port start='0' end='0'/></nat></forward>", "<forward mode='nat'/>"),
    "metadata": (
        "<metadata><a xmlns='urn:b'/><c xmlns='urn:b'/><b/></metadata>",
        "<metadata><a xmlns='urn:b'/></metadata>",
    ),
    "lease without expiry": (
        V4.format("<dhcp><range start='10.9.0.5' end='10.9.0.9'><lease unit='hours'/></range></dhcp>"),
        V4.format(RANGE.format("10.9.0.5", "10.9.0.9")),
    ),
    "bootp in IPv6": (
        V6.format("<dhcp><host name='b' ip='fd00:9::5'/><bootp file='b'/></dhcp>"),
        V6.format("<dhcp><host name='b' ip='fd00:9::5'/></dhcp>"),
    ),
    "prefix 0": ("<ip address='192.168.9.1' prefix='0'/>", "<ip address='192.168.9.1' netmask='255.255.255.0'/>"),
    "C's address": ("<ip address='0xa.011.1' prefix='24'/>", "<ip address='10.9.0.1' prefix='24'/>"),
}


@pytest.mark.parametrize(("given", "shown"), REWRITTEN.values(), ids=REWRITTEN.keys())
def test_rewritten(given, shown):
    assert canonical(NETWORK, network(given)) == canonical(NETWORK, network(shown))


@pytest.mark.parametrize(
    ("asked", "is_there", "redefined"),
    [("lab%d", "lab3", False), ("a%db%d", "virbr7", False), ("lab%d", "virbr0", True)],
)
def test_a_template_is_the_name_that_libvirt_made_of_it(asked, is_there, redefined):
    there = network(f"<uuid>6f5b1f1e-0f3a-4d51-8f43-0c2f5b9b8f11</uuid><bridge name='{is_there}'/>")
    plan = plan_network(
        Desired("a", declared={"bridge": {"name": asked}}, state="present"),
        Observed("a", persistent=there),
        OLD,
        "idle",
    )
    assert plan.changed is redefined


DEAD = {
    "the network's address": "<ip address='10.9.0.0' prefix='24'/>",
    "the broadcast address": "<ip address='10.9.0.255' prefix='24'/>",
    "loopback": "<ip address='127.9.0.1' prefix='24'/>",
    "multicast": "<ip address='224.0.0.9' prefix='24'/>",
    "reservation elsewhere": V4.format("<dhcp><host mac='52:54:00:00:00:01' ip='10.8.0.5'/></dhcp>"),
    "reservation of another family": V4.format("<dhcp><host mac='52:54:00:00:00:01' ip='fd00:9::5'/></dhcp>"),
    "prefix 0": "<ip address='10.9.0.1' prefix='0'/>",
    "everything": "<ip address='10.9.0.1' netmask='0.0.0.0'/>",
    "/31": "<ip address='10.9.0.1' prefix='31'><dhcp><host name='b' ip='10.9.0.0'/></dhcp></ip>",
    "/32": "<ip address='10.9.0.1' prefix='32'><dhcp><host name='b' ip='10.9.0.1'/></dhcp></ip>",
    "no domain": "<domain localOnly='yes'/>" + V4.format(""),
    "dns of nobody": "<dns><txt name='a' value='b'/></dns>",
    "one address for two": V4.format("<dhcp><host name='b' ip='10.9.0.5'/><host name='c' ip='10.9.0.5'/></dhcp>"),
    "reserved tag": "<forward mode='hostdev'/><vlan><tag id='4095'/></vlan>",
}


@pytest.mark.parametrize("inside", DEAD.values(), ids=DEAD.keys())
def test_dead_configuration_is_warned_about(inside):
    document = network(inside)
    assert check_definition(document, OLD) == []
    assert len(list(find_dead_options(document))) == 1
    plan = plan_network(Desired("a", declared=document, exact=True), Observed("a"), OLD, "idle")
    assert len(plan.warnings) == 1
    assert all(len(warning) < 400 for warning in plan.warnings)


def test_what_works_is_not_warned_about():
    hosts = "<host mac='52:54:00:00:00:01' ip='10.9.0.5' name='b'/><host mac='52:54:00:00:00:02' ip='10.9.0.6'/>"
    dhcp = f"<dhcp><range start='10.9.0.50' end='10.9.0.99'/>{hosts}<bootp file='b'/></dhcp>"
    whole = network(V4.format(dhcp) + "<domain name='b'/><dns><txt name='a' value='b'/></dns>")
    assert list(find_dead_options(whole)) == []


@given(documents(NETWORK))
def test_no_definition_breaks_a_rule(document):
    """Whatever it says: a verdict, in sentences."""
    problems = check_definition(document, NEW)
    assert all(problem.code and len(problem.sentence) < 400 for problem in problems)
    if not problems:
        assert all(len(sentence) < 400 for sentence in find_dead_options(document))
        lines = configuration(document) or []
        assert not any("\n" in line for line in lines)
