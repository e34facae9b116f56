# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How every control-plane module ends: with a result and the time it took, or with one clear sentence."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import missing_required_lib

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


class Problem(Exception):
    """Something that the user can understand and mend. C(result) is returned beside the message."""

    temporary = False
    """Whether waiting may heal it: a server that restarts, say."""

    def __init__(self, message: str, **result: Any) -> None:
        super().__init__(message)
        self.result = result


def run(module: AnsibleModule, work: Callable[[], dict[str, Any]], requests_missing: str | None) -> None:
    """Do C(work) and end the module with what it returns, or with the message of a Problem.

    C(requests_missing) is the trace of the failed import of C(requests), if it failed. C(elapsed) is in seconds.
    Anything else that C(work) raises is a bug and stays a traceback.
    """
    if requests_missing:
        module.fail_json(msg=missing_required_lib("requests"), exception=requests_missing)
    started = time.monotonic()
    problem = None
    try:
        result = work()
    except Problem as caught:
        # Failed from outside the except block, else Ansible adds the trace of an error that is already explained.
        problem, result = str(caught), caught.result
    result["elapsed"] = round(time.monotonic() - started, 3)
    if problem is None:
        module.exit_json(**result)
    module.fail_json(msg=problem, **result)


def check_wait(timeout: float, interval: float) -> None:
    """Refuse waits that never end or never pause: the options C(wait_timeout) and C(wait_interval), in seconds."""
    # "not <=" also refuses NaN.
    if not 0 <= timeout <= 86400:
        raise Problem(f"wait_timeout is {timeout}: it must be between 0 and 86400 seconds.")
    if not 0.1 <= interval <= 3600:
        raise Problem(f"wait_interval is {interval}: it must be between 0.1 and 3600 seconds.")


def check_filled(params: Mapping[str, Any], *names: str) -> None:
    """Refuse texts that are given but empty or blank: the options C(names)."""
    for name in names:
        if params[name] is not None and not params[name].strip():
            raise Problem(f"{name} is {params[name]!r}: it must not be empty.")
