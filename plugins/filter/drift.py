# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the playbook ``drift``: thin doors to the functions in module_utils."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.aegis.temporal.plugins.module_utils.drift import DriftError, drift, lines


def _drift(output: str, errors: str = "") -> dict[str, t.Any]:
    try:
        return drift(output, errors)
    except DriftError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Register the filters with Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"drift": _drift, "drift_lines": lines}
