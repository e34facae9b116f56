# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters about the orchestrators of an inventory: thin doors to the functions in module_utils."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.aegis.temporal.plugins.module_utils import orchestrator_hosts
from ansible_collections.aegis.temporal.plugins.module_utils.topology import TopologyError


def _told(function: t.Callable[[t.Any, t.Any], t.Any]) -> t.Callable[[t.Any, t.Any], t.Any]:
    def told(groups: t.Any, hostvars: t.Any) -> t.Any:
        try:
            return function(groups, hostvars)
        except TopologyError as error:
            raise AnsibleFilterError(str(error)) from error

    return told


class FilterModule:
    """Register the filters with Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {
            "orchestrators": _told(orchestrator_hosts.orchestrators),
            "orchestrator_problems": _told(orchestrator_hosts.problems),
        }
