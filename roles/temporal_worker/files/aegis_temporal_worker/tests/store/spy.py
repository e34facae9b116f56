# SPDX-License-Identifier: Apache-2.0
"""A pool that keeps account of what goes over it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aegis_temporal_worker.store.pool import Pool


class SpyPool:
    """Stands before a pool; counts statements and the bytes of text that come back."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.statements: list[str] = []
        self.bytes = 0
        # Awaited before each statement, and before its answer is handed over.
        self.before: Any = None
        self.after: Any = None

    @asynccontextmanager
    async def acquire(self, **options: Any) -> AsyncIterator[Any]:
        """As ``Pool.acquire``."""
        async with self._pool.acquire(**options) as connection:
            yield _Spy(connection, self)

    def reset(self) -> None:
        """Begin anew."""
        self.statements.clear()
        self.bytes = 0

    async def account(self, statement: str, call: Any, *arguments: Any) -> Any:
        """Run one statement and note it."""
        self.statements.append(statement)
        if self.before is not None:
            await self.before()
        result = await call(statement, *arguments)
        if self.after is not None:
            await self.after()
        for record in result if isinstance(result, list) else []:
            self.bytes += sum(len(value) for value in record.values() if isinstance(value, str))
        return result


class _Spy:
    def __init__(self, connection: Any, pool: SpyPool) -> None:
        self._connection, self._pool = connection, pool

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._connection, name)
        if name not in {"fetch", "fetchrow", "fetchval", "execute"}:
            return method

        async def call(statement: str, *arguments: Any) -> Any:
            return await self._pool.account(statement, method, *arguments)

        return call
