# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run does to a host, and what it leaves there: looked at through libvirt alone."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._host.clock import Deadline
from ansible_collections.virtfleet.network.plugins.module_utils._model.desired import Desired, declaration
from ansible_collections.virtfleet.network.plugins.module_utils._model.errors import VirtfleetError
from ansible_collections.virtfleet.network.plugins.module_utils._plan.portgroup import DesiredPortgroup
from ansible_collections.virtfleet.network.plugins.module_utils._run import (
    confirmation,
    execute,
    preflight,
    recover,
    transaction,
)
from ansible_collections.virtfleet.network.plugins.module_utils._run.apply_networks import (
    apply_networks,
    apply_with_purge,
)
from ansible_collections.virtfleet.network.plugins.module_utils._run.apply_portgroup import apply_portgroup
from ansible_collections.virtfleet.network.plugins.module_utils._run.session import RunOptions, Safety

from .conftest import URI, clear

LAN = {"forward": {}, "ips": [{"address": "10.9.0.1", "prefix": 24}]}
DMZ = {"forward": {"mode": "nat"}, "ips": [{"address": "10.9.1.1", "prefix": 24}]}
EACH = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def want(name="lan", state="active", autostart=None, adopts=True, **options):
    return Desired(name, state=state, autostart=autostart, declared=declaration(options), adopts=adopts)


def apply(*wanted, check=False, purge=False, restart="idle", **safety):
    options = RunOptions(URI, restart, check_mode=check, safety=Safety(lock_timeout=0, **safety))
    return (apply_with_purge if purge else apply_networks)(list(wanted), options)


def changed(done) -> list[str]:
    return [plan.network for plan, _observed in done.work if plan.changed]


def seen(conn) -> dict:
    """Portgroups in the order of their names: libvirt finds them by name, and one that is added again comes last."""
    return {
        network.name(): (network.isActive(), network.autostart(), portgroups_sorted(network.XMLDesc(0)))
        for network in conn.listAllNetworks()
    }


def portgroups_sorted(xml: str) -> str:
    root = ElementTree.fromstring(xml)
    found = sorted(root.findall("portgroup"), key=lambda group: group.get("name"))
    for group in found:
        root.remove(group)
    root.extend(found)
    return ElementTree.canonicalize(ElementTree.tostring(root), strip_text=True)


@contextmanager
def refused(code):
    with pytest.raises(VirtfleetError) as caught:
        yield caught
    assert caught.value.code == code, caught.value.sentence


@contextmanager
def failing(number, code="LIBVIRT_REFUSED"):
    """The step of that number is refused, in any of the run's plans."""
    real, steps = execute.run_step, iter(range(1000))

    def run_step(conn, step, *more):
        if next(steps) == number:
            raise VirtfleetError(code, f"libvirt refused to {step.doing}.")
        return real(conn, step, *more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(execute, "run_step", run_step)
        yield


NETWORKS = {
    "lan": st.fixed_dictionaries(
        {"forward": st.just({}), "ips": st.just(LAN["ips"])},
        optional={
            "portgroups": st.sampled_from([[], [{"name": "a"}], [{"name": "a", "default": True}, {"name": "b"}]]),
            "dns": st.sampled_from([{}, {"hosts": [{"ip": "10.9.0.9", "hostnames": ["x"]}]}]),
        },
    ),
    "dmz": st.fixed_dictionaries({"forward": st.just({"mode": "nat"}), "ips": st.just(DMZ["ips"])}),
}
STATES = ["active", "present", "absent"]


@st.composite
def requests(draw, states=tuple(STATES)):
    """The test driver goes on showing what ran, so that nothing is to be defined and stopped at once."""
    found = []
    for name, options in NETWORKS.items():
        if draw(st.booleans()) or not found:
            state = draw(st.sampled_from(states))
            given_ = {} if state == "absent" else draw(options)
            found.append(want(name, state, draw(st.sampled_from([None, True, False])), **given_))
    return found


@EACH
@given(before=requests(states=["active", "inactive", "absent"]), wanted=requests())
def test_check_mode_changes_nothing_and_tells_what_the_run_does(conn, journal, before, wanted):
    clear(conn)
    apply(*before)
    there = seen(conn)
    told = apply(*wanted, check=True)
    assert seen(conn) == there
    done = apply(*wanted)
    assert [[step.sentence for step in plan.steps] for plan, _observed in told.work] == [
        [step.sentence for step in plan.steps] for plan, _observed in done.work
    ]
    assert (seen(conn) != there) == bool(changed(done))
    assert changed(apply(*wanted)) == []
    assert journal.read() is None


def interrupted(conn, before, wanted, data):
    """A run that loses the daemon at a step, and so leaves its journal; false if it has no step."""
    clear(conn)
    apply(*before)
    steps = [step for plan, _observed in apply(*wanted, check=True).work for step in plan.steps]
    if steps:
        with failing(data.draw(st.integers(0, len(steps) - 1)), "DAEMON_LOST"), refused("DAEMON_LOST"):
            apply(*wanted)
    return bool(steps)


@EACH
@given(before=requests(states=["active", "inactive", "absent"]), wanted=requests(), later=requests(), data=st.data())
def test_check_mode_after_an_interrupted_run_tells_what_the_run_does(conn, journal, before, wanted, later, data):
    """The run recovers first."""
    if not interrupted(conn, before, wanted, data):
        return
    there, left = seen(conn), journal.read()
    outcomes = []
    for check in (True, False):
        try:
            done = apply(*later, check=check)
            if any(observed.active and observed.live != observed.persistent for _plan, observed in done.work):
                return  # the driver has one definition for both
            outcomes.append([[step.sentence for step in plan.steps] for plan, _observed in done.work])
        except VirtfleetError as error:
            outcomes.append(error.code)
        if check:
            assert seen(conn) == there
            assert (journal.read() is None) == (left is None)
    assert outcomes[0] == outcomes[1]


@EACH
@given(before=requests(states=["active", "inactive", "absent"]), wanted=requests(), data=st.data())
def test_a_step_that_fails_leaves_all_networks_as_they_were(conn, journal, before, wanted, data):
    clear(conn)
    apply(*before)
    there = seen(conn)
    steps = [step for plan, _observed in apply(*wanted, check=True).work for step in plan.steps]
    if not steps:
        return
    number = data.draw(st.integers(0, len(steps) - 1))
    with failing(number), refused("LIBVIRT_REFUSED") as caught:
        apply(*wanted)
    assert caught.value.details["left"] == []
    assert caught.value.details["failed_step"]["sentence"] == steps[number].sentence
    assert seen(conn) == there
    assert journal.read() is None


@EACH
@given(before=requests(states=["active", "inactive", "absent"]), wanted=requests(), data=st.data())
def test_a_recovery_that_libvirt_could_not_write_is_not_begun(conn, journal, monkeypatch, before, wanted, data):
    """In check mode, too. It is done once there is space."""
    if not interrupted(conn, before, wanted, data):
        return
    there = seen(conn)
    (told,) = apply(want("other", "absent"), check=True).warnings or [""]
    with monkeypatch.context() as patch:
        patch.setattr(preflight, "has_lease_files", lambda _conn: True)
        patch.setattr(preflight, "why_unwritable", lambda _directory: "no space is left on the device")
        for check in (True, False):
            if "after these steps" not in told:
                apply(want("other", "absent"), check=check)
                continue
            with refused("LIBVIRT_UNWRITABLE") as caught:
                apply(want("other", "absent"), check=check)
            assert "the recovery failed" in caught.value.sentence
            assert seen(conn) == there
            assert journal.read() is not None
    apply(want("other", "absent"))
    assert journal.read() is None


@EACH
@given(before=requests(states=["active"]), wanted=requests(), data=st.data())
def test_a_disk_that_fills_up_after_the_plan_stops_nothing(conn, journal, monkeypatch, before, wanted, data):
    """Once a network is stopped, or ports are set aside, libvirt cannot put them back on a full disk."""
    clear(conn)
    apply(*before)
    there = seen(conn)
    steps = [step for plan, _observed in apply(*wanted, check=True).work for step in plan.steps]
    stops = [number for number, step in enumerate(steps) if step.action in ("destroy", "release", "bypass")]
    if not stops:
        return
    filled = data.draw(st.integers(0, stops[0]))
    real, real_execute, began, done = execute.run_step, execute.execute, [], []

    def run_step(conn, step, *more):
        done.append(step.action)
        return real(conn, step, *more)

    def why_unwritable(_directory):
        return "no space is left on the device" if began and len(done) >= filled else None

    with monkeypatch.context() as patch:
        patch.setattr(execute, "run_step", run_step)
        patch.setattr(preflight, "has_lease_files", lambda _conn: True)
        patch.setattr(preflight, "why_unwritable", why_unwritable)
        patch.setattr(transaction, "execute", lambda *args: began.append(True) or real_execute(*args))
        with refused("LIBVIRT_UNWRITABLE") as caught:
            apply(*wanted)
    assert not {"destroy", "release", "bypass"} & set(done[: stops[0] + 1])
    assert ("Nothing was changed" in caught.value.sentence) == (not done)
    assert seen(conn) == there
    assert journal.read() is None


@pytest.mark.parametrize(
    "error", [VirtfleetError("DAEMON_LOST", "The daemon is gone."), OSError(5, "read"), KeyError("a")]
)
def test_a_look_before_the_stop_that_fails_is_told_with_its_step(conn, monkeypatch, error):
    """Whatever it is, it is reported, and not hidden by a fault of ours."""
    apply(want(**LAN))

    def before_stop(*_args):
        raise error

    monkeypatch.setattr(execute, "replan_before_stop", before_stop)
    with pytest.raises(VirtfleetError) as caught:
        apply(want(**{**LAN, "mtu": 1400}))
    code = getattr(error, "code", None) or ("HOST_FAILED" if isinstance(error, OSError) else "UNEXPECTED")
    assert caught.value.code == code
    assert type(error).__name__ in caught.value.sentence or code != "UNEXPECTED", caught.value.sentence
    assert caught.value.details["failed_step"]["action"] == "destroy"


def test_the_journal_is_there_from_the_first_step_to_the_last(conn, journal, monkeypatch):
    real, found = execute.run_step, []

    def run_step(*args):
        found.append(journal.read())
        return real(*args)

    monkeypatch.setattr(execute, "run_step", run_step)
    apply(want(**LAN), want("dmz", **DMZ))
    assert len(found) == 4
    assert {left.names for left in found} == {"lan, dmz"}
    assert not any(left.finished or left.waits for left in found)
    assert journal.read() is None


def test_what_changed_between_plan_and_run_is_noticed(libvirt, conn, journal, monkeypatch):
    from ansible_collections.virtfleet.network.plugins.module_utils._run import transaction

    apply(want(**LAN))
    refuse = transaction._refuse_changed

    def changed_by_virsh(*args):
        conn.networkLookupByName("lan").update(
            libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST,
            libvirt.VIR_NETWORK_SECTION_PORTGROUP,
            -1,
            "<portgroup name='ops'/>",
            libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE,
        )
        refuse(*args)

    monkeypatch.setattr(transaction, "_refuse_changed", changed_by_virsh)
    with refused("CHANGED_MEANWHILE"):
        apply(want(portgroups=[{"name": "a"}]))
    assert "<portgroup name='a'>" not in conn.networkLookupByName("lan").XMLDesc(0)
    assert journal.read() is None


def test_a_problem_says_of_which_network_it_is(conn, journal):
    """Whatever the network is called: "m" is a part of "mac" and "omit"."""
    with refused("MAC_INVALID") as caught:
        apply(want("m", mac="ff:ff:ff:ff:ff:ff"), want(**LAN))
    assert caught.value.sentence.startswith("Network 'm': mac is ")
    assert [(one["code"], one["path"]) for one in caught.value.details["problems"]] == [("MAC_INVALID", "mac")]
    with refused("NETWORK_MISSING") as caught:
        apply(want("m", "present"), want(**LAN))
    assert caught.value.sentence.startswith("Network 'm' does not exist")


# A change that waits to be confirmed.


def test_a_change_that_waits_refuses_every_other(conn, journal):
    done = apply(want(**LAN), confirm_timeout=60)
    there = seen(conn)
    for check in (False, True):
        with refused("UNCONFIRMED"):
            apply(want("dmz", **DMZ), check=check)
        with refused("NOT_PENDING"):
            apply(want("dmz", **DMZ), check=check, confirm_timeout=60, confirm_run="another")
    with refused("UNCONFIRMED"):
        apply(want("lan", **LAN))
    assert seen(conn) == there
    assert confirmation.confirm_change(done.confirm["run"], uri=URI, wait=0, check_mode=True).networks == ["lan"]
    assert confirmation.confirm_change(done.confirm["run"], uri=URI, wait=0, check_mode=False).networks == ["lan"]
    with refused("NOT_PENDING"):
        confirmation.confirm_change(done.confirm["run"], uri=URI, wait=0, check_mode=False)
    assert changed(apply(want("dmz", **DMZ))) == ["dmz"]


def test_a_change_that_waits_can_be_rolled_back_at_once(conn, journal):
    apply(want(**LAN))
    there = seen(conn)
    run = apply(want(portgroups=[{"name": "a"}]), want("dmz", **DMZ), confirm_timeout=60).confirm["run"]
    new = seen(conn)
    planned = confirmation.roll_back_change(run, uri=URI, wait=0, check_mode=True)
    assert "would be rolled back" in planned.sentence
    assert seen(conn) == new != there
    done = confirmation.roll_back_change(run, uri=URI, wait=0, check_mode=False)
    assert sorted(done.networks) == ["dmz", "lan"]
    assert "not confirmed in time" not in done.sentence
    assert seen(conn) == there
    assert journal.read() is None
    for decide in (confirmation.roll_back_change, confirmation.confirm_change):
        with refused("NOT_PENDING"):
            decide(run, uri=URI, wait=0, check_mode=False)


def test_a_change_that_cannot_be_rolled_back_keeps_waiting(conn, journal, monkeypatch):
    run = apply(want(**LAN), confirm_timeout=60).confirm["run"]

    def refuse(*_args):
        raise VirtfleetError("LIBVIRT_REFUSED", "libvirt refused.")

    with monkeypatch.context() as patch:
        patch.setattr(recover, "run_step", refuse)
        with refused("RECOVERY_FAILED") as caught:
            confirmation.roll_back_change(run, uri=URI, wait=0, check_mode=False)
    assert "lan" in caught.value.details["left"][0]
    assert journal.read().waits
    assert confirmation.confirm_change(run, uri=URI, wait=0, check_mode=False).networks == ["lan"]


def test_a_change_is_not_confirmed_while_an_address_is_silent(conn, journal, monkeypatch):
    run = apply(want(**LAN), confirm_timeout=60).confirm["run"]
    silent = {"10.9.0.77"}
    monkeypatch.setattr(
        confirmation, "silent_addresses", lambda addresses: [address for address in addresses if address in silent]
    )
    for check in (True, False):
        with refused("REACH_LOST") as caught:
            confirmation.confirm_change(run, uri=URI, wait=0, check_mode=check, reach=["10.9.0.1", "10.9.0.77"])
        assert caught.value.details["silent"] == ["10.9.0.77"]
    assert journal.read().waits
    assert confirmation.confirm_change(run, uri=URI, wait=0, check_mode=False, reach=["10.9.0.1"]).networks == ["lan"]


@pytest.mark.parametrize("ended", ["time", "reboot"])
def test_a_change_that_nobody_confirmed_is_rolled_back_by_the_next_run(conn, journal, ended):
    apply(want(**LAN))
    there = seen(conn)
    done = apply(want(portgroups=[{"name": "a"}]), want("dmz", **DMZ), confirm_timeout=60)
    left = journal.read()
    over = Deadline("before", left.deadline.at) if ended == "reboot" else Deadline(left.deadline.boot, 0)
    journal.run = left.run
    journal.write(left.networks, over, finished=True)
    with refused("NOT_PENDING"):
        confirmation.confirm_change(done.confirm["run"], uri=URI, wait=0, check_mode=False)
    assert any("not confirmed in time" in warning for warning in apply(want(), check=True).warnings)
    assert seen(conn) != there
    assert any("not confirmed in time" in warning for warning in apply(want()).warnings)
    assert seen(conn) == there


def test_a_failure_after_a_recovery_says_so_first(conn, journal):
    apply(want(**LAN), confirm_timeout=60)
    left = journal.read()
    journal.run = left.run
    journal.write(left.networks, Deadline(left.deadline.boot, 0), finished=True)
    with refused("MAC_INVALID") as caught:
        apply(want("dmz", mac="ff:ff:ff:ff:ff:ff"))
    assert caught.value.sentence.startswith(
        "This run recovered an earlier one first; see recovered. After that: mac is"
    )
    assert caught.value.details["recovered"]
    assert seen(conn) == {}


def apply_group(name, **safety):
    return apply_portgroup(
        DesiredPortgroup("lan", name, "present", {}), RunOptions(URI, safety=Safety(lock_timeout=0, **safety))
    )


def test_changes_that_join_are_confirmed_together(conn, journal):
    apply(want(**LAN))
    first = apply_group("a", confirm_timeout=30)
    run = first.confirm["run"]
    with refused("UNCONFIRMED"):
        apply_group("b", confirm_timeout=60)
    second = apply_group("b", confirm_timeout=60, confirm_run=run)
    assert second.confirm["run"] == run
    assert second.confirm["seconds"] > 50, "the time counts anew"
    unchanged = apply_group("b", confirm_timeout=60, confirm_run=run)
    assert not unchanged.plan.changed
    assert unchanged.confirm["run"] == run
    assert confirmation.confirm_change(run, uri=URI, wait=0, check_mode=False).networks == ["lan"]
    assert {"name='a'", "name='b'"} <= set(conn.networkLookupByName("lan").XMLDesc(0).replace(">", " ").split())


def test_changes_that_join_are_rolled_back_together(conn, journal):
    apply(want(**LAN))
    there = seen(conn)
    run = apply_group("a", confirm_timeout=30).confirm["run"]
    apply_group("b", confirm_timeout=30, confirm_run=run)
    apply(want("dmz", **DMZ), confirm_timeout=30, confirm_run=run)
    left = journal.read()
    journal.run = run
    journal.write(left.networks, Deadline(left.deadline.boot, 0), finished=True)
    apply(want())
    assert seen(conn) == there


def test_one_that_fails_leaves_the_one_that_it_joined_waiting(conn, journal):
    apply(want(**LAN))
    run = apply_group("a", confirm_timeout=30).confirm["run"]
    there = seen(conn)
    for number in (0, 1):
        with failing(number), refused("LIBVIRT_REFUSED"):
            apply_group("b", confirm_timeout=60, confirm_run=run)
    assert seen(conn) == there
    left = journal.read()
    assert left.waits
    assert left.deadline.left <= 30
    assert len(left.networks) == 1
    assert confirmation.confirm_change(run, uri=URI, wait=0, check_mode=False).networks == ["lan"]


# Whose network it is.


def copied(conn, xml: str, edits: dict[str, str]) -> None:
    for old, new in edits.items():
        assert old in xml
        xml = xml.replace(old, new)
    conn.networkDefineXML(xml)


def names(conn) -> list[str]:
    return sorted(network.name() for network in conn.listAllNetworks())


@st.composite
def copies(draw):
    """A network's XML as somebody edits it: another name, no UUID or another one, another bridge or address."""
    edits = {"<name>lan</name>": f"<name>{draw(st.sampled_from(['lan2', 'LAN', 'lan ', 'x']))}</name>"}
    uuid = draw(st.sampled_from(["", "<uuid>3c5d7a5e-1111-4222-8333-000000000001</uuid>"]))
    return edits, uuid, draw(st.booleans())


@EACH
@given(copy=copies())
def test_purge_leaves_what_was_copied_from_a_network_of_ours(conn, journal, copy):
    edits, uuid, away = copy
    clear(conn)
    apply(want(state="inactive", **LAN), want("dmz", "inactive", **DMZ))
    original = conn.networkLookupByName("lan")
    xml = original.XMLDesc(0)
    own = f"<uuid>{original.UUIDString()}</uuid>"
    if away:  # renamed by hand: even the UUID may be the same then
        original.undefine()
        copied(conn, xml, edits if uuid == "" else {**edits, own: uuid})
    else:
        copied(conn, xml, {**edits, own: uuid})
    (name,) = (set(names(conn)) - {"lan", "dmz"}) or {edits["<name>lan</name>"][6:-7]}
    apply(want("dmz", "inactive", **DMZ), purge=True)
    assert names(conn) == sorted(["dmz", name])
    # Taking it over does not make it ours either.
    apply(want(name, "inactive", **LAN), want("dmz", "inactive", **DMZ), purge=True)
    apply(want("dmz", "inactive", **DMZ), purge=True)
    assert names(conn) == sorted(["dmz", name])


def test_purge_removes_what_is_ours(conn, journal):
    apply(want(**LAN), want("dmz", **DMZ), want("own", uuid="3C5D7A5E-1111-4222-8333-000000000001", forward={}))
    conn.networkDefineXML("<network><name>foreign</name></network>")
    assert changed(apply(want("dmz", **DMZ), purge=True, restart="force")) == ["lan", "own"]
    assert names(conn) == ["dmz", "foreign"]


OLD = '<virtfleet:network xmlns:virtfleet="https://virtfleet.network/ns/1" managed="yes"/>'


def test_an_older_versions_mark_is_renewed_before_purge_goes_by_it(conn, journal):
    conn.networkDefineXML(f"<network><name>lan</name><metadata>{OLD}</metadata></network>")
    done = apply(want("dmz", "inactive", **DMZ), purge=True)
    assert any("purge keeps lan" in warning for warning in done.warnings)
    assert names(conn) == ["dmz", "lan"]
    again = apply(want("lan", "inactive"), want("dmz", "inactive", **DMZ), purge=True)
    ((plan, _observed),) = [work for work in again.work if work[0].network == "lan"]
    assert [step.action for step in plan.steps] == ["define"]
    assert (plan.before["managed"], plan.after["managed"]) == (False, True)
    assert changed(apply(want("lan", "inactive"), want("dmz", "inactive", **DMZ), purge=True)) == []
    assert changed(apply(want("dmz", "inactive", **DMZ), purge=True)) == ["lan"]
    assert names(conn) == ["dmz"]


def test_a_network_made_by_hand_is_removed_only_once_it_was_claimed(conn, journal):
    conn.networkDefineXML("<network><name>lan</name></network>")
    done = apply(want("dmz", "inactive", **DMZ), purge=True)
    assert [warning for warning in done.warnings if "lan" in warning and "did not create it" in warning]
    claimed = replace(want("lan", "inactive"), claims=True)
    again = apply(claimed, want("dmz", "inactive", **DMZ), purge=True)
    ((plan, _observed),) = [work for work in again.work if work[0].network == "lan"]
    assert [step.action for step in plan.steps] == ["define"]
    assert (plan.before["managed"], plan.after["managed"]) == (False, True)
    assert changed(apply(claimed, want("dmz", "inactive", **DMZ), purge=True)) == []
    assert changed(apply(want("dmz", "inactive", **DMZ), purge=True)) == ["lan"]
    assert names(conn) == ["dmz"]
