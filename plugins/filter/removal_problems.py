# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that lists why hosts may not leave a deployment."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.aegis.temporal.plugins.module_utils.removal import problems
from ansible_collections.aegis.temporal.plugins.module_utils.topology import TopologyError


def _problems(*arguments: t.Any, **options: t.Any) -> list[str]:
    try:
        return problems(*arguments, **options)
    except TopologyError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Register the filter with Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"removal_problems": _problems}
