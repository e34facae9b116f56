# SPDX-License-Identifier: Apache-2.0
"""What a call costs, and that nobody's write is ever missed (contract 2.2 and 2.5)."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from typing import Any, cast
from uuid import uuid4

import pytest
from loopback_stack import PostgresServer

from aegis_temporal_worker.store import DefinitionStore, StoreUnavailableError
from aegis_temporal_worker.store.identity import definition_hash
from aegis_temporal_worker.store.memory import Memory
from aegis_temporal_worker.store.pool import Pool

from .spy import SpyPool

Make = Callable[..., dict[str, Any]]

WRITE = "UPDATE workflow_definitions SET definition = $2::jsonb WHERE workflow_id::text = $1"
TEXT_KEYS = "ALTER TABLE workflow_definitions ALTER COLUMN workflow_id TYPE TEXT"
TOAST = """
SELECT coalesce(sum(toast_blks_read + toast_blks_hit), 0) FROM pg_statio_user_tables
WHERE relname = 'workflow_definitions'
"""


@pytest.fixture
def spy(pool: Pool) -> SpyPool:
    """Everything that the store under test sends."""
    return SpyPool(pool)


@pytest.fixture(params=["uuid", "text"])
async def watched(request: pytest.FixtureRequest, spy: SpyPool, pool: Pool) -> DefinitionStore:
    """A store on both shapes of the table."""
    store = DefinitionStore(cast(Pool, spy))
    await store.migrate()
    if request.param == "text":
        await pool.execute(TEXT_KEYS)
    spy.reset()
    return store


async def toast_reads(pool: Pool) -> int:
    """Blocks of large values that the server has read for anybody, ever."""
    async with pool.acquire() as connection:
        await connection.execute("SELECT pg_stat_force_next_flush()")
        await connection.execute("SELECT pg_stat_clear_snapshot()")
        return int(await connection.fetchval(TOAST))


async def test_a_steady_state_reads_no_definition(
    watched: DefinitionStore, spy: SpyPool, pool: Pool, make_definition: Make
) -> None:
    # Does not compress: it lies outside of the row, so that the server counts each reading of it.
    definition = make_definition(context={"blob": secrets.token_hex(100_000)})
    await watched.upsert(definition)
    assert await watched.get(definition["workflow_id"]) == definition
    spy.reset()
    before = await toast_reads(pool)
    for _ in range(50):
        assert await watched.get(definition["workflow_id"]) == definition
        assert await watched.get_pinned(definition["workflow_id"]) == (definition, definition_hash(definition))
    assert len(spy.statements) == 100
    assert spy.bytes < 100 * 1000
    assert await toast_reads(pool) == before

    # The account can tell: a changed row is read once.
    await pool.execute("UPDATE workflow_definitions SET registered_at = now()")
    spy.reset()
    assert await watched.get(definition["workflow_id"]) == definition
    assert spy.bytes > 200_000
    assert await toast_reads(pool) > before


async def test_a_store_that_has_loaded_reads_nothing_at_the_first_call(
    watched: DefinitionStore, spy: SpyPool, make_definition: Make
) -> None:
    definition = make_definition(context={"blob": "x" * 10_000})
    await watched.upsert(definition)
    fresh = DefinitionStore(cast(Pool, spy))
    assert await fresh.load() == 1
    spy.reset()
    assert await fresh.get(definition["workflow_id"]) == definition
    assert spy.bytes < 1000


class TestEveryWriteIsSeen:
    """By the very next call, whoever writes and however."""

    async def test_contract_2_2_of_the_orchestrator(
        self, watched: DefinitionStore, pool: Pool, make_definition: Make
    ) -> None:
        definition = make_definition()
        key = definition["workflow_id"]
        await watched.upsert(definition)
        for number in range(30):
            other = definition | {"context": {"number": number}}
            # As an edit by hand: the column with the hash stays as it is.
            await pool.execute(WRITE, key, json.dumps(other))
            assert await watched.get_pinned(key) == (other, definition_hash(other))

    async def test_back_to_the_same_content(self, watched: DefinitionStore, pool: Pool, make_definition: Make) -> None:
        first = make_definition()
        second, key = first | {"context": {"second": True}}, first["workflow_id"]
        await watched.upsert(first)
        for content in (second, first, second):
            await pool.execute(WRITE, key, json.dumps(content))
            assert await watched.get(key) == content

    async def test_deleted_and_inserted_again(
        self, watched: DefinitionStore, pool: Pool, make_definition: Make
    ) -> None:
        first = make_definition()
        await watched.upsert(first)
        assert await watched.get(first["workflow_id"]) == first
        await pool.execute("DELETE FROM workflow_definitions")
        assert await watched.get(first["workflow_id"]) is None
        assert watched.loaded == 0
        second = first | {"context": {"second": True}}
        await DefinitionStore(pool).upsert(second)
        assert await watched.get(first["workflow_id"]) == second

    async def test_several_writes_in_one_transaction(
        self, watched: DefinitionStore, pool: Pool, make_definition: Make
    ) -> None:
        definition = make_definition()
        key = definition["workflow_id"]
        await watched.upsert(definition)
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(WRITE, key, json.dumps(definition | {"context": 1}))
            assert await watched.get(key) == definition
            await connection.execute(WRITE, key, json.dumps(definition | {"context": 2}))
            assert await watched.get(key) == definition
        assert await watched.get(key) == definition | {"context": 2}

    async def test_a_transaction_that_is_rolled_back_changes_nothing(
        self, watched: DefinitionStore, spy: SpyPool, pool: Pool, make_definition: Make
    ) -> None:
        definition = make_definition(context={"blob": "x" * 10_000})
        await watched.upsert(definition)
        assert await watched.get(definition["workflow_id"]) == definition
        async with pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute(WRITE, definition["workflow_id"], "{}")
            await transaction.rollback()
        spy.reset()
        assert await watched.get(definition["workflow_id"]) == definition
        assert spy.bytes < 1000

    async def test_contract_2_2_a_forced_redeploy_under_another_id(
        self, watched: DefinitionStore, pool: Pool, make_definition: Make
    ) -> None:
        definition, other = make_definition(), str(uuid4())
        await watched.upsert(definition)
        assert await watched.resolve("one-state", "acme") == definition["workflow_id"]
        await pool.execute(
            f"UPDATE workflow_definitions SET workflow_id = '{other}', definition = $1",
            json.dumps(definition | {"workflow_id": other}),
        )
        assert await watched.get(definition["workflow_id"]) is None
        assert await watched.resolve("one-state", "acme") == other
        assert (await watched.get(other) or {})["workflow_id"] == other

    async def test_while_many_read(self, watched: DefinitionStore, pool: Pool, make_definition: Make) -> None:
        """A call that begins after a write has been committed never gives what was before."""
        definition = make_definition(context=0)
        key, written = definition["workflow_id"], 0
        await watched.upsert(definition)
        done = asyncio.Event()

        async def read() -> int:
            count = 0
            while not done.is_set():
                least = written
                found = await watched.get(key)
                assert found is not None
                assert found["context"] >= least
                count += 1
            return count

        readers = [asyncio.create_task(read()) for _ in range(20)]
        for number in range(1, 100):
            await pool.execute(WRITE, key, json.dumps(definition | {"context": number}))
            written = number
            await asyncio.sleep(0)
        done.set()
        assert min(await asyncio.gather(*readers)) > 1


class TestSharing:
    """Calls that arrive together."""

    async def test_they_cost_one_query_and_never_an_older_one(
        self, watched: DefinitionStore, spy: SpyPool, make_definition: Make
    ) -> None:
        definitions = [make_definition(name=f"number-{number}") for number in range(10)]
        for definition in definitions:
            await watched.upsert(definition)
        spy.reset()
        under_way, go_on = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            under_way.set()
            await go_on.wait()

        spy.before = hold
        first = asyncio.create_task(watched.get(definitions[0]["workflow_id"]))
        await under_way.wait()
        later = [asyncio.create_task(watched.get(item["workflow_id"])) for item in definitions * 20]
        await asyncio.sleep(0)
        go_on.set()
        assert await first == definitions[0]
        assert await asyncio.gather(*later) == definitions * 20
        # Those that came while the first query was under way share a second one.
        assert len(spy.statements) == 2

    async def test_a_call_never_shares_an_answer_that_was_on_its_way_before(
        self, watched: DefinitionStore, spy: SpyPool, pool: Pool, make_definition: Make
    ) -> None:
        definition = make_definition()
        other = definition | {"context": {"written": "in between"}}
        await watched.upsert(definition)
        answered, go_on = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            answered.set()
            await go_on.wait()

        spy.after = hold
        before = asyncio.create_task(watched.get(definition["workflow_id"]))
        await answered.wait()
        await pool.execute(WRITE, definition["workflow_id"], json.dumps(other))
        after = asyncio.create_task(watched.get(definition["workflow_id"]))
        await asyncio.sleep(0)
        go_on.set()
        assert await before == definition
        assert await after == other

    async def test_one_that_gives_up_does_not_disturb_the_others(
        self, watched: DefinitionStore, spy: SpyPool, make_definition: Make
    ) -> None:
        definition = make_definition()
        await watched.upsert(definition)
        under_way, go_on = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            under_way.set()
            await go_on.wait()

        spy.before = hold
        first, second = (asyncio.create_task(watched.get(definition["workflow_id"])) for _ in range(2))
        await under_way.wait()
        first.cancel()
        go_on.set()
        assert await second == definition
        assert await watched.get(definition["workflow_id"]) == definition

    async def test_each_gets_a_copy_of_its_own(self, watched: DefinitionStore, make_definition: Make) -> None:
        definition = make_definition()
        await watched.upsert(definition)
        first, second = await asyncio.gather(*(watched.get(definition["workflow_id"]) for _ in range(2)))
        assert first is not None
        first["states"].clear()
        assert second == definition
        assert await watched.get(definition["workflow_id"]) == definition

    async def test_a_fault_reaches_all_and_the_next_call_works(
        self, postgres_server: PostgresServer, store: DefinitionStore
    ) -> None:
        postgres_server.stop()
        try:
            found = await asyncio.gather(*(store.get(str(uuid4())) for _ in range(5)), return_exceptions=True)
        finally:
            postgres_server.start()
        assert {type(error) for error in found} == {StoreUnavailableError}
        assert await store.get(str(uuid4())) is None


async def test_contract_2_5_memory_serves_while_the_database_is_away(
    postgres_server: PostgresServer, pool: Pool, make_definition: Make
) -> None:
    store = DefinitionStore(pool)
    await store.migrate()
    own = make_definition()
    shared = make_definition(tenant_id="aegis-system", scope="global", name="shared")
    newer = make_definition(name="two", version="2.0.0")
    for definition in (own, shared, make_definition(name="two"), newer):
        await store.upsert(definition)
    fresh = DefinitionStore(pool)
    assert await fresh.load() == 4
    postgres_server.stop()
    try:
        assert await fresh.get_pinned(own["workflow_id"]) == (own, definition_hash(own))
        assert await fresh.resolve(own["workflow_id"], "acme") == own["workflow_id"]
        assert await fresh.resolve("shared", "acme") == shared["workflow_id"]
        assert await fresh.resolve("two", "acme") == newer["workflow_id"]
        assert await fresh.resolve(own["workflow_id"], "other") is None
        with pytest.raises(StoreUnavailableError):
            await fresh.resolve("one-state", "other")
        with pytest.raises(StoreUnavailableError):
            await fresh.get_pinned(str(uuid4()))
    finally:
        postgres_server.start()


class TestBounds:
    """Memory does not grow with the table."""

    async def test_what_does_not_fit_is_read_each_time(
        self, store: DefinitionStore, pool: Pool, make_definition: Make
    ) -> None:
        definitions = [make_definition(name=f"number-{number}") for number in range(5)]
        for definition in definitions:
            await store.upsert(definition)
        small = DefinitionStore(pool, Memory(most=2))
        assert await small.load() == 2
        for definition in definitions * 2:
            assert await small.get(definition["workflow_id"]) == definition
            assert small.loaded == 2

    async def test_load_keeps_the_newest(
        self, postgres_server: PostgresServer, store: DefinitionStore, pool: Pool, make_definition: Make
    ) -> None:
        definitions = [make_definition(name=f"number-{number}") for number in range(5)]
        for definition in definitions:
            await store.upsert(definition)
        small = DefinitionStore(pool, Memory(most=2))
        await small.load()
        postgres_server.stop()
        try:
            assert await small.get(definitions[4]["workflow_id"]) == definitions[4]
            assert await small.get(definitions[3]["workflow_id"]) == definitions[3]
            with pytest.raises(StoreUnavailableError):
                await small.get(definitions[2]["workflow_id"])
        finally:
            postgres_server.start()

    async def test_more_than_one_batch(self, store: DefinitionStore, pool: Pool, make_definition: Make) -> None:
        definitions = [make_definition(name=f"number-{number}") for number in range(130)]
        await asyncio.gather(*(store.upsert(definition) for definition in definitions))
        fresh = DefinitionStore(pool)
        assert await fresh.load() == 130
        cold = DefinitionStore(pool)
        found = await asyncio.gather(*(cold.get(definition["workflow_id"]) for definition in definitions))
        assert found == definitions


@pytest.mark.parametrize("content", ["[1]", "null", '"text"', "[" * 300 + "]" * 300, '{"n": ' + "1" * 400 + "}"])
async def test_contract_1_2_a_malformed_row_counts_as_absent(
    watched: DefinitionStore, pool: Pool, make_definition: Make, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    definition = make_definition()
    await watched.upsert(definition)
    await pool.execute(WRITE, definition["workflow_id"], content)
    assert await watched.get(definition["workflow_id"]) is None
    assert await watched.load() == 0
    assert await watched.resolve("one-state", "acme") is None
    assert definition["workflow_id"] in caplog.text
