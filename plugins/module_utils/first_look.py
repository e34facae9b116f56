# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first look of a module at the server, which in check mode may come before what it looks at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ansible_collections.aegis.temporal.plugins.module_utils import namespaces
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import HttpProblem
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp, TemporalProblem

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

Result = TypeVar("Result")


def first_look(
    module: AnsibleModule, client: TemporalHttp, namespace: str | None, what: str, look: Callable[[], Result | None]
) -> Result | None:
    """Return what C(look) finds.

    In check mode None, with a warning, where nothing listens yet or the namespace is not there yet: an earlier task of
    the play would have seen to that. Else an unknown C(namespace) raises a Problem that lists those there are.
    C(what) is for the warning: "the schedule".
    """
    try:
        return look()
    except HttpProblem as problem:
        if not (module.check_mode and problem.nobody_listens):
            raise
        module.warn(f"{problem} In check mode {what} is taken as missing.")
        return None
    except TemporalProblem as problem:
        if not problem.namespace_missing or namespace is None:
            raise
        if module.check_mode:
            module.warn(f"{problem} In check mode {what} is taken as missing.")
            return None
        namespaces.require(client, namespace)
        raise
