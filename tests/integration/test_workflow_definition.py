# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""aegis.temporal.workflow_definition and workflow_definition_info against the collection's own worker."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from loopback_stack.processes import free_ports
from module_testing import AegisWorker, Outcome, RecordingProxy, http_answer, misbehaving, recording_proxy, run_module

Run = Callable[..., Outcome]
Unique = Callable[[str], str]


@pytest.fixture
def manage(real_worker: AegisWorker, worker_api: RecordingProxy) -> Run:
    """Runs workflow_definition with the worker's token, through the counting proxy."""

    def run_it(options: dict[str, Any], **how: Any) -> Outcome:
        given = {"url": worker_api.url, "api_token": real_worker.token, **options}
        return run_module("workflow_definition", given, **how)

    return run_it


@pytest.fixture
def show(worker_api: RecordingProxy) -> Run:
    """Runs workflow_definition_info through the counting proxy."""
    return lambda options, **how: run_module("workflow_definition_info", {"url": worker_api.url, **options}, **how)


def definition(name: str, **more: Any) -> dict[str, Any]:
    """A usable definition with an id of its own."""
    state = {"kind": "System", "command": "echo {{workflow.context.word}}", "transitions": []}
    return {
        "workflow_id": str(uuid.uuid4()),
        "tenant_id": "aegis-system",
        "name": name,
        "version": "1.0.0",
        "scope": "global",
        "initial_state": "SAY",
        "context": {"word": "hello"},
        "states": {"SAY": state},
        **more,
    }


def test_from_nothing_to_nothing(manage: Run, show: Run, worker_api: RecordingProxy, unique: Unique) -> None:
    """Registered, left alone, changed, removed, left alone; check mode foretells each step."""
    first = definition(unique("life"))
    second = {**first, "context": {"word": "good bye"}}
    workflow_id = first["workflow_id"]
    gone = {"state": "absent", "workflow_id": workflow_id}
    steps: list[tuple[dict[str, Any], str, Any, Any]] = [
        ({"definition": first}, "registered", "", first),
        ({"definition": first}, "none", first, first),
        ({"definition": second}, "updated", first, second),
        (gone, "deleted", second, ""),
        (gone, "none", "", ""),
    ]
    for options, operation, before, after in steps:
        worker_api.forget()
        predicted = manage(options, check=True, diff=True)
        assert worker_api.writes == []
        done = manage(options, diff=True)
        assert not done.failed, done.message
        assert (done["operation"], done.changed) == (operation, operation != "none")
        assert len(worker_api.writes) == (operation != "none")
        assert (done["diff"]["before"], done["diff"]["after"]) == (before, after)
        assert (done["workflow_id"], done["definition"], done["replaced"]) == (workflow_id, after or {}, [])
        for key in ("operation", "changed", "diff", "definition", "replaced"):
            assert predicted[key] == done[key], key
        shown = show({"workflow_id": workflow_id})
        assert [entry["definition"] for entry in shown["workflows"]] == ([after] if after else [])


def test_the_same_content_written_otherwise_is_the_same(
    manage: Run, worker_api: RecordingProxy, unique: Unique
) -> None:
    """Order of keys, capitals in the id, and the forms of numbers that the database does not keep."""
    numbers = {"hundred": 1e2, "half": 0.50, "one": 1.0, "zero": -0.0, "huge": 2**70 + 1, "many": 1e300, "tiny": 1e-7}
    first = definition(unique("numbers"), context={**numbers, "text": "ü \U0001f600", "none": None, "truth": True})
    assert manage({"definition": first}).changed
    worker_api.forget()
    again = manage({"definition": first})
    assert (again.failed, again.changed, worker_api.writes) == (False, False, []), again.message
    turned = dict(reversed(first.items()))
    turned["workflow_id"] = first["workflow_id"].upper()
    again = manage({"definition": turned})
    assert (again.failed, again.changed, worker_api.writes) == (False, False, []), again.message
    # Equal in Python, but not in JSON.
    assert manage({"definition": {**first, "context": {**first["context"], "truth": 1}}}).changed


def test_another_id_takes_the_place_of_the_same_name(
    manage: Run, show: Run, worker_api: RecordingProxy, unique: Unique
) -> None:
    name = unique("rival")
    old, other = definition(name), definition(name, tenant_id="other-tenant", scope="tenant")
    for one in (old, other):
        assert manage({"definition": one}).changed
    new = definition(name)
    worker_api.forget()
    predicted = manage({"definition": new}, check=True)
    assert worker_api.writes == []
    done = manage({"definition": new})
    for outcome in (predicted, done):
        assert (outcome["operation"], outcome["replaced"]) == ("registered", [old["workflow_id"]])
        assert outcome["diff"]["before"] == old
    assert {entry["workflow_id"] for entry in show({"name": name})["workflows"]} == {
        new["workflow_id"],
        other["workflow_id"],
    }


def test_removal_by_definition(manage: Run, unique: Unique) -> None:
    one = definition(unique("removed"))
    manage({"definition": one})
    removed = manage({"definition": {"workflow_id": one["workflow_id"]}, "state": "absent"})
    assert (removed["operation"], removed["workflow_id"]) == ("deleted", one["workflow_id"])


def test_the_list(manage: Run, show: Run, worker_api: RecordingProxy, unique: Unique) -> None:
    name = unique("listed")
    versions = [definition(name, version=version) for version in ("1.0.0", "2.0.0")]
    for one in versions:
        manage({"definition": one})
    worker_api.forget()
    listed = show({"name": name})
    assert (listed.failed, listed.changed, worker_api.writes) == (False, False, [])
    assert [entry["version"] for entry in listed["workflows"]] == ["2.0.0", "1.0.0"]
    assert set(listed["workflows"][0]) == {"workflow_id", "name", "version", "state_count"}
    [entry] = show({"name": name, "version": "1.0.0", "content": True})["workflows"]
    assert (entry["definition"], entry["state_count"]) == (versions[0], 1)
    assert len(show({})["workflows"]) >= 2


def test_none_of_this_id_is_no_failure(show: Run) -> None:
    outcome = show({"workflow_id": str(uuid.uuid4())})
    assert (outcome.failed, outcome["workflows"]) == (False, [])


def test_removal_wants_the_token_and_shows_it_nowhere(
    manage: Run, real_worker: AegisWorker, worker_api: RecordingProxy, unique: Unique
) -> None:
    one = definition(unique("guarded"))
    manage({"definition": one})
    gone = {"url": worker_api.url, "workflow_id": one["workflow_id"], "state": "absent"}
    for token in (None, "wrong"):
        refused = run_module("workflow_definition", {**gone, "api_token": token})
        assert "answered DELETE /workflows/<id> with 401: Unauthorized" in refused.message
        assert "Set api_token (TEMPORAL_WORKER_API_TOKEN)" in refused.message
        assert (refused.changed, refused["workflow_id"]) == (False, one["workflow_id"])
    removed = run_module("workflow_definition", gone, environment={"TEMPORAL_WORKER_API_TOKEN": real_worker.token})
    assert removed["operation"] == "deleted"
    assert real_worker.token not in removed.output


def test_registrations_have_their_own_url_and_never_the_token(
    manage: Run, real_worker: AegisWorker, worker_api: RecordingProxy, unique: Unique
) -> None:
    one = definition(unique("separate"))
    with recording_proxy(real_worker.url) as registering:
        assert manage({"definition": one, "register_url": registering.url})["operation"] == "registered"
        assert registering.requests == [("POST", "/register-workflow")]
        assert worker_api.writes == []
    nothing_there = http_answer("404 Not Found", b'{"error": "Not found"}')
    with misbehaving(nothing_there) as closed:
        outcome = manage({"definition": definition(unique("separate")), "register_url": closed.url})
        assert "temporal_worker_register_port): set register_url" in outcome.message
        assert real_worker.token.encode() not in closed.received[0]


def test_what_only_the_worker_can_judge_is_told_in_its_words(manage: Run, unique: Unique) -> None:
    one = definition(unique("template"))
    one["states"]["SAY"]["command"] = "echo {{#if word}}"
    refused = manage({"definition": one})
    assert "answered POST /register-workflow with 400: Invalid workflow definition: state 'SAY'" in refused.message
    assert (refused.failed, refused.changed) == (True, False)


def test_pages_of_a_list_are_followed() -> None:
    pages = {
        b"limit=1000 ": (b'{"workflows": [{"workflow_id": "a"}]}', b'</workflows?page_token=x>; rel="next"'),
        b"page_token=x ": (b'{"workflows": [{"workflow_id": "b"}]}', b'</>; rel="prev"'),
    }

    def answer(request: bytes) -> bytes:
        body, link = next(page for mark, page in pages.items() if mark in request.split(b"\r\n")[0])
        return http_answer("200 OK", body).replace(b"\r\n\r\n", b"\r\nLink: " + link + b"\r\n\r\n", 1)

    with misbehaving(answer) as server:
        outcome = run_module("workflow_definition_info", {"url": server.url})
    assert [entry["workflow_id"] for entry in outcome["workflows"]] == ["a", "b"], outcome.message


@pytest.mark.parametrize("name", ["workflow_definition", "workflow_definition_info"])
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (http_answer("200 OK", b"<html>Welcome</html>", "text/html"), "not as a worker does: '<html>Welcome"),
        (http_answer("404 Not Found", b'{"error": "Not found"}'), "Not found"),
        (http_answer("302 Found", b"login"), "not as a worker does"),
        (http_answer("403 Forbidden", b'{"error": "Forbidden", "message": "no"}'), "403: Forbidden: no. The role's"),
        (http_answer("503 Unavailable", b'{"error": "Database unavailable"}'), "503: Database unavailable."),
        (None, "within the time limit"),
    ],
)
def test_wrong_answers(name: str, answer: bytes | None, message: str) -> None:
    options = {"definition": definition("some")} if name == "workflow_definition" else {}
    with misbehaving(answer) as server:
        outcome = run_module(name, {"url": server.url, "retries": 0, "timeout": 1, **options})
    assert outcome.failed
    assert message in outcome.message


def test_a_list_that_is_none() -> None:
    with misbehaving(http_answer("200 OK", b'{"workflows": ["a"]}')) as server:
        assert "not as a worker does" in run_module("workflow_definition_info", {"url": server.url}).message


def test_nothing_listens_yet() -> None:
    [port] = free_ports(1)
    url = {"url": f"http://127.0.0.1:{port}", "retries": 0}
    one = definition("first")
    assert "the connection was refused" in run_module("workflow_definition", {**url, "definition": one}).message
    predicted = run_module("workflow_definition", {**url, "definition": one}, check=True)
    assert (predicted["operation"], predicted["definition"]) == ("registered", one)
    assert "taken as missing" in predicted.warnings
    gone = {**url, "workflow_id": one["workflow_id"], "state": "absent"}
    assert not run_module("workflow_definition", gone, check=True).changed
    assert run_module("workflow_definition_info", url).failed
    assert run_module("workflow_definition_info", url, check=True)["workflows"] == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "state is present but neither definition nor src is set"),
        ({"state": "absent"}, "give exactly one of workflow_id, definition and src"),
        ({"state": "absent", "workflow_id": "echo"}, "workflow_id is 'echo': not a UUID"),
        ({"state": "absent", "definition": {"name": "echo"}}, "definition: workflow_id is None: not a UUID"),
        ({"workflow_id": "x", "definition": definition("some")}, "with state present the id is the one"),
        ({"definition": definition("some"), "url": "worker:3000"}, "url is 'worker:3000'"),
        ({"definition": definition("some"), "register_url": "worker"}, "register_url is 'worker'"),
        ({"definition": definition("some"), "timeout": 0}, "timeout is 0"),
        ({"definition": definition("some"), "retries": 21}, "retries is 21"),
        ({"definition": definition("some"), "ca_path": "/no/such.pem"}, "ca_path is '/no/such.pem'"),
        ({"definition": definition("some"), "api_token": "two words"}, "api_token holds a blank"),
        ({"definition": {"kind": "Workflow", "metadata": {}}}, "definition is a workflow manifest (kind: Workflow)"),
        ({"definition": {"name": "some"}}, "definition lacks workflow_id, tenant_id, version, states"),
        ({"definition": definition("Some")}, "name is 'Some', not made of lower-case letters"),
        ({"src": "/some.json"}, "Run this module as a task"),
    ],
)
def test_bad_options_send_nothing(
    manage: Run, worker_api: RecordingProxy, options: dict[str, Any], message: str
) -> None:
    outcome = manage(options)
    assert outcome.failed
    assert message in outcome.message
    assert worker_api.requests == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workflow_id": "echo"}, "workflow_id is 'echo': not a UUID"),
        ({"workflow_id": str(uuid.UUID(int=1)), "name": "echo"}, "mutually exclusive"),
        ({"name": " "}, "name is ' '"),
        ({"url": "worker"}, "url is 'worker'"),
    ],
)
def test_bad_options_of_the_info_send_nothing(
    show: Run, worker_api: RecordingProxy, options: dict[str, Any], message: str
) -> None:
    outcome = show(options)
    assert outcome.failed
    assert message in outcome.message
    assert worker_api.requests == []
