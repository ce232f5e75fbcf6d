# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's SSH: one key that opens every host, a key per host, strict checking on both ends."""

from __future__ import annotations

from pathlib import Path

import procs
from once import made_once
from state import HostSpec, Lab, LabError


def _keygen(lab: Lab, directory: Path, file: str, comment: str) -> None:
    procs.run(lab.dir, ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(directory / file)])


def fleet_key(lab: Lab) -> Path:
    """The private key of the controller and of root on every host."""
    return made_once(lab.dir / "ssh", lambda new: _keygen(lab, new, "id_ed25519", "lab")) / "id_ed25519"


def host_key(lab: Lab, spec: HostSpec) -> Path:
    directory = lab.dir / "hostkeys" / spec.name
    return (
        made_once(directory, lambda new: _keygen(lab, new, "ssh_host_ed25519_key", spec.name)) / "ssh_host_ed25519_key"
    )


def public(key: Path) -> str:
    kind, data = key.with_suffix(".pub").read_text().split()[:2]
    return f"{kind} {data}"


def known_hosts(lab: Lab) -> str:
    return "".join(f"{spec.name},{lab.address(spec.number)} {public(host_key(lab, spec))}\n" for spec in lab.hosts)


def known_hosts_file(lab: Lab) -> Path:
    return lab.dir / "ssh" / "known_hosts"


def options(lab: Lab) -> list[str]:
    """Options of the controller's ssh and scp: nothing of the user's own configuration applies."""
    settings = {
        "UserKnownHostsFile": known_hosts_file(lab),
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
        "ControlMaster": "auto",
        "ControlPersist": "60s",
        "ControlPath": lab.sockets / "%h-%p-%r",
    }
    return ["-F", "/dev/null"] + [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]


def write_controller_files(lab: Lab) -> None:
    fleet_key(lab)
    known_hosts_file(lab).write_text(known_hosts(lab))
    lab.sockets.mkdir(mode=0o700, exist_ok=True)
    config = [f"Host {' '.join(spec.name for spec in lab.hosts)}", "  User root", f"  IdentityFile {fleet_key(lab)}"]
    pairs = iter(options(lab)[2:])
    config += ["  {} {}".format(*setting.split("=", 1)) for flag, setting in zip(pairs, pairs) if flag == "-o"]
    for spec in lab.hosts:
        config += [f"Host {spec.name}", f"  HostName {lab.address(spec.number)}"]
    (lab.dir / "ssh" / "config").write_text("\n".join(config) + "\n")


SSHD_CONFIG = """\
HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
PrintMotd no
MaxStartups 200
MaxSessions 100
AcceptEnv LANG LC_*
Subsystem sftp internal-sftp
"""

ROOT_CONFIG = """\
Host *
  User root
  IdentityFile /root/.ssh/id_ed25519
  StrictHostKeyChecking yes
"""


def seed(lab: Lab, spec: HostSpec) -> dict[str, tuple[str, int]]:
    """The host's files: path to content and mode."""
    key, own = fleet_key(lab), host_key(lab, spec)
    return {
        "etc/ssh/sshd_config": (SSHD_CONFIG, 0o644),
        "etc/ssh/ssh_host_ed25519_key": (own.read_text(), 0o600),
        "etc/ssh/ssh_host_ed25519_key.pub": (own.with_suffix(".pub").read_text(), 0o644),
        "root/.ssh/id_ed25519": (key.read_text(), 0o600),
        "root/.ssh/authorized_keys": (public(key) + "\n", 0o600),
        "root/.ssh/config": (ROOT_CONFIG, 0o600),
        "root/.ssh/known_hosts": (known_hosts(lab), 0o600),
    }


def close_masters(lab: Lab) -> None:
    """ssh's background connections of the controller; they end by themselves too, but later."""
    if not lab.dir.exists() or not lab.sockets.exists():
        return
    for path in sorted(lab.sockets.iterdir()):
        try:
            procs.run(lab.dir, ["ssh", "-F", "/dev/null", "-o", f"ControlPath={path}", "-O", "exit", "lab"], timeout=10)
        except LabError:
            path.unlink(missing_ok=True)  # nobody listens there
