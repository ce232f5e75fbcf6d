# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a definition must keep to before anything is done with it.

libvirt's define refuses most of this too, but its live update does not, check mode cannot ask it, and its
words do not always say what to do. Each rule is a pure function: document -> problems.
"""
