# SPDX-License-Identifier: Apache-2.0
"""Fixtures of all tests of the worker. PostgreSQL and Temporal Server are real; see tests/support of the collection."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from loopback_stack import Database, PostgresServer
from loopback_stack.processes import free_ports

from aegis_temporal_worker.store import DefinitionStore, open_pool
from aegis_temporal_worker.store.pool import Pool

pytest_plugins = ["loopback_stack.plugin"]

_numbers = itertools.count(1)


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[Database]:
    """An empty database of its own login, dropped afterwards."""
    name = f"aegis_{next(_numbers)}"
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    """A pool on ``database``."""
    opened = await open_pool(database.dsn, size=5, passfile=None, start_timeout_seconds=10)
    yield opened
    opened.terminate()


@pytest.fixture
async def store(pool: Pool) -> DefinitionStore:
    """A migrated, empty store."""
    made = DefinitionStore(pool)
    await made.migrate()
    return made


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Gives TCP ports of 127.0.0.1 that nothing listens on."""
    return lambda: free_ports(1)[0]


@pytest.fixture
def make_definition() -> Callable[..., dict[str, Any]]:
    """Builds a valid definition with one state; keyword arguments replace its fields."""

    def make(**fields: Any) -> dict[str, Any]:
        return {
            "workflow_id": str(uuid4()),
            "tenant_id": "acme",
            "name": "one-state",
            "version": "1.0.0",
            "initial_state": "ONLY",
            "context": {},
            "states": {"ONLY": {"kind": "System", "command": "true", "env": {}, "transitions": []}},
            "scope": "tenant",
        } | fields

    return make
