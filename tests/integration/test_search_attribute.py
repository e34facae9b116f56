# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""aegis.temporal.search_attribute and search_attribute_info against a real server."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from loopback_stack import TemporalStack, extra_frontend
from module_testing import Outcome, RecordingProxy, recording_proxy

Run = Callable[..., Outcome]
Unique = Callable[[str], str]

TYPES = ("Bool", "Datetime", "Double", "Int", "Keyword", "KeywordList", "Text")


@pytest.fixture
def namespace(run: Run, unique: Unique) -> str:
    """A namespace without search attributes."""
    name = unique("searched")
    outcome = run("namespace", {"name": name})
    assert not outcome.failed, outcome.message
    return name


def present(name: str, kind: str) -> dict[str, str]:
    return {"name": name, "type": kind}


def absent(name: str) -> dict[str, str]:
    return {"name": name, "state": "absent"}


def actions(outcome: Outcome) -> dict[str, str]:
    assert not outcome.failed, outcome.message
    return {entry["name"]: entry["action"] for entry in outcome["search_attributes"]}


def known(run: Run, namespace: str) -> dict[str, str]:
    """What search_attribute_info tells: name to type."""
    outcome = run("search_attribute_info", {"namespace": namespace})
    assert not outcome.failed, outcome.message
    return {entry["name"]: entry["type"] for entry in outcome["search_attributes"]}


def start(stack: TemporalStack, namespace: str, workflow_id: str, name: str, value: Any) -> requests.Response:
    """Start a workflow with one search attribute."""
    payload = {
        "metadata": {"encoding": base64.b64encode(b"json/plain").decode()},
        "data": base64.b64encode(json.dumps(value).encode()).decode(),
    }
    return requests.post(
        f"{stack.http_url}/api/v1/namespaces/{namespace}/workflows/{workflow_id}",
        json={
            "workflowType": {"name": "echo"},
            "taskQueue": {"name": "nobody"},
            "searchAttributes": {"indexedFields": {name: payload}},
        },
        timeout=30,
    )


def found(stack: TemporalStack, namespace: str, query: str) -> list[str]:
    """Ids of the workflows that a search finds."""
    answer = requests.get(
        f"{stack.http_url}/api/v1/namespaces/{namespace}/workflows", params={"query": query}, timeout=30
    )
    assert answer.ok, answer.text
    return [entry["execution"]["workflowId"] for entry in answer.json().get("executions", [])]


def test_life_cycle(run: Run, frontend: RecordingProxy, namespace: str) -> None:
    """Each step: check mode predicts it and writes nothing, the run does it, once more does and writes nothing."""
    every = [present(f"Of{kind}", kind) for kind in TYPES]
    steps: list[tuple[list[dict[str, str]], dict[str, str]]] = [
        (every, {f"Of{kind}": "added" for kind in TYPES}),
        (
            [absent("OfInt"), present("Second", "Int"), present("OfText", "Text")],
            {"OfInt": "removed", "Second": "added", "OfText": "none"},
        ),
        ([absent("Second"), absent("Never")], {"Second": "removed", "Never": "none"}),
    ]
    for entries, expected in steps:
        options = {"namespace": namespace, "search_attributes": entries}
        frontend.forget()
        predicted = run("search_attribute", options, check=True, diff=True)
        assert (predicted.changed, actions(predicted), frontend.writes) == (True, expected, [])

        done = run("search_attribute", options, diff=True)
        assert (done.changed, actions(done)) == (True, expected)
        assert [done[key] for key in ("diff", "columns", "search_attributes")] == [
            predicted[key] for key in ("diff", "columns", "search_attributes")
        ]
        assert known(run, namespace) == done["diff"]["after"]

        frontend.forget()
        again = run("search_attribute", options, diff=True)
        assert (again.changed, set(actions(again).values()), frontend.writes) == (False, {"none"}, [])
        assert len(frontend.requests) == 1
        assert again["diff"]["before"] == again["diff"]["after"]


def test_it_can_be_used_as_soon_as_the_module_ends(temporal_stack: TemporalStack, run: Run, namespace: str) -> None:
    entries = [present("Customer-Id", "Keyword")]
    assert run("search_attribute", {"namespace": namespace, "search_attributes": entries}).changed
    assert found(temporal_stack, namespace, "`Customer-Id` = 'a'") == []
    started = start(temporal_stack, namespace, "one", "Customer-Id", "a")
    assert started.ok, started.text


def test_every_frontend_knows_it_when_the_module_ends(
    temporal_stack: TemporalStack, loopback_directory: Path, run: Run, namespace: str
) -> None:
    with extra_frontend(temporal_stack, loopback_directory) as second, recording_proxy(second.http_url) as watched:
        options = {"namespace": namespace, "http_urls": [watched.url]}
        for entry, ok in ((present("Far", "Int"), True), (absent("Far"), False)):
            watched.forget()
            assert run("search_attribute", {**options, "search_attributes": [entry]}).changed
            assert watched.requests
            assert watched.writes == []
            url = f"{second.http_url}/api/v1/namespaces/{namespace}/workflows"
            assert requests.get(url, params={"query": "Far = 1"}, timeout=30).ok is ok


@pytest.mark.parametrize(("kind", "limit"), [("Int", 3), ("Keyword", 10)])
def test_a_full_table_is_told_before_anything_is_written(
    run: Run, frontend: RecordingProxy, namespace: str, kind: str, limit: int
) -> None:
    full = [present(f"Holder{number}", kind) for number in range(limit)]
    assert run("search_attribute", {"namespace": namespace, "search_attributes": full}).changed
    frontend.forget()
    outcome = run("search_attribute", {"namespace": namespace, "search_attributes": [present("Late", kind)]})
    assert outcome.failed
    assert f"no column left for Late of the type {kind}: all {limit} of namespace {namespace}" in outcome.message
    assert all(f"Holder{number}" in outcome.message for number in range(limit))
    assert frontend.writes == []
    told = run("search_attribute_info", {"namespace": namespace})["columns"][kind]
    assert (told["limit"], told["used"], told["free"]) == (limit, limit, 0)
    # In one call one goes and another comes.
    swapped = [absent("Holder0"), present("Late", kind)]
    assert actions(run("search_attribute", {"namespace": namespace, "search_attributes": swapped})) == {
        "Holder0": "removed",
        "Late": "added",
    }


def test_values_of_a_removed_attribute_do_not_come_back(
    temporal_stack: TemporalStack, run: Run, namespace: str
) -> None:
    """The server leaves them in the column, so another column is taken, and a warning comes when there is none."""

    def change(*entries: dict[str, str]) -> Outcome:
        outcome = run("search_attribute", {"namespace": namespace, "search_attributes": list(entries)})
        assert not outcome.failed, outcome.message
        return outcome

    [column] = change(present("Old", "Int"))["columns"]
    # The history service may know the attribute a moment later than the frontends.
    run("search_attribute_info", {"namespace": namespace})
    started = start(temporal_stack, namespace, "old", "Old", 5)
    assert started.ok, started.text
    wait_for(lambda: found(temporal_stack, namespace, "Old = 5") == ["old"])
    change(absent("Old"))
    fresh = change(present("New", "Int"), present("Newer", "Int"))
    if not tells_of_columns(temporal_stack, namespace):
        # As the documentation says of old servers.
        assert column in fresh["columns"]
        return
    assert column not in fresh["columns"]
    assert "holds values" not in fresh.warnings
    assert found(temporal_stack, namespace, "New = 5") == []
    last = change(present("Newest", "Int"))
    assert last["columns"] == {column: "Newest"}
    assert f"Newest gets the column {column}, which holds values" in last.warnings


def tells_of_columns(stack: TemporalStack, namespace: str) -> bool:
    """Whether the server searches by the name of a column that has no other name."""
    url = f"{stack.http_url}/api/v1/namespaces/{namespace}/workflows"
    return requests.get(url, params={"query": "Bool03 IS NULL"}, timeout=30).ok


def wait_for(condition: Callable[[], bool]) -> None:
    """Visibility follows a moment after the workflow."""
    pause = threading.Event()
    for _ in range(600):
        if condition():
            return
        pause.wait(0.1)
    raise AssertionError("not reached")


def test_another_type_is_refused_unwritten(run: Run, frontend: RecordingProxy, namespace: str) -> None:
    run("search_attribute", {"namespace": namespace, "search_attributes": [present("Nr", "Int")]})
    frontend.forget()
    options = {"namespace": namespace, "search_attributes": [present("Nr", "Double"), present("Other", "Int")]}
    assert "Nr has the type Int and cannot become Double" in run("search_attribute", options).message
    assert frontend.writes == []


def test_the_servers_own_are_refused(run: Run, frontend: RecordingProxy, namespace: str) -> None:
    frontend.forget()
    options = {"namespace": namespace, "search_attributes": [absent("WorkflowId")]}
    assert "this one belongs to the server" in run("search_attribute", options).message
    assert frontend.writes == []
    assert run("search_attribute_info", {"namespace": namespace})["system_attributes"]["StartTime"] == "Datetime"


def test_two_runs_at_once_give_each_its_column(run: Run, namespace: str) -> None:
    outcomes: list[Outcome] = []

    def add(name: str) -> None:
        outcomes.append(
            run("search_attribute", {"namespace": namespace, "search_attributes": [present(name, "Keyword")]})
        )

    threads = [threading.Thread(target=add, args=(name,)) for name in ("A", "B", "C")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.message for outcome in outcomes] == ["", "", ""]
    assert known(run, namespace) == {"A": "Keyword", "B": "Keyword", "C": "Keyword"}


def test_stores_without_columns_are_changed_over_grpc(
    run: Run, frontend: RecordingProxy, namespace: str, unique: Unique
) -> None:
    """As with Elasticsearch: the cluster says that it is one, the operator service does the rest."""
    frontend.rewrite = lambda path, body: (
        body.replace(b'"visibilityStore":"postgres12"', b'"visibilityStore":"elasticsearch"')
        if path.startswith("/api/v1/cluster-info")
        else body
    )
    steps = [([present("Over", "KeywordList"), present("Grpc", "Int")], "added"), ([absent("Over")], "removed")]
    for entries, action in steps:
        options = {"namespace": namespace, "search_attributes": entries}
        frontend.forget()
        predicted = run("search_attribute", options, check=True, diff=True)
        done = run("search_attribute", options, diff=True)
        assert set(actions(done).values()) == {action}
        assert (done["diff"], done["columns"], predicted["columns"]) == (predicted["diff"], {}, {})
        assert not run("search_attribute", options).changed
        assert frontend.writes == []
    assert known(run, namespace) == {"Grpc": "Int"}
    told = run("search_attribute_info", {"namespace": namespace})
    assert (told["columns"], told["visibility_store"]) == ({}, "elasticsearch")
    wrong = {"namespace": namespace, "search_attributes": [present("X", "Int")], "address": "127.0.0.1:9"}
    assert "127.0.0.1:9 cannot be reached over gRPC" in run("search_attribute", wrong | {"wait_timeout": 5}).message


def test_a_namespace_that_is_not_there(run: Run, frontend: RecordingProxy, unique: Unique) -> None:
    """An earlier task of the same play may be what registers it, so check mode foresees a new one."""
    options = {"namespace": unique("nosuch"), "search_attributes": [present("A", "Keyword"), absent("B")]}
    predicted = run("search_attribute", options, check=True)
    assert actions(predicted) == {"A": "added", "B": "none"}
    assert predicted["columns"] == {"Keyword01": "A"}
    assert "In check mode it is taken as new" in predicted.warnings
    assert "is not registered" in run("search_attribute", options).message
    assert "is not registered" in run("search_attribute_info", {"namespace": options["namespace"]}).message
    assert frontend.writes == []


def test_an_empty_list_asks_nothing(run: Run, frontend: RecordingProxy) -> None:
    outcome = run("search_attribute", {"search_attributes": []})
    assert (outcome.failed, outcome.changed, frontend.requests) == (False, False, [])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "missing required arguments: search_attributes"),
        ({"search_attributes": [{"name": "A"}]}, "state is present but all of the following are missing: type"),
        ({"search_attributes": [present("A", "keyword")]}, "value of type must be one of"),
        ({"search_attributes": [present("a b", "Int")]}, "has the name 'a b': not usable"),
        ({"search_attributes": [present("Keyword01", "Int")]}, "the server names its own columns so"),
        ({"search_attributes": [absent("A"), absent("A")]}, "lists A more than once"),
        ({"search_attributes": [], "namespace": " "}, "namespace must not be empty"),
        ({"search_attributes": [], "http_urls": ["a:1"]}, "http_urls is 'a:1'"),
        ({"search_attributes": [], "wait_interval": 0}, "wait_interval is 0"),
    ],
)
def test_bad_options_send_nothing(run: Run, frontend: RecordingProxy, options: dict[str, Any], message: str) -> None:
    outcome = run("search_attribute", options)
    assert outcome.failed
    assert message in outcome.message
    assert frontend.requests == []
