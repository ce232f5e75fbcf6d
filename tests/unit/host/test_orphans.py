# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that look like a network's dnsmasq are ended where the network is not active, and no others."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.virtfleet.network.plugins.module_utils._host.orphans import end_orphans

NAMES = ["red", "blue", "größe", "a b"]


def started(program, option):
    """A shell that waits, with the command line of something else."""
    process = subprocess.Popen([program, "-c", "read x", option], executable="/bin/sh", stdin=subprocess.PIPE)
    # The kernel says that the program runs a moment before it shows its command line.
    while option.encode() not in Path(f"/proc/{process.pid}/cmdline").read_bytes():
        time.sleep(0.001)
    return process


PROCESSES = st.lists(
    st.tuples(
        st.sampled_from(["dnsmasq", "/usr/sbin/dnsmasq", "sleep"]),
        st.sampled_from(["--conf-file={}/{}.conf", "--conf-file=/elsewhere{}/{}.conf", "--user={}/{}.conf", "{}/{}"]),
        st.sampled_from(NAMES),
    ),
    max_size=4,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PROCESSES, st.sets(st.sampled_from(NAMES)), st.sampled_from([None, *NAMES]))
def test_only_those_of_networks_that_are_not_active(tmp_path, processes, active, only):
    running = []
    try:
        for program, option, name in processes:
            meant = program != "sleep" and option.startswith("--conf-file={}")
            orphan = meant and name not in active and only in (None, name)
            running.append((started(program, option.format(tmp_path, name)), orphan))
        assert end_orphans(active.__contains__, only, str(tmp_path)) == any(orphan for _process, orphan in running)
        for process, orphan in running:
            if orphan:
                process.wait(5)
            assert (process.poll() is None) is not orphan
    finally:
        for process, _orphan in running:
            process.kill()
            process.communicate()


def test_one_in_other_namespaces_is_a_containers(tmp_path):
    command = ["unshare", "--net", "sh", "-c", f'exec dnsmasq -c "read x" "--conf-file={tmp_path}/red.conf"']
    (tmp_path / "dnsmasq").symlink_to("/bin/sh")
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}
    )
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        assert not end_orphans(lambda _name: False, None, str(tmp_path))
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate()
