# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings for all unit tests."""

from __future__ import annotations

from hypothesis import settings

# A slow machine is no fault of the code: speed is measured in `make bench`.
settings.register_profile("virtfleet", deadline=None)
settings.load_profile("virtfleet")
