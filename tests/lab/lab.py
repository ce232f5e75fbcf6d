# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet of KVM hosts on one Linux machine. See docs/lab.md."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Callable

sys.dont_write_bytecode = True  # nothing is left behind, and nothing is shared between releases

import fabric  # noqa: E402
import features  # noqa: E402
import host  # noqa: E402
import inventory  # noqa: E402
import modular  # noqa: E402
import procs  # noqa: E402
import rootfs  # noqa: E402
import ssh  # noqa: E402
import tls  # noqa: E402
from state import HostSpec, Lab, LabError, locked  # noqa: E402

MAX_HOSTS = 250
SIDE_BY_SIDE = 4
PROGRAMS = ("ip", "nsenter", "setpriv", "openssl", "ssh-keygen", "sshd", "libvirtd", "virsh", "qemu-system-x86_64",
            "dnsmasq")  # fmt: skip


def _check_machine() -> None:
    if os.geteuid():
        raise LabError("the lab needs root: it makes namespaces, mounts and links")
    path = "/usr/sbin:/usr/bin:/sbin:/bin"
    missing = [name for name in PROGRAMS if not shutil.which(name, path=path)]
    if missing:
        raise LabError(f"missing programs: {', '.join(missing)}; tests/lab/packages.txt lists the packages")


def _in_turn(option: str, said: str | None, known: tuple[str, ...]) -> list[str]:
    """What an option says of new hosts, in turn."""
    values = [] if said is None else [value.strip() for value in said.split(",")]
    if set(values) - set(known):
        raise LabError(f"{option} takes {' and '.join(filter(None, known))}")
    return values


def _grow(lab: Lab, args: argparse.Namespace) -> None:
    """Write down what is wanted. What is not said is as before; hosts are never taken away."""
    wanted = args.hosts if args.hosts is not None else len(lab.hosts) or 3
    if not 1 <= wanted <= MAX_HOSTS:
        raise LabError(f"--hosts takes 1 to {MAX_HOSTS}")
    without = [spec.name for spec in lab.hosts if args.ovs and not spec.ovs]
    if without:
        raise LabError(f"{', '.join(without)} run without Open vSwitch: run down first, or leave --ovs out")
    if args.releases:
        lab.releases = [rootfs.dated(lab, rootfs.canonical(name.strip())) for name in args.releases.split(",")]
    lab.daemons = _in_turn("--daemons", args.daemons, ("monolithic", "modular")) or lab.daemons
    lab.firewalls = _in_turn("--firewall", args.firewall, ("", "iptables", "nftables")) or lab.firewalls
    nics = args.nics if args.nics is not None else lab.hosts[0].nics if lab.hosts else 8
    ovs = args.ovs or any(spec.ovs for spec in lab.hosts)
    for number in range(len(lab.hosts) + 1, wanted + 1):
        release = lab.releases[(number - 1) % len(lab.releases)]
        daemons = lab.daemons[(number - 1) % len(lab.daemons)]
        firewall = lab.firewalls[(number - 1) % len(lab.firewalls)]
        properties = {"ovs": ovs, "daemons": daemons, "firewall": firewall, "keeps_bytecode": args.keep_bytecode}
        lab.hosts.append(HostSpec(f"kvm{number}", number, release, str(uuid.uuid4()), nics, **properties))
    for spec in lab.hosts:
        spec.nics = max(spec.nics, nics)
    lab.save()


def _layers(lab: Lab, release: str, daemons: str) -> tuple[str, list[str]]:
    """What a host's root is made of: the system below, and what is put over it."""
    return rootfs.ensure(lab, release), [modular.ensure(lab, release)] if daemons == "modular" else []


def build(lab: Lab, args: argparse.Namespace) -> int:
    _check_machine()
    for kind in args.kinds:
        release, _slash, daemons = kind.partition("/")
        if daemons not in ("", "monolithic", "modular"):
            raise LabError(f"'{kind}' is no kind of host: use a release, with its daemons if modular: bookworm/modular")
        _layers(lab, rootfs.dated(lab, rootfs.canonical(release)), daemons)
    return 0


def up(lab: Lab, args: argparse.Namespace) -> int:
    _check_machine()
    with locked(lab):
        lab.load()
        lab.shared.mkdir(exist_ok=True)
        _grow(lab, args)
        lowers = {kind: _layers(lab, *kind) for kind in sorted({(spec.release, spec.daemons) for spec in lab.hosts})}
        switches = fabric.ensure(lab)
        ssh.write_controller_files(lab)
        tls.prepare(lab)

        def bring(spec: HostSpec) -> bool:
            done = host.ensure(lab, spec, switches, lowers[spec.release, spec.daemons])
            pid = procs.inits(lab.dir)[spec.name]
            host.wait_ready(lab, spec, pid)
            host.refresh(lab, spec, pid)
            return done

        done = _each(lab.hosts, bring)
        inventory.write(lab)
    print(f"{len(lab.hosts)} hosts up ({sum(done)} started or repaired); inventory: {lab.dir / 'inventory.yml'}")
    return 0


def _each(hosts: list[HostSpec], action: Callable[[HostSpec], bool]) -> list[bool]:
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        futures = [pool.submit(action, spec) for spec in hosts]
        errors = [str(error) for future in futures if (error := future.exception())]
    if errors:
        raise LabError("\n".join(errors))
    return [future.result() for future in futures]


def down(lab: Lab, _args: argparse.Namespace) -> int:
    if not lab.dir.exists() and not procs.marked(lab.dir):
        print("no lab is up")
        return 0
    with locked(lab):
        try:
            lab.load()
        except (ValueError, KeyError, TypeError) as error:  # going down needs no notes: the kernel knows
            print(f"lab: {lab.file} is unreadable ({error}); going on without", file=sys.stderr)
        procs.kill_all(lab.dir)
        ssh.close_masters(lab)
        fabric.remove_controller_link(lab)
        lab.remove()
    rootfs.remove_unfinished()
    print("lab is down")
    return 0


def status(lab: Lab, _args: argparse.Namespace) -> int:
    lab.load()
    alive = procs.inits(lab.dir)
    if not lab.hosts:
        print("no lab is up")
        return 1
    good = fabric.ROLE in alive
    print(f"fabric {'up' if good else 'down'}  {lab.dir}")
    for spec in lab.hosts:
        words = [spec.name, lab.address(spec.number) if lab.slot is not None else "-", spec.release, spec.daemons]
        pid = alive.get(spec.name)
        if pid is None:
            words.append("down")
            good = False
        else:
            try:
                reply = host.ask(pid, {"do": "status"}, wait=3)
                running = [name if name in reply["running"] else f"{name}:down" for name in reply["services"]]
                good = good and len(reply["running"]) == len(running)
                words += [f"init={pid}", *running]
            except OSError:
                words.append("does not answer")
                good = False
        print("  ".join(words))
    return 0 if good else 1


def _pid(lab: Lab, name: str) -> int:
    lab.load().host(name)
    pid = procs.inits(lab.dir).get(name)
    if pid is None:
        raise LabError(f"{name} is down: run up to repair it")
    return pid


def execute(lab: Lab, args: argparse.Namespace) -> int:
    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not command:
        raise LabError("exec needs a command: lab.py exec kvm1 -- virsh list")
    argv = host.enter(_pid(lab, args.host), command)
    os.execvp(argv[0], argv)


def service(lab: Lab, args: argparse.Namespace) -> int:
    pid = _pid(lab, args.host)
    if args.action == "kill" and args.service == "init":
        procs.kill(pid)
        return 0
    if args.action in ("stop", "restart"):
        host.stop(pid, args.service)
    if args.action == "kill":
        host.stop(pid, args.service, signal.SIGKILL)
    if args.action in ("start", "restart"):
        host.start(pid, args.service)
        if not host.down(pid):  # else somebody has stopped another, on purpose
            host.wait_ready(lab, lab.host(args.host), pid)
    return 0


def show_features(lab: Lab, args: argparse.Namespace) -> int:
    if args.action == "features":
        for name, there in features.all_of_them(lab).items():
            print(f"{name:24} {'yes' if there else 'no'}")
        return 0
    there = features.has(lab, args.feature)
    print("yes" if there else "no")
    return 0 if there else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", default=os.environ.get("LAB_NAME", ""), help="which lab (default: $LAB_NAME)")
    actions = parser.add_subparsers(dest="action", required=True)
    sub = actions.add_parser("up", help="start the fleet, let it grow, repair it")
    sub.add_argument("--hosts", type=int, help="how many (default: as before, or 3)")
    sub.add_argument("--releases", help="Debian releases of new hosts, in turn (default: the machine's own system)")
    sub.add_argument("--daemons", help="monolithic (default) or modular, of new hosts in turn: monolithic,modular")
    sub.add_argument(
        "--firewall", help="iptables or nftables for libvirt's networks, in turn; nftables since libvirt 10.4"
    )
    sub.add_argument("--nics", type=int, help="spare NICs p0, p1, ... of each host (default: as before, or 8)")
    sub.add_argument("--ovs", action="store_true", help="Open vSwitch in new hosts, with a bridge ovsbr0")
    sub.add_argument(
        "--keep-bytecode",
        action="store_true",
        default=bool(os.environ.get("LAB_KEEP_BYTECODE")),
        help="new hosts keep the bytecode of Ansible's modules: cheaper calls, for tests, not for measurements",
    )
    sub.set_defaults(run=up)
    sub = actions.add_parser("build", help="make the root file systems that the cache lacks; up does it too")
    sub.add_argument("kinds", nargs="+", metavar="KIND", help="trixie, bookworm/modular")
    sub.set_defaults(run=build)
    actions.add_parser("down", help="end the fleet and remove all of it").set_defaults(run=down)
    actions.add_parser("status", help="what runs; fails if something does not").set_defaults(run=status)
    sub = actions.add_parser("exec", help="run a command on a host")
    sub.add_argument("host")
    sub.add_argument("command", nargs=argparse.REMAINDER)
    sub.set_defaults(run=execute)
    for action in ("start", "stop", "restart", "kill"):
        sub = actions.add_parser(action, help=f"{action} a daemon of a host")
        sub.add_argument("host")
        sub.add_argument("service", help="libvirtd, virtqemud, sshd, ...; kill also takes init: the host loses power")
        sub.set_defaults(run=service)
    actions.add_parser("features", help="what this machine offers").set_defaults(run=show_features)
    sub = actions.add_parser("has", help="succeed if this machine offers a feature")
    sub.add_argument("feature")
    sub.set_defaults(run=show_features)
    return parser


def main() -> int:
    args = _parser().parse_args()
    try:
        return int(args.run(Lab(args.name), args))
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
