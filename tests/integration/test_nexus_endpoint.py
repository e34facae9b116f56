# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""aegis.temporal.nexus_endpoint and nexus_endpoint_info against a real server."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests
from loopback_stack import TemporalStack
from module_testing import Outcome, RecordingProxy, http_answer, misbehaving, ok, run_module

Run = Callable[..., Outcome]
Unique = Callable[[str], str]
WORKER = {"worker": {"namespace": "default", "task_queue": "operations"}}
EXTERNAL = {"external": {"url": "https://nexus.example.org/operations"}}


@pytest.fixture
def nexus(needs_server: Callable[[str, str], None]) -> None:
    """The server has Nexus endpoints."""
    needs_server("1.25", "Nexus endpoints")


@pytest.mark.usefixtures("nexus")
def test_life_cycle(run: Run, frontend: RecordingProxy, unique: Unique) -> None:
    """Each step: check mode predicts it and writes nothing, the run does it, once more does and writes nothing."""
    name = unique("life")
    steps: list[tuple[dict[str, Any], str]] = [
        ({"description": "first ü", "target": WORKER}, "created"),
        ({"description": "second"}, "updated"),
        ({"target": EXTERNAL}, "updated"),
        ({"target": {"external": {"url": "http://127.0.0.1:1"}}, "description": ""}, "updated"),
        ({"state": "absent"}, "deleted"),
    ]
    for step, action in steps:
        options = {"name": name, **step}
        frontend.forget()
        predicted = ok(run("nexus_endpoint", options, check=True, diff=True))
        assert (predicted.changed, predicted["action"], frontend.writes) == (True, action, [])

        done = ok(run("nexus_endpoint", options, diff=True))
        assert (done.changed, done["action"], done["diff"]) == (True, action, predicted["diff"])
        assert done["diff"]["before"] != done["diff"]["after"]
        unknown_before = {"id": None, "version": None}
        assert {**done["endpoint"], **unknown_before} == {**predicted["endpoint"], **unknown_before}
        assert len(frontend.writes) == 1

        frontend.forget()
        again = ok(run("nexus_endpoint", options, diff=True))
        assert (again.changed, again["action"], frontend.writes) == (False, "none", [])
        assert again["endpoint"] == done["endpoint"]
        assert again["diff"]["before"] == again["diff"]["after"]


@pytest.mark.usefixtures("nexus")
def test_options_left_out_keep_what_is_there(run: Run, unique: Unique) -> None:
    name = unique("kept")
    made = ok(run("nexus_endpoint", {"name": name, "description": "d", "target": WORKER}))
    assert ok(run("nexus_endpoint", {"name": name}))["endpoint"] == made["endpoint"]


@pytest.mark.usefixtures("nexus")
def test_a_description_that_is_no_text_is_kept(run: Run, temporal_stack: TemporalStack, unique: Unique) -> None:
    """Another program may store any value."""
    target = {"worker": {"namespace": "default", "taskQueue": "operations"}}
    spec = {"name": unique("structured"), "description": {"team": ["billing"]}, "target": target}
    endpoints = f"{temporal_stack.http_url}/api/v1/nexus/endpoints"
    made = requests.post(endpoints, json={"spec": spec}, timeout=10).json()["endpoint"]
    assert ok(run("nexus_endpoint", {"name": spec["name"], "target": EXTERNAL}))["action"] == "updated"
    kept = requests.get(f"{endpoints}/{made['id']}", timeout=10).json()["endpoint"]
    assert kept["spec"]["description"] == {"team": ["billing"]}


@pytest.mark.usefixtures("nexus")
def test_info_shows_all_or_one(run: Run, frontend: RecordingProxy, unique: Unique) -> None:
    first, second = unique("shown"), unique("shown")
    made = [ok(run("nexus_endpoint", {"name": name, "target": WORKER}))["endpoint"] for name in (first, second)]
    frontend.forget()
    everything = ok(run("nexus_endpoint_info", {}))
    assert [entry for entry in everything["endpoints"] if entry["name"] in (first, second)] == made
    assert ok(run("nexus_endpoint_info", {"name": second}, check=True))["endpoints"] == made[1:]
    assert ok(run("nexus_endpoint_info", {"name": "nosuch"}))["endpoints"] == []
    assert (everything.changed, frontend.writes) == (False, [])


@pytest.mark.usefixtures("nexus")
def test_somebody_elses_change_at_the_same_moment_is_kept(run: Run, frontend: RecordingProxy, unique: Unique) -> None:
    name = unique("conflict")
    ok(run("nexus_endpoint", {"name": name, "target": WORKER}))
    frontend.before_write = lambda: ok(run("nexus_endpoint", {"name": name, "description": "theirs"}))
    outcome = run("nexus_endpoint", {"name": name, "description": "ours"})
    assert "was changed by somebody else at the same moment" in outcome.message
    [kept] = ok(run("nexus_endpoint_info", {"name": name}))["endpoints"]
    assert kept["description"] == "theirs"


@pytest.mark.usefixtures("nexus")
def test_the_same_change_at_the_same_moment_is_no_error(run: Run, frontend: RecordingProxy, unique: Unique) -> None:
    name = unique("alike")
    ok(run("nexus_endpoint", {"name": name, "target": WORKER}))
    options = {"name": name, "description": "alike"}
    frontend.before_write = lambda: ok(run("nexus_endpoint", options))
    assert ok(run("nexus_endpoint", options))["endpoint"]["version"] == 2


@pytest.mark.usefixtures("nexus")
def test_two_runs_at_once_make_one_endpoint(run: Run, unique: Unique) -> None:
    options = {"name": unique("race"), "target": WORKER}
    outcomes: list[Outcome] = []
    threads = [threading.Thread(target=lambda: outcomes.append(run("nexus_endpoint", options))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.message for outcome in outcomes] == ["", "", ""]
    assert len({outcome["endpoint"]["id"] for outcome in outcomes}) == 1


@pytest.mark.usefixtures("nexus")
def test_an_unknown_namespace_is_told_with_those_there_are(run: Run, unique: Unique) -> None:
    target = {"worker": {"namespace": "nosuch", "task_queue": "q"}}
    outcome = run("nexus_endpoint", {"name": unique("lost"), "target": target})
    assert "target.worker.namespace: Namespace 'nosuch' is not registered" in outcome.message


@pytest.mark.usefixtures("nexus")
def test_a_new_endpoint_needs_a_target(run: Run, unique: Unique) -> None:
    for check in (True, False):
        assert "target is not given" in run("nexus_endpoint", {"name": unique("none")}, check=check).message


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("nexus_endpoint", {"name": "some", "target": EXTERNAL}),
        ("nexus_endpoint", {"name": "some", "state": "absent"}),
        ("nexus_endpoint_info", {}),
    ],
)
def test_an_old_server_is_told_with_the_version_that_is_needed(
    module: str, options: dict[str, Any], check: bool
) -> None:
    """Answers as server 1.24 gives them."""
    unknown = http_answer("404 Not Found", json.dumps({"code": 5, "message": "Not Found"}).encode())
    version = http_answer("200 OK", json.dumps({"serverVersion": "1.24.2"}).encode())
    with misbehaving(lambda request: version if b"/system-info" in request else unknown) as server:
        outcome = run_module(module, {"http_url": server.url, **options}, check=check)
    assert outcome.failed
    assert "Nexus endpoints need Temporal Server 1.25 or newer" in outcome.message
    assert "is 1.24.2" in outcome.message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "missing required arguments: name"),
        ({"name": "under_score"}, "name is 'under_score'"),
        ({"name": "some", "target": {}}, "one of the following is required: worker, external"),
        ({"name": "some", "target": {**WORKER, **EXTERNAL}}, "mutually exclusive: worker|external"),
        ({"name": "some", "target": {"worker": {"namespace": "n"}}}, "missing required arguments: task_queue"),
        ({"name": "some", "target": {"external": {"url": "nowhere"}}}, "target.external.url is 'nowhere'"),
    ],
)
def test_bad_options_send_nothing(run: Run, frontend: RecordingProxy, options: dict[str, Any], message: str) -> None:
    outcome = run("nexus_endpoint", options)
    assert outcome.failed
    assert message in outcome.message
    assert "name is '-'" in run("nexus_endpoint_info", {"name": "-"}).message
    assert frontend.requests == []
