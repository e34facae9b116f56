# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""aegis.temporal.namespace against a real server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from loopback_stack import PostgresServer, TemporalStack, extra_frontend
from loopback_stack import temporal_stack as start_temporal_stack
from loopback_stack.processes import free_ports
from module_testing import Outcome, RecordingProxy, recording_proxy, run_module

Run = Callable[..., Outcome]
Unique = Callable[[str], str]


def only(outcome: Outcome) -> dict[str, Any]:
    """The one namespace of the result."""
    assert not outcome.failed, outcome.message
    [entry] = outcome["namespaces"]
    return dict(entry)


def test_life_cycle(run: Run, frontend: RecordingProxy, unique: Unique) -> None:
    """Each step: check mode predicts it and writes nothing, the run does it, once more does and writes nothing."""
    name = unique("life")
    wanted = {"name": name, "retention": "30d", "description": "first", "owner_email": "o@example.org"}
    steps = [
        (wanted | {"data": {"stage": "test"}}, "registered"),
        (wanted | {"retention": "72h", "description": "second", "data": {"stage": "other"}}, "updated"),
        (wanted | {"state": "deprecated", "retention": "72h", "description": "third"}, "deprecated"),
        ({"name": name, "state": "absent"}, "deleted"),
    ]
    for options, action in steps:
        frontend.forget()
        predicted = run("namespace", options, check=True, diff=True)
        assert (predicted.changed, only(predicted)["action"], frontend.writes) == (True, action, [])

        done = run("namespace", options, diff=True)
        assert (done.changed, only(done)["action"]) == (True, action)
        assert done["diff"] == predicted["diff"]
        assert {**only(done), "id": ""} == {**only(predicted), "id": ""}
        assert done["elapsed"] >= 0

        frontend.forget()
        again = run("namespace", options, diff=True)
        assert (again.changed, only(again)["action"], frontend.writes) == (False, "none", [])
        [diff] = again["diff"]
        assert diff["before"] == diff["after"]


def test_the_diff_shows_before_and_after(run: Run, unique: Unique) -> None:
    name = unique("diff")
    run("namespace", {"name": name, "retention": "2d"})
    [diff] = run("namespace", {"name": name, "retention": "3d", "data": {"a": "b"}}, diff=True)["diff"]
    assert (diff["before"]["retention"], diff["after"]["retention"]) == ("2d", "3d")
    assert (diff["before"]["data"], diff["after"]["data"]) == ({}, {"a": "b"})
    assert diff["before_header"] == f"namespace {name}"


@pytest.mark.parametrize("retention", ["2d", "48h", "172800", "1d24h"])
def test_the_same_retention_in_other_words_is_no_change(run: Run, retention: str, unique: Unique) -> None:
    name = unique("words")
    run("namespace", {"name": name, "retention": "2d"})
    assert not run("namespace", {"name": name, "retention": retention}).changed


def test_options_left_out_keep_what_is_there(run: Run, unique: Unique) -> None:
    name = unique("kept")
    before = only(run("namespace", {"name": name, "retention": "5d", "description": "d", "data": {"k": "v"}}))
    after = only(run("namespace", {"name": name}))
    assert {**before, "action": "none"} == after


def test_a_namespace_can_be_used_as_soon_as_the_module_ends(run: Run, unique: Unique) -> None:
    name = unique("ready")
    assert run("namespace", {"name": name, "retention": "1d"}).changed
    started = run("workflow_run", {"namespace": name, "task_queue": "nobody", "workflow_type": "echo", "wait": False})
    assert not started.failed, started.message


def test_many_in_one_call(run: Run, frontend: RecordingProxy, unique: Unique) -> None:
    first, second = unique("many"), unique("many")
    wanted = {"namespaces": [{"name": first, "retention": "1d"}, {"name": second, "retention": "2d"}]}
    done = run("namespace", wanted)
    assert [(entry["name"], entry["retention"]) for entry in done["namespaces"]] == [(first, "1d"), (second, "2d")]
    frontend.forget()
    assert not run("namespace", wanted).changed
    assert [method for method, _path in frontend.requests] == ["GET", "GET"]


def test_what_was_done_before_a_failure_is_reported(run: Run, unique: Unique) -> None:
    first, second = unique("part"), unique("part")
    outcome = run(
        "namespace", {"namespaces": [{"name": first, "retention": "1d"}, {"name": second, "retention": "1m"}]}
    )
    assert outcome.failed
    assert outcome.changed
    assert [entry["name"] for entry in outcome["namespaces"]] == [first]


def test_nothing_is_touched_when_one_entry_is_wrong(run: Run, frontend: RecordingProxy, unique: Unique) -> None:
    entries = [{"name": unique("checked"), "retention": "1d"}, {"name": "a b", "retention": "1d"}]
    assert "name is 'a b'" in run("namespace", {"namespaces": entries}).message
    assert frontend.requests == []


def test_two_runs_at_once_make_one_namespace(run: Run, unique: Unique) -> None:
    options = {"name": unique("race"), "retention": "1d", "description": "both"}
    outcomes: list[Outcome] = []
    threads = [threading.Thread(target=lambda: outcomes.append(run("namespace", options))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.message for outcome in outcomes] == ["", "", ""]
    assert len({only(outcome)["id"] for outcome in outcomes}) == 1


def test_keys_that_the_server_keeps_are_warned_about(run: Run, unique: Unique) -> None:
    name = unique("merged")
    run("namespace", {"name": name, "data": {"old": "1"}})
    outcome = run("namespace", {"name": name, "data": {"new": "2"}})
    assert only(outcome)["data"] == {"old": "1", "new": "2"}
    assert "key 'old' is not listed, but stays" in outcome.warnings


@pytest.mark.parametrize("option", ["description", "owner_email"])
def test_what_cannot_be_cleared_is_refused_unwritten(
    run: Run, frontend: RecordingProxy, unique: Unique, option: str
) -> None:
    name = unique("cleared")
    run("namespace", {"name": name, option: "text"})
    frontend.forget()
    assert (
        f"{option} of namespace {name} is 'text' and cannot be cleared"
        in run("namespace", {"name": name, option: ""}).message
    )
    assert frontend.writes == []


def test_retention_below_the_servers_minimum(run: Run, unique: Unique) -> None:
    name = unique("short")
    message = run("namespace", {"name": name, "retention": "10m"}).message
    assert f"retention of namespace {name} is too short for this server" in message


def test_the_address_comes_from_the_environment(temporal_stack: TemporalStack, run: Run, unique: Unique) -> None:
    """Deletion goes over gRPC to the address of TEMPORAL_ADDRESS, as with the temporal command line."""
    name = unique("environment")
    run("namespace", {"name": name})
    wrong = run("namespace", {"name": name, "state": "absent", "address": "127.0.0.1:9", "timeout": 3})
    assert "127.0.0.1:9 cannot be reached over gRPC" in wrong.message
    right = run_module(
        "namespace",
        {"http_url": temporal_stack.http_url, "name": name, "state": "absent"},
        environment={"TEMPORAL_ADDRESS": temporal_stack.address},
    )
    assert only(right)["action"] == "deleted"


def test_a_namespace_of_another_server_is_not_deleted(
    temporal_stack: TemporalStack,
    postgres_server: PostgresServer,
    loopback_directory: Path,
    run: Run,
    unique: Unique,
) -> None:
    """The HTTP API and the gRPC address lead to two servers that both have a namespace of this name."""
    name = unique("twin")
    run("namespace", {"name": name})
    with start_temporal_stack(postgres_server, loopback_directory, temporal_stack.version) as other:
        other.server.register_namespace(name)
        outcome = run("namespace", {"name": name, "state": "absent", "address": other.address})
        assert "Do address and http_url lead to the same server?" in outcome.message
        kept = run_module("namespace", {"http_url": other.http_url, "name": name}, check=True)
        assert only(kept)["action"] == "none"


def test_a_deprecated_one_cannot_be_brought_back(run: Run, frontend: RecordingProxy, unique: Unique) -> None:
    name = unique("deprecated")
    run("namespace", {"name": name})
    assert only(run("namespace", {"name": name, "state": "deprecated"}))["state"] == "deprecated"
    frontend.forget()
    assert "is deprecated: the server cannot take that back" in run("namespace", {"name": name}).message
    assert frontend.writes == []


def test_a_deprecated_one_takes_no_new_workflows(run: Run, unique: Unique) -> None:
    """As the documentation says. The services follow within seconds, 10 at most before server 1.27."""
    name = unique("closed")
    start = {"namespace": name, "task_queue": "nobody", "workflow_type": "echo", "wait": False}
    run("namespace", {"name": name})
    assert not run("workflow_run", start).failed
    run("namespace", {"name": name, "state": "deprecated"})
    refusal = ""
    for _ in range(60):
        refusal = run("workflow_run", start).message
        if refusal:
            break
    assert "Namespace has invalid state: Deprecated" in refusal


def test_one_that_is_not_there_is_not_made_to_be_deprecated(run: Run, frontend: RecordingProxy, unique: Unique) -> None:
    name = unique("nothing")
    outcome = run("namespace", {"name": name, "state": "deprecated"})
    assert (outcome.changed, only(outcome)["action"], only(outcome)["state"]) == (False, "none", "absent")
    assert f"There is no namespace {name} to deprecate" in outcome.warnings
    assert frontend.writes == []


def test_archival_that_the_cluster_does_not_have(run: Run, unique: Unique) -> None:
    """The server ignores it without a word; what it did take is told."""
    name = unique("unarchived")
    wanted = {"name": name, "history_archival_state": "enabled", "history_archival_uri": "file:///tmp/archive"}
    new = run("namespace", wanted)
    assert f"left history archival of namespace {name} disabled: this cluster has no archival" in new.message
    assert (new.failed, new.changed, new["namespaces"][0]["action"]) == (True, True, "registered")
    again = run("namespace", wanted)
    assert (again.failed, again.changed, again["namespaces"][0]["action"]) == (True, False, "none")
    # Off is what it is without archival.
    assert not run("namespace", {"name": name, "history_archival_state": "disabled"}).changed


@pytest.fixture(scope="module")
def archiving(
    temporal_stack: TemporalStack,
    postgres_server: PostgresServer,
    loopback_directory: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[TemporalStack]:
    """A server with archival to files."""
    kinds = ("history", "visibility")
    store = {"provider": {"filestore": {"fileMode": "0600", "dirMode": "0700"}}}
    default = {"state": "disabled", "URI": tmp_path_factory.mktemp("default").as_uri()}
    overrides = {
        "archival": {kind: {"state": "enabled", "enableRead": True, **store} for kind in kinds},
        "namespaceDefaults": {"archival": dict.fromkeys(kinds, default)},
    }
    with start_temporal_stack(postgres_server, loopback_directory, temporal_stack.version, overrides) as server:
        yield server


def test_archival(archiving: TemporalStack, tmp_path: Path, unique: Unique) -> None:
    """Each step: check mode predicts it, the run does it, once more does nothing and writes nothing."""
    name = unique("archived")
    first, second = (tmp_path / "first").as_uri(), (tmp_path / "second").as_uri()
    steps: list[tuple[dict[str, str], str]] = [
        ({"history_archival_state": "enabled", "history_archival_uri": first}, "registered"),
        ({"visibility_archival_uri": second, "retention": "2d"}, "updated"),
        ({"visibility_archival_state": "enabled", "history_archival_state": "disabled"}, "updated"),
        ({"history_archival_state": "enabled"}, "updated"),
    ]
    with recording_proxy(archiving.http_url) as frontend:
        for step, action in steps:
            options = {"http_url": frontend.url, "name": name, **step}
            frontend.forget()
            predicted = run_module("namespace", options, check=True, diff=True)
            assert (only(predicted)["action"], frontend.writes) == (action, [])
            done = run_module("namespace", options, diff=True)
            assert {**only(done), "id": ""} == {**only(predicted), "id": ""}
            assert done["diff"] == predicted["diff"]
            frontend.forget()
            again = run_module("namespace", options)
            assert (again.changed, only(again)["action"], frontend.writes) == (False, "none", [])
        frontend.forget()
        moved = run_module("namespace", {"http_url": frontend.url, "name": name, "history_archival_uri": second})
        assert "the server keeps the first one for life" in moved.message
        assert frontend.writes == []
    after = only(again)
    assert (after["history_archival_state"], after["history_archival_uri"]) == ("enabled", first)
    assert (after["visibility_archival_state"], after["visibility_archival_uri"]) == ("enabled", second)


def test_every_frontend_knows_it_when_the_module_ends(
    temporal_stack: TemporalStack, loopback_directory: Path, run: Run, frontend: RecordingProxy, unique: Unique
) -> None:
    """The second frontend has a cache of its own, and is only asked when there is something to wait for."""
    name = unique("everywhere")
    with extra_frontend(temporal_stack, loopback_directory) as second, recording_proxy(second.http_url) as watched:
        wanted = {"name": name, "http_urls": [frontend.url, watched.url]}
        assert run("namespace", wanted).changed
        assert watched.requests
        assert watched.writes == []
        started = run_module(
            "workflow_run",
            {
                "http_url": second.http_url,
                "namespace": name,
                "task_queue": "nobody",
                "workflow_type": "echo",
                "wait": False,
                "retries": 0,
            },
        )
        assert not started.failed, started.message
        watched.forget()
        assert not run("namespace", wanted).changed
        assert watched.requests == []


def test_a_frontend_that_is_behind_is_named(run: Run, unique: Unique) -> None:
    [port] = free_ports(1)
    name, url = unique("behind"), f"http://127.0.0.1:{port}"
    outcome = run("namespace", {"name": name, "http_urls": [url], "wait_timeout": 1})
    assert f"namespace {name} is known to every service. Still behind: {url} (Nothing listens" in outcome.message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "one of the following is required: name, namespaces"),
        ({"name": "a", "namespaces": []}, "mutually exclusive"),
        ({"name": "temporal-system"}, "belongs to the server"),
        ({"name": "a", "retention": "soon"}, "'soon' is not a duration"),
        ({"name": "a", "data": {"k": 1}}, "Put it in quotes"),
        ({"namespaces": [{"name": "a"}, {"name": "a"}]}, "lists a more than once"),
        ({"name": "a", "history_archival_uri": "/var/archive"}, "not a URI"),
        ({"name": "a", "visibility_archival_state": "on"}, "value of visibility_archival_state must be one of"),
        ({"name": "a", "http_urls": ["frontend:7243"]}, "http_urls is 'frontend:7243'"),
        ({"name": "a", "http_urls": ["https://frontend:7243"]}, "all use TLS or none does"),
        ({"name": "a", "wait_timeout": -1}, "wait_timeout is -1"),
        ({"name": "a", "wait_interval": 0}, "wait_interval is 0"),
        ({"name": "a", "timeout": 0}, "timeout is 0"),
    ],
)
def test_bad_options_send_nothing(run: Run, frontend: RecordingProxy, options: dict[str, Any], message: str) -> None:
    outcome = run("namespace", options)
    assert outcome.failed
    assert message in outcome.message
    assert frontend.requests == []
