# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""aegis.temporal.task_queue_config against a real server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from loopback_stack import TemporalStack
from module_testing import Outcome, RecordingProxy, http_answer, misbehaving, ok, run_module

Run = Callable[..., Outcome]
Unique = Callable[[str], str]


@pytest.fixture
def limits(needs_server: Callable[[str, str], None]) -> None:
    """The server keeps rate limits."""
    needs_server("1.29", "rate limits of task queues")


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize("queue_type", ["activity", "nexus"])
def test_life_cycle(run: Run, frontend: RecordingProxy, unique: Unique, queue_type: str) -> None:
    """Each step: check mode predicts it and writes nothing, the run does it, once more does and writes nothing."""
    queue = unique("limited")
    steps: list[tuple[dict[str, Any], str, tuple[float | None, float | None]]] = [
        ({"queue_rate_limit": 0.1, "reason": "slow"}, "updated", (0.1, None)),
        ({"queue_rate_limit": 0, "fairness_key_rate_limit": 5.5}, "updated", (0.0, 5.5)),
        ({"fairness_key_rate_limit": 6}, "updated", (0.0, 6.0)),
        ({"state": "absent"}, "removed", (None, None)),
    ]
    for step, action, (whole, per_key) in steps:
        options = {"task_queue": queue, "type": queue_type, **step}
        frontend.forget()
        predicted = ok(run("task_queue_config", options, check=True, diff=True))
        assert (predicted.changed, predicted["action"], frontend.writes) == (True, action, [])
        assert predicted["config"] == {"queue_rate_limit": whole, "fairness_key_rate_limit": per_key}

        done = ok(run("task_queue_config", options, diff=True))
        for key in ("changed", "action", "config", "diff"):
            assert done[key] == predicted[key]
        assert done["diff"]["before"] != done["diff"]["after"]
        assert len(frontend.writes) == 1

        frontend.forget()
        again = ok(run("task_queue_config", {**options, "reason": "another"}, diff=True))
        assert (again.changed, again["action"], frontend.writes) == (False, "none", [])
        assert again["config"] == done["config"]
        assert again["diff"]["before"] == again["diff"]["after"]


@pytest.mark.usefixtures("limits")
def test_the_limit_holds_and_the_reason_is_kept(run: Run, temporal_stack: TemporalStack, unique: Unique) -> None:
    queue = unique("effective")
    ok(run("task_queue_config", {"task_queue": queue, "queue_rate_limit": 50, "reason": "Contract"}))
    described = requests.get(
        f"{temporal_stack.http_url}/api/v1/namespaces/default/task-queues/{queue}",
        params={"taskQueueType": "TASK_QUEUE_TYPE_ACTIVITY", "reportConfig": "true"},
        timeout=10,
    ).json()
    assert described["effectiveRateLimit"] == {"requestsPerSecond": 50, "rateLimitSource": "RATE_LIMIT_SOURCE_API"}
    metadata = described["config"]["queueRateLimit"]["metadata"]
    assert (metadata["reason"], metadata["updateIdentity"]) == ("Contract", "aegis.temporal.task_queue_config")


@pytest.mark.usefixtures("limits")
def test_each_kind_of_tasks_has_limits_of_its_own(run: Run, unique: Unique) -> None:
    queue = unique("kinds")
    ok(run("task_queue_config", {"task_queue": queue, "queue_rate_limit": 5}))
    other = ok(run("task_queue_config", {"task_queue": queue, "type": "nexus", "queue_rate_limit": 5}, check=True))
    assert other.changed


def test_nothing_to_remove_is_no_change_on_any_server(run: Run, frontend: RecordingProxy, unique: Unique) -> None:
    outcome = ok(run("task_queue_config", {"task_queue": unique("free"), "state": "absent"}))
    assert (outcome.changed, frontend.writes) == (False, [])


@pytest.mark.parametrize("check", [True, False])
def test_an_old_server_is_told_with_the_version_that_is_needed(check: bool) -> None:
    """Answers as server 1.24 gives them: it ignores the question after the configuration."""
    described = http_answer("200 OK", json.dumps({"pollers": []}).encode())
    version = http_answer("200 OK", json.dumps({"serverVersion": "1.24.2"}).encode())
    with misbehaving(lambda request: version if b"/system-info" in request else described) as server:
        options = {"http_url": server.url, "task_queue": "some", "queue_rate_limit": 1}
        outcome = run_module("task_queue_config", options, check=check)
        assert not [request for request in server.received if request.startswith(b"POST")]
    assert outcome.failed
    assert "Rate limits of task queues need Temporal Server 1.29 or newer" in outcome.message


def test_an_unknown_namespace_is_told_with_those_there_are(run: Run) -> None:
    options = {"namespace": "nosuch", "task_queue": "some", "queue_rate_limit": 1}
    assert "Namespace 'nosuch' is not registered" in run("task_queue_config", options).message
    before = ok(run("task_queue_config", options, check=True))
    assert before.changed
    assert "In check mode the task queue is taken as missing." in before.warnings


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"queue_rate_limit": 1}, "missing required arguments: task_queue"),
        ({"task_queue": "q"}, "any of the following are missing: queue_rate_limit, fairness_key_rate_limit"),
        ({"task_queue": " ", "queue_rate_limit": 1}, "task_queue is ' '"),
        ({"task_queue": "a/b", "queue_rate_limit": 1}, "task_queue is 'a/b'"),
        ({"task_queue": "q", "namespace": "", "queue_rate_limit": 1}, "namespace is ''"),
        ({"task_queue": "q", "type": "workflow", "queue_rate_limit": 1}, "value of type must be one of"),
        ({"task_queue": "q", "queue_rate_limit": -1}, "queue_rate_limit is -1.0: it must be between 0"),
        ({"task_queue": "q", "fairness_key_rate_limit": "many"}, "fairness_key_rate_limit"),
        ({"task_queue": "q", "state": "absent", "queue_rate_limit": 1}, "queue_rate_limit is 1, but state is absent"),
    ],
)
def test_bad_options_send_nothing(run: Run, frontend: RecordingProxy, options: dict[str, Any], message: str) -> None:
    outcome = run("task_queue_config", options)
    assert outcome.failed
    assert message in outcome.message
    assert frontend.requests == []
