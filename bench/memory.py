# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resident memory of the worker's process: idle, and as it executes ten thousand workflows."""

from __future__ import annotations

import asyncio

from temporalio.client import Client

from . import definitions
from .load import interpreted
from .options import Options
from .report import Finding, Result
from .rig import rig
from .usage import resident_mib

MOST_MIB = 100.0
# Between a quarter and the whole of the runs. More is growth; less is the allocator's and the machine's noise.
MOST_GROWTH = 0.03
_WORKFLOWS = 10_000
_POINTS = (0.1, 0.25, 0.5, 0.75, 1.0)
_CONCURRENCY = 50
_STATES = 5
# After the load stops, for what the worker does every few seconds.
_QUIET_SECONDS = 5


async def run(options: Options) -> Result:
    """Memory at several points of one long run."""
    total = options.workflows or _WORKFLOWS
    with rig(options.sources) as made:
        client = await Client.connect(made.temporal.address, namespace=made.temporal.namespace)
        worker = made.start_worker()
        five = definitions.linear(_STATES)
        worker.register(five)
        load = interpreted(five, worker.task_queue)
        await asyncio.sleep(_QUIET_SECONDS)
        memory = {0: resident_mib(worker.process.pid)}
        done = 0
        for point in (round(share * total) for share in _POINTS):
            await load.run_many(client, point - done, _CONCURRENCY)
            done = point
            await asyncio.sleep(_QUIET_SECONDS)
            memory[done] = resident_mib(worker.process.pid)
            print(f"  {done:6d} workflows: {memory[done]:.1f} MiB", flush=True)
    most = max(memory.values())
    growth = memory[total] / memory[round(_POINTS[1] * total)] - 1
    return Result(
        "memory",
        [
            Finding("resident memory, idle", f"≤ {MOST_MIB:.0f} MiB", f"{memory[0]:.1f} MiB", memory[0] <= MOST_MIB),
            Finding(
                f"resident memory, at most over {total} workflows",
                f"≤ {MOST_MIB:.0f} MiB",
                f"{most:.1f} MiB",
                most <= MOST_MIB,
            ),
            Finding(
                f"growth over the last three quarters of {total} workflows",
                f"≤ {MOST_GROWTH:.0%}",
                f"{growth:+.1%}",
                growth <= MOST_GROWTH,
            ),
        ],
        [f"{count:6d} workflows: {mib:6.1f} MiB" for count, mib in memory.items()],
        {"resident_mib": memory},
    )
