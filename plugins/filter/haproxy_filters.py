# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the role ``haproxy``: thin doors to the functions in module_utils."""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.haproxy_check import health_check
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_haproxy import host_needs, problems


def _health_check(kind: str) -> dict[str, str]:
    """Return the bytes of a check; none for a check that only connects."""
    return health_check() if kind == "grpc" else {}


class FilterModule:
    """Register the filters with Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {
            "haproxy_health_check": _health_check,
            "haproxy_host_needs": host_needs,
            "haproxy_problems": problems,
        }
