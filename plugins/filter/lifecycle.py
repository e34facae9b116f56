# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the playbooks that restart and remove hosts: thin doors to the functions in module_utils."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.aegis.temporal.plugins.module_utils import lifecycle


def _shard_metrics(nodes: lifecycle.Nodes, hostvars: t.Mapping[str, t.Any]) -> list[str]:
    try:
        return lifecycle.shard_metrics(nodes, hostvars)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Register the filters with Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"shard_metrics": _shard_metrics}
