# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a destination is asked for: parts of virt_network_info, and lookups.

By itself, so that gathering need not bring the rules to the host.
"""

from __future__ import annotations

import hashlib
from functools import cache

# The version of what virt_network_info returns.
INFO_FORMAT = 4

# What virt_network_info gathers, by the names that its option takes; rules declare which of them they need.
PORTS, LINKS, POOLS, GUESTS, HOST = GATHERED = ("ports", "links", "pools", "guests", "host")

# Besides, whether links of pools that are down are set up for a moment, to see whether they have a carrier.
PROBE = "probe_links"

# What a destination can look up, by kind. Each thing has a key, and the answer is whether the host has it.
PATHS = "paths"  # of files, directories and devices
VOLUMES = "volumes"  # pool/volume of active storage pools
CPU_NAMES = "cpu_names"  # CPU XML: does libvirt know its model and features?
CPU_COMPARISONS = "cpu_comparisons"  # JSON of [CPU XML, arch, machine, domain type, whether it is a whole host's]
NIC_MODELS = "nic_models"  # JSON of [path of a QEMU, model]
USB_DEVICES = "usb_devices"  # vendor:product
SOCKETS = "sockets"  # JSON of [tcp or udp, address, port, whether the guest listens there]: can it be used?
SIZES = "sizes"  # JSON of [path, size, whether it is rounded up to a power of two]: has the file this size?
FILE_TYPES = "file_types"  # JSON of [path, file, device, directory or program]: does the path have this type?
ACCOUNTS = "accounts"  # JSON of [user or group, name]
NAMES = "names"  # of hosts: which addresses do they have there? Answered in names
QUESTIONS = "questions"  # domain XML: what has libvirt against it? Answered in refusals
LOOKUPS = (
    PATHS,
    VOLUMES,
    CPU_NAMES,
    CPU_COMPARISONS,
    NIC_MODELS,
    USB_DEVICES,
    SOCKETS,
    SIZES,
    FILE_TYPES,
    ACCOUNTS,
    NAMES,
    QUESTIONS,
)


@cache  # each guest's is needed for each host
def key_of_question(xml: str) -> str:
    """Under which the answer to a question is found."""
    return hashlib.sha256(xml.encode()).hexdigest()[:32]
