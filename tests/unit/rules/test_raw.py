# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A text that libvirt writes as it is stays a text there, or is refused."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._model.host import Host
from ansible_collections.virtfleet.network.plugins.module_utils._plan.rules.check import check_definition
from ansible_collections.virtfleet.network.plugins.module_utils._xml.etree import etree

HOST = Host((9, 0, 0))
ODD = st.text(st.sampled_from("'<>&\"\\,/# \n\t:;=[]{}*.-_é" + string.ascii_lowercase + string.digits), max_size=12)


def with_dhcp_host(**host):
    ip = {"address": "10.9.0.1", "prefix": 24, "dhcp": {"hosts": [{"ip": "10.9.0.5", **host}]}}
    return {"name": "a", "ips": [ip]}


def with_dns(**dns):
    return {"name": "a", "ips": [{"address": "10.9.0.1", "prefix": 24}], "dns": dns}


# virBufferAsprintf with '%s': network_conf.c and netdev_vport_profile_conf.c, 9.0 and 11.3.
IN_XML = {
    "portgroup": lambda text: {"name": "a", "portgroups": [{"name": text}]},
    "domain": lambda text: {"name": "a", "domain": {"name": text}},
    "DHCP host": lambda text: with_dhcp_host(name=text),
    "DHCP host's id": lambda text: with_dhcp_host(name="b", id=text),
    "DHCP host's MAC": lambda text: with_dhcp_host(name="b", mac=text),
    "profileid": lambda text: {
        "name": "a",
        "forward": {"mode": "bridge"},
        "bridge": {"name": "b"},
        "virtualport": {"type": "openvswitch", "parameters": {"profileid": text}},
    },
}
# networkDnsmasqConfContents and virdnsmasq.c: what ends the text there.
IN_DNSMASQ = {
    "domain": (lambda text: {"name": "a", "domain": {"name": text}}, ',/# \t"\\'),
    "DHCP host": (lambda text: with_dhcp_host(name=text), ", \t"),
    "DHCP host's MAC": (lambda text: with_dhcp_host(name="b", mac=text), ", \t"),
    "DNS host": (lambda text: with_dns(hosts=[{"ip": "10.9.0.5", "hostnames": [text]}]), " \t#"),
    "TXT's name": (lambda text: with_dns(txts=[{"name": text, "value": "b"}]), ', "'),
    "TXT's value": (lambda text: with_dns(txts=[{"name": "b", "value": text}]), '"\\'),
    "SRV's domain": (
        lambda text: with_dns(srvs=[{"service": "a", "protocol": "tcp", "domain": text, "target": "b"}]),
        ', "',
    ),
    "SRV's target": (lambda text: with_dns(srvs=[{"service": "a", "protocol": "tcp", "target": text}]), ', "'),
    "forwarder": (lambda text: with_dns(forwarders=[{"domain": text}]), ',/# "'),
    "TFTP root": (lambda text: {"name": "a", "ips": [{"address": "10.9.0.1", "tftp": text}]}, ',"'),
}


@pytest.mark.parametrize("made", IN_XML.values(), ids=IN_XML.keys())
@given(text=ODD)
def test_in_xml(made, text):
    if not check_definition(made(text), HOST):
        assert etree.fromstring(f"<a b='{text}'/>").get("b") == text


@pytest.mark.parametrize("made", IN_XML.values(), ids=IN_XML.keys())
def test_no_name_is_more_than_a_name(made):
    codes = {problem.code for problem in check_definition(made("x'/><forward mode='nat'/><portgroup name='y"), HOST)}
    assert codes & {"TEXT_INVALID", "DHCP_HOST_INVALID"}


@pytest.mark.parametrize(("made", "ends"), IN_DNSMASQ.values(), ids=IN_DNSMASQ.keys())
@given(text=ODD)
def test_for_dnsmasq(made, ends, text):
    if not check_definition(made(text), HOST):
        assert not set(text) & set(ends + "\n")


@pytest.mark.parametrize("name", ["ignore", "infinite", "3600", "2h", "id:00:11", "set:red", "tag:red", "net:red"])
def test_a_word_of_dnsmasqs_is_no_name(name):
    assert [problem.code for problem in check_definition(with_dhcp_host(mac="52:54:00:00:00:01", name=name), HOST)] == [
        "TEXT_INVALID"
    ]
