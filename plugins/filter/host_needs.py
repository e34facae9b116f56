# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that say what the module host_preflight is to look at."""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.preflight_host import (
    merged,
    temporal_needs,
    temporal_ui_needs,
)


class FilterModule:
    """Register the filters with Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {
            "merged_host_needs": merged,
            "temporal_host_needs": temporal_needs,
            "temporal_ui_host_needs": temporal_ui_needs,
        }
