# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for a workflow to end, over restarts of the server and over runs that continue as new."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from ansible_collections.aegis.temporal.plugins.module_utils import workflows
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.polling import poll_until
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp

PAUSE = 0.5
"""Seconds between two requests. The server holds one while it waits, so this only matters while it restarts."""
_CONTINUED = "continued_as_new"


@dataclass(frozen=True)
class Ending:
    """How a workflow ended, and in which run.

    C(closed) is what workflows.wait_for_close returns, None when time ran out before; C(trouble) is then what the last
    request met, if it met any.
    """

    run_id: str
    closed: dict[str, Any] | None
    trouble: Problem | None = None


def wait_for_end(client: TemporalHttp, namespace: str, workflow_id: str, run_id: str, deadline: float) -> Ending:
    """Wait until the run, and those that continue it, have closed; C(deadline) is a time of time.monotonic.

    Raises Problem for trouble that waiting does not heal.
    """
    once = client.once()
    trouble: Problem | None = None

    def look(left: float) -> dict[str, Any] | None:
        nonlocal trouble
        try:
            closed = workflows.wait_for_close(once, namespace, workflow_id, run_id, left)
        except Problem as problem:
            if not problem.temporary:
                raise
            trouble = problem
            return None
        trouble = None
        return closed

    while True:
        closed = poll_until(look, max(deadline - time.monotonic(), 0.0), PAUSE)
        if closed is None:
            return Ending(run_id, None, trouble)
        if closed["status"] != _CONTINUED or not closed["new_run_id"]:
            return Ending(run_id, closed)
        run_id = closed["new_run_id"]
