# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pybars3 under the clock, in an environment of its own. Reads one JSON object, prints one.

In: ``template``, ``names``, ``compiles`` and ``renders`` (how often each). Out: CPU seconds of one compilation and one
rendering.
"""

import itertools
import json
import sys
import time
import timeit
from collections.abc import Callable

from pybars import Compiler  # type: ignore[import-not-found]

order = json.load(sys.stdin)
numbers = itertools.count()
compiler = Compiler()
render = compiler.compile(order["template"])


def seconds(call: Callable[[], object], count: int) -> float:
    """CPU seconds of one call."""
    return timeit.timeit(call, timer=time.process_time, number=count) / count


json.dump(
    {
        "compile": seconds(lambda: compiler.compile(order["template"] + str(next(numbers))), order["compiles"]),
        "render": seconds(lambda: str(render(order["names"])), order["renders"]),
    },
    sys.stdout,
)
