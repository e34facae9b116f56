# SPDX-License-Identifier: Apache-2.0
"""The store against a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from loopback_stack import Database, PostgresServer

from aegis_temporal_worker.store import (
    DefinitionRefusedError,
    DefinitionStore,
    StoreUnavailableError,
    Summary,
    open_pool,
)
from aegis_temporal_worker.store.identity import definition_hash
from aegis_temporal_worker.store.pool import Pool

Make = Callable[..., dict[str, Any]]

# What other writers made before the worker came: text keys, columns that may be null.
LOOSE_TABLE = """
CREATE TABLE workflow_definitions (
    workflow_id TEXT PRIMARY KEY, tenant_id TEXT, name TEXT, version TEXT, scope TEXT,
    definition JSONB, registered_at TIMESTAMPTZ, definition_hash TEXT)
"""
ORCHESTRATORS_TABLE = """
CREATE TABLE tenants (slug TEXT PRIMARY KEY);
INSERT INTO tenants VALUES ('acme'), ('aegis-system'), ('other');
DROP TABLE IF EXISTS workflow_definitions CASCADE;
CREATE TABLE workflow_definitions (
    workflow_id UUID PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (slug) ON DELETE RESTRICT,
    name TEXT NOT NULL CHECK (name ~ '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'),
    definition JSONB NOT NULL,
    scope TEXT NOT NULL DEFAULT 'tenant' CHECK (scope IN ('global', 'tenant')),
    registered_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    registered_by TEXT,
    version TEXT NOT NULL DEFAULT '0.0.1',
    definition_hash TEXT NOT NULL,
    CHECK (scope <> 'global' OR tenant_id = 'aegis-system'));
CREATE UNIQUE INDEX idx_workflow_definitions_scope_unique ON workflow_definitions (tenant_id, name, version, scope)
"""


@pytest.fixture(params=["own", "loose", "orchestrator"])
async def shaped(request: pytest.FixtureRequest, pool: Pool) -> DefinitionStore:
    """The store on each shape of the table that is found in the wild."""
    if request.param == "loose":
        await pool.execute(LOOSE_TABLE)
    elif request.param == "orchestrator":
        await pool.execute(ORCHESTRATORS_TABLE)
    store = DefinitionStore(pool)
    await store.migrate()
    return store


async def test_contract_2_1_a_definition_is_read_back_as_it_was_written(
    shaped: DefinitionStore, make_definition: Make
) -> None:
    definition = make_definition(context={"text": "ä€😀", "number": 1.5, "nested": [{"a": None}]})
    await shaped.upsert(definition)
    assert await shaped.get(definition["workflow_id"]) == definition
    assert await shaped.get(definition["workflow_id"].upper()) == definition
    assert await shaped.get(str(uuid4())) is None


async def test_contract_2_5_something_that_is_no_uuid_is_not_found(shaped: DefinitionStore) -> None:
    assert await shaped.get("not-a-uuid") is None
    assert await shaped.get("'; DROP TABLE workflow_definitions; --") is None
    assert await shaped.delete("not-a-uuid") is False


async def test_contract_2_4_the_same_id_replaces_everything(
    shaped: DefinitionStore, pool: Pool, make_definition: Make
) -> None:
    first = make_definition()
    second = make_definition(
        workflow_id=first["workflow_id"], tenant_id="other", name="renamed", version="2.0.0", context={"new": True}
    )
    await shaped.upsert(first)
    await shaped.upsert(second)
    record = await pool.fetchrow("SELECT tenant_id, name, version, definition_hash FROM workflow_definitions")
    assert dict(record) == {
        "tenant_id": "other",
        "name": "renamed",
        "version": "2.0.0",
        "definition_hash": definition_hash(second),
    }
    assert await shaped.get(first["workflow_id"]) == second


async def test_contract_2_4_another_id_of_the_same_name_replaces_the_row(
    shaped: DefinitionStore, pool: Pool, make_definition: Make
) -> None:
    first, second = make_definition(), make_definition()
    await shaped.upsert(first)
    await shaped.upsert(second)
    assert [item.workflow_id for item in await shaped.list()] == [second["workflow_id"]]
    assert await shaped.get(first["workflow_id"]) is None


async def test_contract_2_1_replacing_keeps_who_registered_it(
    store: DefinitionStore, pool: Pool, make_definition: Make
) -> None:
    await store.upsert(make_definition())
    await pool.execute("UPDATE workflow_definitions SET registered_by = 'somebody'")
    await store.upsert(make_definition())
    assert await pool.fetchval("SELECT registered_by FROM workflow_definitions") == "somebody"


async def test_contract_d5_both_conflicts_at_once_leave_one_row(shaped: DefinitionStore, make_definition: Make) -> None:
    older, rival = make_definition(version="1.0.0"), make_definition(version="2.0.0")
    await shaped.upsert(older)
    await shaped.upsert(rival)
    moved = make_definition(workflow_id=older["workflow_id"], version="2.0.0", context={"moved": True})
    await shaped.upsert(moved)
    assert [(item.workflow_id, item.version) for item in await shaped.list()] == [(older["workflow_id"], "2.0.0")]
    assert await shaped.get(older["workflow_id"]) == moved


async def test_versions_tenants_and_scopes_live_side_by_side(shaped: DefinitionStore, make_definition: Make) -> None:
    await shaped.upsert(make_definition())
    await shaped.upsert(make_definition(version="2.0.0"))
    await shaped.upsert(make_definition(tenant_id="other"))
    await shaped.upsert(make_definition(tenant_id="aegis-system"))
    await shaped.upsert(make_definition(tenant_id="aegis-system", scope="global"))
    assert len(await shaped.list()) == 5


async def test_many_registrations_of_one_name_at_once_leave_one_row(
    shaped: DefinitionStore, make_definition: Make
) -> None:
    await asyncio.gather(*(shaped.upsert(make_definition(context={"n": n})) for n in range(20)))
    assert len(await shaped.list()) == 1


async def test_contract_2_5_the_list_is_newest_first_and_survives_odd_rows(
    shaped: DefinitionStore, pool: Pool, make_definition: Make
) -> None:
    for number in range(3):
        await shaped.upsert(make_definition(name=f"number-{number}"))
    await pool.execute("UPDATE workflow_definitions SET definition = '[]' WHERE name = 'number-1'")
    assert [(item.name, item.state_count) for item in await shaped.list()] == [
        ("number-2", 1),
        ("number-1", 0),
        ("number-0", 1),
    ]


async def test_delete_says_whether_it_was_there(shaped: DefinitionStore, make_definition: Make) -> None:
    definition = make_definition()
    await shaped.upsert(definition)
    assert await shaped.delete(definition["workflow_id"]) is True
    assert await shaped.delete(definition["workflow_id"]) is False
    assert await shaped.get(definition["workflow_id"]) is None


async def test_the_tables_checks_become_refusals(store: DefinitionStore, make_definition: Make) -> None:
    with pytest.raises(DefinitionRefusedError, match="check constraint"):
        await store.upsert(make_definition(name="Not A Label"))
    with pytest.raises(DefinitionRefusedError, match="check constraint"):
        await store.upsert(make_definition(scope="global"))
    with pytest.raises(DefinitionRefusedError):
        await store.upsert(make_definition(context={"nul": "\0"}))


async def test_contract_1_2_load_counts_good_rows_and_leaves_malformed_ones_out(
    store: DefinitionStore, pool: Pool, make_definition: Make, caplog: pytest.LogCaptureFixture
) -> None:
    await store.upsert(make_definition(name="good"))
    await store.upsert(make_definition(name="bad"))
    await pool.execute("UPDATE workflow_definitions SET definition = '[1]' WHERE name = 'bad'")
    fresh = DefinitionStore(pool)
    assert await fresh.load() == 1
    assert fresh.loaded == 1
    assert "is not a JSON object" in caplog.text


class TestByName:
    """Which definition a name means."""

    async def test_the_tenants_own_comes_before_a_global_one(
        self, shaped: DefinitionStore, make_definition: Make
    ) -> None:
        own = make_definition()
        shared = make_definition(tenant_id="aegis-system", scope="global")
        await shaped.upsert(own)
        await shaped.upsert(shared)
        assert await shaped.get_by_name("one-state", "acme") == own
        assert await shaped.get_by_name("one-state", "other") == shared
        assert await shaped.get_by_name("nothing", "acme") is None

    async def test_another_tenants_own_is_not_seen(self, shaped: DefinitionStore, make_definition: Make) -> None:
        await shaped.upsert(make_definition(tenant_id="other"))
        assert await shaped.get_by_name("one-state", "acme") is None

    async def test_the_newest_wins_unless_a_version_is_given(
        self, shaped: DefinitionStore, make_definition: Make
    ) -> None:
        first, second = make_definition(version="2.0.0"), make_definition(version="1.0.0")
        await shaped.upsert(first)
        await shaped.upsert(second)
        assert await shaped.get_by_name("one-state", "acme") == second
        assert await shaped.get_by_name("one-state", "acme", "2.0.0") == first
        assert await shaped.get_by_name("one-state", "acme", "3.0.0") is None

    @pytest.mark.parametrize("column", ["id", "workflow_id"])
    async def test_contract_d5_archived_ones_come_last(
        self, store: DefinitionStore, pool: Pool, make_definition: Make, column: str
    ) -> None:
        active, archived = make_definition(version="1.0.0"), make_definition(version="2.0.0")
        await store.upsert(active)
        await store.upsert(archived)
        await pool.execute(f"CREATE TABLE workflows ({column} UUID PRIMARY KEY, status TEXT NOT NULL)")
        await pool.execute("INSERT INTO workflows VALUES ($1, 'archived')", archived["workflow_id"])
        assert await store.get_by_name("one-state", "acme") == active
        assert await store.get_by_name("one-state", "acme", "2.0.0") == archived

    async def test_contract_d5_a_table_without_status_is_no_obstacle(
        self, store: DefinitionStore, pool: Pool, make_definition: Make
    ) -> None:
        definition = make_definition()
        await store.upsert(definition)
        await pool.execute("CREATE TABLE workflows (id UUID PRIMARY KEY)")
        assert await store.get_by_name("one-state", "acme") == definition


class TestDroppedTable:
    """The orchestrator's first migration drops the table under the worker's feet."""

    async def test_contract_2_3_every_operation_goes_on_after_drop_and_recreate(
        self, store: DefinitionStore, pool: Pool, make_definition: Make
    ) -> None:
        before = make_definition()
        await store.upsert(before)
        assert await store.get(before["workflow_id"]) == before
        await pool.execute(ORCHESTRATORS_TABLE)
        assert await store.get(before["workflow_id"]) is None
        await store.upsert(before)
        assert await store.get(before["workflow_id"]) == before

    async def test_contract_2_3_a_table_that_is_gone_is_made_anew(
        self, store: DefinitionStore, pool: Pool, make_definition: Make
    ) -> None:
        await pool.execute("DROP TABLE workflow_definitions")
        assert await store.list() == []
        await pool.execute("DROP TABLE workflow_definitions")
        await store.upsert(make_definition())
        assert len(await store.list()) == 1
        await pool.execute("DROP TABLE workflow_definitions")
        assert await store.delete(str(uuid4())) is False

    async def test_a_type_that_changed_is_no_obstacle(
        self, store: DefinitionStore, pool: Pool, make_definition: Make
    ) -> None:
        definition = make_definition()
        await store.upsert(definition)
        await pool.execute("DROP TABLE workflow_definitions")
        await pool.execute(LOOSE_TABLE)
        await store.upsert(definition)
        assert await store.get(definition["workflow_id"]) == definition


class TestDatabaseAway:
    """While PostgreSQL is stopped."""

    async def test_contract_2_5_reads_come_from_memory_and_the_pool_recovers(
        self, postgres_server: PostgresServer, store: DefinitionStore, make_definition: Make
    ) -> None:
        known = make_definition()
        await store.upsert(known)
        assert await store.ping()
        postgres_server.stop()
        try:
            assert not await store.ping()
            assert await store.get(known["workflow_id"]) == known
            assert await store.get_by_name("one-state", "acme") == known
            with pytest.raises(StoreUnavailableError):
                await store.get(known["workflow_id"], stale_ok=False)
            with pytest.raises(StoreUnavailableError):
                await store.get(str(uuid4()))
            with pytest.raises(StoreUnavailableError):
                await store.upsert(make_definition())
            with pytest.raises(StoreUnavailableError):
                await store.list()
        finally:
            postgres_server.start()
        assert await store.ping()
        assert [item.workflow_id for item in await store.list()] == [known["workflow_id"]]

    @pytest.mark.parametrize("call", ["ping", "list", "load"])
    async def test_a_connection_that_ended_while_idle_is_no_other_error(
        self, postgres_server: PostgresServer, store: DefinitionStore, call: str
    ) -> None:
        postgres_server.stop()
        try:
            if call == "ping":
                assert not await store.ping()
            else:
                with pytest.raises(StoreUnavailableError):
                    await getattr(store, call)()
        finally:
            postgres_server.start()
        assert await store.ping(5)
        assert await store.list() == []

    async def test_contract_1_2_the_start_waits_for_a_database_that_comes_up_late(
        self, postgres_server: PostgresServer, database: Database
    ) -> None:
        postgres_server.stop()
        opening = asyncio.create_task(open_pool(database.dsn, size=1, passfile=None, start_timeout_seconds=30))
        try:
            await asyncio.sleep(0.3)
            assert not opening.done()
        finally:
            postgres_server.start()
        opened = await opening
        assert await opened.fetchval("SELECT 1") == 1
        opened.terminate()

    async def test_the_start_gives_up_in_the_end(self, free_port: Callable[[], int]) -> None:
        with pytest.raises(StoreUnavailableError, match=r"did not answer within 0\.3 s"):
            await open_pool(
                f"postgresql://u@127.0.0.1:{free_port()}/d", size=1, passfile=None, start_timeout_seconds=0.3
            )


def test_contract_2_4_the_hash_does_not_depend_on_the_order_of_keys() -> None:
    """Contract 9.3 no. 44 too."""
    assert definition_hash({"b": [1, {"d": 1, "c": 2}], "a": "ä"}) == definition_hash(
        {"a": "ä", "b": [1, {"c": 2, "d": 1}]}
    )
    # Computed with: printf '{"a":"ä","b":1}' | sha256sum
    assert definition_hash({"b": 1, "a": "ä"}) == "507aab815f2bdfce1c740c0b1ae7b1c874f56b9aa5b9ab109a07b57365148233"


async def test_a_summary_has_the_list_routes_fields(store: DefinitionStore, make_definition: Make) -> None:
    definition = make_definition()
    await store.upsert(definition)
    assert await store.list() == [Summary(definition["workflow_id"], "one-state", "1.0.0", 1)]
