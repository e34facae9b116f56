# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one wait loop of the collection's modules."""

# Why not a library: these modules also run on managed hosts, whose Python comes from the distribution and has no
# retry library. Requests that fail are repeated by urllib3, not here.

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def poll_until(
    attempt: Callable[[float], Result | None],
    timeout: float,
    interval: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Result | None:
    """Call C(attempt) until it returns something other than None, or C(timeout) seconds have passed.

    C(attempt) gets the seconds that are left, so that it can bound its own requests. It is called at least once, and
    once more at the deadline. C(interval) is the pause in seconds between two calls.
    Returns what C(attempt) returned, None when time ran out. Exceptions of C(attempt) pass through.
    """
    deadline = clock() + timeout
    while True:
        left = deadline - clock()
        result = attempt(max(left, 0.0))
        if result is not None:
            return result
        left = deadline - clock()
        if left <= 0:
            return None
        sleep(min(interval, left))
