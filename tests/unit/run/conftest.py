# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole runs against libvirt's test driver, which needs neither root nor a daemon.

It has networks, updates and autostart, no ports and no bridges, and only one definition of each network: what is
defined for a running one shows when it runs again.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

import pytest

from ansible_collections.virtfleet.network.plugins.module_utils import _host

URI = "test:///default"


@pytest.fixture(scope="session")
def libvirt():
    """Of the system, since no package registry has it built."""
    sys.path.append("/usr/lib/python3/dist-packages")
    try:
        import libvirt
    except ImportError:
        pytest.skip("python3-libvirt is not installed for this Python")
    finally:
        sys.path.remove("/usr/lib/python3/dist-packages")
    libvirt.registerErrorHandler(lambda _context, _error: None, None)
    return libvirt


@pytest.fixture
def conn(libvirt, monkeypatch):
    """Networks stay for as long as this is open."""
    # Modules of this layer that were imported without it have None.
    for info in pkgutil.iter_modules(_host.__path__, f"{_host.__name__}."):
        module = importlib.import_module(info.name)
        if hasattr(module, "libvirt"):
            monkeypatch.setattr(module, "libvirt", libvirt)
    conn = libvirt.open(URI)
    clear(conn)
    yield conn
    clear(conn)
    conn.close()


def clear(conn) -> None:
    for network in conn.listAllNetworks():
        if network.isActive():
            network.destroy()
        network.undefine()


@pytest.fixture
def journal(conn, tmp_path, monkeypatch):
    """A journal as for a daemon, in a directory of the test's own."""
    from ansible_collections.virtfleet.network.plugins.module_utils._host import journal, state_directory
    from ansible_collections.virtfleet.network.plugins.module_utils._run import confirmation, session

    monkeypatch.setattr(state_directory, "own_directory", lambda: str(tmp_path / "state"))
    for module in (session, confirmation):
        monkeypatch.setattr(module, "key_of", lambda _conn, _uri: "session")
    # No process stays behind: what nobody confirms is for the next run.
    monkeypatch.setattr(confirmation, "watch", lambda _uri: lambda _journal: None)
    return journal.Journal("session")
