# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters on versions of the worker: thin doors to the functions in module_utils."""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.promotion import (
    deployments_of,
    leaving_problems,
    problems,
    report,
)


class FilterModule:
    """Register the filters with Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {
            "leaving_version_problems": leaving_problems,
            "promotion_problems": problems,
            "promotion_report": report,
            "worker_deployments": deployments_of,
        }
