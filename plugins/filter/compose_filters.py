# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the role ``compose``: thin doors to the functions in module_utils."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.aegis.temporal.plugins.module_utils import compose_project
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_compose import problems


def _project(parts: t.Sequence[t.Mapping[str, t.Any]], name: str, subnet: str, user: str) -> dict[str, t.Any]:
    try:
        return compose_project.project(parts, name, subnet, user)
    except (KeyError, ValueError) as error:
        raise AnsibleFilterError("The Compose project: %s" % error) from error


def _namespaces(wanted: t.Sequence[t.Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    try:
        return compose_project.namespaces(wanted)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Register the filters with Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {
            "compose_address": compose_project.reached_from_a_container,
            "compose_namespaces": _namespaces,
            "compose_problems": problems,
            "compose_project": _project,
            "compose_sql_environment": compose_project.sql_environment,
        }
