# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""aegis.temporal.workflow_signal against a real server and a real worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from loopback_stack.processes import ManagedProcess
from module_testing import Outcome, RecordingProxy

Run = Callable[..., Outcome]
Begin = Callable[..., Outcome]
Unique = Callable[[str], str]
QUEUE = "workflow-signal"


@pytest.fixture(scope="module", autouse=True)
def worker(start_worker: Callable[..., ManagedProcess]) -> ManagedProcess:
    """The one worker of this file."""
    return start_worker(QUEUE, "host:3000")


def test_a_signal_reaches_the_workflow(run: Run, begin: Begin, frontend: RecordingProxy) -> None:
    begun = begin(QUEUE, {"await_signal": True})
    arguments = [{"approved": True}, None, "ü"]
    options = {"workflow_id": begun["workflow_id"], "signal_name": "finish", "args": arguments}
    frontend.forget()
    predicted = run("workflow_signal", options, check=True)
    assert (predicted.changed, predicted["run_id"], frontend.writes) == (True, begun["run_id"], [])

    sent = run("workflow_signal", options)
    assert (sent.failed, sent.changed, sent["status"]) == (False, True, "running"), sent.message
    assert (sent["workflow_id"], sent["run_id"]) == (begun["workflow_id"], begun["run_id"])
    assert len(frontend.writes) == 1

    joined = {"task_queue": QUEUE, "workflow_type": "echo", "id_reuse_policy": "reject_duplicate"}
    assert run("workflow_run", {**joined, "workflow_id": begun["workflow_id"]})["result"] == arguments


@pytest.mark.parametrize("check", [True, False])
def test_a_workflow_that_has_ended(run: Run, frontend: RecordingProxy, check: bool) -> None:
    ended = run("workflow_run", {"task_queue": QUEUE, "workflow_type": "echo", "input": [{}]})
    frontend.forget()
    outcome = run("workflow_signal", {"workflow_id": ended["workflow_id"], "signal_name": "finish"}, check=check)
    assert outcome.failed
    assert f"(run {ended['run_id']}) has ended as completed: it takes no more signals" in outcome.message
    assert (outcome["status"], outcome.changed, frontend.writes) == ("completed", False, [])


@pytest.mark.parametrize("check", [True, False])
def test_no_such_workflow(run: Run, frontend: RecordingProxy, unique: Unique, check: bool) -> None:
    workflow_id = unique("nosuch")
    outcome = run("workflow_signal", {"workflow_id": workflow_id, "signal_name": "finish"}, check=check)
    assert f"workflow_id is '{workflow_id}': there is no such workflow in namespace 'default'" in outcome.message
    assert (outcome["status"], frontend.writes) == ("none", [])


def test_an_unknown_namespace_is_told_with_those_there_are(run: Run) -> None:
    outcome = run("workflow_signal", {"namespace": "nosuch", "workflow_id": "some", "signal_name": "finish"})
    assert "Namespace 'nosuch' is not registered" in outcome.message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"signal_name": "finish"}, "missing required arguments: workflow_id"),
        ({"workflow_id": "some"}, "missing required arguments: signal_name"),
        ({"workflow_id": "some", "signal_name": ""}, "signal_name is ''"),
        ({"workflow_id": "", "signal_name": "finish"}, "workflow_id is ''"),
        ({"workflow_id": "some", "signal_name": "finish", "run_id": "1"}, "run_id is '1': not a run id"),
    ],
)
def test_bad_options_send_nothing(run: Run, frontend: RecordingProxy, options: dict[str, Any], message: str) -> None:
    outcome = run("workflow_signal", options)
    assert outcome.failed
    assert message in outcome.message
    assert frontend.requests == []
