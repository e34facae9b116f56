# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the start of the worker's process to its first poll, as Temporal sees it arrive."""

from __future__ import annotations

import asyncio
import time

from .door import door
from .options import Options
from .report import Finding, Result, Spread
from .rig import rig

MOST_SECONDS = 1.5
_STARTS = 10
_LIMIT_SECONDS = 60.0


async def run(options: Options) -> Result:
    """Start the process again and again. One start before puts its files into the page cache."""
    starts = max(_STARTS, options.repetitions)
    taken: list[float] = []
    with rig(options.sources) as made:
        for number in range(starts + 1):
            # A door of its own for each: a late poll of the one before must not count.
            async with door(made.temporal.address) as (seen, address):
                environment = made.worker_environment("aegis-start", TEMPORAL_ADDRESS=address)
                begun = time.perf_counter()
                process = made.start_process("worker", ["-m", "aegis_temporal_worker"], environment)
                polled = await seen.first("PollWorkflowTaskQueue", _LIMIT_SECONDS)
                if number:
                    taken.append(polled - begun)
                # Here the door must stay answering.
                await asyncio.to_thread(process.stop)
    spread = Spread.of(taken)
    return Result(
        "start",
        [
            Finding(
                "exec to first poll",
                f"≤ {MOST_SECONDS} s",
                spread.text("s"),
                spread.median <= MOST_SECONDS,
            )
        ],
        [
            "A new process each time, its files in the page cache; the instant is when the request",
            "PollWorkflowTaskQueue arrives at a proxy before the server.",
            " ".join(f"{seconds:.2f}" for seconds in taken),
        ],
        {"seconds": taken},
    )
