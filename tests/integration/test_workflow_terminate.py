# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""aegis.temporal.workflow_terminate against a real server and a real worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import tenacity
from loopback_stack import TemporalStack
from loopback_stack.processes import ManagedProcess
from module_testing import Outcome, RecordingProxy

Run = Callable[..., Outcome]
Begin = Callable[..., Outcome]
Unique = Callable[[str], str]
QUEUE = "workflow-terminate"


@pytest.fixture(scope="module", autouse=True)
def worker(start_worker: Callable[..., ManagedProcess]) -> ManagedProcess:
    """The one worker of this file."""
    return start_worker(QUEUE, "host:3000")


def wait_until_listed(run: Run, query: str, number: int) -> None:
    """Visibility follows the workflows with a delay."""
    for attempt in tenacity.Retrying(stop=tenacity.stop_after_delay(30), wait=tenacity.wait_fixed(0.2)):
        with attempt:
            assert run("workflow_info", {"visibility_query": query})["total"] == number


@pytest.mark.parametrize(("mode", "action"), [("terminate", "terminated"), ("cancel", "canceled")])
def test_ends_once(run: Run, begin: Begin, frontend: RecordingProxy, mode: str, action: str) -> None:
    begun = begin(QUEUE, {"await_signal": True})
    options = {"workflow_id": begun["workflow_id"], "mode": mode, "reason": "a test"}
    frontend.forget()
    predicted = run("workflow_terminate", options, check=True, diff=True)
    assert (predicted.changed, frontend.writes) == (True, [])
    [foreseen] = predicted["workflows"]
    assert (foreseen["action"], foreseen["status"]) == (action, "running")

    ended = run("workflow_terminate", options, diff=True)
    assert (ended.failed, ended.changed) == (False, True), ended.message
    [entry] = ended["workflows"]
    assert (entry["action"], entry["status"], entry["run_id"]) == (action, action, begun["run_id"])
    assert entry["workflow_type"] == "echo"
    assert ended["diff"] == predicted["diff"]
    [shown] = ended["diff"]
    after = {"terminate": "terminated", "cancel": "running, asked to cancel"}[mode]
    assert (shown["before"], shown["after"]) == ({"status": "running"}, {"status": after})
    assert len(frontend.writes) == 1

    frontend.forget()
    again = run("workflow_terminate", options)
    assert (again.changed, frontend.writes, again["diff"]) == (False, [], [])
    [entry] = again["workflows"]
    assert (entry["action"], entry["status"]) == ("none", action)
    assert not run("workflow_terminate", options, check=True).changed


def test_the_reason_is_in_the_history(run: Run, begin: Begin) -> None:
    workflow_id = begin(QUEUE, {"await_signal": True})["workflow_id"]
    run("workflow_terminate", {"workflow_id": workflow_id, "reason": "the host moves"})
    [found] = run("workflow_info", {"workflow_id": workflow_id})["workflows"]
    assert (found["status"], found["failure"]) == ("terminated", "the host moves")


def test_one_that_never_was_is_fine(run: Run, frontend: RecordingProxy, unique: Unique) -> None:
    outcome = run("workflow_terminate", {"workflow_id": unique("nosuch")})
    assert (outcome.failed, outcome.changed, outcome["workflows"], frontend.writes) == (False, False, [], [])


def test_a_workflow_that_goes_on_regardless(
    run: Run, begin: Begin, frontend: RecordingProxy, temporal_stack: TemporalStack
) -> None:
    begun = begin(QUEUE, {"sleep": 300, "deaf": True})
    options = {"workflow_id": begun["workflow_id"], "mode": "cancel"}
    refused = run("workflow_terminate", {**options, "wait_timeout": 1})
    assert refused.failed
    assert refused.changed
    assert f"Not closed after 1 seconds (wait_timeout): {begun['workflow_id']}. mode is cancel" in refused.message
    assert refused["workflows"][0]["status"] == "running"
    if not temporal_stack.is_older_than("1.25"):
        frontend.forget()
        again = run("workflow_terminate", {**options, "wait": False})
        assert (again.changed, frontend.writes) == (False, [])
        assert not run("workflow_terminate", {**options, "wait": False}, check=True).changed
    ended = run("workflow_terminate", {**options, "mode": "terminate"})
    assert (ended.changed, ended["workflows"][0]["status"]) == (True, "terminated")


def test_nobody_takes_the_cancellation_up(run: Run, begin: Begin, unique: Unique) -> None:
    workflow_id = begin(unique("nobody"), {})["workflow_id"]
    outcome = run("workflow_terminate", {"workflow_id": workflow_id, "mode": "cancel", "wait": False})
    assert (outcome.failed, outcome["workflows"][0]["status"]) == (False, "running")
    assert run("workflow_terminate", {"workflow_id": workflow_id})["workflows"][0]["status"] == "terminated"


def test_by_query_up_to_the_limit(run: Run, begin: Begin, frontend: RecordingProxy, unique: Unique) -> None:
    queue = unique("many")
    begun = {begin(queue, {})["run_id"] for _ in range(3)}
    query = f"TaskQueue = '{queue}'"
    wait_until_listed(run, query, 3)

    frontend.forget()
    for check in (True, False):
        refused = run("workflow_terminate", {"visibility_query": query, "limit": 2}, check=check)
        assert refused.failed
        assert f'limit is 2, but visibility_query "{query}" matches 3 workflows' in refused.message
        assert (refused["total"], refused.changed, frontend.writes) == (3, False, [])

    options = {"visibility_query": query, "limit": 3}
    predicted = run("workflow_terminate", options, check=True)
    assert {entry["run_id"] for entry in predicted["workflows"]} == begun
    assert (predicted.changed, frontend.writes) == (True, [])

    ended = run("workflow_terminate", options)
    assert {entry["run_id"] for entry in ended["workflows"]} == begun
    assert {entry["status"] for entry in ended["workflows"]} == {"terminated"}
    assert len(frontend.writes) == 3

    frontend.forget()
    # Whether visibility knows of the end yet or not.
    again = run("workflow_terminate", {**options, "limit": 3})
    assert (again.failed, again.changed, frontend.writes) == (False, False, [])


def test_a_query_with_or_does_not_reach_further(run: Run, begin: Begin, unique: Unique) -> None:
    """The query is taken as a whole beside the demand that the workflow has not ended."""
    queue = unique("either")
    ended = begin(queue, {})
    run("workflow_terminate", {"workflow_id": ended["workflow_id"]})
    running = begin(queue, {})
    query = f"WorkflowId = '{ended['workflow_id']}' OR WorkflowId = '{running['workflow_id']}'"
    wait_until_listed(run, f"({query}) AND ExecutionStatus = 'Running'", 1)
    outcome = run("workflow_terminate", {"visibility_query": query, "limit": 1})
    assert [entry["workflow_id"] for entry in outcome["workflows"]] == [running["workflow_id"]], outcome.message


def test_one_run_and_not_the_one_after_it(run: Run, begin: Begin, unique: Unique) -> None:
    workflow_id, queue = unique("twice"), unique("nobody")
    first = begin(queue, {}, workflow_id=workflow_id)
    run("workflow_terminate", {"workflow_id": workflow_id, "run_id": first["run_id"]})
    second = begin(queue, {}, workflow_id=workflow_id)
    outcome = run("workflow_terminate", {"workflow_id": workflow_id, "run_id": first["run_id"]})
    assert (outcome.changed, outcome["workflows"][0]["run_id"]) == (False, first["run_id"])
    [newest] = run("workflow_info", {"workflow_id": workflow_id})["workflows"]
    assert (newest["run_id"], newest["status"]) == (second["run_id"], "running")


@pytest.mark.parametrize("options", [{"workflow_id": "some"}, {"visibility_query": "WorkflowId = 'x'", "limit": 1}])
def test_an_unknown_namespace_is_told_with_those_there_are(run: Run, options: dict[str, Any]) -> None:
    outcome = run("workflow_terminate", {"namespace": "nosuch", **options})
    assert "Namespace 'nosuch' is not registered" in outcome.message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "one of the following is required: workflow_id, visibility_query"),
        ({"workflow_id": "a", "visibility_query": "b", "limit": 1}, "mutually exclusive"),
        ({"visibility_query": "WorkflowType = 'echo'"}, "required together: visibility_query, limit"),
        ({"workflow_id": "a", "limit": 1}, "required together: visibility_query, limit"),
        ({"visibility_query": " ", "limit": 1}, "an empty one would end every workflow"),
        ({"visibility_query": "x", "limit": 0}, "limit is 0"),
        ({"workflow_id": " "}, "workflow_id is ' '"),
        ({"workflow_id": "a", "run_id": "b"}, "run_id is 'b': not a run id"),
        ({"workflow_id": "a", "mode": "kill"}, "value of mode must be one of: terminate, cancel"),
        ({"workflow_id": "a", "reason": ""}, "reason is ''"),
        ({"workflow_id": "a", "wait_timeout": -1}, "wait_timeout is -1"),
    ],
)
def test_bad_options_send_nothing(run: Run, frontend: RecordingProxy, options: dict[str, Any], message: str) -> None:
    outcome = run("workflow_terminate", options)
    assert outcome.failed
    assert message in outcome.message
    assert frontend.requests == []
