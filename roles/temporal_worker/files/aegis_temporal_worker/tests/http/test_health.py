# SPDX-License-Identifier: Apache-2.0
"""``/health`` (contract 3.3; 9.3 no. 45), ``/livez``, ``/readyz`` and ``/metrics`` (contract 1.4)."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from loopback_stack import PostgresServer
from prometheus_client.parser import text_string_to_metric_families

from aegis_temporal_worker.http import health as health_module
from aegis_temporal_worker.http.health import WorkerState

Serve = Callable[..., Awaitable[TestClient[Any, Any]]]
Api = TestClient[Any, Any]


async def test_contract_3_3_the_promised_members_come_first(api: Api) -> None:
    answer = await api.get("/health")
    text = await answer.text()
    assert answer.status == 200
    assert text.startswith('{"status":"healthy","temporal":"connected","database":"connected"')
    body = json.loads(text)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["timestamp"])
    assert body["task_queue"] == "aegis-agents"
    assert body["namespace"] == "default"
    assert body["workflows_loaded"] == 0
    assert body["worker"] == "running"
    assert body["runtime"] == "unknown"
    assert body["version"]


async def test_contract_3_3_before_the_first_connection_it_is_unhealthy(serve: Serve, state: WorkerState) -> None:
    state.probe_temporal = state.is_polling = None
    answer = await (await serve()).get("/health")
    body = await answer.json()
    assert (answer.status, body["status"], body["temporal"], body["database"], body["worker"]) == (
        503,
        "unhealthy",
        "disconnected",
        "connected",
        "starting",
    )


@pytest.fixture
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request asks the services anew."""
    monkeypatch.setattr(health_module, "_GOOD_FOR_SECONDS", 0)
    monkeypatch.setattr(health_module, "_BAD_FOR_SECONDS", 0)


@pytest.mark.usefixtures("no_cache")
async def test_contract_3_3_losing_temporal_is_degraded_and_seen_again(serve: Serve, state: WorkerState) -> None:
    answers = iter([True, False, True])

    async def probe() -> bool:
        return next(answers)

    state.probe_temporal = probe
    api = await serve()
    seen = []
    for _ in range(3):
        answer = await api.get("/health")
        body = await answer.json()
        seen.append((answer.status, body["status"], body["temporal"]))
    assert seen == [
        (200, "healthy", "connected"),
        (503, "degraded", "disconnected"),
        (200, "healthy", "connected"),
    ]


@pytest.mark.usefixtures("no_cache")
async def test_contract_3_3_a_probe_that_hangs_counts_as_disconnected(
    serve: Serve, state: WorkerState, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang() -> bool:
        return bool(await asyncio.Event().wait())

    monkeypatch.setattr(health_module, "PROBE_SECONDS", 0.05)
    state.probe_temporal = hang
    answer = await (await serve()).get("/health")
    assert (answer.status, (await answer.json())["temporal"]) == (503, "disconnected")


@pytest.mark.usefixtures("no_cache")
async def test_contract_3_3_losing_the_database(postgres_server: PostgresServer, serve: Serve) -> None:
    api = await serve()
    assert (await api.get("/health")).status == 200
    postgres_server.stop()
    try:
        answer = await api.get("/health")
        body = await answer.json()
        assert (answer.status, body["status"], body["temporal"], body["database"]) == (
            503,
            "degraded",
            "connected",
            "disconnected",
        )
    finally:
        postgres_server.start()
    assert (await api.get("/health")).status == 200


async def test_contract_3_3_draining_is_told(serve: Serve, state: WorkerState) -> None:
    state.draining = True
    answer = await (await serve()).get("/health")
    assert (answer.status, (await answer.json())["worker"]) == (503, "draining")


async def test_many_probes_cost_one(serve: Serve, state: WorkerState) -> None:
    asked = 0

    async def probe() -> bool:
        nonlocal asked
        asked += 1
        return True

    state.probe_temporal = probe
    api = await serve()
    answers = await asyncio.gather(*(api.get("/health") for _ in range(20)))
    assert {answer.status for answer in answers} == {200}
    assert asked == 1


def runtime_says(*words: str) -> Callable[[], Awaitable[Any]]:
    left = iter(words)

    async def probe() -> str:
        return next(left)

    return probe


@pytest.mark.usefixtures("no_cache")
async def test_contract_d1_1_the_runtimes_health_is_told_and_decides_nothing(serve: Serve, state: WorkerState) -> None:
    words = ["serving", "not_serving", "unreachable", "unknown"]
    # Each is asked for by /health, by /readyz and by /metrics.
    state.probe_runtime = runtime_says(*(word for word in words for _ in range(3)))
    api = await serve()
    seen = []
    for _ in words:
        answer = await api.get("/health")
        body = await answer.json()
        assert (answer.status, body["status"], await ready(api)) == (
            200,
            "healthy",
            (200, {"status": "ready", "reasons": []}),
        )
        page = await (await api.get("/metrics")).text()
        [gauge] = re.findall(r"^aegis_temporal_worker_runtime_serving (\S+)$", page, re.MULTILINE)
        seen.append((body["runtime"], gauge))
    assert seen == [("serving", "1.0"), ("not_serving", "0.0"), ("unreachable", "0.0"), ("unknown", "NaN")]


@pytest.mark.usefixtures("no_cache")
async def test_a_runtime_that_hangs_is_unreachable(
    serve: Serve, state: WorkerState, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang() -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(health_module, "PROBE_SECONDS", 0.5)
    state.probe_runtime = hang
    answer = await (await serve()).get("/health")
    assert (await answer.json())["runtime"] == "unreachable"


async def test_contract_1_4_metrics_have_the_references_names(api: Api) -> None:
    answer = await api.get("/metrics")
    assert answer.status == 200
    families = {family.name: family for family in text_string_to_metric_families(await answer.text())}
    # Polls and active workflows come from the SDK, once it works: tests/metrics.
    assert {"aegis_temporal_worker_activities", "aegis_temporal_worker_activity_duration_seconds"} <= set(families)
    assert "process_resident_memory_bytes" in families


async def ready(api: Api) -> tuple[int, dict[str, Any]]:
    answer = await api.get("/readyz")
    return answer.status, await answer.json()


async def test_ready_while_all_works(api: Api) -> None:
    assert await ready(api) == (200, {"status": "ready", "reasons": []})


@pytest.mark.usefixtures("no_cache")
async def test_not_ready_says_why_and_the_process_lives(
    postgres_server: PostgresServer, serve: Serve, state: WorkerState
) -> None:
    api = await serve()
    state.draining = True
    assert await ready(api) == (503, {"status": "not ready", "reasons": ["worker is draining"]})
    state.draining, state.probe_temporal, state.is_polling = False, None, lambda: False
    postgres_server.stop()
    try:
        status, body = await ready(api)
        assert (status, body["reasons"]) == (
            503,
            ["temporal is disconnected", "database is disconnected", "worker is starting"],
        )
        answer = await api.get("/livez")
        assert (answer.status, await answer.json()) == (200, {"status": "alive"})
    finally:
        postgres_server.start()


async def test_liveness_asks_nobody(serve: Serve, state: WorkerState) -> None:
    async def hang() -> bool:
        return bool(await asyncio.Event().wait())

    state.probe_temporal = hang
    async with asyncio.timeout(5):
        assert (await (await serve()).get("/livez")).status == 200
