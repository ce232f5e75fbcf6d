# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt's books after changes by others and by us, with real guests and real macvtaps."""

from __future__ import annotations

import pytest

from .conftest import Host, assert_books, network

pytestmark = pytest.mark.lab

FULL = "but none are available"


def members(number: int) -> list[str]:
    return [f"p{n}" for n in range(number)]


def filled(kvm1: Host, number: int, mode: str = "passthrough", guests: int = 0) -> None:
    kvm1.tell("define", xml=network(mode, members(number)))
    for guest in range(guests):
        kvm1.tell("start", name=f"g{guest}", of="net", paused=bool(guest))


def taps(kvm1: Host) -> dict[str, int]:
    return {mac: tap["index"] for mac, tap in kvm1.books()["taps"].items()}


def test_a_plain_update_ruins_libvirts_counter_and_ours_does_not(kvm1: Host) -> None:
    filled(kvm1, 3, guests=2)
    before = taps(kvm1)
    kvm1.tell("pool", name="net", members=["p3"])
    assert_books(kvm1.books())
    assert taps(kvm1) == before
    kvm1.run("virsh", "net-update", "net", "add", "forward-interface", "<interface dev='p4'/>", "--live", "--config")
    ruined = kvm1.books()
    assert (ruined["connections"], ruined["members"]["p0"]) == (0, 0), "has libvirt mended its update?"
    # So it hands a member out a second time, which the kernel refuses.
    assert "Invalid argument" in kvm1.ask("start", name="twice", of="net").get("libvirt", "")
    shown = kvm1.tell("pool", name="net", check=True, members=["p4"])
    assert any("count of used members" in warning for warning in shown["warnings"])
    assert kvm1.tell("pool", name="net", reclaim_stale=True)["changed"]
    assert_books(kvm1.books(), macs=False)
    # libvirt 11.3 leaves the first guest's macvtap with the refused guest's address.
    assert sorted(taps(kvm1).values()) == sorted(before.values())
    assert not kvm1.tell("pool", name="net", reclaim_stale=True)["changed"]
    for guest in ("g2", "g3", "g4"):
        kvm1.tell("start", name=guest, of="net")
    assert_books(kvm1.books(), macs=False)


def test_a_drained_member_stays_with_its_guest_and_comes_back(kvm1: Host) -> None:
    filled(kvm1, 2, guests=2)
    before = taps(kvm1)
    kvm1.refused("pool", "MEMBER_IN_USE", name="net", members=["p0"], present=False)
    done = kvm1.tell("pool", name="net", members=["p0"], present=False, drain=True)
    assert [(entry["member"], entry["name"]) for entry in done["drained"]] == [("p0", "g0")]
    assert not kvm1.tell("pool", name="net", members=["p0"], present=False, drain=True)["changed"]
    assert_books(kvm1.books(), drained=1)
    assert FULL in kvm1.ask("start", name="g9", of="net").get("libvirt", "")
    kvm1.lab("restart", "libvirtd")
    assert_books(kvm1.books(), drained=1)
    kvm1.tell("pool", name="net", members=["p0"])
    assert_books(kvm1.books())
    assert taps(kvm1) == before
    kvm1.tell("pool", name="net", members=["p0"], present=False, drain=True)
    kvm1.tell("stop", name="g0")
    books = kvm1.books()
    assert_books(books)
    assert (books["connections"], list(books["members"])) == (1, ["p1"])


def test_a_shared_member_is_drained_with_all_its_guests(kvm1: Host) -> None:
    filled(kvm1, 2, mode="bridge", guests=5)
    done = kvm1.tell("pool", name="net", members=["p0"], present=False, drain=True)
    assert sorted(entry["name"] for entry in done["drained"]) == ["g0", "g2", "g4"]
    assert_books(kvm1.books(), exclusive=False, drained=3)
    kvm1.tell("pool", name="net", members=["p0"], max_guests=3)
    assert_books(kvm1.books(), exclusive=False)
    shown = kvm1.tell("pool", name="net", members=["p1"], max_guests=3)
    assert {member["name"]: member["left"] for member in shown["pool"]["members"]} == {"p0": 0, "p1": 1}
    assert shown["pool"]["capacity"]["left"] == 1


def test_stale_ports_are_freed_wherever_they_are(kvm1: Host) -> None:
    filled(kvm1, 3, guests=3)
    # What libvirt itself leaves behind: a member taken from under its guest, and the guest stopped.
    kvm1.run("virsh", "net-update", "net", "delete", "forward-interface", "<interface dev='p1'/>", "--live", "--config")
    kvm1.tell("stop", name="g1")
    shown = kvm1.tell("pool", name="net", check=True, reclaim_stale=True)
    assert shown["freed"] == ["g1"]
    done = kvm1.tell("pool", name="net", reclaim_stale=True)
    assert done["freed"] == ["g1"]
    assert_books(kvm1.books())
    kvm1.tell("pool", name="net", members=["p1"])
    kvm1.tell("start", name="g3", of="net")
    assert_books(kvm1.books())


def test_daemon_and_guest_killed_together(kvm1: Host) -> None:
    filled(kvm1, 3, guests=3)
    kvm1.tell("pool", name="net", members=["p3"])
    pid = kvm1.run("cat", "/run/libvirt/qemu/g1.pid").strip()
    kvm1.lab("kill", "libvirtd")
    kvm1.run("kill", "-9", pid)
    kvm1.lab("start", "libvirtd")
    kvm1.tell("pool", name="net", reclaim_stale=True)
    assert_books(kvm1.books())
    for guest in ("g4", "g5"):
        kvm1.tell("start", name=guest, of="net")
    assert_books(kvm1.books())
    assert FULL in kvm1.ask("start", name="g6", of="net").get("libvirt", "")


def test_a_restart_with_the_ports_aside_leaves_guests_and_books_alone(kvm1: Host) -> None:
    filled(kvm1, 3, guests=2)
    before = taps(kvm1)
    kvm1.tell("restart_with_ports_aside", name="net")
    assert_books(kvm1.books())
    assert taps(kvm1) == before
    for guest in ("g0", "g1"):
        kvm1.tell("stop", name=guest)
    assert kvm1.books()["connections"] == 0


def test_a_match_is_the_same_when_links_come_in_another_order(kvm1: Host) -> None:
    kvm1.tell("define", xml=network("vepa", []))
    kvm1.run("ip", "link", "add", "zz1", "type", "veth", "peer", "name", "zz1e")
    kvm1.run("ip", "link", "add", "zz0", "type", "veth", "peer", "name", "zz0e")
    for link in ("zz0", "zz1"):
        kvm1.run("ip", "link", "set", link, "up")
    try:
        assert kvm1.tell("pool", name="net", match={"name": "zz?"})["changed"]
        first = list(kvm1.books()["members"])
        kvm1.run("ip", "link", "delete", "zz0")
        kvm1.run("ip", "link", "add", "zz0", "type", "veth", "peer", "name", "zz0e")
        kvm1.run("ip", "link", "set", "zz0", "up")
        assert not kvm1.tell("pool", name="net", match={"name": "zz?"}, exclusive=True)["changed"]
        assert list(kvm1.books()["members"]) == first == ["zz0", "zz1"]
    finally:
        for link in ("zz0", "zz1"):
            kvm1.run("ip", "link", "delete", link)


def test_foreign_holders_are_seen(kvm1: Host) -> None:
    filled(kvm1, 1)
    kvm1.tell("start_direct", name="d0", dev="p1", mode="passthrough")
    kvm1.run("ip", "link", "add", "br9", "type", "bridge")
    kvm1.run("ip", "link", "set", "p2", "master", "br9")
    kvm1.run("ip", "link", "add", "link", "p3", "name", "orphan0", "type", "macvtap", "mode", "bridge")
    kvm1.run("ip", "link", "set", "p4", "down")
    try:
        kvm1.tell("define", xml=network("private", ["p5"], "other"))
        for member, code, words in (
            ("p1", "MEMBER_BUSY", "d0"),
            ("p2", "MEMBER_IN_BRIDGE", "br9"),
            ("p3", "MEMBER_BUSY", "orphan0"),
            ("p4", "MEMBER_DOWN", "down"),
            ("p5", "MEMBER_IN_OTHER_POOL", "other"),
            ("p64", "MEMBER_MISSING", "p64"),
            ("eth0", "MEMBER_HAS_ADDRESS", "eth0"),
        ):
            assert words in kvm1.refused("pool", code, name="net", members=[member])["sentence"]
        done = kvm1.tell("pool", name="net", match={"name": "p[1-6]"})
        assert list(kvm1.books()["members"]) == ["p0", "p6"]
        assert len([warning for warning in done["warnings"] if "Not added to network" in warning]) == 5
    finally:
        kvm1.run("ip", "link", "delete", "orphan0")
        kvm1.run("ip", "link", "delete", "br9")
        kvm1.run("ip", "link", "set", "p4", "up")


@pytest.mark.slow
def test_64_members_in_one_line_filled_to_the_last(kvm1: Host) -> None:
    kvm1.tell("define", xml=network("passthrough", []))
    assert kvm1.tell("pool", name="net", members=["p[0-15,32-63]"])["pool"]["capacity"]["left"] == 48
    assert kvm1.tell("pool", name="net", match={"name": "p*", "driver": "veth"})["pool"]["capacity"]["left"] == 64
    for number in range(64):
        kvm1.tell("start", name=f"g{number}", of="net")
    assert FULL in kvm1.ask("start", name="surplus", of="net").get("libvirt", "")
    assert_books(kvm1.books())
    before = taps(kvm1)
    kvm1.tell("network", name="net", portgroups=[{"name": "a"}])
    kvm1.tell("pool", name="net", members=["p[0-3]"], present=False, drain=True)
    assert_books(kvm1.books(), drained=4)
    assert taps(kvm1) == before
    for number in range(0, 64, 2):
        kvm1.tell("stop", name=f"g{number}")
    assert_books(kvm1.books(), drained=2)
    left = kvm1.tell("pool", name="net", members=["p[0-3]"])["pool"]["capacity"]["left"]
    assert left == 32
    for number in range(left):
        kvm1.tell("start", name=f"h{number}", of="net")
    assert_books(kvm1.books())
    assert FULL in kvm1.ask("start", name="surplus", of="net").get("libvirt", "")
