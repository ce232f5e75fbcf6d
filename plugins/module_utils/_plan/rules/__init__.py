# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that a definition must satisfy before it is used.

libvirt's define rejects most of this too, but its live update does not, check mode cannot ask it, and its messages do
not always say what to do. Each rule is a pure function: document -> problems.
"""
