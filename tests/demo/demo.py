# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration, act by act. Every promise is held against what the hosts' own tools show."""

from __future__ import annotations

import argparse
import re
import signal
import subprocess
import sys
from types import FrameType
from typing import Optional

from stage import (
    DEMO,
    HOSTS,
    PromiseBrokenError,
    definitions,
    everything,
    heading,
    hold,
    lab,
    nics,
    on,
    playbook,
    rollout,
    say,
    virsh,
)
from table import table

NETWORKS = ("lan", "dmz", "quiet", "red", "blue", "green")
GUEST = "web1"
BROKEN = ("-e", "@tests/demo/broken.yml")
EDITED = ("-e", "@tests/demo/edited.yml")


def three_hosts() -> None:
    lab("down")
    lab("up", "--hosts", str(len(HOSTS)))
    # Bridges of the host's own, as an administrator would have made them.
    for host, bridge in (("kvm1", "br0"), ("kvm3", "br1")):
        on(host, "ip", "link", "add", bridge, "up", "type", "bridge")
        on(host, "ip", "link", "set", "p0", "up", "master", bridge)
    for host in HOSTS:
        say(f"{host}: {virsh(host, 'hostname').strip()}, libvirt {on(host, 'libvirtd', '--version').split()[-1]}")
    uuids = {re.sub(r".*<uuid>(.*?)</uuid>.*", r"\1", virsh(host, "capabilities"), flags=re.DOTALL) for host in HOSTS}
    hold(len(uuids) == len(HOSTS), "three hosts, each its own libvirt and its own identity")


def refusal() -> None:
    before = everything()
    outcome = rollout(*BROKEN)
    for code in ("MTU_BROKEN", "REACH_BROKEN", "BINDING_MISSING", "BINDING_UNKNOWN"):
        hosts = [host for host in HOSTS if f"{host}: {code}: " in outcome.text]
        hold(hosts == list(HOSTS), f"{code} is told of {', '.join(HOSTS)} at once")
    hold(not outcome.good, "the rollout was refused")
    hold(everything() == before, "nothing was changed on any host")


def first_rollout() -> None:
    outcome = rollout()
    hold(outcome.good, "the rollout succeeded")
    for host in HOSTS:
        active = virsh(host, "net-list", "--name").split()
        hold(set(NETWORKS) <= set(active), f"{host} runs {', '.join(NETWORKS)}")


def second_rollout() -> None:
    before = everything()
    outcome = rollout()
    hold(outcome.good, "the second run succeeded")
    hold(outcome.changed == dict.fromkeys(HOSTS, 0), "the second run changed nothing: changed=0 on every host")
    hold(everything() == before, "libvirt's definitions are the same, byte by byte")


def edit() -> None:
    shown = ["diff", "-u", "--label", "contract", "--label", "edited contract"]
    shown += [str(DEMO / "inventory" / "group_vars" / "kvm.yml"), str(DEMO / "edited.yml")]
    subprocess.run(shown, check=False)
    before = everything()
    outcome = rollout("--check", "--diff", *EDITED)
    hold(outcome.good, "the edit can be applied")
    hold(all(outcome.changed.get(host) for host in HOSTS), "check mode announces a change on every host")
    hold("+      value: edited" in outcome.text, "the diff shows the edited DNS record")
    hold(everything() == before, "and check mode touched nothing")


def edit_applied() -> None:
    outcome = rollout(*EDITED)
    hold(outcome.good, "the edit was applied")
    hold(all(outcome.changed.get(host) for host in HOSTS), "every host changed, as check mode announced")
    for host in HOSTS:
        found = definitions(host)
        for which in (0, 1):
            good = (
                "value='edited'" in found["lan"][which]
                and "10.60.0.12" in found["lan"][which]
                and "mtu size='1300'" in found["quiet"][which]
                and "portgroup name='guests'" in found["red"][which]
            )
            hold(good, f"{host}: the {'persistent' if which else 'live'} definitions have it")
    hold(rollout(*EDITED).changed == dict.fromkeys(HOSTS, 0), "and a further run changes nothing")


def check() -> None:
    virsh(HOSTS[0], "create", "/dev/stdin", given=(DEMO / "guest.xml").read_text())
    outcome = playbook("migrate_check", "-e", f"guest={GUEST}")
    hold(outcome.good, f"{GUEST} can go somewhere, and where is told")
    virsh(HOSTS[1], "net-destroy", "lan")
    outcome = playbook("migrate_check", "-e", f"guest={GUEST}", "-e", f"destination={HOSTS[1]}")
    hold(not outcome.good and "NET_INACTIVE" in outcome.text, f"without network lan {HOSTS[1]} is no place for it")
    virsh(HOSTS[1], "net-start", "lan")


def migration() -> None:
    """By nothing but network names: the guest's XML is the same all the way."""
    home = HOSTS[0]
    first = nics(home, GUEST)
    shown = {home: first}
    for there in HOSTS[1:]:
        say(f"{home}$ virsh migrate --live {GUEST} qemu+ssh://{there}/system")
        virsh(home, "migrate", "--live", GUEST, f"qemu+ssh://{there}/system")
        running = [host for host in HOSTS if GUEST in virsh(host, "list", "--name").split()]
        hold(running == [there], f"{GUEST} runs on {there} and nowhere else")
        state = virsh(there, "domstate", "--reason", GUEST).strip()
        hold(state == "running (migrated)", f"it came there live: {state}")
        found = nics(there, GUEST)
        names = {mac: (nic["network"], nic["portgroup"]) for mac, nic in found.items()}
        hold(names == {mac: (nic["network"], nic["portgroup"]) for mac, nic in first.items()},
             "each NIC has its network and portgroup")  # fmt: skip
        shown[there] = found
        home = there
    say("\nWhere its NICs are plugged in:")
    for mac, nic in first.items():
        plugs = "  ".join(f"{host}: {shown[host][mac]['plug']!s:14}" for host in HOSTS)
        say(f"  {nic['network']:6} {plugs}".rstrip())
    virsh(home, "destroy", GUEST)


def report() -> None:
    found = everything()
    say(table(found, NETWORKS))
    hold(all(set(found[host]) == set(NETWORKS) for host in HOSTS), "one name, one network, on every host")


ACTS = (
    ("Three hosts", three_hosts),
    ("A contract that the hosts do not keep is refused, all faults at once", refusal),
    ("The rollout: six networks, bound differently on different hosts", first_rollout),
    ("The same again", second_rollout),
    ("An edited contract: --check --diff", edit),
    ("The edit applied", edit_applied),
    ("Where could a guest go?", check),
    ("A guest moves by nothing but network names", migration),
    ("Hosts by networks", report),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/demo/run", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the lab up at the end")
    keep = parser.parse_args().keep
    # Also a terminated demonstration takes its lab down.
    signal.signal(signal.SIGTERM, _terminated)
    try:
        for number, (text, act) in enumerate(ACTS, 1):
            heading(f"{number}. {text}")
            act()
    except (PromiseBrokenError, subprocess.CalledProcessError) as error:
        print(f"demo: FAILED: {error}", file=sys.stderr, flush=True)
        return 1
    finally:
        if not keep:
            print()
            lab("down")
    say("demo: every promise held")
    return 0


def _terminated(_number: int, _frame: Optional[FrameType]) -> None:
    raise SystemExit(143)


if __name__ == "__main__":
    sys.exit(main())
