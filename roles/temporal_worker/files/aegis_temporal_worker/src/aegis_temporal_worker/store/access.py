# SPDX-License-Identifier: Apache-2.0
"""Work on the database: again after faults that pass, with errors that callers can tell apart."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import asyncpg
from tenacity import AsyncRetrying, retry_if_exception_type, retry_if_not_exception_type, stop_after_attempt

from aegis_temporal_worker.store.errors import DefinitionRefusedError, StoreUnavailableError
from aegis_temporal_worker.store.migrations import migrate
from aegis_temporal_worker.store.pool import UNREACHABLE, Connection, Pool

log = logging.getLogger(__name__)

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
# The last one: a name too long for an index, a text too deeply nested for the server's stack.
_REFUSALS: Final = (
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.DataError,
    asyncpg.ProgramLimitExceededError,
)


class Access:
    """Runs work on connections of a pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def run(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do ``work`` on a connection, up to three times; it must be safe to repeat.

        Raises ``StoreUnavailableError`` when the database cannot answer, and ``DefinitionRefusedError`` when it
        refuses the values.
        """
        attempts = AsyncRetrying(
            # Not after a time-out: the caller has a limit of its own.
            retry=retry_if_exception_type(_OVER_AT_NEXT_TRY) & retry_if_not_exception_type(TimeoutError),
            stop=stop_after_attempt(_ATTEMPTS),
            reraise=True,
        )
        try:
            return await attempts(self._attempt, work)
        except _REFUSALS as error:
            raise DefinitionRefusedError(_reason(error)) from error
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


def _reason(error: asyncpg.PostgresError) -> str:
    """The server's words. Its detail on a check is left out: that is the row itself, with whatever is in it."""
    detail = getattr(error, "detail", None)
    if detail is None or isinstance(error, (asyncpg.CheckViolationError, asyncpg.NotNullViolationError)):
        return str(error.args[0])
    return f"{error.args[0]}: {detail}"
