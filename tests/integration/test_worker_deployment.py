# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""worker_deployment_version and worker_deployment_info against a real server and real workers with versions."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import tenacity
from loopback_stack import TemporalStack
from loopback_stack.processes import ManagedProcess
from module_testing import Outcome, RecordingProxy, http_answer, misbehaving, ok, run_module

Run = Callable[..., Outcome]
Unique = Callable[[str], str]

NOBODY = {"current_build_id": None, "ramping_build_id": None, "ramp_percentage": 0.0}


@dataclass(frozen=True)
class Deployment:
    """A worker deployment whose versions blue and green poll one task queue, one worker each."""

    name: str
    queue: str
    workers: dict[str, ManagedProcess]

    def options(self, **more: Any) -> dict[str, Any]:
        return {"deployment_name": self.name, **more}


@pytest.fixture
def versioning(needs_server: Callable[[str, str], None]) -> None:
    """The server knows worker deployments."""
    needs_server("1.29.1", "worker deployments")


@pytest.fixture
def deployment(versioning: None, start_worker: Callable[..., ManagedProcess], unique: Unique) -> Deployment:
    name, queue = unique("deployment"), unique("versioned")
    return Deployment(
        name,
        queue,
        {build: start_worker(queue, f"{build}:{name}", version=(name, build)) for build in ("blue", "green")},
    )


def echo(deployment: Deployment, **more: Any) -> dict[str, Any]:
    return {"task_queue": deployment.queue, "workflow_type": "echo", "input": [{"message": "hello"}], **more}


def test_life_cycle(run: Run, frontend: RecordingProxy, deployment: Deployment) -> None:
    """Each step: check mode predicts it and writes nothing, the run does it, once more does and writes nothing."""
    blue = {**NOBODY, "current_build_id": "blue"}
    steps: list[tuple[dict[str, Any], dict[str, Any], int]] = [
        ({"build_id": "blue"}, blue, 1),
        (
            {"build_id": "green", "state": "ramping", "ramp_percentage": 10.1},
            {**blue, "ramping_build_id": "green", "ramp_percentage": 10.1},
            1,
        ),
        (
            {"build_id": "green", "state": "ramping", "ramp_percentage": 0},
            {**blue, "ramping_build_id": "green"},
            1,
        ),
        # The way back from a ramp is the same as from a promotion.
        ({"build_id": "blue"}, blue, 1),
        (
            {"build_id": "green", "state": "ramping", "ramp_percentage": 100},
            {**blue, "ramping_build_id": "green", "ramp_percentage": 100},
            1,
        ),
        # What ramps becomes the current one in one write.
        ({"build_id": "green"}, {**NOBODY, "current_build_id": "green"}, 1),
        (
            {"build_id": "blue", "state": "ramping", "ramp_percentage": 50},
            {"current_build_id": "green", "ramping_build_id": "blue", "ramp_percentage": 50},
            1,
        ),
        ({"state": "unversioned"}, NOBODY, 2),
    ]
    before = NOBODY
    for step, after, writes in steps:
        frontend.forget()
        predicted = ok(run("worker_deployment_version", deployment.options(**step), check=True, diff=True))
        assert (predicted.changed, predicted["action"], frontend.writes) == (True, "updated", []), step
        assert (predicted["previous"], predicted["routing"]) == (before, after)

        done = ok(run("worker_deployment_version", deployment.options(**step), diff=True))
        for key in ("changed", "action", "routing", "previous", "diff"):
            assert done[key] == predicted[key], (step, key)
        assert (done["diff"]["before"], done["diff"]["after"]) == (before, after)
        assert len(frontend.writes) == writes

        frontend.forget()
        again = ok(run("worker_deployment_version", deployment.options(**step), diff=True))
        assert (again.changed, again["action"], frontend.writes) == (False, "none", []), step
        assert again["diff"]["before"] == again["diff"]["after"]
        [told] = ok(run("worker_deployment_info", deployment.options()))["deployments"]
        # Not whether it is `propagated`: a busy server may leave that at "in progress", though every queue has it.
        assert {key: told[key] for key in NOBODY} == after
        before = after


def test_the_current_version_gets_the_work_and_the_other_drains(run: Run, deployment: Deployment) -> None:
    ok(run("worker_deployment_version", deployment.options(build_id="blue")))
    waits = {"input": [{"await_signal": True}], "wait": False, "execution_timeout": "5m"}
    moving = ok(run("workflow_run", echo(deployment, **waits)))
    pin = {"deployment_name": deployment.name, "build_id": "blue"}
    pinned = ok(run("workflow_run", echo(deployment, **waits, **pin)))
    # Both have to have been at blue; it answers their queries.
    for begun in (moving, pinned):
        asked = {"workflow_id": begun["workflow_id"], "query": {"name": "order"}}
        ok(run("workflow_info", asked))

    ok(run("worker_deployment_version", deployment.options(build_id="green")))
    deployment.workers["blue"].stop()
    # With its next workflow task it goes on elsewhere: blue is gone.
    ok(run("workflow_signal", {"workflow_id": moving["workflow_id"], "signal_name": "finish", "args": ["done"]}))
    joined = echo(deployment, workflow_id=moving["workflow_id"], id_reuse_policy="reject_duplicate")
    assert ok(run("workflow_run", joined))["result"] == ["done"]

    [told] = ok(run("worker_deployment_info", deployment.options(count_running=True)))["deployments"]
    blue, green = told["versions"]
    assert (blue["build_id"], blue["status"], green["build_id"], green["status"]) == (
        "blue",
        "draining",
        "green",
        "current",
    )
    assert blue["running"] == {"pinned": 1, "others": 0}
    assert blue["drainage_checked"]
    assert green["current_since"]
    ok(run("workflow_terminate", {"workflow_id": pinned["workflow_id"]}))


def test_a_version_that_does_not_poll_is_refused(run: Run, frontend: RecordingProxy, deployment: Deployment) -> None:
    ok(run("worker_deployment_version", deployment.options(build_id="blue")))
    unknown = run("worker_deployment_version", deployment.options(build_id="nope", wait_timeout=1))
    assert unknown.failed
    assert f"The worker deployment {deployment.name} of namespace default has no version 'nope'." in unknown.message
    assert "There: blue, green." in unknown.message
    frontend.forget()
    predicted = ok(run("worker_deployment_version", deployment.options(build_id="nope"), check=True))
    assert (predicted.changed, predicted["routing"]["current_build_id"]) == (True, "nope")
    assert "has no version 'nope'" in predicted.warnings
    assert frontend.writes == []


def test_only_pollers_of_the_version_count(run: Run, deployment: Deployment) -> None:
    options = {"task_queue": deployment.queue, "deployment_name": deployment.name, "build_id": "blue"}
    found = ok(run("pollers", options))
    assert {poller["identity"] for poller in found["pollers"]} == {f"blue:{deployment.name}"}
    everyone = ok(run("pollers", {"task_queue": deployment.queue, "min_count": 2}))
    versions = {(poller["deployment_name"], poller["build_id"]) for poller in everyone["pollers"]}
    assert versions == {(deployment.name, "blue"), (deployment.name, "green")}
    other = run("pollers", {**options, "identities": [f"green:{deployment.name}"], "wait_timeout": 1})
    assert other.failed
    assert f"lacks pollers of build 'blue' of deployment '{deployment.name}'" in other.message
    assert f"no workflow poller green:{deployment.name}" in other.message


def test_a_version_without_the_current_ones_task_queues_is_refused_unless_told(
    run: Run,
    deployment: Deployment,
    start_worker: Callable[..., ManagedProcess],
    temporal_stack: TemporalStack,
    unique: Unique,
) -> None:
    more = unique("more")
    worker = start_worker(more, f"blue-more:{deployment.name}", version=(deployment.name, "blue"))
    ok(run("worker_deployment_version", deployment.options(build_id="blue")))
    # The server lets a queue go in which nothing waits and to which nothing is added.
    worker.stop()
    waiting = ok(run("workflow_run", {**echo(deployment, wait=False, execution_timeout="5m"), "task_queue": more}))

    def something_waits() -> None:
        # As the server looks itself; it keeps what it found for some seconds.
        found = requests.get(
            f"{temporal_stack.http_url}/api/v1/namespaces/default/task-queues/{more}",
            params={
                "apiMode": "DESCRIBE_TASK_QUEUE_MODE_ENHANCED",
                "reportStats": "true",
                "versions.buildIds": f"{deployment.name}:blue",
            },
            timeout=10,
        ).json()
        stats = found["versionsInfo"][f"{deployment.name}:blue"]["typesInfo"]["1"]["stats"]
        assert int(stats.get("approximateBacklogCount", 0)) > 0

    tenacity.Retrying(stop=tenacity.stop_after_delay(60), wait=tenacity.wait_fixed(1), reraise=True)(something_waits)
    refused = run("worker_deployment_version", deployment.options(build_id="green"))
    assert refused.failed
    assert f"Build 'green' does not poll {more}, which the current version 'blue' does" in refused.message
    done = ok(run("worker_deployment_version", deployment.options(build_id="green", ignore_missing_task_queues=True)))
    assert done["routing"]["current_build_id"] == "green"
    ok(run("workflow_terminate", {"workflow_id": waiting["workflow_id"]}))


def test_what_is_current_cannot_be_ramped_up(run: Run, frontend: RecordingProxy, deployment: Deployment) -> None:
    ok(run("worker_deployment_version", deployment.options(build_id="blue")))
    frontend.forget()
    ramp = deployment.options(build_id="blue", state="ramping", ramp_percentage=10)
    outcome = run("worker_deployment_version", ramp)
    assert outcome.failed
    assert "Build 'blue' is the current version already" in outcome.message
    assert frontend.writes == []


def test_all_deployments_are_listed(run: Run, deployment: Deployment) -> None:
    found = ok(run("worker_deployment_info", {}))["deployments"]
    assert deployment.name in [one["name"] for one in found]
    assert len(ok(run("worker_deployment_info", {"limit": 1}))["deployments"]) == 1


@pytest.mark.usefixtures("versioning")
def test_a_deployment_that_is_not_there(run: Run, frontend: RecordingProxy) -> None:
    options = {"deployment_name": "nosuch"}
    assert ok(run("worker_deployment_info", options))["deployments"] == []
    outcome = run("worker_deployment_version", {**options, "build_id": "1", "wait_timeout": 1})
    assert outcome.failed
    assert (
        "There is no worker deployment nosuch of namespace default: no worker of it has polled yet." in outcome.message
    )
    assert not ok(run("worker_deployment_version", {**options, "state": "unversioned"})).changed
    before = ok(run("worker_deployment_version", {**options, "build_id": "1"}, check=True))
    assert before.changed
    assert frontend.writes == []


@pytest.mark.usefixtures("versioning")
def test_an_unknown_namespace_is_told_with_those_there_are(run: Run) -> None:
    options = {"namespace": "nosuch", "deployment_name": "some", "build_id": "1"}
    assert "Namespace 'nosuch' is not registered" in run("worker_deployment_version", options).message
    before = ok(run("worker_deployment_version", options, check=True))
    assert before.changed
    assert "In check mode the worker deployment is taken as missing." in before.warnings


def test_an_old_server_is_told_with_the_version_that_is_needed(run: Run, temporal_stack: TemporalStack) -> None:
    if not temporal_stack.is_older_than("1.27"):
        pytest.skip("this server has worker deployments; run with --temporal-version=1.24.2")
    for module, options in {
        "worker_deployment_info": {},
        "worker_deployment_version": {"deployment_name": "some", "build_id": "1"},
        "pollers": {"task_queue": "some", "deployment_name": "some", "build_id": "1"},
    }.items():
        outcome = run(module, options)
        assert outcome.failed
        assert "Worker deployments need Temporal Server 1.29 or newer" in outcome.message


def test_an_answer_that_is_lost_is_no_second_change() -> None:
    """The first write arrives, its answer does not; the second finds the token used up, and the work done."""
    deployment: dict[str, Any] = {"name": "some", "versionSummaries": [], "routingConfig": {}}
    deployment["versionSummaries"].append({"deploymentVersion": {"deploymentName": "some", "buildId": "1"}})

    def answer(request: bytes) -> bytes:
        if request.startswith(b"POST"):
            deployment["routingConfig"] = {"currentDeploymentVersion": {"deploymentName": "some", "buildId": "1"}}
            return http_answer(
                "400 Bad Request", json.dumps({"code": 9, "message": "conflict token mismatch"}).encode()
            )
        if b"worker-deployment-versions" in request:
            return http_answer("200 OK", b"{}")
        return http_answer("200 OK", json.dumps({"workerDeploymentInfo": deployment}).encode())

    with misbehaving(answer) as server:
        options = {"http_url": server.url, "deployment_name": "some", "build_id": "1"}
        outcome = ok(run_module("worker_deployment_version", options))
        assert len([request for request in server.received if request.startswith(b"POST")]) == 1
    assert (outcome.changed, outcome["routing"]["current_build_id"]) == (True, "1")


@pytest.mark.parametrize("follows", [True, False])
@pytest.mark.parametrize("build", ["1", None])
def test_a_server_that_never_tells_the_end_is_judged_by_its_task_queues(follows: bool, build: str | None) -> None:
    version = {"deploymentName": "some", "buildId": "1"}
    deployment: dict[str, Any] = {"name": "some", "versionSummaries": [{"deploymentVersion": version}]}
    before, after = (
        ({}, {"currentDeploymentVersion": version}) if build else ({"currentDeploymentVersion": version}, {})
    )
    deployment["routingConfig"] = before

    def answer(request: bytes) -> bytes:
        content: dict[str, Any] = {"workerDeploymentInfo": deployment}
        if request.startswith(b"POST"):
            deployment["routingConfig"] = after
            deployment["routingConfigUpdateState"] = "ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS"
        elif b"worker-deployment-versions" in request:
            content = {"versionTaskQueues": [{"name": "q", "type": "TASK_QUEUE_TYPE_WORKFLOW"}]}
        elif b"task-queues" in request:
            now = datetime.now(UTC).isoformat()
            poller = {"identity": "w", "lastAccessTime": now, "deploymentOptions": version}
            content = {"pollers": [poller], "versioningInfo": after if follows else before}
        return http_answer("200 OK", json.dumps(content).encode())

    with misbehaving(answer) as server:
        options = {"http_url": server.url, "deployment_name": "some", "wait_timeout": 2}
        wanted = {"build_id": build} if build else {"state": "unversioned"}
        outcome = run_module("worker_deployment_version", {**options, **wanted})
    if follows:
        assert ok(outcome)["routing"]["current_build_id"] == build
    else:
        assert outcome.failed
        assert "was changed, but the server has not told all task queues within wait_timeout (2 s)" in outcome.message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"build_id": "1"}, "missing required arguments: deployment_name"),
        ({"deployment_name": "d"}, "state is current but all of the following are missing: build_id"),
        ({"deployment_name": "d", "build_id": "1", "state": "ramping"}, "missing: ramp_percentage"),
        ({"deployment_name": " ", "build_id": "1"}, "deployment_name is ' '"),
        ({"deployment_name": "d", "build_id": ""}, "build_id is ''"),
        ({"deployment_name": "d", "build_id": "1", "namespace": ""}, "namespace is ''"),
        ({"deployment_name": "d", "build_id": "1", "ramp_percentage": 5}, "ramp_percentage is 5, but state is current"),
        (
            {"deployment_name": "d", "build_id": "1", "state": "ramping", "ramp_percentage": 101},
            "ramp_percentage is 101: it must be between 0 and 100",
        ),
        (
            {"deployment_name": "d", "build_id": "1", "state": "unversioned"},
            "build_id is '1', but state is unversioned",
        ),
        ({"deployment_name": "d", "build_id": "1", "wait_timeout": -1}, "wait_timeout is -1.0"),
    ],
)
def test_bad_options_send_nothing(run: Run, frontend: RecordingProxy, options: dict[str, Any], message: str) -> None:
    outcome = run("worker_deployment_version", options)
    assert outcome.failed
    assert message in outcome.message
    assert frontend.requests == []
