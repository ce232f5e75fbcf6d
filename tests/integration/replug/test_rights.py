# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A user who may use libvirt and not the host's links: what he lacks is said before anything is done."""

from __future__ import annotations

import pytest
from batch import assert_refused, task
from replug.bench import BRIDGE, HOST, NAME

pytestmark = pytest.mark.lab

MEMBER = """#!/bin/sh
exec setpriv --reuid 65534 --regid 65534 --groups "$(getent group libvirt | cut -d: -f3)" env HOME=/tmp/member \
/usr/bin/python3 "$@"
"""
# Root without a capability, and with a read-only /sys, as in a container.
NO_ADMIN = '#!/bin/sh\nexec setpriv --bounding-set -net_admin --inh-caps -net_admin /usr/bin/python3 "$@"\n'
READ_ONLY = '#!/bin/sh\nexec unshare -m sh -c \'mount -o remount,bind,ro /sys; exec /usr/bin/python3 "$@"\' sh "$@"\n'
USERS = {
    "member": (MEMBER, "write access to /sys/class/net/virbr30/bridge/stp_state"),
    "no_admin": (NO_ADMIN, "CAP_NET_ADMIN"),
    "read_only": (READ_ONLY, "write access to /sys/class/net/virbr30/bridge/stp_state"),
}
REPLUG = {"name": NAME, "mtu": 1400, "restart": "replug"}


@pytest.mark.parametrize("user", USERS)
def test_what_is_missing_is_named_and_nothing_is_touched(bench, user):
    script, word = USERS[user]
    # Root's run opens the directory of the journal to the group that the socket belongs to.
    bench.hosts.on(HOST, "sh", "-c", "chgrp libvirt /run/libvirt/libvirt-sock; chmod 770 /run/libvirt/libvirt-sock")
    start = bench.prepare(BRIDGE, guest=True)
    python = f"/usr/local/bin/python-{user}"
    bench.hosts.on(HOST, "sh", "-c", f'printf %s "$1" >{python}; chmod 755 {python}', "sh", script)
    tasks = [task("virt_network", REPLUG, check=True), task("virt_network", REPLUG)]
    for refused in bench.hosts.run(HOST, tasks, {"ansible_python_interpreter": python}):
        assert_refused(refused, "RIGHTS_MISSING", word, NAME, "othing was changed", "become")
        assert refused["missing"]
    assert bench.look() == start
    if user == "member":
        # What needs none of it works for him as before.
        easy = [task("virt_network", {"name": NAME, "portgroups": [{"name": "eng"}]})]
        assert bench.hosts.run(HOST, easy, {"ansible_python_interpreter": python})[0]["changed"]
