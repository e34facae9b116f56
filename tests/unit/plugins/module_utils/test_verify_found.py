# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check says: what it found when it passed, and the cause when it did not."""

from __future__ import annotations

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.verify_found import (
    compare,
    explain,
    tell_runtime,
    together,
)

FAILED = {"failed": True, "failed_when_result": True, "msg": "Task failed: Action failed: Unknown error."}
CLUSTER = {"name": "active", "history_shards": 4}


@pytest.mark.parametrize(
    ("key", "result", "detail"),
    [
        ("database", {"server_version": {"raw": "PostgreSQL 15.18 on x86_64"}}, "PostgreSQL 15.18"),
        (
            "schema",
            {"stores": [{"name": "default", "version": "1.19", "target": "1.19"}], "refusal": None},
            "default 1.19",
        ),
        ("connections", {"query_result": [{"demand": 9, "usable": 97, "used": 3}]}, "9 of 97 wanted, 3 open"),
        ("services", {"services": [{"service": "frontend"}, {"service": "history"}]}, "frontend, history"),
        ("versions", {"stdout": "temporal version 1.32.2\n"}, "temporal version 1.32.2"),
        ("ring", {"members": [{"fresh": True}, {"fresh": False}]}, "1 services"),
        ("shards", {"results": [{"cluster": CLUSTER}, {"cluster": CLUSTER}]}, "active, 4 shards"),
        ("namespaces", {"namespaces": [{"name": "default", "action": "none"}]}, "default"),
        ("workers", {"workers": [{}, {}]}, "2 instance(s)"),
        (
            "pollers",
            {"results": [{"pollers": [{"identity": "b"}, {"identity": "a"}, {"identity": "old", "fresh": False}]}]},
            "a, b",
        ),
        ("routing", {"deployments": [{"name": "aegis", "current_build_id": "blue"}]}, "build blue of aegis"),
        (
            "routing",
            {
                "deployments": [
                    {
                        "name": "aegis",
                        "current_build_id": None,
                        "ramping_build_id": "green",
                        "ramp_percentage": 10.0,
                    }
                ]
            },
            "workers without a version, and 10 % to build green of aegis",
        ),
        ("routing", {"deployments": []}, "workers without a version"),
        ("echo", {"workflow_id": "an-id", "history_length": 19}, "an-id, 19 history events"),
        ("visibility", {"total": 1}, "1 found"),
    ],
)
def test_what_a_passed_check_found(key, result, detail):
    assert explain(key, {"failed": False, **result})[1] == detail


@pytest.mark.parametrize(
    ("key", "result", "message"),
    [
        (
            "database",
            {"is_available": False, "conn_err_msg": "password authentication failed\n"},
            "password authentication failed",
        ),
        (
            "schema",
            {"stores": [{"name": "default", "version": "1.18", "target": "1.19"}], "refusal": "It is newer."},
            "The stores have default 1.18, and need default 1.19. It is newer.",
        ),
        (
            "connections",
            {"query_result": [{"demand": 99, "usable": 97, "used": 3}]},
            "The pools of the inventory together are too many: 99 of 97 wanted, 3 open.",
        ),
        ("versions", {"stdout": "temporal version 1.31.0"}, "It is temporal version 1.31.0."),
        ("versions", {"stdout": "", "stderr": "No such file"}, "Its program cannot be asked: No such file"),
        ("namespaces", {"namespaces": [{"name": "a", "action": "updated"}]}, "a would be updated."),
        (
            "routing",
            {"deployments": [{"name": "aegis", "current_build_id": "blue"}]},
            "The work goes to build blue of aegis, of which none polls.",
        ),
        (
            "echo",
            {"result": {"status": "failed", "final_state": "ECHO", "error": "no such command"}},
            "the workflow ended as failed in state ECHO: no such command",
        ),
        (
            "gate",
            {"result": {"status": "completed", "final_state": "STOP", "final_output": {"asked": "no"}}},
            "the workflow ended as completed in state STOP: it returned {'asked': 'no'}",
        ),
        ("visibility", {"total": 0}, "The server finds 0 workflows of that id."),
    ],
)
def test_the_cause_of_a_failure(key, result, message):
    assert explain(key, {**FAILED, **result})[0]["msg"] == message


def test_a_module_that_failed_keeps_its_own_message():
    assert explain("schema", {"failed": True, "msg": "no route to host"})[0]["msg"] == "no route to host"
    # Failed again by failed_when, which takes nothing of the message away.
    unreached = {"failed": True, "failed_when_result": True, "msg": "no such database"}
    assert explain("schema", unreached)[0]["msg"] == "no such database"
    assert explain("database", unreached)[0]["msg"] == "no such database"
    assert explain("shards", {"results": [{"failed": True, "msg": "no answer"}]})[0]["msg"] == "no answer"
    wrong = {**FAILED, "cluster": CLUSTER}
    assert explain("shards", {"failed": True, "results": [wrong]})[0]["msg"] == "It is: active, 4 shards."


def test_a_loop_is_failed_by_any_skipped_by_all_and_has_the_time_of_all():
    bad = {"failed": True, "msg": "two"}
    result, _detail = explain("pollers", {"results": [{"elapsed": 1.0}, {"elapsed": 2.0, **bad}]})
    assert (result["failed"], result["msg"], result["elapsed"]) == (True, "two", 3.0)
    assert explain("pollers", {"results": [{"skipped": True}, {"skipped": True}]})[0]["skipped"]
    # There was nothing to ask, which proves nothing.
    assert explain("pollers", {"results": []})[0]["skipped"]


def test_tasks_of_one_check_are_one_result():
    good, bad, skipped = {"elapsed": 1}, {"elapsed": 2, "failed": True}, {"skipped": True}
    assert together([None, None]) is None
    assert together([skipped, None]) == skipped
    assert together([skipped, good]) == good
    assert together([good, bad]) == {"elapsed": 3, "failed": True}


def _told(host, *ids):
    answers = [{"json": {"workflows": [{"workflow_id": each, "version": "1"} for each in own]}} for own in ids]
    return {"id": "definitions", "host": host, "result": explain("definitions", {"results": answers})[0]}


def test_workers_that_tell_other_definitions_fail_on_one_host_and_between_hosts():
    same = [_told("one", "ab", "ab"), _told("two", "ba")]
    compare(same)
    assert not any(check["result"].get("failed") for check in same)
    assert _told("one", "ab", "a")["result"]["msg"] == "Not every worker of this host tells: b 1."
    other = [_told("one", "ab"), _told("two", "ac")]
    compare(other)
    assert {check["result"]["msg"] for check in other} == {"Not every worker tells: b 1, c 1."}


def test_definitions_of_one_id_in_two_versions_are_not_the_same():
    checks = [_told("one", "a"), _told("two", "a")]
    checks[1]["result"]["told"] = ["a 2"]
    compare(checks)
    assert {check["result"]["msg"] for check in checks} == {"Not every worker tells: a 1, a 2."}


def _healthy(host, version):
    result = {"failed": False, "workers": [{"url": "http://" + host, "body": {"version": version}}]}
    return {"id": "workers", "host": host, "result": result}


def test_workers_of_two_versions_fail_on_every_host():
    same = [_healthy("one", "1.0"), _healthy("two", "1.0")]
    compare(same)
    assert not any(check["result"]["failed"] for check in same)
    other = [_healthy("one", "1.0"), _healthy("two", "1.1")]
    compare(other)
    message = "Not all are of one version: http://one is 1.0, http://two is 1.1."
    assert [check["result"]["msg"] for check in other] == [message, message]
    assert all(check["result"]["failed"] for check in other)


def test_versions_are_no_second_cause_beside_a_worker_that_failed():
    checks = [_healthy("one", "1.0"), _healthy("two", "1.1")]
    checks[1]["result"].update(failed=True, msg="it hangs")
    compare(checks)
    assert [check["result"].get("msg") for check in checks] == [None, "it hangs"]


def test_a_failed_echo_tells_what_the_workers_say_of_the_runtime():
    workers = [{"url": "http://one", "body": {"runtime": "unreachable"}}, {"url": "http://two", "body": {}}]
    checks = [
        {"id": "workers", "result": {"workers": workers}},
        {"id": "echo", "result": {"failed": True, "msg": "still running."}},
    ]
    tell_runtime(checks)
    assert checks[1]["result"]["msg"] == (
        "still running. http://one says that the orchestrator's runtime is unreachable."
    )
    passed = [checks[0], {"id": "echo", "result": {"failed": False}}]
    tell_runtime(passed)
    assert passed[1]["result"] == {"failed": False}
