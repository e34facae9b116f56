# SPDX-License-Identifier: Apache-2.0
"""Migrations of ``workflow_definitions``, which the worker shares with the orchestrator.

The orchestrator owns the table: nothing that exists is altered or dropped. Its own first migration drops the table and
creates it anew, so ``migrate`` is also run again when the table has vanished.
"""

from __future__ import annotations

import logging
from typing import Final

from aegis_temporal_worker.store.pool import Connection

log = logging.getLogger(__name__)

# Serialises replicas that start together. Any number will do that nobody else uses; these are the bytes of "aegistwk".
_ADVISORY_LOCK: Final = int.from_bytes(b"aegistwk", signed=True)

_BOOK: Final = """
CREATE TABLE IF NOT EXISTS aegis_worker_migrations (
    version    INTEGER PRIMARY KEY,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
)
"""

# The orchestrator's table without its foreign key to tenants, which may not exist yet.
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS workflow_definitions (
    workflow_id     UUID PRIMARY KEY,
    tenant_id       TEXT NOT NULL,
    name            TEXT NOT NULL CHECK (name ~ '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'),
    definition      JSONB NOT NULL,
    scope           TEXT NOT NULL DEFAULT 'tenant' CHECK (scope IN ('global', 'tenant')),
    registered_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
    registered_by   TEXT,
    version         TEXT NOT NULL DEFAULT '0.0.1',
    definition_hash TEXT NOT NULL,
    CHECK (scope <> 'global' OR tenant_id = 'aegis-system')
)
"""

# For a table that somebody else created with less: a default wherever a row may exist already.
_COLUMNS: Final = """
ALTER TABLE workflow_definitions
    ADD COLUMN IF NOT EXISTS tenant_id       TEXT NOT NULL DEFAULT '',
    ADD COLUMN IF NOT EXISTS name            TEXT NOT NULL DEFAULT '',
    ADD COLUMN IF NOT EXISTS definition      JSONB NOT NULL DEFAULT '{}'::jsonb,
    ADD COLUMN IF NOT EXISTS scope           TEXT NOT NULL DEFAULT 'tenant',
    ADD COLUMN IF NOT EXISTS registered_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
    ADD COLUMN IF NOT EXISTS version         TEXT NOT NULL DEFAULT '0.0.1',
    ADD COLUMN IF NOT EXISTS definition_hash TEXT NOT NULL DEFAULT ''
"""

_INDEXES: Final = (
    "CREATE UNIQUE INDEX IF NOT EXISTS idx_workflow_definitions_scope_unique"
    " ON workflow_definitions (tenant_id, name, version, scope)",
    "CREATE INDEX IF NOT EXISTS idx_workflow_definitions_name ON workflow_definitions (name)",
    "CREATE INDEX IF NOT EXISTS idx_workflow_definitions_scope ON workflow_definitions (scope)",
    "CREATE INDEX IF NOT EXISTS idx_workflow_definitions_global_lookup"
    " ON workflow_definitions (name, version) WHERE scope = 'global'",
    "CREATE INDEX IF NOT EXISTS idx_workflow_definitions_registered_at ON workflow_definitions (registered_at DESC)",
    "CREATE INDEX IF NOT EXISTS idx_workflow_definitions_hash ON workflow_definitions (definition_hash)",
)

_WANTED_COLUMNS: Final = frozenset(
    {"workflow_id", "tenant_id", "name", "definition", "scope", "registered_at", "version", "definition_hash"}
)
_EXISTING_COLUMNS: Final = """
SELECT attname FROM pg_attribute
WHERE attrelid = to_regclass('workflow_definitions') AND attnum > 0 AND NOT attisdropped
"""


async def migrate(connection: Connection) -> None:
    """Create what is missing: the table with its indexes, or single columns of a table that is there already.

    A complete table is only looked at, so that a login without the right to alter it can serve it. Safe to repeat and
    to run in several processes at once.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _ADVISORY_LOCK)
        existing = {record["attname"] for record in await connection.fetch(_EXISTING_COLUMNS)}
        if not existing:
            await connection.execute(_TABLE)
            for statement in _INDEXES:
                await connection.execute(statement)
            log.info("created table workflow_definitions")
        elif missing := _WANTED_COLUMNS - existing:
            await connection.execute(_COLUMNS)
            log.warning("added columns to workflow_definitions: %s", ", ".join(sorted(missing)))
        await _note(connection)


async def _note(connection: Connection) -> None:
    if await connection.fetchval("SELECT to_regclass('aegis_worker_migrations')") is None:
        await connection.execute(_BOOK)
    await connection.execute("INSERT INTO aegis_worker_migrations (version) VALUES (1) ON CONFLICT DO NOTHING")
