# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the role ``runtime`` for containers: thin doors to the functions in module_utils."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.aegis.temporal.plugins.module_utils import container_spec, container_unit


def _containers(service: t.Mapping[str, t.Any], user: str = "") -> list[dict[str, t.Any]]:
    try:
        return container_spec.containers(service, user)
    except (KeyError, ValueError) as error:
        raise AnsibleFilterError("runtime_service of %s: %s" % (service.get("name"), error)) from error


class FilterModule:
    """Register the filters with Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {
            "container_exec_start": container_unit.exec_start,
            "container_name": container_unit.container_name,
            "container_problems": container_spec.problems,
            "in_container": container_unit.in_container,
            "containers": _containers,
        }
