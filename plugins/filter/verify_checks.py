# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that gathers the checks of a verification."""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.verify_checks import verify_checks


class FilterModule:
    """Register the filter with Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"verify_checks": verify_checks}
