# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""aegis.temporal.worker_health against sockets that answer as the worker's contract says, or not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from module_testing import AegisWorker, Misbehaving, http_answer, misbehaving, run_module

HEALTHY = {"status": "healthy", "temporal": "connected", "database": "connected"}


def answering(body: Any, status: str = "200 OK") -> bytes:
    return http_answer(status, json.dumps(body).encode())


@pytest.fixture
def healthy() -> Iterator[Misbehaving]:
    """A worker that is well, and says more than it must."""
    with misbehaving(answering({**HEALTHY, "workflows_loaded": 3})) as server:
        yield server


def test_healthy(healthy: Misbehaving) -> None:
    outcome = run_module("worker_health", {"urls": [healthy.url]})
    assert (outcome.failed, outcome.changed, outcome["healthy"]) == (False, False, True)
    [worker] = outcome["workers"]
    assert (worker["state"], worker["status_code"], worker["message"]) == ("healthy", 200, "")
    assert worker["url"] == f"{healthy.url}/health"
    assert worker["body"]["workflows_loaded"] == 3
    assert healthy.received[0].startswith(b"GET /health HTTP/1.1\r\n")


def test_the_collections_own_worker(real_worker: AegisWorker) -> None:
    outcome = run_module("worker_health", {"urls": [real_worker.url]})
    assert (outcome.failed, outcome["healthy"]) == (False, True), outcome.message
    [worker] = outcome["workers"]
    assert {key: worker["body"][key] for key in HEALTHY} == HEALTHY
    assert worker["body"]["task_queue"] == real_worker.task_queue


def test_a_healthy_worker_that_serves_something_else_is_misplaced() -> None:
    with misbehaving(answering({**HEALTHY, "namespace": "default", "task_queue": "elsewhere"})) as server:
        params = {"urls": [server.url], "wait": False, "namespace": "default"}
        assert not run_module("worker_health", params).failed
        outcome = run_module("worker_health", {**params, "task_queue": "aegis-agents"})
    assert outcome["workers"][0]["state"] == "misplaced"
    assert "is misplaced: it says that it serves task_queue 'elsewhere' and not 'aegis-agents'." in outcome.message


@pytest.mark.parametrize(("hours", "told"), [(2, "7[12]\\d\\d s ahead of"), (-2, "7[12]\\d\\d s behind")])
def test_a_worker_whose_clock_is_wrong_is_skewed(hours: int, told: str) -> None:
    wrong = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
    with misbehaving(answering({**HEALTHY, "timestamp": wrong})) as server:
        params = {"urls": [server.url], "wait": False}
        assert not run_module("worker_health", params).failed
        outcome = run_module("worker_health", {**params, "max_clock_skew": 60})
    assert outcome["workers"][0]["state"] == "skewed"
    assert re.search(f"is skewed: its clock is {told} this host's", outcome.message)


@pytest.mark.parametrize("body", [{}, {"timestamp": "noon"}])
def test_a_worker_that_tells_no_time_is_not_judged_by_it(body: dict[str, str]) -> None:
    with misbehaving(answering({**HEALTHY, **body})) as server:
        assert not run_module("worker_health", {"urls": [server.url], "wait": False, "max_clock_skew": 1}).failed


def test_the_clock_of_the_collections_own_worker_is_right(real_worker: AegisWorker) -> None:
    assert not run_module("worker_health", {"urls": [real_worker.url], "max_clock_skew": 0.5, "wait": False}).failed


def test_a_worker_that_drains_says_so() -> None:
    """Both connections are there: without its phase the message would not tell what is wrong."""
    draining = answering({**HEALTHY, "status": "degraded", "worker": "draining"}, "503 Unavailable")
    with misbehaving(draining) as server:
        outcome = run_module("worker_health", {"urls": [server.url], "wait": False})
    assert "is degraded: it says status=degraded, worker=draining." in outcome.message


def test_degraded_is_told_apart_from_unreachable(healthy: Misbehaving) -> None:
    sick = answering({"status": "degraded", "temporal": "disconnected", "database": "connected"}, "503 Unavailable")
    with misbehaving(sick) as degraded, misbehaving(b"") as gone:
        silent = gone.url
        urls = [degraded.url, healthy.url, silent, "http://127.0.0.1:1"]
        outcome = run_module("worker_health", {"urls": urls, "wait_timeout": 1})
    assert outcome.failed
    assert [worker["state"] for worker in outcome["workers"]] == ["degraded", "healthy", "unreachable", "unreachable"]
    assert f"{degraded.url}/health is degraded: it says status=degraded, temporal=disconnected" in outcome.message
    assert "Nothing listens at http://127.0.0.1:1/health" in outcome.message
    assert f"{healthy.url}/health is" not in outcome.message
    # Who was healthy once is not asked again.
    assert healthy.connections == 1
    assert degraded.connections > 1


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (answering({"status": "healthy"}), "not the health of a worker"),
        (answering([HEALTHY]), "not the health of a worker"),
        (answering({"error": "Not found"}, "404 Not Found"), "404"),
        (http_answer("200 OK", b"<html>Welcome</html>", "text/html"), "Welcome"),
        (answering(HEALTHY, "503 Unavailable"), "it says healthy, but with status 503"),
        (answering({**HEALTHY, "status": "HEALTHY"}), "it says status=HEALTHY"),
        (answering({**HEALTHY, "database": True}), "it says database=True"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "ended before it was complete"),
        (b"nonsense\r\n\r\n", "does not speak HTTP/1"),
        (None, "within the time limit"),
    ],
)
def test_other_answers(answer: bytes | None, message: str) -> None:
    with misbehaving(answer) as server:
        outcome = run_module("worker_health", {"urls": [server.url], "wait": False, "timeout": 1})
    assert outcome.failed
    assert message in outcome.message


def test_waits_until_it_is_healthy() -> None:
    states = iter([answering({**HEALTHY, "status": "unhealthy"}, "503 Unavailable"), b"", answering(HEALTHY)])
    with misbehaving(lambda request: next(states)) as server:
        outcome = run_module("worker_health", {"urls": [server.url], "wait_timeout": 60, "wait_interval": 0.1})
    assert not outcome.failed, outcome.message
    assert server.connections == 3


def test_check_mode_looks_once_and_warns() -> None:
    options = {"urls": ["http://127.0.0.1:1"], "wait_timeout": 86400}
    outcome = run_module("worker_health", options, check=True)
    assert (outcome.failed, outcome["healthy"]) == (False, False)
    assert "http://127.0.0.1:1/health is unreachable" in outcome.warnings


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "missing required arguments: urls"),
        ({"urls": []}, "urls is empty"),
        ({"urls": ["127.0.0.1:3000"]}, "urls is '127.0.0.1:3000'"),
        ({"urls": ["http://a"], "timeout": 0}, "timeout is 0"),
        ({"urls": ["http://a"], "wait_timeout": -1}, "wait_timeout is -1"),
        ({"urls": ["https://a"], "ca_path": "/no/such.pem"}, "ca_path is '/no/such.pem'"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    outcome = run_module("worker_health", options)
    assert outcome.failed
    assert message in outcome.message
