# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""aegis.temporal.workflow_run against a real server and a real worker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests
import tenacity
from loopback_stack import TemporalStack
from loopback_stack.processes import ManagedProcess
from module_testing import Outcome, RecordingProxy, run_module

Run = Callable[..., Outcome]
Unique = Callable[[str], str]
QUEUE = "workflow-run"


@pytest.fixture(scope="module", autouse=True)
def worker(start_worker: Callable[..., ManagedProcess]) -> ManagedProcess:
    """The one worker of this file."""
    return start_worker(QUEUE, "host:3000")


def echo(**more: Any) -> dict[str, Any]:
    return {"task_queue": QUEUE, "workflow_type": "echo", "input": [{"message": "hello"}], **more}


def test_runs_to_its_result(run: Run) -> None:
    outcome = run("workflow_run", echo())
    assert not outcome.failed, outcome.message
    assert (outcome.changed, outcome["status"], outcome["failure"]) == (True, "completed", "")
    assert outcome["result"] == {"message": "hello"}
    assert outcome["history_length"] == 11
    assert outcome["workflow_id"].startswith("echo-")
    assert outcome["run_id"]
    assert outcome["elapsed"] > 0


@pytest.mark.parametrize(
    "value", [{"metadata": {"encoding": "x"}, "data": "y"}, {"_protoMessageType": "a.B"}, {"k": [None, 1.5, "ü", {}]}]
)
def test_every_value_arrives_as_it_was(run: Run, value: Any) -> None:
    assert run("workflow_run", echo(input=[value]))["result"] == value


def test_memo_and_search_attributes_go_along(run: Run, temporal_stack: TemporalStack, unique: Unique) -> None:
    namespace = unique("attributes")
    run("namespace", {"name": namespace})
    # The request by which a SQL store gets an attribute (temporal/api/namespace/v1: custom_search_attribute_aliases).
    update = f"{temporal_stack.http_url}/api/v1/namespaces/{namespace}/update"
    aliases = {"Keyword01": "Team", "Int01": "Priority", "Bool01": "Urgent", "Datetime01": "Due"}
    answer = requests.post(update, json={"config": {"customSearchAttributeAliases": aliases}}, timeout=10)
    answer.raise_for_status()
    attributes = {"Team": "blue", "Priority": 3, "Urgent": True, "Due": "2026-11-28T00:00:00Z"}
    memo = {"ticket": {"number": 7}, "note": ""}
    options = echo(namespace=namespace, workflow_id="marked", wait=False, memo=memo, search_attributes=attributes)

    def start() -> None:
        # The services learn of new attributes after some seconds.
        outcome = run("workflow_run", options)
        assert not outcome.failed, outcome.message

    tenacity.Retrying(stop=tenacity.stop_after_delay(60), wait=tenacity.wait_fixed(1), reraise=True)(start)
    [found] = run("workflow_info", {"namespace": namespace, "workflow_id": "marked"})["workflows"]
    assert found["memo"] == memo
    assert {name: found["search_attributes"].get(name) for name in attributes} == attributes


def test_an_unknown_search_attribute_is_named(run: Run) -> None:
    outcome = run("workflow_run", echo(search_attributes={"NoSuchAttribute": "x"}))
    assert outcome.failed
    assert "NoSuchAttribute" in outcome.message


def test_a_version_is_tried_before_it_is_the_current_one(
    run: Run, start_worker: Callable[..., ManagedProcess], temporal_stack: TemporalStack, unique: Unique
) -> None:
    if temporal_stack.is_older_than("1.29.1"):
        pytest.skip("Worker Versioning needs Temporal Server 1.29.1")
    queue, name = unique("versioned"), unique("deployment")
    start_worker(queue, "host:3100", version=(name, "build-1"))
    # Nothing is the current version: without a pin nobody takes it.
    waiting = run("workflow_run", echo(task_queue=queue, wait_timeout=2, execution_timeout="10s"))
    assert waiting["status"] == "running"
    pinned = run("workflow_run", echo(task_queue=queue, deployment_name=name, build_id="build-1"))
    assert (pinned["status"], pinned["result"]) == ("completed", {"message": "hello"}), pinned.message


def test_a_failure_is_told_with_its_cause(run: Run) -> None:
    outcome = run("workflow_run", echo(input=[{"fail": "disk full"}]))
    assert outcome.failed
    assert outcome.changed
    assert "ended as failed: disk full" in outcome.message
    assert (outcome["status"], outcome["failure"]) == ("failed", "disk full")


def test_a_run_that_continues_as_new_is_followed(run: Run, unique: Unique) -> None:
    outcome = run("workflow_run", echo(workflow_id=unique("chain"), input=[{"again": True, "message": "end"}]))
    assert (outcome["status"], outcome["result"]) == ("completed", {"message": "end"})


def test_the_server_ends_it_after_its_execution_timeout(run: Run) -> None:
    outcome = run("workflow_run", echo(input=[{"sleep": 3600}], execution_timeout="2s"))
    assert outcome.failed
    assert outcome["status"] == "timed_out"


def test_reject_duplicate_starts_once_and_joins_afterwards(run: Run, frontend: RecordingProxy, unique: Unique) -> None:
    once = echo(workflow_id=unique("once"), id_reuse_policy="reject_duplicate")
    predicted = run("workflow_run", once, check=True)
    assert (predicted.changed, predicted["status"], frontend.writes) == (True, "none", [])

    first = run("workflow_run", once)
    assert first.changed
    assert len(frontend.writes) == 1

    frontend.forget()
    second = run("workflow_run", once)
    assert (second.changed, frontend.writes) == (False, [])
    for key in ("run_id", "status", "result", "history_length"):
        assert second[key] == first[key]

    predicted = run("workflow_run", once, check=True)
    assert (predicted.changed, predicted["status"], predicted["run_id"]) == (False, "completed", first["run_id"])


def test_failed_only_starts_again_after_a_failure_but_not_after_success(run: Run, unique: Unique) -> None:
    options = echo(workflow_id=unique("retry"), id_reuse_policy="allow_duplicate_failed_only")
    assert run("workflow_run", {**options, "input": [{"fail": "once"}]}).failed
    assert run("workflow_run", options, check=True).changed
    assert run("workflow_run", options).changed
    assert not run("workflow_run", options, check=True).changed
    assert not run("workflow_run", options).changed


def test_a_running_one(run: Run, unique: Unique) -> None:
    """Refused, joined or replaced, as the conflict policy says; the reuse policy decides about closed ones."""
    workflow_id = unique("busy")
    options = echo(workflow_id=workflow_id, input=[{"sleep": 3600}], wait=False)
    first = run("workflow_run", options)
    assert (first.changed, first["status"]) == (True, "running")

    refused = run("workflow_run", options)
    assert f"Workflow {workflow_id} is already running (run {first['run_id']})" in refused.message
    assert run("workflow_run", options, check=True).failed

    joined = run("workflow_run", {**options, "id_conflict_policy": "use_existing"})
    assert (joined.changed, joined["run_id"]) == (False, first["run_id"])

    replace = {**options, "input": [{}], "wait": True, "id_conflict_policy": "terminate_existing"}
    assert run("workflow_run", replace, check=True).changed
    replaced = run("workflow_run", replace)
    assert (replaced.changed, replaced["status"]) == (True, "completed")
    assert replaced["run_id"] != first["run_id"]


def test_check_mode_starts_nothing(run: Run, frontend: RecordingProxy) -> None:
    outcome = run("workflow_run", echo(), check=True)
    assert (outcome.changed, outcome["status"], outcome["run_id"]) == (True, "none", "")
    assert frontend.requests == []


def test_nobody_takes_it_up(run: Run, unique: Unique) -> None:
    run("workflow_run", echo())
    queue = unique("nobody")
    outcome = run("workflow_run", echo(task_queue=queue, wait_timeout=4, execution_timeout="1m"))
    assert outcome.failed
    assert outcome.changed
    assert f"No worker has taken it up: does one poll task queue '{queue}' of namespace 'default'?" in outcome.message
    assert f"task queue '{QUEUE}' of namespace 'default' is polled by host:3000" in outcome.message
    assert outcome["status"] == "running"


def test_too_slow_but_taken_up(run: Run) -> None:
    outcome = run("workflow_run", echo(input=[{"sleep": 60}], wait_timeout=1, execution_timeout="1m"))
    assert "is still running after 1 seconds. Look at its history" in outcome.message


def test_the_server_may_restart_meanwhile(temporal_stack: TemporalStack, unique: Unique) -> None:
    outcomes: list[Outcome] = []
    workflow_id = unique("restart")
    options = echo(http_url=temporal_stack.http_url, workflow_id=workflow_id, input=[{"sleep": 5}])
    waiting = threading.Thread(target=lambda: outcomes.append(run_module("workflow_run", options)))
    waiting.start()
    sought = f"{temporal_stack.http_url}/api/v1/namespaces/default/workflows/{workflow_id}"
    tenacity.Retrying(stop=tenacity.stop_after_delay(60), wait=tenacity.wait_fixed(0.1))(
        lambda: requests.get(sought, timeout=5).raise_for_status()
    )
    temporal_stack.restart()
    waiting.join()
    [outcome] = outcomes
    assert outcome["status"] == "completed", outcome.message


def test_an_unknown_namespace_is_told_with_those_there_are(run: Run) -> None:
    for more in ({}, {"workflow_id": "some"}):
        outcome = run("workflow_run", echo(namespace="nosuch", **more))
        assert "Namespace 'nosuch' is not registered" in outcome.message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"task_queue": "q"}, "missing required arguments: workflow_type"),
        ({"task_queue": "", "workflow_type": "echo"}, "task_queue is ''"),
        ({"task_queue": "q", "workflow_type": "echo", "workflow_id": " "}, "workflow_id is ' '"),
        ({"task_queue": "q", "workflow_type": "echo", "build_id": "1"}, "parameters are required together"),
        (
            {"task_queue": "q", "workflow_type": "echo", "deployment_name": " ", "build_id": "1"},
            "deployment_name is ' '",
        ),
        ({"task_queue": "q", "workflow_type": "echo", "execution_timeout": "soon"}, "'soon' is not a duration"),
        ({"task_queue": "q", "workflow_type": "echo", "execution_timeout": "0"}, "execution_timeout is 0"),
        ({"task_queue": "q", "workflow_type": "echo", "wait_timeout": -1}, "wait_timeout is -1"),
        (
            {"task_queue": "q", "workflow_type": "echo", "search_attributes": {"Team": {"name": "blue"}}},
            "search_attributes: Team is {'name': 'blue'}. Give a text",
        ),
        ({"task_queue": "q", "workflow_type": "echo", "search_attributes": {"Team": [1]}}, "Team is [1]"),
    ],
)
def test_bad_options_send_nothing(run: Run, frontend: RecordingProxy, options: dict[str, Any], message: str) -> None:
    outcome = run("workflow_run", options)
    assert outcome.failed
    assert message in outcome.message
    assert frontend.requests == []
