# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

# Whether every case is tried everywhere, and every fault at every step; see conftest.py.
EVERYWHERE = bool(os.environ.get("IT_EVERYWHERE"))
