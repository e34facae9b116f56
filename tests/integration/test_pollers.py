# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""aegis.temporal.pollers against a real server and real workers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import tenacity
from loopback_stack import TemporalStack
from loopback_stack.processes import ManagedProcess
from module_testing import Outcome, RecordingProxy
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueRequest
from temporalio.client import Client

Run = Callable[..., Outcome]
Unique = Callable[[str], str]
StartWorker = Callable[..., ManagedProcess]


def test_workers_are_found_and_nothing_is_written(
    run: Run, frontend: RecordingProxy, start_worker: StartWorker, unique: Unique
) -> None:
    queue = unique("queue")
    start_worker(queue, "host:3000")
    start_worker(queue, "host:3001")
    frontend.forget()
    outcome = run("pollers", {"task_queue": queue, "min_count": 2, "identities": ["host:3000", "host:3001"]})
    assert not outcome.failed, outcome.message
    assert (outcome["satisfied"], outcome["missing"], outcome.changed) == (True, [], False)
    assert {(poller["identity"], poller["type"], poller["fresh"]) for poller in outcome["pollers"]} == {
        (identity, queue_type, True)
        for identity in ("host:3000", "host:3001")
        for queue_type in ("workflow", "activity")
    }
    assert frontend.writes == []


def _poll_once_each(address: str, queue: str, identities: list[str]) -> None:
    """One long poll for each identity: each of them waits in one partition of the queue."""

    async def poll() -> None:
        client = await Client.connect(address)
        polls = [
            client.workflow_service.poll_workflow_task_queue(
                PollWorkflowTaskQueueRequest(namespace="default", task_queue=TaskQueue(name=queue), identity=identity),
                timeout=timedelta(seconds=20),
            )
            for identity in identities
        ]
        await asyncio.gather(*polls, return_exceptions=True)

    asyncio.run(poll())


def test_pollers_of_every_partition_are_found(run: Run, temporal_stack: TemporalStack, unique: Unique) -> None:
    queue = unique("queue")
    identities = [f"host:{port}" for port in range(3000, 3024)]
    options = {"task_queue": queue, "types": ["workflow"]}
    with ThreadPoolExecutor() as executor:
        polling = executor.submit(_poll_once_each, temporal_stack.address, queue, identities)
        of_the_first = run("pollers", {**options, "min_count": 1})
        outcome = run("pollers", {**options, "identities": identities, "wait_timeout": 10})
        assert not polling.done(), "the polls ended before they were looked for"
        polling.result()
    assert len(of_the_first["pollers"]) < len(identities), "the polls were not spread, so nothing is proved"
    assert not outcome.failed, outcome.message
    assert {poller["identity"] for poller in outcome["pollers"]} == set(identities)


def test_a_wrong_queue_name_is_told_with_the_right_one(run: Run, start_worker: StartWorker, unique: Unique) -> None:
    """The workflow makes the queue known to servers that do not list workers yet (before 1.28)."""
    right = unique("aegis-agents")
    start_worker(right, "host:4000")
    run("workflow_run", {"task_queue": right, "workflow_type": "echo", "input": [{}]})
    wrong = unique("aegis-agent")
    # Visibility follows a moment after the workflow.
    outcome = run("pollers", {"task_queue": wrong, "wait_timeout": 5})
    assert outcome.failed
    assert f"Task queue '{wrong}' of namespace 'default' lacks pollers" in outcome.message
    assert "0 of at least 1 workflow pollers" in outcome.message
    told = f"task queue '{right}' of namespace 'default' is polled by host:4000"
    assert told in outcome.message
    assert told in outcome["elsewhere"]
    assert outcome["satisfied"] is False


def test_the_right_queue_in_another_namespace_is_told(run: Run, start_worker: StartWorker, unique: Unique) -> None:
    namespace, queue = unique("other"), unique("queue")
    run("namespace", {"name": namespace})
    start_worker(queue, "host:5000", namespace)
    outcome = run("pollers", {"task_queue": queue, "wait": False})
    assert f"task queue '{queue}' of namespace '{namespace}' is polled by host:5000" in outcome.message


def test_a_missing_replica_is_named_beside_those_that_poll(run: Run, start_worker: StartWorker, unique: Unique) -> None:
    queue = unique("queue")
    start_worker(queue, "host:6000")
    outcome = run("pollers", {"task_queue": queue, "identities": ["host:6000", "host:6001"], "wait_timeout": 1})
    assert "no workflow poller host:6001, no activity poller host:6001" in outcome.message
    assert "Poll it now: host:6000." in outcome.message


def test_a_worker_that_died_no_longer_counts(run: Run, start_worker: StartWorker, unique: Unique) -> None:
    """The server still names it for minutes; its last poll tells."""
    queue = unique("queue")
    start_worker(queue, "host:7000").stop()
    time.sleep(3)
    outcome = run("pollers", {"task_queue": queue, "max_age": 1, "wait": False})
    assert outcome.failed
    # From server 1.31 a worker that stops in good order takes its entry along.
    if outcome["pollers"]:
        assert "Polled earlier, but not lately enough: host:7000" in outcome.message
    else:
        assert "0 of at least 1 workflow pollers" in outcome.message


def test_waits_for_a_worker_that_comes_later(run: Run, start_worker: StartWorker, unique: Unique) -> None:
    """start_worker itself waits with this module, from before the worker has connected."""
    queue = unique("queue")
    start_worker(queue, "host:8000")
    assert run("pollers", {"task_queue": queue, "identities": ["host:8000"], "wait": False})["satisfied"]


def test_the_backlog_is_told_and_can_be_too_long(
    run: Run, begin: Callable[..., Outcome], temporal_stack: TemporalStack, unique: Unique
) -> None:
    queue = unique("queue")
    for _ in range(3):
        begin(queue, {})
    options = {"task_queue": queue, "min_count": 0, "wait": False}

    def look() -> Outcome:
        outcome = run("pollers", options)
        backlog = outcome["backlog"]["workflow"]
        assert backlog is None or backlog["count"] == 3
        return outcome

    # The number follows the tasks with a delay.
    seen = tenacity.Retrying(stop=tenacity.stop_after_delay(30), wait=tenacity.wait_fixed(0.5), reraise=True)(look)
    too_long = run("pollers", {**options, "max_backlog": 2})
    assert too_long.failed
    if seen["backlog"]["workflow"] is None:
        assert temporal_stack.is_older_than("1.29")
        assert "max_backlog is 2, but this server does not tell the backlog" in too_long.message
        return
    assert seen["backlog"]["workflow"]["age"] >= 0
    assert seen["backlog"]["activity"] == {"count": 0, "age": 0.0}
    assert f"Task queue '{queue}' of namespace 'default' has a backlog of 3 workflow tasks" in too_long.message
    assert "(max_backlog is 2). Do the workers keep up" in too_long.message
    assert "lacks pollers" not in too_long.message
    assert too_long["backlog"]["workflow"]["count"] == 3
    assert run("pollers", {**options, "max_backlog": 3})["satisfied"]
    checked = run("pollers", {**options, "max_backlog": 2}, check=True)
    assert (checked.failed, checked["satisfied"]) == (False, False)
    assert "a backlog of 3 workflow tasks" in checked.warnings


def test_waits_until_the_workers_have_caught_up(
    run: Run, begin: Callable[..., Outcome], start_worker: StartWorker, temporal_stack: TemporalStack, unique: Unique
) -> None:
    if temporal_stack.is_older_than("1.29"):
        pytest.skip("older servers do not tell the backlog")
    queue = unique("queue")
    begin(queue, {})
    start_worker(queue, "host:9000")
    outcome = run("pollers", {"task_queue": queue, "max_backlog": 0, "wait_timeout": 60})
    assert outcome["satisfied"], outcome.message
    assert {backlog["count"] for backlog in outcome["backlog"].values()} == {0}


def test_an_unknown_namespace_is_told_with_those_there_are(run: Run) -> None:
    outcome = run("pollers", {"task_queue": "q", "namespace": "nosuch"})
    assert "Namespace 'nosuch' is not registered" in outcome.message
    assert "default" in outcome.message


def test_the_namespace_comes_from_the_environment(run: Run) -> None:
    outcome = run("pollers", {"task_queue": "q"}, environment={"TEMPORAL_NAMESPACE": "from-environment"})
    assert "Namespace 'from-environment' is not registered" in outcome.message


def test_check_mode_warns_and_does_not_wait(run: Run, unique: Unique) -> None:
    outcome = run("pollers", {"task_queue": unique("queue"), "wait_timeout": 86400}, check=True)
    assert not outcome.failed
    assert outcome["satisfied"] is False
    assert "would lack: 0 of at least 1 workflow pollers" in outcome.warnings


def test_without_demand_it_only_tells(run: Run, unique: Unique) -> None:
    outcome = run("pollers", {"task_queue": unique("queue"), "min_count": 0, "wait": False})
    assert (outcome.failed, outcome["pollers"], outcome["satisfied"]) == (False, [], True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "missing required arguments: task_queue"),
        ({"task_queue": " "}, "must not be empty"),
        ({"task_queue": "q", "types": []}, "types is empty"),
        ({"task_queue": "q", "types": ["nexus"]}, "value of types must be one or more of"),
        ({"task_queue": "q", "min_count": -1}, "min_count is -1"),
        ({"task_queue": "q", "max_age": 0}, "max_age is 0"),
        ({"task_queue": "q", "max_backlog": -1}, "max_backlog is -1"),
        ({"task_queue": "q", "wait_interval": 0.01}, "wait_interval is 0.01"),
    ],
)
def test_bad_options_send_nothing(run: Run, frontend: RecordingProxy, options: dict[str, Any], message: str) -> None:
    outcome = run("pollers", options)
    assert outcome.failed
    assert message in outcome.message
    assert frontend.requests == []
