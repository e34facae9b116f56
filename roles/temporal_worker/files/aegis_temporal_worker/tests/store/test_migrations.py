# SPDX-License-Identifier: Apache-2.0
"""Migrations against a real PostgreSQL."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest
from loopback_stack import Database, PostgresServer

from aegis_temporal_worker.store import DefinitionStore, open_pool
from aegis_temporal_worker.store.pool import Pool

COLUMNS = """
SELECT column_name, data_type, is_nullable FROM information_schema.columns
WHERE table_name = 'workflow_definitions' ORDER BY column_name
"""


async def test_contract_2_1_the_table_has_the_orchestrators_shape(store: DefinitionStore, pool: Pool) -> None:
    """Contract 1.2, D5: unchanged."""
    assert [tuple(record) for record in await pool.fetch(COLUMNS)] == [
        ("definition", "jsonb", "NO"),
        ("definition_hash", "text", "NO"),
        ("name", "text", "NO"),
        ("registered_at", "timestamp with time zone", "NO"),
        ("registered_by", "text", "YES"),
        ("scope", "text", "NO"),
        ("tenant_id", "text", "NO"),
        ("version", "text", "NO"),
        ("workflow_id", "uuid", "NO"),
    ]
    indexes = {
        r[0] for r in await pool.fetch("SELECT indexname FROM pg_indexes WHERE tablename = 'workflow_definitions'")
    }
    assert indexes == {
        "workflow_definitions_pkey",
        "idx_workflow_definitions_scope_unique",
        "idx_workflow_definitions_name",
        "idx_workflow_definitions_scope",
        "idx_workflow_definitions_global_lookup",
        "idx_workflow_definitions_registered_at",
        "idx_workflow_definitions_hash",
    }


async def test_contract_2_3_many_replicas_can_start_at_once(pool: Pool) -> None:
    await asyncio.gather(*(DefinitionStore(pool).migrate() for _ in range(10)))
    assert await pool.fetchval("SELECT count(*) FROM aegis_worker_migrations") == 1


async def test_contract_2_3_missing_columns_are_added_and_rows_stay(pool: Pool) -> None:
    await pool.execute("CREATE TABLE workflow_definitions (workflow_id TEXT PRIMARY KEY, name TEXT, definition JSONB)")
    await pool.execute("INSERT INTO workflow_definitions VALUES ('old', 'old-one', '{}')")
    await DefinitionStore(pool).migrate()
    record = await pool.fetchrow("SELECT * FROM workflow_definitions")
    assert (record["workflow_id"], record["name"], record["version"], record["scope"]) == (
        "old",
        "old-one",
        "0.0.1",
        "tenant",
    )


async def test_contract_2_3_a_complete_table_is_left_as_its_owner_wants_it(store: DefinitionStore, pool: Pool) -> None:
    await pool.execute("DROP INDEX idx_workflow_definitions_hash")
    await store.migrate()
    assert await pool.fetchval("SELECT to_regclass('idx_workflow_definitions_hash')") is None


async def test_a_table_of_somebody_else_can_be_served(
    postgres_server: PostgresServer, database: Database, pool: Pool
) -> None:
    """A login that may use the table but not alter it gets along."""
    await DefinitionStore(pool).migrate()
    admin = await asyncpg.connect(postgres_server.dsn.rpartition("/")[0] + f"/{database.name}")
    await admin.execute("CREATE ROLE owner_of_table; ALTER TABLE workflow_definitions OWNER TO owner_of_table")
    await admin.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON workflow_definitions TO {database.user}")
    store = DefinitionStore(pool)
    await store.migrate()
    assert await store.load() == 0
    await admin.execute("DROP OWNED BY owner_of_table; DROP ROLE owner_of_table")
    await admin.close()


@pytest.mark.parametrize("mode", [0o400, 0o440])
async def test_a_password_file_from_systemd_works_whatever_its_mode(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    """Newer systemd hands credentials over with mode 0440 and an access control list."""
    passfile = tmp_path / "pgpass"
    passfile.write_text(f"{database.host}:{database.port}:{database.name}:{database.user}:{database.password}\n")
    passfile.chmod(mode)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    url = f"postgresql://{database.user}@{database.host}:{database.port}/{database.name}"
    pool = await open_pool(url, size=1, passfile=passfile, start_timeout_seconds=5)
    assert await pool.fetchval("SELECT current_user") == database.user
    pool.terminate()


async def test_a_password_file_that_others_can_read_is_refused_elsewhere(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passfile = tmp_path / "pgpass"
    passfile.write_text(f"*:*:*:*:{database.password}\n")
    passfile.chmod(0o440)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    url = f"postgresql://{database.user}@{database.host}:{database.port}/{database.name}"
    with pytest.warns(UserWarning, match="group or world access"), pytest.raises(asyncpg.PostgresError):
        await open_pool(url, size=1, passfile=passfile, start_timeout_seconds=5)
