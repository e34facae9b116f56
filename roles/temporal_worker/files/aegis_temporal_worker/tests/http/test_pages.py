# SPDX-License-Identifier: Apache-2.0
"""``GET /workflows``, whole and in pages."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from aegis_temporal_worker.store import DefinitionStore
from aegis_temporal_worker.store.pool import Pool

Make = Callable[..., dict[str, Any]]
Api = TestClient[Any, Any]


@pytest.fixture
async def seven(store: DefinitionStore, pool: Pool, make_definition: Make) -> list[str]:
    """Names of seven definitions in the order of the list; three were registered at one moment."""
    for number in range(7):
        await store.upsert(make_definition(name=f"number-{number}"))
    await pool.execute(
        "UPDATE workflow_definitions SET registered_at = '2026-01-01Z'"
        " WHERE name IN ('number-2', 'number-3', 'number-4')"
    )
    return [item.name or "" for item in await store.list()]


async def names(answer: Any) -> list[str]:
    assert answer.status == 200, await answer.text()
    body = await answer.json()
    assert set(body) == {"total", "workflows"}
    assert body["total"] == 7
    return [item["name"] for item in body["workflows"]]


async def test_contract_3_1_without_parameters_the_list_is_whole(api: Api, seven: list[str]) -> None:
    answer = await api.get("/workflows")
    assert await names(answer) == seven
    assert "Link" not in answer.headers
    # An unknown parameter is nothing to the reference either.
    assert await names(await api.get("/workflows?verbose=1")) == seven


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 1000])
async def test_pages_follow_each_other_without_gaps(api: Api, seven: list[str], limit: int) -> None:
    url, found, pages = f"/workflows?limit={limit}", list[str](), 0
    while url:
        answer = await api.get(url)
        page = await names(answer)
        assert len(page) <= limit
        found, pages = found + page, pages + 1
        url = str(answer.links["next"]["url"].relative()) if "next" in answer.links else ""
    assert found == seven
    assert pages == -(-7 // limit)


async def test_rows_that_come_and_go_shift_nothing(
    api: Api, seven: list[str], store: DefinitionStore, pool: Pool, make_definition: Make
) -> None:
    first = await api.get("/workflows?limit=3")
    await store.upsert(make_definition(name="newest"))
    await pool.execute("DELETE FROM workflow_definitions WHERE name = $1", seven[0])
    rest = await api.get(str(first.links["next"]["url"].relative()).replace("limit=3", "limit=100"))
    assert await names(rest) == seven[3:]


async def test_a_token_alone_is_enough(api: Api, seven: list[str]) -> None:
    first = await api.get("/workflows?limit=3")
    token = first.links["next"]["url"].query["page_token"]
    assert await names(await api.get("/workflows", params={"page_token": token})) == seven[3:]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=-1", "limit=1001", "limit=ten", "limit=", "limit=1.5", "limit=%D9%A3", "limit=1&limit=2",
        "limit=" + "9" * 5000, "limit=3%00", "page_token=", "page_token=x", "page_token=%ff", "page_token=%00",
        "page_token=" + base64.urlsafe_b64encode(b"[1,2]").decode(),
        "page_token=" + base64.urlsafe_b64encode(b'{"a":1}').decode(),
        "page_token=" + base64.urlsafe_b64encode(b'["id","no time"]').decode(),
        "page_token=" + base64.urlsafe_b64encode(b'["id","2026-01-01 \\u0000"]').decode(),
        "page_token=" + base64.urlsafe_b64encode(b'["\\u0000",null]').decode(),
        "page_token=" + base64.urlsafe_b64encode(b"[" * 5000).decode(),
    ],
)  # fmt: skip
async def test_a_wrong_parameter_is_400(api: Api, query: str) -> None:
    answer = await api.get(f"/workflows?{query}")
    body = await answer.json()
    assert (answer.status, body["error"]) == (400, "Invalid query")
    assert body["message"].startswith(query.partition("=")[0])
    assert len(body["message"]) < 500


@pytest.mark.parametrize("query", ["", "?limit=2"])
async def test_contract_3_1_odd_rows_do_not_break_the_list(api: Api, pool: Pool, query: str) -> None:
    """One row without states breaks the whole list of the reference. Rows of the looser table may be almost empty."""
    await pool.execute("DROP TABLE workflow_definitions")
    await pool.execute(
        "CREATE TABLE workflow_definitions (workflow_id TEXT PRIMARY KEY, tenant_id TEXT, name TEXT, version TEXT,"
        " scope TEXT, definition JSONB, registered_at TIMESTAMPTZ, definition_hash TEXT)"
    )
    await pool.execute(
        "INSERT INTO workflow_definitions (workflow_id, definition, registered_at) VALUES ('a', NULL, NULL),"
        " ('b', '[]', 'infinity'), ('c', '{\"states\": 1}', NULL), ('d', 'null', '0044-03-15 BC'),"
        " ('e', '{\"states\": {\"A\": {}, \"B\": 2}}', '2026-01-01Z')"
    )
    found, url = [], f"/workflows{query}"
    while url:
        answer = await api.get(url)
        assert answer.status == 200, await answer.text()
        body = await answer.json()
        assert body["total"] == 5
        found += [(item["workflow_id"], item["name"], item["state_count"]) for item in body["workflows"]]
        url = str(answer.links["next"]["url"].relative()) if "next" in answer.links else ""
    assert found == [("b", None, 0), ("e", None, 2), ("d", None, 0), ("a", None, 0), ("c", None, 0)]


@pytest.mark.parametrize("query", ["", "?limit=5"])
async def test_large_definitions_do_not_weigh_on_the_list(
    api: Api, store: DefinitionStore, make_definition: Make, query: str
) -> None:
    for number in range(3):
        await store.upsert(make_definition(name=f"large-{number}", context={"blob": "x" * (9 * 1024 * 1024)}))
    answer = await api.get(f"/workflows{query}")
    assert answer.status == 200
    assert len(await answer.read()) < 1000


async def test_an_empty_list_has_a_page_too(api: Api) -> None:
    answer = await api.get("/workflows?limit=5")
    assert await answer.json() == {"total": 0, "workflows": []}
    assert "Link" not in answer.headers
