# Copyright: (c) 2026, virtfleet.network contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's certificate authority and a certificate per host, for qemu+tls://."""

from __future__ import annotations

from pathlib import Path

import procs
from once import made_once
from state import HostSpec, Lab

NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650"]


def _make_authority(lab: Lab, directory: Path) -> None:
    procs.run(
        lab.dir,
        ["openssl", "req", "-x509", *NEW_KEY, "-subj", "/CN=lab", "-addext", "keyUsage=critical,keyCertSign",
         "-keyout", str(directory / "key.pem"), "-out", str(directory / "cert.pem")],
    )  # fmt: skip


def _authority(lab: Lab) -> Path:
    return made_once(lab.dir / "tls" / "authority", lambda new: _make_authority(lab, new))


def _make_host(lab: Lab, spec: HostSpec, directory: Path) -> None:
    authority = _authority(lab)
    names = f"subjectAltName=DNS:{spec.name},IP:{lab.address(spec.number)}"
    procs.run(
        lab.dir,
        ["openssl", "req", "-x509", *NEW_KEY, "-subj", f"/CN={spec.name}", "-addext", names,
         "-addext", "basicConstraints=critical,CA:FALSE",
         "-addext", "keyUsage=critical,digitalSignature,keyEncipherment",
         "-addext", "extendedKeyUsage=serverAuth,clientAuth",
         "-CA", str(authority / "cert.pem"), "-CAkey", str(authority / "key.pem"),
         "-keyout", str(directory / "key.pem"), "-out", str(directory / "cert.pem")],
    )  # fmt: skip


def prepare(lab: Lab) -> None:
    """Once, before hosts are made side by side."""
    _authority(lab)


def seed(lab: Lab, spec: HostSpec) -> dict[str, tuple[str, int]]:
    """The host's files: one certificate serves as the server's and as the client's."""
    directory = made_once(lab.dir / "tls" / spec.name, lambda new: _make_host(lab, spec, new))
    cert, key = (directory / "cert.pem").read_text(), (directory / "key.pem").read_text()
    return {
        "etc/pki/CA/cacert.pem": ((_authority(lab) / "cert.pem").read_text(), 0o644),
        "etc/pki/libvirt/servercert.pem": (cert, 0o644),
        "etc/pki/libvirt/clientcert.pem": (cert, 0o644),
        "etc/pki/libvirt/private/serverkey.pem": (key, 0o600),
        "etc/pki/libvirt/private/clientkey.pem": (key, 0o600),
    }
