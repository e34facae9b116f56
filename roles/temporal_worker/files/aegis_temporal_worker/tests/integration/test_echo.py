# SPDX-License-Identifier: Apache-2.0
"""A whole run of the echo definition, and runs whose worker dies or stops in the middle."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from prometheus_client.parser import text_string_to_metric_families
from temporalio.api.enums.v1 import PendingActivityState
from tenacity import AsyncRetrying, retry_if_result, stop_after_delay, wait_fixed

if TYPE_CHECKING:
    from conftest import Standin, StartWorker, Worker

Definition = dict[str, Any]
StartRun = Callable[..., Awaitable[Any]]

# Long enough that a test can act while it runs.
SLOW = "touch started; while [ ! -e finish ]; do sleep 0.05; done; echo done"


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Wait until something holds."""
    await AsyncRetrying(
        retry=retry_if_result(lambda holds: not holds), stop=stop_after_delay(seconds), wait=wait_fixed(0.05)
    )(condition)


def slow_definition() -> Definition:
    """Two states, the first of which runs until a file appears in the stand-in's scratch directory."""
    return {
        "workflow_id": str(uuid4()),
        "tenant_id": "acme",
        "name": "slow",
        "version": "1.0.0",
        "initial_state": "SLOW",
        "context": {},
        "scope": "tenant",
        "states": {
            "SLOW": {
                "kind": "System",
                "command": SLOW,
                "env": {},
                "transitions": [{"condition": "exit_code_zero", "target": "END"}],
            },
            "END": {"kind": "System", "command": "true", "env": {}, "transitions": []},
        },
    }


def transcript(entries: list[dict[str, Any]]) -> list[tuple[int, str, str | None]]:
    """Sequence, type and state of the events of a ledger, doubles left out."""
    return [
        (entry["sequence"], entry["event"]["event_type"], entry["event"].get("state_name"))
        for entry in entries
        if entry["kind"] == "event" and entry["status"] == 200 and not entry["double"]
    ]


async def test_the_transcript_is_the_contracts(
    start_worker: StartWorker, standin: Standin, start_run: StartRun, echo: Definition
) -> None:
    worker = start_worker()
    await worker.register(echo)
    handle = await start_run(echo)
    result = await handle.result()

    assert (result["status"], result["iterations"], result["final_state"]) == ("completed", 2, "COMPLETE")
    assert result["final_output"] == {"message": "Hello from AEGIS"}
    events = [entry["event"] for entry in await standin.ledger(execution_id=handle.id)]
    assert transcript(await standin.ledger(execution_id=handle.id)) == [
        (1, "WorkflowExecutionStarted", None),
        (2, "WorkflowStateEntered", "ECHO"),
        (3, "WorkflowStateExited", "ECHO"),
        (4, "WorkflowStateEntered", "COMPLETE"),
        (5, "WorkflowStateExited", "COMPLETE"),
        (6, "WorkflowExecutionCompleted", "COMPLETE"),
    ]
    assert {event["workflow_id"] for event in events} == {echo["workflow_id"]}
    assert (events[2]["output"]["status"], events[2]["output"]["exit_code"]) == ("success", 0)
    assert events[2]["output"]["stdout"] == events[2]["output"]["output"]["stdout"] == "Hello from AEGIS\n"
    assert events[5]["final_output"] == {"message": "Hello from AEGIS"}
    assert {"ECHO", "COMPLETE", "message", "workflow", "input", "intent", "tenant_id", "attachments"} <= set(
        events[5]["final_blackboard"]
    )

    calls = await standin.ledger(kind="call")
    assert [(call["method"], list(call["request"]["env"])) for call in calls] == [
        ("ExecuteSystemCommand", ["MESSAGE"]),
        ("ExecuteSystemCommand", ["RESULT"]),
    ]
    assert {call["tenant_id"] for call in calls} == {"acme"}


async def test_metrics_count_the_run(
    start_worker: StartWorker, start_run: StartRun, echo: Definition, task_queue: str
) -> None:
    worker = start_worker()
    await worker.register(echo)
    await (await start_run(echo)).result()

    async def counted(name: str, **labels: str) -> float:
        total = 0.0
        for url in (worker.metrics_url, f"{worker.url}/metrics"):
            async with worker.session.get(url) as answer:
                families = text_string_to_metric_families(await answer.text())
            total = sum(
                sample.value
                for family in families
                for sample in family.samples
                if sample.name == name and labels.items() <= sample.labels.items()
            )
        return total

    name = "aegis_temporal_worker_activities_total"
    assert await counted(name, activity="executeSystemCommandActivity", outcome="success") == 2
    assert await counted("aegis_temporal_worker_activity_duration_seconds_count") == await counted(name)

    async def polls_counted() -> bool:
        return await counted("aegis_temporal_worker_polls_total", queue=task_queue, result="workflow_task") > 0

    await until(polls_counted)
    # The SDK's own, on the same page.
    assert await counted("temporal_workflow_completed_total", workflow_type="aegis_workflow") == 1
    assert await counted("temporal_request_latency_seconds_count", operation="RespondWorkflowTaskCompleted") > 0
    assert await counted("aegis_temporal_worker_sdk_metrics_up") == 1
    async with worker.session.get(worker.metrics_url.removesuffix("metrics")) as answer:
        assert answer.status == 404


async def test_a_run_survives_kill_9_of_its_worker(
    start_worker: StartWorker, standin: Standin, start_run: StartRun
) -> None:
    worker = start_worker()
    definition = slow_definition()
    await worker.register(definition)
    handle = await start_run(definition)
    await _wait_for_command(standin)
    # From here on no event is accepted: the run cannot get past the end of its first state.
    await standin.faults(events={"status": 503})
    _finish_command(worker)
    await _wait_until_between_attempts(handle)
    worker.process.send(signal.SIGKILL)
    assert worker.process.wait() == -signal.SIGKILL

    await standin.faults()
    start_worker()
    result = await handle.result()
    assert (result["status"], result["final_state"]) == ("completed", "END")
    assert transcript(await standin.ledger(execution_id=handle.id)) == [
        (1, "WorkflowExecutionStarted", None),
        (2, "WorkflowStateEntered", "SLOW"),
        (3, "WorkflowStateExited", "SLOW"),
        (4, "WorkflowStateEntered", "END"),
        (5, "WorkflowStateExited", "END"),
        (6, "WorkflowExecutionCompleted", "END"),
    ]
    commands = [call["request"]["command"] for call in await standin.ledger(kind="call")]
    assert commands == [SLOW, "true"]


async def test_a_command_whose_worker_was_killed_is_not_repeated_and_routes(
    start_worker: StartWorker, standin: Standin, start_run: StartRun
) -> None:
    worker = start_worker()
    definition = slow_definition()
    definition["states"]["SLOW"]["transitions"].append({"condition": "on_failure", "target": "END"})
    await worker.register(definition)
    handle = await start_run(definition)
    await _wait_for_command(standin)
    worker.process.send(signal.SIGKILL)
    assert worker.process.wait() == -signal.SIGKILL

    start_worker()
    result = await handle.result()
    assert (result["status"], result["final_state"]) == ("completed", "END")
    assert result["blackboard"]["SLOW"]["status"] == "failed"
    commands = [call["request"]["command"] for call in await standin.ledger(kind="call")]
    assert commands == [SLOW, "true"]
    sequences = [entry["sequence"] for entry in await standin.ledger(kind="event") if not entry["double"]]
    assert sequences == [1, 2, 3, 4, 5, 6]


async def test_a_worker_that_is_killed_while_it_delivers_events_is_made_good_by_another(
    start_worker: StartWorker, standin: Standin, start_run: StartRun, echo: Definition
) -> None:
    worker = start_worker()
    await worker.register(echo)
    # No event is answered: the first command's activity does not get further.
    await standin.faults(events={"delay_seconds": 600})
    handle = await start_run(echo)
    await _wait_for_pending(handle, PendingActivityState.PENDING_ACTIVITY_STATE_STARTED, attempt=1)
    worker.process.send(signal.SIGKILL)
    assert worker.process.wait() == -signal.SIGKILL
    assert await standin.ledger(kind="call") == []

    await standin.faults()
    start_worker()
    assert (await handle.result())["status"] == "completed"
    assert [number for number, _, _ in transcript(await standin.ledger(execution_id=handle.id))] == [1, 2, 3, 4, 5, 6]
    assert len(await standin.ledger(kind="call")) == 2


async def test_sigterm_lets_a_running_activity_finish(
    start_worker: StartWorker, standin: Standin, start_run: StartRun
) -> None:
    """Contract 1.3, 9.3 no. 46."""
    worker = start_worker()
    definition = slow_definition()
    await worker.register(definition)
    handle = await start_run(definition)
    await _wait_for_command(standin)
    worker.process.send(signal.SIGTERM)

    async def draining() -> bool:
        status, body = await worker.health()
        return status == 503 and body["worker"] == "draining"

    await until(draining)
    _finish_command(worker)
    assert worker.process.wait() == 0

    start_worker()
    assert (await handle.result())["status"] == "completed"
    commands = [call["request"]["command"] for call in await standin.ledger(kind="call")]
    assert commands == [SLOW, "true"]


async def test_what_the_grace_cuts_off_is_told(
    start_worker: StartWorker, standin: Standin, start_run: StartRun
) -> None:
    """Who drains a host wants to know what was left."""
    worker = start_worker(SHUTDOWN_GRACE_SECONDS="1")
    definition = slow_definition()
    await worker.register(definition)
    handle = await start_run(definition)
    await _wait_for_command(standin)
    worker.process.send(signal.SIGTERM)
    assert worker.process.wait() == 0
    lines = [line for line in worker.process.log.read_text().splitlines() if "cut off by the stop" in line]
    assert len(lines) == 1, lines
    assert handle.id in lines[0]
    await handle.terminate()


async def test_a_second_signal_exits_at_once(start_worker: StartWorker, standin: Standin, start_run: StartRun) -> None:
    """Contract 1.3."""
    worker = start_worker(SHUTDOWN_GRACE_SECONDS="3600")
    definition = slow_definition()
    await worker.register(definition)
    await start_run(definition)
    await _wait_for_command(standin)
    worker.process.send(signal.SIGINT)

    async def draining() -> bool:
        return (await worker.health())[1]["worker"] == "draining"

    await until(draining)
    worker.process.send(signal.SIGTERM)
    assert worker.process.wait(10) == 128 + signal.SIGTERM


async def _wait_for_command(standin: Standin) -> None:
    async def called() -> bool:
        return any(entry["request"]["command"] == SLOW for entry in await standin.ledger(kind="call"))

    await until(called)


def _finish_command(worker: Worker) -> None:
    (worker.process.log.parent / "scratch" / "finish").touch()


async def _wait_until_between_attempts(handle: Any) -> None:
    """Until the run waits to send its events once more.

    Only then is it certain that nothing of the run is under way in the worker: a command whose worker died is never
    repeated, because it may have had effects.
    """

    # From the third attempt on the gap is seconds long.
    await _wait_for_pending(handle, PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED, attempt=4)


async def _wait_for_pending(handle: Any, state: PendingActivityState.ValueType, attempt: int) -> None:
    """Until an activity of the run is in this state, at this attempt or a later one."""

    async def there() -> bool:
        pending = (await handle.describe()).raw_description.pending_activities
        return any(item.state == state and item.attempt >= attempt for item in pending)

    await until(there)
