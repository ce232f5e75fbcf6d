# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What virt_network_info looks at besides the networks themselves."""

from __future__ import annotations

GATHER = ("ports", "links", "pools", "guests", "host")
