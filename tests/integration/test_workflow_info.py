# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""aegis.temporal.workflow_info against a real server and a real worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import tenacity
from loopback_stack.processes import ManagedProcess
from module_testing import Outcome, RecordingProxy

Run = Callable[..., Outcome]
Begin = Callable[..., Outcome]
Unique = Callable[[str], str]
QUEUE = "workflow-info"


@pytest.fixture(scope="module", autouse=True)
def worker(start_worker: Callable[..., ManagedProcess]) -> ManagedProcess:
    """The one worker of this file."""
    return start_worker(QUEUE, "host:3000")


def eventually(look: Callable[[], Any]) -> Any:
    """The first answer of C(look) that does not fail an assertion: servers follow with a delay."""
    return tenacity.Retrying(stop=tenacity.stop_after_delay(30), wait=tenacity.wait_fixed(0.2), reraise=True)(look)


def test_a_workflow_that_completed(run: Run, frontend: RecordingProxy, unique: Unique) -> None:
    workflow_id = unique("info")
    options = {"task_queue": QUEUE, "workflow_type": "echo", "workflow_id": workflow_id, "input": [{"n": 1}]}
    ran = run("workflow_run", {**options, "memo": {"ticket": {"number": 7}}})
    frontend.forget()
    outcome = run("workflow_info", {"workflow_id": workflow_id})
    assert (outcome.failed, outcome.changed, frontend.writes) == (False, False, [])
    [found] = outcome["workflows"]
    assert (found["status"], found["result"], found["failure"]) == ("completed", {"n": 1}, "")
    assert (found["run_id"], found["history_length"]) == (ran["run_id"], ran["history_length"])
    assert (found["workflow_type"], found["task_queue"]) == ("echo", QUEUE)
    assert found["memo"] == {"ticket": {"number": 7}}
    assert (found["pending_activities"], found["pending_children"], found["cancel_requested"]) == ([], [], False)
    assert found["history_size"] > 0
    assert found["start_time"] < found["close_time"]
    assert "query_result" not in outcome.result


def test_a_failure_is_told_with_its_cause(run: Run) -> None:
    options = {"task_queue": QUEUE, "workflow_type": "echo"}
    failed = run("workflow_run", {**options, "input": [{"fail": "disk full", "because": "log grew"}]})
    [found] = run("workflow_info", {"workflow_id": failed["workflow_id"]})["workflows"]
    assert (found["status"], found["failure"], found["result"]) == ("failed", "disk full: log grew", None)


def test_a_pending_activity_tells_its_attempts_and_its_last_failure(run: Run, begin: Begin) -> None:
    workflow_id = begin(QUEUE, {"stumble": "disk full"})["workflow_id"]

    def look() -> dict[str, Any]:
        [found] = run("workflow_info", {"workflow_id": workflow_id})["workflows"]
        [activity] = found["pending_activities"]
        # Between two attempts, and not while a worker has the next one.
        assert (activity["attempt"] > 1, activity["state"]) == (True, "scheduled")
        return {"status": found["status"], **activity}

    found = eventually(look)
    assert (found["activity_id"], found["activity_type"], found["status"]) == ("stumbling", "stumble", "running")
    assert (found["last_failure"], found["last_worker_identity"]) == ("disk full", "host:3000")
    assert found["maximum_attempts"] == 0


def test_a_run_of_its_own(run: Run, unique: Unique) -> None:
    """Without run_id the newest is described, with it that run, and which one continues it."""
    workflow_id = unique("chain")
    options = {"task_queue": QUEUE, "workflow_type": "echo", "workflow_id": workflow_id}
    first = run("workflow_run", {**options, "input": [{"again": True, "sleep": 0}], "wait": False})
    last = run("workflow_run", {**options, "input": [{}], "id_reuse_policy": "reject_duplicate"})
    [newest] = run("workflow_info", {"workflow_id": workflow_id})["workflows"]
    [earlier] = run("workflow_info", {"workflow_id": workflow_id, "run_id": first["run_id"]})["workflows"]
    assert (newest["run_id"], newest["status"]) == (last["run_id"], "completed")
    assert (earlier["status"], earlier["new_run_id"]) == ("continued_as_new", last["run_id"])


def test_none_of_this_id_is_no_failure(run: Run, unique: Unique) -> None:
    outcome = run("workflow_info", {"workflow_id": unique("nosuch")})
    assert (outcome.failed, outcome["workflows"]) == (False, [])


def test_a_list_by_query_up_to_the_limit(run: Run, begin: Begin, unique: Unique) -> None:
    queue = unique("nobody")
    begun = [begin(queue, {}, memo={"n": number})["run_id"] for number in range(3)]
    query = f"TaskQueue = '{queue}' AND ExecutionStatus = 'Running'"

    def all_of_them() -> Outcome:
        outcome = run("workflow_info", {"visibility_query": query})
        assert outcome["total"] == 3
        return outcome

    everything = eventually(all_of_them)
    assert [found["run_id"] for found in everything["workflows"]] == begun[::-1]
    assert [found["memo"] for found in everything["workflows"]] == [{"n": 2}, {"n": 1}, {"n": 0}]
    assert {found["status"] for found in everything["workflows"]} == {"running"}
    some = run("workflow_info", {"visibility_query": query, "limit": 2})
    assert (len(some["workflows"]), some["total"]) == (2, 3)
    assert run("workflow_info", {"limit": 1})["total"] >= 3


def test_a_query_is_answered(run: Run, begin: Begin) -> None:
    workflow_id = begin(QUEUE, {"await_signal": True})["workflow_id"]
    asked = {"name": "order", "args": [1, {"two": None}]}
    outcome = run("workflow_info", {"workflow_id": workflow_id, "query": asked, "current_details": True})
    assert not outcome.failed, outcome.message
    assert outcome["query_result"] == {"order": {"await_signal": True}, "asked": asked["args"]}
    assert outcome["workflows"][0]["current_details"] == "**echo** works"
    assert not outcome.changed


def test_queries_that_cannot_be_answered(run: Run, begin: Begin, unique: Unique) -> None:
    workflow_id = begin(QUEUE, {"await_signal": True})["workflow_id"]
    unknown = run("workflow_info", {"workflow_id": workflow_id, "query": {"name": "nosuch"}})
    assert f"Workflow {workflow_id} refused query 'nosuch'" in unknown.message
    missing = run("workflow_info", {"workflow_id": unique("nosuch"), "query": {"name": "order"}})
    assert "does not exist in namespace default, so it cannot be asked" in missing.message
    lonely = begin(unique("nobody"), {})["workflow_id"]
    silent = run("workflow_info", {"workflow_id": lonely, "query": {"name": "order"}, "timeout": 2})
    assert silent.failed
    assert f"No worker answered query 'order' of workflow {lonely} within 2 seconds (timeout)" in silent.message


@pytest.mark.parametrize("options", [{"workflow_id": "some"}, {"visibility_query": "WorkflowType = 'echo'"}])
def test_an_unknown_namespace_is_told_with_those_there_are(run: Run, options: dict[str, Any]) -> None:
    assert "Namespace 'nosuch' is not registered" in run("workflow_info", {"namespace": "nosuch", **options}).message


def test_a_query_that_the_server_cannot_read(run: Run) -> None:
    outcome = run("workflow_info", {"visibility_query": "WorkflowType ="})
    assert "visibility_query is 'WorkflowType =': the server cannot use it. Write it like" in outcome.message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workflow_id": " "}, "workflow_id is ' '"),
        ({"workflow_id": "some", "run_id": "newest"}, "run_id is 'newest': not a run id"),
        ({"run_id": "01a221f4-75f1-7672-9467-0612f4214aac"}, "missing parameter(s) required by 'run_id': workflow_id"),
        ({"query": {"name": "order"}}, "missing parameter(s) required by 'query': workflow_id"),
        ({"workflow_id": "some", "query": {"name": " "}}, "name is ' '"),
        ({"current_details": True}, "current_details is true: this needs workflow_id"),
        ({"limit": 0}, "limit is 0: it must be between 1 and 10000"),
        ({"workflow_id": "some", "visibility_query": "x"}, "mutually exclusive"),
    ],
)
def test_bad_options_send_nothing(run: Run, frontend: RecordingProxy, options: dict[str, Any], message: str) -> None:
    outcome = run("workflow_info", options)
    assert outcome.failed
    assert message in outcome.message
    assert frontend.requests == []
