# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What dnsmasq says about a configuration, from its output."""

from __future__ import annotations

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils._host import dnsmasq_syntax, host_facts, programs

LONG = "txt-record=t," + "z" * 1200


@pytest.mark.parametrize(
    ("options", "line", "named"),
    [
        (["domain=a", "bogus"], 2, "bogus"),
        # dnsmasq reads the long line in two pieces, and refuses the second.
        (["dhcp-range=10.1.0.1,10.1.0.9", LONG, "domain=a"], 3, LONG),
        ([LONG, "bogus"], 3, "bogus"),
    ],
)
def test_the_option_that_it_refuses_is_named(monkeypatch, options, line, named):
    done = programs.ProgramResult(1, "", f"\ndnsmasq: bad option at line {line} of stdin\n")
    monkeypatch.setattr(dnsmasq_syntax, "_test", lambda conf, text: done)
    assert dnsmasq_syntax.refused_options(options) == f"bad option in {named!a}"[:134]


def test_it_has_the_environment_that_libvirt_gives_it(monkeypatch, tmp_path):
    """Whether it accepts a name that is not ASCII depends on the locale."""
    program = tmp_path / "dnsmasq"
    program.write_text('#!/bin/sh\necho "dnsmasq: $LC_ALL$LANG" >&2\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setattr(dnsmasq_syntax, "find_program", lambda _name: str(program))
    assert dnsmasq_syntax.refused_options(["domain=ü"]) == "C"


def test_a_link_whose_name_is_not_ascii_is_the_same_everywhere(monkeypatch, tmp_path):
    route = tmp_path / "route"
    route.write_bytes("Iface\nü\t0000010A\t0\t1\t0\t0\t0\t00FFFFFF\t0\t0\t0\n".encode())
    read = host_facts.read_optional_table
    monkeypatch.setattr(
        host_facts, "read_optional_table", lambda path: read(str(route)) if path == "/proc/net/route" else []
    )
    assert [(one.link, one.address, one.mask) for one in host_facts._routes()] == [("ü", 0x0A010000, 0xFFFFFF00)]
