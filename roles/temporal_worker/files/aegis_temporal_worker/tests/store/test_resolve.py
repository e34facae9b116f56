# SPDX-License-Identifier: Apache-2.0
"""Which definition a child workflow means (contract 2.5, 9.1 no. 5, and 1.2, D5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from aegis_temporal_worker.store import DefinitionStore
from aegis_temporal_worker.store.pool import Pool

Make = Callable[..., dict[str, Any]]


async def test_contract_2_5_an_id_means_itself(store: DefinitionStore, make_definition: Make) -> None:
    definition = make_definition()
    await store.upsert(definition)
    assert await store.resolve(definition["workflow_id"], "acme") == definition["workflow_id"]
    assert await store.resolve(definition["workflow_id"].upper(), "acme") == definition["workflow_id"]
    assert await store.resolve(str(uuid4()), "acme") is None


async def test_an_id_of_another_tenant_is_not_found(
    store: DefinitionStore, make_definition: Make, caplog: pytest.LogCaptureFixture
) -> None:
    definition = make_definition(tenant_id="other")
    await store.upsert(definition)
    assert await store.resolve(definition["workflow_id"], "acme") is None
    assert "is not one of tenant 'acme'" in caplog.text
    assert await store.resolve(definition["workflow_id"], "other") == definition["workflow_id"]


async def test_a_global_id_is_everybodys(store: DefinitionStore, make_definition: Make) -> None:
    definition = make_definition(tenant_id="aegis-system", scope="global")
    await store.upsert(definition)
    assert await store.resolve(definition["workflow_id"], "acme") == definition["workflow_id"]


async def test_contract_2_2_the_columns_decide_and_not_the_json(
    store: DefinitionStore, pool: Pool, make_definition: Make
) -> None:
    """A change of scope by the orchestrator updates the columns only."""
    definition = make_definition(tenant_id="aegis-system")
    key = definition["workflow_id"]
    await store.upsert(definition)
    assert await store.resolve(key, "acme") is None
    assert await store.resolve("one-state", "acme") is None
    await pool.execute("UPDATE workflow_definitions SET scope = 'global'")
    assert await store.resolve(key, "acme") == key
    assert await store.resolve("one-state", "acme") == key
    await pool.execute("UPDATE workflow_definitions SET scope = 'tenant', tenant_id = 'acme'")
    assert await store.resolve(key, "acme") == key
    assert await store.resolve(key, "aegis-system") is None


async def test_contract_2_5_a_name_means_the_tenants_own_first(store: DefinitionStore, make_definition: Make) -> None:
    own, other = make_definition(), make_definition(tenant_id="other")
    shared = make_definition(tenant_id="aegis-system", scope="global")
    for definition in (own, other, shared):
        await store.upsert(definition)
    assert await store.resolve("one-state", "acme") == own["workflow_id"]
    assert await store.resolve("one-state", "other") == other["workflow_id"]
    assert await store.resolve("one-state", "third") == shared["workflow_id"]
    assert await store.resolve("nothing", "acme") is None


async def test_contract_2_5_the_newest_wins_unless_a_version_is_given(
    store: DefinitionStore, make_definition: Make
) -> None:
    first, second = make_definition(version="2.0.0"), make_definition(version="1.0.0")
    await store.upsert(first)
    await store.upsert(second)
    assert await store.resolve("one-state", "acme") == second["workflow_id"]
    assert await store.resolve("one-state", "acme", "2.0.0") == first["workflow_id"]
    assert await store.resolve("one-state", "acme", "3.0.0") is None


async def test_contract_d5_active_ones_come_first(store: DefinitionStore, pool: Pool, make_definition: Make) -> None:
    active, archived = make_definition(version="1.0.0"), make_definition(version="2.0.0")
    await store.upsert(active)
    await store.upsert(archived)
    await pool.execute("CREATE TABLE workflows (id UUID PRIMARY KEY, status TEXT NOT NULL)")
    await pool.execute(
        "INSERT INTO workflows VALUES ($1, 'active'), ($2, 'archived')", active["workflow_id"], archived["workflow_id"]
    )
    assert await store.resolve("one-state", "acme") == active["workflow_id"]


async def test_a_name_that_looks_like_an_id(store: DefinitionStore, make_definition: Make) -> None:
    name = str(uuid4())
    definition = make_definition(name=name)
    await store.upsert(definition)
    assert await store.resolve(name, "acme") == definition["workflow_id"]


@pytest.mark.parametrize("odd", ["", "a\0b", "\ud800", "x" * 10_000, "'; DROP TABLE workflow_definitions; --"])
async def test_odd_names_are_the_names_of_nothing(store: DefinitionStore, odd: str) -> None:
    assert await store.resolve(odd, "acme") is None
    assert await store.resolve("one-state", odd) is None
    assert await store.resolve("one-state", "acme", odd) is None
    assert await store.get_by_name(odd, "acme") is None


async def test_a_name_whose_row_moves_in_between_is_found(
    pool: Pool, store: DefinitionStore, make_definition: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The orchestrator may give the row another id between the look-up of the name and the read."""
    definition, other = make_definition(), str(uuid4())
    await store.upsert(definition)
    read, moved = store._read, False

    async def move_first(keys: Any) -> Any:
        nonlocal moved
        if not moved:
            moved = True
            await pool.execute("UPDATE workflow_definitions SET workflow_id = $1", other)
        return await read(keys)

    monkeypatch.setattr(store._current, "_look_up", move_first)
    assert await store.resolve("one-state", "acme") == other
