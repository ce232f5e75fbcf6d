# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role `host` on bare Debian systems that boot systemd, and a rollout on what it prepared.

On bookworm; with IT_EVERYWHERE on every release that debootstrap builds.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from harness import EVERYWHERE
from harness.playbook import COLLECTION, PROGRAM, environment
from readme.page import Page

from .bare import BareHost, booted, wanted

pytestmark = pytest.mark.lab

RELEASES = ("bullseye", "bookworm", "trixie", "testing") if EVERYWHERE else ("bookworm",)
CONTRACT = [{"name": "lab", "reach": "nat", "ips": [{"address": "10.66.0.1", "prefix": 24}]}]
PREPARE = Page("docs/runbook.md").files["prepare.yml"]
ROLLOUT = json.dumps([{"hosts": "kvm", "gather_facts": False, "roles": [{"role": "virtfleet.network.networks"}]}])
GATE = ROLLOUT.replace("virtfleet.network.networks", "virtfleet.network.migrate_gate")
TIMER = "virtfleet-network-gate.timer"
UNITS = {"libvirtd.socket", "libvirtd-ro.socket", "virtlogd.socket", "libvirtd.service"}
SOCKETS = ("libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket")
BINDINGS = {"lab": {"bridge": {"name": "virbr66"}}}


class Played:
    def __init__(self, host: BareHost, directory: Path) -> None:
        self.host = host
        self.directory = directory

    def inventory(self) -> str:
        hosts = {"bare": {
            "ansible_ssh_executable": str(self.host.ssh), "ansible_ssh_pipelining": True,
            "ansible_ssh_transfer_method": "piped", "ansible_host": "bare",
        }}  # fmt: skip
        path = self.directory / "inventory.yml"
        path.write_text(json.dumps({"kvm": {"hosts": hosts}}))
        return str(path)

    def module(self, name: str, args: str) -> dict[str, Any]:
        done = subprocess.run(
            [PROGRAM.with_name("ansible"), "-i", self.inventory(), "-m", COLLECTION + name, "-a", args, "bare"],
            env=environment(self.directory / "lines", ""), capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
        return dict(json.loads(done.stdout[done.stdout.index("{") :]))

    def play(self, playbook: str, *args: str, **variables: Any) -> tuple[dict[str, int], str]:
        """The counts of the recap, and the output."""
        (self.directory / "play.yml").write_text(playbook)
        done = subprocess.run(
            [PROGRAM, "-i", self.inventory(), self.directory / "play.yml", "-e", json.dumps(variables), *args],
            env=environment(self.directory / "lines", ""), capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        output = done.stdout + done.stderr
        recap = output.rpartition("PLAY RECAP")[2]
        return {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", recap)}, output

    def prepare(self, *args: str, **variables: Any) -> tuple[dict[str, int], str]:
        return self.play(PREPARE, *args, **variables)


@pytest.fixture(scope="module", params=RELEASES)
def bare(request, tmp_path_factory):
    directory = tmp_path_factory.mktemp(request.param)
    with booted(request.param, directory) as host:
        yield Played(host, directory)


def installed(host: BareHost) -> set[str]:
    return set(host.on("dpkg-query", "--show", "--showformat", "${Package}\n").split())


def enabled(host: BareHost) -> set[str]:
    lines = host.on("systemctl", "list-unit-files", "--state", "enabled", "--plain", "--no-legend").splitlines()
    return {line.split()[0] for line in lines}


def chosen_by_hand(host: BareHost) -> set[str]:
    return set(host.on("apt-mark", "showmanual").split())


def test_check_mode_says_what_it_would_do(bare):
    before = installed(bare.host), enabled(bare.host)
    recap, output = bare.prepare("--check")
    assert recap["failed"] == 0, output
    assert recap["changed"] == 2, output
    assert "Packages to install: " in output
    assert set(wanted()) - before[0] <= set(re.split(r"[\s,.\"]+", output)), output
    assert "Units to enable: libvirtd.socket, libvirtd-ro.socket, virtlogd.socket, libvirtd.service." in output
    assert (installed(bare.host), enabled(bare.host)) == before


def test_a_bare_host_becomes_ready(bare):
    manual, units, packages = chosen_by_hand(bare.host), enabled(bare.host), installed(bare.host)
    recap, output = bare.prepare()
    assert recap["failed"] == 0, output
    assert bare.host.on("virsh", "-c", "qemu:///system", "-q", "net-list", "--all").split() == [
        "default", "inactive", "no", "yes",
    ]  # fmt: skip
    # Nothing but what was asked for, apart from apt's own library, and the units of the packages themselves.
    assert chosen_by_hand(bare.host) - manual <= set(wanted()) | {"python3-apt"}
    assert set(wanted()) - packages <= chosen_by_hand(bare.host)
    assert {"libvirtd.service", "libvirtd.socket", "libvirtd-ro.socket", "virtlogd.socket"} <= enabled(
        bare.host
    ) - units
    assert bare.host.on("systemctl", "is-active", "libvirtd.socket").strip() == "active"


@pytest.mark.parametrize("args", [(), ("--check",)])
def test_a_second_run_changes_nothing(bare, args):
    bare.host.on("systemctl", "stop", "libvirtd.service")
    recap, output = bare.prepare(*args)
    assert (recap["failed"], recap["changed"]) == (0, 0), output


def test_what_is_disabled_is_enabled_again(bare):
    bare.host.on("systemctl", "disable", "libvirtd.service")
    bare.host.on(
        "systemctl", "stop", "libvirtd.service", "libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket"
    )
    recap, output = bare.prepare("--check")
    assert (recap["failed"], recap["changed"]) == (1, 2), output
    recap, output = bare.prepare()
    assert recap["failed"] == 0, output
    assert {"libvirtd.service", "libvirtd.socket"} <= enabled(bare.host)


def test_networks_are_rolled_out_on_it(bare):
    variables = {"networks_contract": CONTRACT, "networks_bindings": BINDINGS}
    recap, output = bare.play(ROLLOUT, **variables)
    assert (recap["failed"], recap["changed"] > 0) == (0, True), output
    assert "lab" in bare.host.on("virsh", "-c", "qemu:///system", "-q", "net-list", "--name").split()
    recap, output = bare.play(ROLLOUT, **variables)
    assert (recap["failed"], recap["changed"]) == (0, 0), output


def test_what_networkd_makes_at_boot(bare):
    """systemd-networkd itself makes the bridge, and virt_network_info finds where it is declared."""
    bare.host.on("sh", "-c", "printf '[NetDev]\\nName=br66\\nKind=bridge\\n' >/etc/systemd/network/br66.netdev")
    bare.host.on("systemctl", "enable", "--now", "systemd-networkd.service")
    bare.host.on("sh", "-c", "for n in $(seq 50); do [ -e /sys/class/net/br66 ] && exit; sleep 0.2; done; exit 1")
    found = bare.module("virt_network_info", "gather=host")["host"]["boot"]
    assert found["links"]["br66"] == "systemd-networkd", found


def test_other_daemons_are_refused(bare):
    recap, output = bare.prepare(host_daemons="modular")
    assert recap["failed"] == 1, output
    assert "bare has the monolithic daemons enabled" in " ".join(output.split()), output


def test_an_unknown_package_is_named(bare):
    recap, output = bare.prepare(host_packages=["no-such-package"])
    assert recap["failed"] == 1, output
    assert "no-such-package" in output


def test_a_timer_gathers_the_facts_of_the_gate(bare):
    def play(*args, **variables):
        recap, output = bare.play(GATE, *args, **{f"migrate_gate_{key}": value for key, value in variables.items()})
        assert recap["failed"] == 0, output
        return recap["changed"]

    def gathered():
        return json.loads(bare.host.on("cat", "/var/lib/virtfleet-network-gate/facts.json"))["host"]["gathered"]

    assert play("--check", state="present") > 0
    assert play(state="present") > 0
    assert (play(state="present"), play("--check", state="present")) == (0, 0)
    assert TIMER in enabled(bare.host)
    assert bare.host.on("systemctl", "is-active", TIMER).strip() == "active"
    before = gathered()
    while time.time() < before + 1:
        time.sleep(0.1)
    bare.host.on("systemctl", "start", TIMER.replace(".timer", ".service"))
    assert gathered() > before
    assert play(state="present", refresh=0) > 0
    assert TIMER not in enabled(bare.host)
    assert play(state="absent") > 0
    assert play(state="absent") == 0
