# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the role ``verify``: thin doors to the functions in module_utils."""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.verify_catalogue import chosen, tags
from ansible_collections.aegis.temporal.plugins.module_utils.verify_checks import verify_blocked, verify_checks
from ansible_collections.aegis.temporal.plugins.module_utils.verify_inventory import members, queues


def _start(definition: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the argument with which AEGIS starts a workflow of ``definition``."""
    return {
        "workflow_id": definition["workflow_id"],
        "tenant_id": definition["tenant_id"],
        "input": {},
        "blackboard": None,
        "security_context_name": None,
    }


class FilterModule:
    """Register the filters with Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {
            "verify_blocked": verify_blocked,
            "verify_checks": verify_checks,
            "verify_chosen": chosen,
            "verify_members": members,
            "verify_queues": queues,
            "verify_start": _start,
            "verify_tags": tags,
        }
