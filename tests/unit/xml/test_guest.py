# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A domain's XML -> a guest, in the shapes in which libvirt shows it."""

from __future__ import annotations

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._model.guest import Nic
from ansible_collections.virtfleet.network.plugins.module_utils._xml.guest import (
    find_interface,
    find_place,
    parse_guest,
    read_recorded_bridge,
)

MAC, OTHER = "52:54:00:00:00:01", "52:54:00:00:00:02"
VF = "<address type='pci' domain='0x0000' bus='0x03' slot='0x10' function='0x1'/>"


def domain(*devices):
    return f"<domain><name>web1</name><uuid>u-1</uuid><devices>{''.join(devices)}</devices></domain>"


def interface(kind, source, inside="", mac=MAC):
    return f"<interface type='{kind}'><mac address='{mac.upper()}'/>{source}{inside}</interface>"


ASKED = interface("network", "<source network='red' portgroup='eng'/>")


def test_a_guest_that_is_only_defined():
    guest = parse_guest(inactive=domain(ASKED))
    nic = Nic(MAC, "network", "red", "eng", actual="network")
    assert (guest.name, guest.uuid, guest.running, guest.persistent) == ("web1", "u-1", False, True)
    assert guest.nics == guest.defined == (nic,)


def test_a_running_guest_on_a_bridge():
    source = "<source network='red' portgroup='eng' portid='p-1' bridge='ovsbr0'/>"
    got = interface("bridge", source, "<vlan><tag id='40'/></vlan><target dev='vnet0'/>")
    guest = parse_guest(domain(got), domain(ASKED), domain())
    expected = Nic(MAC, "network", "red", "eng", {}, "bridge", "ovsbr0", None, "vnet0", "p-1")
    assert guest.nics == (expected,)
    assert guest.defined == (), "taken out of the definition"
    assert guest.running
    assert guest.persistent


def test_a_running_guest_on_a_pool():
    source = "<source network='red' portid='p-1' dev='p0' mode='passthrough'/>"
    (nic,) = parse_guest(domain(interface("direct", source, "<target dev='macvtap0'/>"))).nics
    assert (nic.type, nic.actual, nic.source, nic.mode, nic.target) == (
        "network",
        "direct",
        "p0",
        "passthrough",
        "macvtap0",
    )


def test_a_hostdev_nic_of_a_network_shows_it_only_in_what_was_asked_for():
    got = interface("hostdev", f"<source>{VF}</source>")
    (blind,) = parse_guest(domain(got)).nics
    assert (blind.type, blind.network, blind.source) == ("hostdev", None, "0000:03:10.1")
    (nic,) = parse_guest(domain(got), domain(ASKED)).nics
    assert (nic.type, nic.network, nic.portgroup, nic.actual, nic.source) == (
        "network",
        "red",
        "eng",
        "hostdev",
        "0000:03:10.1",
    )


def test_what_a_nic_settles_for_itself():
    own = (
        "<vlan trunk='yes'><tag id='4' nativeMode='tagged'/></vlan><bandwidth><inbound average='9'/></bandwidth>"
        "<virtualport type='openvswitch'><parameters profileid='x'/></virtualport>"
    )
    text = interface("network", "<source network='red'/>", own).replace(
        "<interface", "<interface trustGuestRxFilters='no'"
    )
    (nic,) = parse_guest(inactive=domain(text)).nics
    assert nic.own == {
        "virtualport": {"type": "openvswitch", "parameters": {"profileid": "x"}},
        "bandwidth": {"inbound": {"average": 9}},
        "vlan": {"trunk": True, "tags": [{"id": 4, "native_mode": "tagged"}]},
        "trust_guest_rx_filters": False,
    }


def test_others_are_what_they_show():
    nics = parse_guest(
        inactive=domain(
            interface("bridge", "<source bridge='br0'/>"),
            interface("direct", "<source dev='p7' mode='vepa'/>"),
            interface("user", ""),
            interface("ethernet", "", "<target dev='tap9'/>"),
            f"<hostdev mode='subsystem' type='pci'><source>{VF}</source></hostdev>",
        )
    )
    assert [(nic.type, nic.source, nic.mode, nic.target, nic.network) for nic in nics.nics] == [
        ("bridge", "br0", None, None, None),
        ("direct", "p7", "vepa", None, None),
        ("user", None, None, None, None),
        ("ethernet", None, None, "tap9", None),
    ]
    assert nics.devices == ("0000:03:10.1",)


def test_nics_of_one_mac_are_told_apart_by_order_and_a_new_one_stands_for_itself():
    got = [interface("bridge", f"<source network='red' portid='p-{n}' bridge='b'/>") for n in (1, 2)]
    came = interface("bridge", "<source network='red' portid='p-3' bridge='b'/>", mac=OTHER)
    asked = [interface("network", f"<source network='red' portgroup='g{n}'/>") for n in (1, 2)]
    nics = parse_guest(domain(*got, came), domain(*asked)).nics
    assert [(nic.port, nic.portgroup) for nic in nics] == [("p-1", "g1"), ("p-2", "g2"), ("p-3", None)]


def test_no_xml_is_an_error_with_a_code():
    with pytest.raises(VirtfleetError) as refused:
        parse_guest("<domain>")
    assert refused.value.code == "XML_INVALID"


def test_the_bridge_that_libvirt_has_for_a_nic():
    nic = "<interface type='network'><mac address='52:54:00:00:00:0{}'/><source network='red' {}/></interface>"
    nics = nic.format(1, "bridge='virbr1' portid='x'") + nic.format(2, "dev='p0' mode='passthrough'")
    xml = f"<domain><name>g</name><devices>{nics}</devices></domain>"
    found = [read_recorded_bridge(xml, f"52:54:00:00:00:0{last}", 0) for last in (1, 2, 3)]
    assert found == ["virbr1", None, None]


def test_of_nics_with_one_mac_the_one_with_the_tap_is_meant():
    """A guest has two where they back one another; only the live XML has their taps."""
    nic = "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='{}' {}/>{}</interface>"
    domain_with = "<domain><name>g</name><devices>{}</devices></domain>".format
    networks = ("red", "blue")
    asked = domain_with("".join(nic.format(name, "", "") for name in networks))
    live = domain_with(
        "".join(nic.format(name, f"bridge='vb-{name}'", f"<target dev='t-{name}'/>") for name in networks)
    )
    for name in networks:
        place = find_place(live, "52:54:00:00:00:01", f"t-{name}")
        assert read_recorded_bridge(live, "52:54:00:00:00:01", place) == f"vb-{name}"
        assert f'network="{name}"' in str(find_interface(asked, "52:54:00:00:00:01", place))
    assert find_place(live, "52:54:00:00:00:01", "vnet9") == 0
    assert find_interface(asked, "52:54:00:00:00:01", 2) is None
