# SPDX-License-Identifier: Apache-2.0
"""The fire route of the stand-in (contract 4.8; 1.2, D2.4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Client

Start = Callable[..., "Awaitable[Client]"]

TIME = "2026-11-23T05:00:00.000Z"


async def fire(client: Client, schedule_id: str = "s", time: Any = TIME, **headers: str) -> tuple[int, dict[str, Any]]:
    path = f"/v1/internal/schedules/{schedule_id}/fire"
    given = headers or {"X-Tenant-Id": "acme"}
    async with client.http.post(path, json={"scheduled_time": time}, headers=given) as answer:
        return answer.status, await answer.json()


async def test_any_schedule_starts_a_run_once_for_one_time(client: Client) -> None:
    status, body = await fire(client)
    assert (status, body["fire"]["outcome"], body["fire"]["detail"]) == (200, "started", "aegis-standin")
    assert body["fire"]["scheduled_time"] == TIME
    assert await fire(client) == (200, body)
    assert (await fire(client, time="2026-11-23T05:00:01.000Z"))[1]["fire"]["execution_id"] != (
        body["fire"]["execution_id"]
    )
    assert [
        (entry["schedule_id"], entry["tenant_id"], entry["double"]) for entry in await client.ledger(kind="fire")
    ] == [
        ("s", "acme", False),
        ("s", "acme", True),
        ("s", "acme", False),
    ]


async def test_outcomes_and_statuses_come_from_the_script(start: Start) -> None:
    client = await start(
        schedules={"s": [{"status": 503}, {"outcome": "refused", "detail": "archived"}], "gone": {"status": 404}}
    )
    assert (await fire(client))[0] == 503
    status, body = await fire(client)
    assert (status, body["fire"]["outcome"], body["fire"]["detail"]) == (200, "refused", "archived")
    assert body["fire"]["execution_id"] is None
    # What was refused stays refused for that time.
    assert await fire(client) == (status, body)
    assert (await fire(client, "gone"))[0] == 404


@pytest.mark.parametrize("time", ["x", "2026-11-23", "2026-11-23T05:00:00", None, 7])
async def test_a_bad_time_is_refused(client: Client, time: Any) -> None:
    assert (await fire(client, time=time))[0] == 400


async def test_without_a_tenant_there_is_no_schedule(client: Client) -> None:
    assert (await fire(client, Accept="application/json"))[0] == 404
