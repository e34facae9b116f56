# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode before a first installation: nothing listens yet, and that is no error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.aegis.temporal.plugins.module_utils.http_client import HttpProblem

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def foresee(module: AnsibleModule, problem: HttpProblem, then: str) -> None:
    """Warn that in check mode C(then) is assumed, when nothing listens at all. Raises C(problem) in any other case."""
    if not (module.check_mode and problem.nobody_listens):
        raise problem
    module.warn(f"{problem} In check mode {then}.")
