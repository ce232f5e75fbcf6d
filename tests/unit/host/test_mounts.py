# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mount points as the kernel lists them, in /proc/mounts."""

from __future__ import annotations

from ansible_collections.virtfleet.network.plugins.module_utils._host.lookups import read_mounts


def test_mount_points_have_their_own_names(tmp_path):
    listed = tmp_path / "mounts"
    listed.write_text(
        "/dev/sda1 / ext4 rw 0 0\n"
        "kvm1:/a /srv/a\\040b nfs4 rw 0 0\n"
        "kvm1:/b /srv/tab\\011\\134040 nfs4 rw 0 0\n"
        "none\n"
        "tmpfs / tmpfs rw 0 0\n"
    )
    assert read_mounts(str(listed)) == {"/": "tmpfs", "/srv/a b": "nfs4", "/srv/tab\t\\040": "nfs4"}
