# SPDX-License-Identifier: Apache-2.0
"""The store of workflow definitions: PostgreSQL is the truth, memory spares reading what has not changed."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from aegis_temporal_worker.store import statements
from aegis_temporal_worker.store.access import Access
from aegis_temporal_worker.store.errors import DefinitionRefusedError, StoreUnavailableError
from aegis_temporal_worker.store.identity import canonical_uuid, definition_hash, storable
from aegis_temporal_worker.store.memory import MOST_DEFINITIONS, Definition, Entry, Memory
from aegis_temporal_worker.store.migrations import migrate
from aegis_temporal_worker.store.pages import Page, Position, Summary, read_page
from aegis_temporal_worker.store.pool import Connection, Pool, answers
from aegis_temporal_worker.store.sharing import SharedLookup

log = logging.getLogger(__name__)

# Ids in one query: bounds what a burst of changed definitions can bring into memory at once.
_BATCH: Final = 50
# A name that moves to another id between its look-up and the read is found at the next try.
_NAME_ATTEMPTS: Final = 3


class DefinitionStore:
    """Definitions by id and by name.

    Others write to the table too, so the database is asked at every call; but only for a mark that changes with each
    write of the row. The definition is read when the mark is not the one in memory. Calls that arrive together share
    one query. Every method but ``ping`` raises ``StoreUnavailableError`` when the database cannot answer.
    """

    def __init__(self, pool: Pool, memory: Memory | None = None) -> None:
        self._pool = pool
        self._access = Access(pool)
        self._memory = Memory() if memory is None else memory
        self._current: SharedLookup[str, Entry] = SharedLookup(self._read, _BATCH)

    @property
    def loaded(self) -> int:
        """Number of definitions in memory."""
        return len(self._memory)

    async def migrate(self) -> None:
        """Create the table, or the columns of it, that are missing."""
        await self._access.run(migrate)

    async def load(self) -> int:
        """Read definitions into memory, the newest first, while there is room; returns how many are there then.

        A malformed row is logged and left out.
        """
        records = await self._access.run(lambda connection: connection.fetch(statements.NEWEST, MOST_DEFINITIONS))
        ids = list(filter(None, (canonical_uuid(record["workflow_id"]) for record in records)))
        for start in range(0, len(ids), _BATCH):
            found = await self._query(dict.fromkeys(ids[start : start + _BATCH]))
            if not all(self._memory.put_last(entry) for entry in found.values()):
                log.warning("memory holds the newest %d definitions; others are read when they are needed", self.loaded)
                break
        return self.loaded

    async def get(self, workflow_id: str, *, stale_ok: bool = True) -> Definition | None:
        """The definition with this id as it is now, or None.

        With ``stale_ok`` a database that cannot answer gives what memory holds; ``StoreUnavailableError`` is then
        raised only for an id that memory does not know.
        """
        entry = await self._entry(workflow_id, stale_ok=stale_ok)
        return None if entry is None else entry.definition

    async def get_pinned(self, workflow_id: str) -> tuple[Definition, str] | None:
        """The definition with this id and the SHA-256 of its content (see ``definition_hash``), or None.

        A database that cannot answer gives what memory holds, as in ``get``.
        """
        entry = await self._entry(workflow_id)
        return None if entry is None else (entry.definition, entry.digest)

    async def get_by_name(self, name: str, tenant_id: str, version: str | None = None) -> Definition | None:
        """The definition that ``name`` means for a tenant: its own before a global one, the newest first.

        Archived definitions are taken only when there is no other.
        """
        entry = await self._entry_by_name(name, tenant_id, version)
        return None if entry is None else entry.definition

    async def resolve(self, name_or_id: str, tenant_id: str, version: str | None = None) -> str | None:
        """The id of the definition that a name or an id means for a tenant, or None.

        An id means itself, if its definition is the tenant's own or global; ``version`` matters for names only.
        """
        entry = await self._entry(name_or_id)
        if entry is None:
            # A name may look like an id.
            entry = await self._entry_by_name(name_or_id, tenant_id, version)
        if entry is None:
            return None
        if not entry.visible_to(tenant_id):
            log.warning("definition %s is not one of tenant %r and not global", entry.workflow_id, tenant_id)
            return None
        return entry.workflow_id

    async def list(self) -> list[Summary]:
        """All definitions, the one registered last first."""
        records = await self._access.run(lambda connection: connection.fetch(statements.LIST))
        return [Summary(**dict(record)) for record in records]

    async def page(self, limit: int, after: Position | None = None) -> Page:
        """Up to ``limit`` definitions of ``list``, from the start or after a position.

        Raises ``InvalidPageTokenError`` for a position that no page ended with.
        """
        return await read_page(self._access, limit, after)

    async def upsert(self, definition: Mapping[str, Any]) -> None:
        """Insert or replace a definition that holds ``workflow_id``, ``tenant_id``, ``name`` and ``version``.

        It replaces a row with the same id, and a row with the same tenant, name, version and scope. Raises
        ``DefinitionRefusedError`` when it cannot be stored, for example because the table's own checks forbid it.
        """
        columns = {key: definition[key] for key in ("workflow_id", "tenant_id", "name", "version")}
        columns["scope"] = definition.get("scope") or "tenant"
        try:
            text = orjson.dumps(definition)
            row = orjson.dumps(
                columns | {"definition": orjson.Fragment(text), "definition_hash": definition_hash(definition)}
            ).decode()
        except TypeError as error:
            raise DefinitionRefusedError(f"it cannot be written as JSON: {error}") from error
        lock = f"aegis-worker/{columns['tenant_id']}/{columns['name']}"

        async def write(connection: Connection) -> None:
            async with connection.transaction():
                await connection.execute(statements.LOCK_KEY, lock)
                await connection.execute(statements.DROP_RIVAL, row)
                if await connection.execute(statements.REPLACE, row) == "UPDATE 0":
                    await connection.execute(statements.INSERT, row)

        await self._access.run(write)
        # Without a mark: the next call reads what the database made of it.
        entry = Entry.read(columns | {"mark": None, "registered": time.time()}, text)
        if entry is not None:
            self._memory.put(entry)

    async def delete(self, workflow_id: str) -> bool:
        """Delete a definition; returns whether it was there. Runs that have begun do not need it any more."""
        key = canonical_uuid(workflow_id)
        if key is None:
            return False
        status = await self._access.run(lambda connection: connection.execute(statements.DELETE, key))
        self._memory.drop(key)
        return bool(status != "DELETE 0")

    async def ping(self, timeout_seconds: float = 0.8) -> bool:
        """Whether the database answers a trivial query within ``timeout_seconds``."""
        return await answers(self._pool, timeout_seconds)

    async def _entry(self, workflow_id: str, *, stale_ok: bool = True) -> Entry | None:
        key = canonical_uuid(workflow_id)
        if key is None:
            return None
        try:
            return await self._current.get(key)
        except StoreUnavailableError as error:
            remembered = self._memory.get(key) if stale_ok else None
            if remembered is None:
                raise
            log.warning("definition %s comes from memory: %s", key, error)
            return remembered

    async def _entry_by_name(self, name: str, tenant_id: str, version: str | None) -> Entry | None:
        if not all(part is None or storable(part) for part in (name, tenant_id, version)):
            return None

        async def query(connection: Connection) -> str | None:
            columns = frozenset(record["attname"] for record in await connection.fetch(statements.WORKFLOWS_COLUMNS))
            found: str | None = await connection.fetchval(statements.by_name(columns), name, tenant_id, version)
            return found

        try:
            for _attempt in range(_NAME_ATTEMPTS):
                workflow_id = await self._access.run(query)
                entry = None if workflow_id is None else await self._entry(workflow_id, stale_ok=False)
                if workflow_id is None or entry is not None:
                    return entry
        except StoreUnavailableError as error:
            remembered = self._remembered_by_name(name, tenant_id, version)
            if remembered is None:
                raise
            log.warning("definition %r comes from memory: %s", name, error)
            return remembered
        return None

    async def _read(self, keys: Sequence[str]) -> dict[str, Entry]:
        """Current entries of ``keys``; memory follows."""
        found = await self._query({key: self._memory.get(key) for key in keys})
        for key in keys:
            if key in found:
                self._memory.put(found[key])
            else:
                self._memory.drop(key)
        return found

    async def _query(self, known: Mapping[str, Entry | None]) -> dict[str, Entry]:
        marks = [entry and entry.mark for entry in known.values()]
        records = await self._access.run(lambda connection: connection.fetch(statements.CURRENT, list(known), marks))
        found = {}
        for record in records:
            row = dict(record)
            text, entry = row.pop("definition"), known[row["workflow_id"]]
            if entry is None or entry.mark != row["mark"]:
                entry = Entry.read(row, text)
            if entry is not None:
                found[entry.workflow_id] = entry
        return found

    def _remembered_by_name(self, name: str, tenant_id: str, version: str | None) -> Entry | None:
        named = [
            entry
            for entry in self._memory
            if entry.name == name and (version is None or entry.version == version) and entry.visible_to(tenant_id)
        ]
        return max(named, key=lambda entry: (entry.tenant_id == tenant_id, entry.registered), default=None)
