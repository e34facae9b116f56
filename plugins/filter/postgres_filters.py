# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the role ``postgres``: thin doors to the functions in module_utils."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.aegis.temporal.plugins.module_utils.postgres_hba import hba_rules
from ansible_collections.aegis.temporal.plugins.module_utils.postgres_inspection import (
    InspectionError,
    parse_inspection,
)
from ansible_collections.aegis.temporal.plugins.module_utils.postgres_tuning import tuned_settings
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_postgres import problems
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_postgres_managed import managed_problems


def _postgres_inspection(output: str) -> dict[str, t.Any]:
    try:
        return parse_inspection(output)
    except InspectionError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Register the filters with Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {
            "postgres_hba": hba_rules,
            "postgres_inspection": _postgres_inspection,
            "postgres_managed_problems": managed_problems,
            "postgres_problems": problems,
            "postgres_tuned_settings": tuned_settings,
        }
