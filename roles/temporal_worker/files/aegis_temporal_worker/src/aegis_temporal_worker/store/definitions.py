# SPDX-License-Identifier: Apache-2.0
"""The store of workflow definitions: PostgreSQL is the truth, memory the fallback while it cannot be reached."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import asyncpg
import orjson
from tenacity import AsyncRetrying, retry_if_exception_type, retry_if_not_exception_type, stop_after_attempt

from aegis_temporal_worker.store import statements
from aegis_temporal_worker.store.errors import DefinitionRefusedError, StoreUnavailableError
from aegis_temporal_worker.store.identity import canonical_uuid, definition_hash
from aegis_temporal_worker.store.migrations import migrate
from aegis_temporal_worker.store.pool import UNREACHABLE, Connection, Pool, answers

log = logging.getLogger(__name__)

Definition = dict[str, Any]
T = TypeVar("T")

_ACQUIRE_SECONDS: Final = 5.0
# A connection that died while it was idle, a table that vanished, another writer that was faster: each is over at the
# second try. A third covers a failover in between.
_ATTEMPTS: Final = 3
_OVER_AT_NEXT_TRY: Final = (
    *UNREACHABLE,
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.UniqueViolationError,
    asyncpg.DeadlockDetectedError,
)
_REFUSALS: Final = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError)


@dataclass(frozen=True)
class Summary:
    """One line of the list of definitions."""

    workflow_id: str
    name: str | None
    version: str | None
    state_count: int


class DefinitionStore:
    """Definitions by id and by name.

    Every method but ``ping`` raises ``StoreUnavailableError`` when the database cannot answer.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._memory: dict[str, Definition] = {}

    @property
    def loaded(self) -> int:
        """Number of definitions in memory."""
        return len(self._memory)

    async def migrate(self) -> None:
        """Create the table, or the columns of it, that are missing."""
        await self._run(migrate)

    async def load(self) -> int:
        """Read all definitions into memory; a malformed row is logged and left out. Returns how many there are."""
        records = await self._run(lambda connection: connection.fetch(statements.ALL))
        read = {record["workflow_id"]: _definition(record["definition"], record["workflow_id"]) for record in records}
        self._memory = {workflow_id: item for workflow_id, item in read.items() if item is not None}
        return self.loaded

    async def get(self, workflow_id: str, *, stale_ok: bool = True) -> Definition | None:
        """The definition with this id, or None. Reads the database each time, as others write to it too.

        With ``stale_ok`` a database that cannot answer gives what memory holds; ``StoreUnavailableError`` is then
        raised only for an id that memory does not know.
        """
        key = canonical_uuid(workflow_id)
        if key is None:
            return None
        try:
            text = await self._run(lambda connection: connection.fetchval(statements.GET, key))
        except StoreUnavailableError as error:
            if not stale_ok or key not in self._memory:
                raise
            log.warning("definition %s comes from memory: %s", key, error)
            return self._memory[key]
        return self._remember(key, _definition(text, key))

    async def get_by_name(self, name: str, tenant_id: str, version: str | None = None) -> Definition | None:
        """The definition that ``name`` means for a tenant: its own before a global one, the newest first.

        Archived definitions are taken only when there is no other.
        """

        async def query(connection: Connection) -> str | None:
            columns = frozenset(record["attname"] for record in await connection.fetch(statements.WORKFLOWS_COLUMNS))
            found: str | None = await connection.fetchval(statements.by_name(columns), name, tenant_id, version)
            return found

        try:
            text = await self._run(query)
        except StoreUnavailableError as error:
            remembered = self._remembered_by_name(name, tenant_id, version)
            if remembered is None:
                raise
            log.warning("definition %r comes from memory: %s", name, error)
            return remembered
        found = _definition(text, name)
        return self._remember(canonical_uuid(found.get("workflow_id")), found) if found else None

    async def list(self) -> list[Summary]:
        """All definitions, the one registered last first."""
        records = await self._run(lambda connection: connection.fetch(statements.LIST))
        return [Summary(**dict(record)) for record in records]

    async def upsert(self, definition: Mapping[str, Any]) -> None:
        """Insert or replace a definition that holds ``workflow_id``, ``tenant_id``, ``name`` and ``version``.

        It replaces a row with the same id, and a row with the same tenant, name, version and scope. Raises
        ``DefinitionRefusedError`` when the table's own checks forbid it.
        """
        columns = {key: definition[key] for key in ("workflow_id", "tenant_id", "name", "version")}
        columns["scope"] = definition.get("scope") or "tenant"
        columns |= {"definition": definition, "definition_hash": definition_hash(definition)}
        row = orjson.dumps(columns).decode()
        lock = f"aegis-worker/{columns['tenant_id']}/{columns['name']}"

        async def write(connection: Connection) -> None:
            async with connection.transaction():
                await connection.execute(statements.LOCK_KEY, lock)
                await connection.execute(statements.DROP_RIVAL, row)
                if await connection.execute(statements.REPLACE, row) == "UPDATE 0":
                    await connection.execute(statements.INSERT, row)

        await self._run(write)
        self._memory[str(definition["workflow_id"])] = dict(definition)

    async def delete(self, workflow_id: str) -> bool:
        """Delete a definition; returns whether it was there. Runs that have begun do not need it any more."""
        key = canonical_uuid(workflow_id)
        if key is None:
            return False
        status = await self._run(lambda connection: connection.execute(statements.DELETE, key))
        self._memory.pop(key, None)
        return bool(status != "DELETE 0")

    async def ping(self, timeout_seconds: float = 0.8) -> bool:
        """Whether the database answers a trivial query within ``timeout_seconds``."""
        return await answers(self._pool, timeout_seconds)

    async def _run(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do ``work`` on a connection, again after faults that are over at the next try."""
        attempts = AsyncRetrying(
            # Not after a time-out: the caller has a limit of its own.
            retry=retry_if_exception_type(_OVER_AT_NEXT_TRY) & retry_if_not_exception_type(TimeoutError),
            stop=stop_after_attempt(_ATTEMPTS),
            reraise=True,
        )
        try:
            return await attempts(self._attempt, work)
        except _REFUSALS as error:
            raise DefinitionRefusedError(str(error)) from error
        except (*UNREACHABLE, asyncpg.PostgresError) as error:
            raise StoreUnavailableError(str(error) or type(error).__name__) from error

    async def _attempt(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        async with self._pool.acquire(timeout=_ACQUIRE_SECONDS) as connection:
            try:
                return await work(connection)
            except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
                # The orchestrator drops and recreates the table once, when it migrates for the first time.
                log.warning("the table workflow_definitions is gone or incomplete: migrating again")
                await migrate(connection)
                raise

    def _remember(self, key: str | None, definition: Definition | None) -> Definition | None:
        if key is None:
            return definition
        if definition is None:
            self._memory.pop(key, None)
        else:
            self._memory[key] = definition
        return definition

    def _remembered_by_name(self, name: str, tenant_id: str, version: str | None) -> Definition | None:
        named = [
            item
            for item in self._memory.values()
            if item.get("name") == name and (version is None or item.get("version") == version)
        ]
        own = [item for item in named if item.get("tenant_id") == tenant_id]
        shared = [item for item in named if item.get("scope") == "global"]
        return next(iter([*own, *shared]), None)


def _definition(text: str | None, label: str) -> Definition | None:
    """Parse a stored definition; one that cannot be used is logged and counts as absent."""
    if text is None:
        return None
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        log.warning("definition %s is not JSON: %s", label, error)
        return None
    if not isinstance(parsed, dict):
        log.warning("definition %s is not a JSON object", label)
        return None
    return parsed
