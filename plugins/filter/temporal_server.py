# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the role ``temporal``: thin doors to the functions in module_utils."""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.preflight_temporal import problems, warnings
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_temporal_guard import guard_problems
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_config import (
    deployment,
    metrics_url,
    own_http_urls,
)
from ansible_collections.aegis.temporal.plugins.plugin_utils.dynamic_config_keys import load

Settings = t.Mapping[str, t.Any]


def _problems(settings: Settings, versions: Settings) -> list[str]:
    return problems(settings, versions, load())


def _warnings(settings: Settings, versions: Settings) -> list[str]:
    return warnings(settings, versions, load())


class FilterModule:
    """Register the filters with Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {
            "temporal_conflicts": guard_problems,
            "temporal_deployment": deployment,
            "temporal_metrics_url": metrics_url,
            "temporal_own_http_urls": own_http_urls,
            "temporal_problems": _problems,
            "temporal_warnings": _warnings,
        }
