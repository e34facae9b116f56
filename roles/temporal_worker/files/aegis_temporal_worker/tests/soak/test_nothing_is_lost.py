# SPDX-License-Identifier: Apache-2.0
"""200 runs, an orchestrator that is away for a minute (or ten), a worker that is killed every 20 s: nothing is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any
from uuid import uuid4

import pytest
from loopback_stack import TemporalStack
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner
from tenacity import AsyncRetrying, retry_if_result, stop_after_delay, wait_fixed

from aegis_temporal_worker.temporal.converter import DATA_CONVERTER
from aegis_temporal_worker.temporal.workflow import AegisWorkflow

from . import figures
from .definitions import TENANT, Definition, definitions, expected_output
from .faults import Outage, killing, outage
from .ledger_check import TERMINAL, RunTold, check
from .processes import Standin, Worker

Handle = WorkflowHandle[Any, Any]

KILL_EVERY = 20.0
FIRST_KILL = 8.0
# The runs are started over so many seconds, so that they are in many phases when something happens.
SPREAD = 12.0
# For a run that hangs to be told at all. Far beyond what is needed: nothing here is a goal of speed.
PATIENCE = 900.0

_BEGIN = ("WorkflowExecutionStarted",)


async def test_nothing_is_lost(
    worker: Worker,
    standin: Standin,
    temporal_stack: TemporalStack,
    task_queue: str,
    outage_seconds: float,
    number_of_runs: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    client = await Client.connect(temporal_stack.address, namespace=temporal_stack.namespace)
    known = definitions()
    for definition in known.values():
        await asyncio.to_thread(worker.register, definition)

    async with killing(worker, FIRST_KILL, KILL_EVERY) as kills:
        runs = await _start(client, known, task_queue, number_of_runs)
        await _until_all_have_begun(standin, runs)
        running = len(_told(standin, runs, _BEGIN) - _told(standin, runs, TERMINAL))
        away = asyncio.create_task(outage(standin, outage_seconds))
        await asyncio.sleep(outage_seconds / 2)
        await _answer(runs)
        time_away = await away
        # A run that fails or hangs is an exception here; the ledger has more to say about it.
        waiting = (asyncio.wait_for(run.result(), PATIENCE) for run, _ in runs)
        results = await asyncio.gather(*waiting, return_exceptions=True)
    worker.stop()
    standin.stop()

    entries = standin.ledger()
    findings = check(entries, {run.id for run, _ in runs})
    with capsys.disabled():
        print(f"\n{running} of {len(runs)} runs were running when the orchestrator went away")
        print("\n".join(figures.lines(findings, kills, time_away)))

    # The faults really happened, and hit the runs.
    assert running == number_of_runs
    assert len({kill.pid for kill in kills}) == len(kills) >= 1 + outage_seconds // KILL_EVERY
    assert not _received_in(entries, time_away)

    assert not findings.problems, "\n".join(findings.problems)
    wrong = [
        problem
        for (run, name), result in zip(runs, results, strict=True)
        for problem in _wrong(findings.runs[run.id], name, run.id, result)
    ]
    assert not wrong, "\n".join(wrong)

    await _all_closed_as_completed(client, task_queue, len(findings.runs))
    failures = await _replay(client, list(findings.runs))
    with capsys.disabled():
        print(f"workflow tasks and activities in the histories: {', '.join(f'{k} {n}' for k, n in failures.items())}")
    assert failures["WORKFLOW_TASK_FAILED"] == 0


def _wrong(told: RunTold, name: str, execution_id: str, result: dict[str, Any] | BaseException) -> list[str]:
    """Where a run's result is not what its definition comes to, or not what the orchestrator was told."""
    if isinstance(result, BaseException):
        return [f"{execution_id} ({name}) gave no result: {result!r}"]
    last = told.events[max(told.events)]
    expected = {
        "told": (last["event_type"], "WorkflowExecutionCompleted"),
        "status": (result["status"], "completed"),
        "final_state": (result["final_state"], "END"),
        "iterations": (result["iterations"], len(told.visits)),
        "final_output": (result["final_output"], expected_output(name, execution_id)),
        "final_output told": (last.get("final_output"), result["final_output"]),
        "final_blackboard told": (last.get("final_blackboard"), result["blackboard"]),
    }
    return [
        f"{execution_id} ({name}): {what} is {found}, expected {wanted}"
        for what, (found, wanted) in expected.items()
        if found != wanted
    ]


async def _start(
    client: Client, known: dict[str, Definition], task_queue: str, number: int
) -> list[tuple[Handle, str]]:
    """Start runs of all definitions in turn, as the orchestrator does; each with the name of its definition."""
    names = [name for name in known if name != "child"]

    async def start(index: int) -> tuple[Handle, str]:
        await asyncio.sleep(SPREAD * index / number)
        name = names[index % len(names)]
        argument = {
            "workflow_id": known[name]["workflow_id"],
            "input": {"index": index},
            "blackboard": None,
            "security_context_name": None,
            "tenant_id": TENANT,
        }
        return await client.start_workflow("aegis_workflow", argument, id=str(uuid4()), task_queue=task_queue), name

    return await asyncio.gather(*(start(index) for index in range(number)))


def _told(standin: Standin, runs: Sequence[tuple[Handle, str]], kinds: Collection[str]) -> set[str]:
    """Ids of the runs of which the orchestrator got an event of one of these types."""
    ids = {run.id for run, _ in runs}
    told = {
        entry["execution_id"]
        for entry in standin.ledger()
        if entry["kind"] == "event" and entry["event"]["event_type"] in kinds
    }
    return told & ids


async def _until_all_have_begun(standin: Standin, runs: Sequence[tuple[Handle, str]]) -> None:
    """Wait until the orchestrator knows of every run; gives up quietly, for the caller counts them."""
    await AsyncRetrying(
        retry=retry_if_result(lambda begun: len(begun) < len(runs)),
        stop=stop_after_delay(PATIENCE),
        wait=wait_fixed(1),
        retry_error_callback=lambda state: state.outcome and state.outcome.result(),
    )(asyncio.to_thread, _told, standin, runs, _BEGIN)


async def _answer(runs: Sequence[tuple[Handle, str]]) -> None:
    """A person answers every gate, asked or not yet asked, while the orchestrator is away."""
    for run, _ in runs:
        await run.signal("humanInput", args=["yes", "go on", "someone"])


def _received_in(entries: Sequence[dict[str, Any]], time_away: Outage) -> list[dict[str, Any]]:
    """What was received while the orchestrator was away."""
    begun, ended = time_away.begun.isoformat(), time_away.ended.isoformat()
    return [entry for entry in entries if begun < entry["received_at"] < ended]


async def _all_closed_as_completed(client: Client, task_queue: str, number: int) -> None:
    """What the server counts: it has exactly these runs, and all of them are completed."""
    query = f"TaskQueue = '{task_queue}'"

    async def counted() -> tuple[int, int]:
        completed = await client.count_workflows(f"{query} AND ExecutionStatus = 'Completed'")
        return completed.count, (await client.count_workflows(query)).count

    # Visibility is written a moment after the run has ended.
    assert await AsyncRetrying(
        retry=retry_if_result(lambda found: found != (number, number)),
        stop=stop_after_delay(60),
        wait=wait_fixed(1),
        retry_error_callback=lambda state: state.outcome and state.outcome.result(),
    )(counted) == (number, number)


async def _replay(client: Client, ids: Sequence[str]) -> Counter[str]:
    """Replay every history; what went wrong in them on the way, by type of event."""
    replayer = Replayer(
        workflows=[AegisWorkflow], workflow_runner=UnsandboxedWorkflowRunner(), data_converter=DATA_CONVERTER
    )
    kinds = ("WORKFLOW_TASK_FAILED", "WORKFLOW_TASK_TIMED_OUT", "ACTIVITY_TASK_FAILED", "ACTIVITY_TASK_TIMED_OUT")
    counts = Counter(dict.fromkeys(kinds, 0))
    for execution_id in ids:
        history = await client.get_workflow_handle(execution_id).fetch_history()
        await replayer.replay_workflow(history)
        for event in history.events:
            kind = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_")
            if kind in kinds:
                counts[kind] += 1
    return counts
