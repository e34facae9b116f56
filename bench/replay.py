# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU time per workflow task in replay, without and with the SDK's default sandbox, in turn.

A replay needs no server and runs no activity: what is left is the interpreter, the converter and the SDK.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import AsyncIterator

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from . import definitions
from .load import interpreted
from .options import Options
from .report import Finding, Result, Spread
from .rig import rig

MOST_MS = 2.0
MOST_SHARE = 0.5
# As many as in the figures that the goal was taken from.
_STATES = 20
_HISTORIES = 50
_TASK = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED


async def run(options: Options) -> Result:
    """Record one history, then replay copies of it under both runners in turn."""
    recorded = await _record(options)
    tasks = sum(event.event_type == _TASK for event in recorded.events)
    count = options.workflows or _HISTORIES
    runners: dict[str, WorkflowRunner] = {
        "unsandboxed": UnsandboxedWorkflowRunner(),
        "sandbox": SandboxedWorkflowRunner(),
    }
    for runner in runners.values():
        await _replay(recorded, 2, runner)
    spent: dict[str, list[float]] = defaultdict(list)
    for _ in range(options.repetitions):
        for name, runner in runners.items():
            spent[name].append(1000 * await _replay(recorded, count, runner) / (count * tasks))
    own = Spread.of(spent["unsandboxed"])
    share = Spread.of(a / b for a, b in zip(spent["unsandboxed"], spent["sandbox"], strict=True))
    return Result(
        "replay",
        [
            Finding("CPU per workflow task in replay", f"≤ {MOST_MS} ms", own.text("ms"), own.median <= MOST_MS),
            Finding(
                "… beside the same under the default sandbox",
                f"≤ {MOST_SHARE}x",
                f"{share.text()}x",
                share.median <= MOST_SHARE,
            ),
        ],
        [
            f"{count} histories of {_STATES} System states ({tasks} workflow tasks) in each of {own.count} rounds",
            f"unsandboxed {own.text('ms')}",
            f"sandbox     {Spread.of(spent['sandbox']).text('ms')}",
        ],
        {"cpu_ms_per_task": dict(spent), "tasks_per_history": tasks},
    )


async def _record(options: Options) -> WorkflowHistory:
    with rig(options.sources) as made:
        client = await Client.connect(made.temporal.address, namespace=made.temporal.namespace)
        worker = made.start_worker()
        row = definitions.linear(_STATES, command="echo done")
        worker.register(row)
        workflow_id = await interpreted(row, worker.task_queue).run_one(client)
        return await client.get_workflow_handle(workflow_id).fetch_history()


async def _replay(recorded: WorkflowHistory, count: int, runner: WorkflowRunner) -> float:
    """CPU seconds of this process for ``count`` replays. Raises what a replay raises."""
    from aegis_temporal_worker.temporal.converter import DATA_CONVERTER
    from aegis_temporal_worker.temporal.workflow import AegisWorkflow

    replayer = Replayer(workflows=[AegisWorkflow], workflow_runner=runner, data_converter=DATA_CONVERTER)

    async def copies() -> AsyncIterator[WorkflowHistory]:
        for number in range(count):
            yield WorkflowHistory(f"{recorded.workflow_id}-{number}", recorded.events)

    begun = time.process_time()
    await replayer.replay_workflows(copies())
    return time.process_time() - begun
