# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever somebody hands in as XML: one sentence and a code, no traceback, nothing opened, no time lost."""

from __future__ import annotations

import os
import socket
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._model.dhcp import HOST
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._xml.etree import MAX_BYTES
from ansible_collections.virtfleet.network.plugins.module_utils._xml.network import (
    parse_network,
    write_fragment,
    write_network,
)


def network(inside="", attributes="", doctype=""):
    return f"{doctype}<network {attributes}><name>a</name>{inside}</network>"


def refusal(xml):
    with pytest.raises(VirtfleetError) as caught:
        parse_network(xml)
    error = caught.value
    assert error.sentence.endswith("."), error.sentence
    assert len(error.sentence.splitlines()) == 1, error.sentence
    assert len(error.sentence) < 400, error.sentence
    return error


@pytest.mark.parametrize(
    "xml",
    [
        "",
        " ",
        "red",
        "{}",
        "<network>",
        "<network><name>a</network>",
        "<network></network><network></network>",
        "<network a='1' a='2'/>",
        "<network><a:b/></network>",
        "<network>&nbsp;</network>",
        "<network>\x00</network>",
        "<network>\x08</network>",
        "<network>\ud800</network>",
        "<network>&#1;</network>",
        "\ufeff\ufeff<network/>",
        "<" * 5000,
        "<network>" + "<a>" * 5000,
    ],
)
def test_what_is_no_xml(xml):
    assert refusal(xml).code == "XML_INVALID"


@pytest.mark.parametrize(
    "xml", ["<domain/>", "<Network/>", "<network xmlns='urn:x'/>", "<networks><network/></networks>"]
)
def test_another_root(xml):
    error = refusal(xml)
    assert error.code == "XML_INVALID"
    assert "not a <network>" in error.sentence


@pytest.mark.parametrize(
    "inside",
    [
        "<mtu size='large'/>",
        "<mtu size='1500.0'/>",
        "<mtu size='1_500'/>",
        "<mtu size='\u0661\u0665\u0660\u0660'/>",
        "<mtu size='15&#10;00'/>",
        "<mtu size='1500 '/>",
        "<mtu size='0x5dc'/>",
        f"<mtu size='{'9' * 5000}'/>",
        "<bridge delay='soon'/>",
        "<vlan><tag id='ten'/></vlan>",
        "<ip address='10.0.0.1' prefix='255.255.255.0'/>",
        "<bandwidth><inbound average='1000kbit'/></bandwidth>",
        "<forward mode='nat'><nat><port start='' end='9'/></nat></forward>",
        "<forward mode='hostdev'><address type='pci' bus='three'/></forward>",
        "<forward mode='hostdev'><address type='pci' bus='0x'/></forward>",
        "<forward mode='hostdev'><address type='pci' bus='-1'/></forward>",
        "<forward mode='hostdev'><address type='pci' bus='08'/></forward>",
    ],
)
def test_bad_numbers(inside):
    error = refusal(network(inside))
    assert error.code == "XML_INVALID"
    assert "not a number" in error.sentence


@pytest.mark.parametrize(
    "inside",
    [
        "<port isolated='true'/>",
        "<port isolated=''/>",
        "<port isolated='yes '/>",
        "<dns enable='1'/>",
        "<ip address='10.0.0.1' localPtr='YES'/>",
        "<domain name='a' localOnly='on'/>",
        "<domain name='a' localOnly='y&#10;es'/>",
        f"<domain name='a' localOnly='{'y' * 5000}'/>",
    ],
)
def test_bad_booleans(inside):
    error = refusal(network(inside))
    assert error.code == "XML_INVALID"
    assert "not yes or no" in error.sentence or "not on or off" in error.sentence


def test_too_large():
    fits = network("<title>{}</title>")
    fits = fits.format("x" * (MAX_BYTES - len(fits.encode()) + 2))
    assert len(fits.encode()) == MAX_BYTES
    assert parse_network(fits)["name"] == "a"
    assert refusal(fits.replace("x</title>", "é</title>")).code == "XML_TOO_LARGE"
    assert refusal("x" * 50 * MAX_BYTES).code == "XML_TOO_LARGE"


LAUGHS = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 12))
UNSAFE = {
    "doctype": network(doctype="<!DOCTYPE network>"),
    "entity": network("<title>&e;</title>", doctype="<!DOCTYPE network [<!ENTITY e 'text'>]>"),
    "external entity": network("<title>&e;</title>", doctype="<!DOCTYPE network [<!ENTITY e SYSTEM 'FILE'>]>"),
    "external subset": network(doctype="<!DOCTYPE network SYSTEM 'FILE'>"),
    "parameter entity": network(doctype="<!DOCTYPE network [<!ENTITY % e SYSTEM 'FILE'> %e;]>"),
    "entity over the network": network("<title>&e;</title>", doctype="<!DOCTYPE network [<!ENTITY e SYSTEM 'HTTP'>]>"),
    "subset over the network": network(doctype="<!DOCTYPE network SYSTEM 'HTTP'>"),
}
UNSAFE_OR_INVALID = {
    # Some releases of the parser notice by themselves, before there is a document type to refuse.
    "laughs": network("<title>&l11;</title>", doctype=f"<!DOCTYPE network [<!ENTITY l0 'ha'>{LAUGHS}]>"),
    # Entities in attributes are expanded while parsing, up to the parser's own limit.
    "laughs in an attribute": network(
        "<bridge name='&l11;'/>", doctype=f"<!DOCTYPE network [<!ENTITY l0 'ha'>{LAUGHS}]>"
    ),
    "one long entity often": network("&e;" * 50_000, doctype=f"<!DOCTYPE network [<!ENTITY e '{'x' * 500_000}'>]>"),
    "an entity of itself": network("<title>&e;</title>", doctype="<!DOCTYPE network [<!ENTITY e '&e;'>]>"),
}
INCLUDE = "<title><i:include xmlns:i='http://www.w3.org/2001/XInclude' href='FILE' parse='text'/></title>"


class Bait:
    """A pipe that opening for reading would wait at, and a port: both tell whether somebody came."""

    def __init__(self, directory):
        self.pipe = directory / "pipe"
        os.mkfifo(self.pipe)
        self.port = socket.create_server(("127.0.0.1", 0))
        self.port.setblocking(False)

    def put(self, xml):
        return xml.replace("FILE", str(self.pipe)).replace("HTTP", f"http://127.0.0.1:{self.port.getsockname()[1]}/x")

    def taken(self):
        try:
            os.close(os.open(self.pipe, os.O_WRONLY | os.O_NONBLOCK))
            return "file"
        except OSError:
            pass  # nobody has it open for reading
        try:
            self.port.accept()[0].close()
            return "network"
        except BlockingIOError:
            return None


@pytest.fixture
def bait(tmp_path):
    bait = Bait(tmp_path)
    yield bait
    bait.port.close()


def in_the_background(work):
    """Run it beside us, since a parser that opens the pipe would never come back."""
    results = []

    def run():
        try:
            results.append(work())
        except BaseException as error:
            results.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(10)
    return results[0] if results else None


@pytest.mark.parametrize("name", UNSAFE)
def test_document_types_are_refused_and_open_nothing(name, bait):
    started = time.monotonic()
    error = in_the_background(lambda: refusal(bait.put(UNSAFE[name])))
    assert bait.taken() is None
    assert isinstance(error, VirtfleetError), error
    assert error.code == "XML_UNSAFE"
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("name", UNSAFE_OR_INVALID)
def test_expansion_is_refused_early(name):
    started = time.monotonic()
    assert refusal(UNSAFE_OR_INVALID[name]).code in ("XML_UNSAFE", "XML_INVALID")
    assert time.monotonic() - started < 5


def test_nothing_is_included(bait):
    read = in_the_background(lambda: parse_network(bait.put(network(f"<metadata>{INCLUDE}</metadata>"))))
    assert bait.taken() is None
    assert "include" in read["metadata"][0]


def test_the_bait_is_taken_by_whoever_opens_it(bait):
    reader = threading.Thread(target=lambda: bait.pipe.open().close(), daemon=True)
    reader.start()
    deadline = time.monotonic() + 5
    taken = None
    while taken is None and time.monotonic() < deadline:
        taken = bait.taken()
    assert taken == "file"
    reader.join(5)
    with socket.create_connection(bait.port.getsockname()):
        assert bait.taken() == "network"


BAD_CHARACTERS = ["\x00", "\x01", "\x0b", "\x1f", "\ufffe", "\uffff", "\ud800"]


@pytest.mark.parametrize("bad", BAD_CHARACTERS)
@pytest.mark.parametrize(
    "document",
    [
        {"title": "BAD"},
        {"bridge": {"name": "BAD"}},
        {"mac": "BAD"},
        {"dns": {"hosts": [{"ip": "10.0.0.1", "hostnames": ["a", "BAD"]}]}},
        {"dnsmasq_options": ["BAD"]},
    ],
    ids=["text", "attribute", "wrapped", "texts", "values"],
)
def test_characters_that_xml_cannot_hold_are_refused_on_the_way_out(document, bad):
    def spoil(value):
        if isinstance(value, dict):
            return {name: spoil(item) for name, item in value.items()}
        if isinstance(value, list):
            return [spoil(item) for item in value]
        return value.replace("BAD", f"x{bad}y")

    with pytest.raises(VirtfleetError) as caught:
        write_network({"name": "a", **spoil(document)})
    assert caught.value.code == "TEXT_INVALID"
    assert len(caught.value.sentence.splitlines()) == 1


def test_bad_values_on_the_way_out():
    with pytest.raises(VirtfleetError) as caught:
        write_network({"name": "a", "forward": {"mode": "hostdev", "addresses": [{"address": "no\naddress"}]}})
    assert caught.value.code == "TEXT_INVALID"
    assert "is not a PCI address" in caught.value.sentence
    assert len(caught.value.sentence.splitlines()) == 1
    with pytest.raises(VirtfleetError) as caught:
        write_network({"name": "a", "metadata": ["<a><b></a>"]})
    assert caught.value.code == "XML_INVALID"
    with pytest.raises(VirtfleetError) as caught:
        write_fragment(HOST, "host", {"ip": "10.0.0.1", "name": "\x00"})
    assert caught.value.code == "TEXT_INVALID"


def test_a_declared_encoding_does_not_matter_to_text():
    xml = "<?xml version='1.0' encoding='ISO-8859-1'?><network><name>Büro</name></network>"
    assert parse_network(xml) == {"name": "Büro"}


PIECES = [
    "<",
    ">",
    "/",
    "=",
    "'",
    "&",
    ";",
    "<network>",
    "</network>",
    "<mtu size='",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=12).map("".join))
def test_any_text_is_read_or_refused(text):
    code, sentence = None, ""
    try:
        parse_network(text)
    except VirtfleetError as error:
        code, sentence = error.code, error.sentence
    assert code in (None, "XML_INVALID", "XML_UNSAFE")
    assert len(sentence.splitlines()) <= 1
