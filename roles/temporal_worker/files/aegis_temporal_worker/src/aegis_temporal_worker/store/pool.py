# SPDX-License-Identifier: Apache-2.0
"""The connection pool."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
from pathlib import Path
from typing import Final, TypeAlias

import asyncpg
from tenacity import (
    AsyncRetrying,
    before_sleep_log,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)

from aegis_temporal_worker.store.errors import StoreUnavailableError

log = logging.getLogger(__name__)

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

_CONNECT_SECONDS: Final = 10.0
_STATEMENT_SECONDS: Final = 10.0

# What a database that is starting, restarting, full or unreachable makes asyncpg raise.
UNREACHABLE: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    # A statement on a connection that the server has ended while nobody looked: its farewell is read as the answer.
    asyncpg.InternalClientError,
)


def readable_passfile(path: Path | None) -> str | None:
    """Name of a password file that asyncpg accepts.

    asyncpg, like libpq, ignores a file that others could read. systemd's credentials of version 254 and later are
    readable to the unit by an access control list, whose mask shows as group permission (mode 0440), although nobody
    else can read them. Such a file is handed over as a private copy in memory.
    """
    if path is None:
        return None
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    is_credential = directory is not None and path.is_relative_to(directory)
    if not is_credential or not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return str(path)
    # Never closed: every new connection reads it again.
    copy = os.memfd_create("pgpass")
    os.fchmod(copy, stat.S_IRUSR | stat.S_IWUSR)
    os.write(copy, path.read_bytes())
    return f"/proc/self/fd/{copy}"


async def open_pool(database_url: str, *, size: int, passfile: Path | None, start_timeout_seconds: float) -> Pool:
    """Open a pool of at most ``size`` connections, waiting up to ``start_timeout_seconds`` for the database.

    Raises ``StoreUnavailableError`` when the database did not answer in time, and asyncpg's own error at once when it
    answered with a refusal that waiting cannot mend (wrong password, unknown database).
    """
    attempts = AsyncRetrying(
        retry=retry_if_exception_type(UNREACHABLE),
        stop=stop_after_delay(start_timeout_seconds),
        wait=wait_random_exponential(multiplier=0.2, max=5.0),
        before_sleep=before_sleep_log(log, logging.WARNING),
        reraise=True,
    )

    async def connect() -> Pool:
        return await asyncpg.create_pool(
            database_url,
            min_size=1,
            max_size=size,
            passfile=readable_passfile(passfile),
            timeout=_CONNECT_SECONDS,
            command_timeout=_STATEMENT_SECONDS,
            # The orchestrator may drop and recreate the table: a cached statement would then be stale.
            statement_cache_size=0,
            server_settings={"application_name": "aegis-temporal-worker"},
        )

    try:
        return await attempts(connect)
    except UNREACHABLE as error:
        raise StoreUnavailableError(
            f"the database did not answer within {start_timeout_seconds:g} s: {error}"
        ) from error


async def answers(pool: Pool, timeout_seconds: float) -> bool:
    """Whether a trivial query succeeds in time. Never raises for a database that is away."""
    try:
        async with asyncio.timeout(timeout_seconds), pool.acquire() as connection:
            return bool(await connection.fetchval("SELECT 1") == 1)
    except (*UNREACHABLE, asyncpg.PostgresError) as error:
        log.debug("the database does not answer: %s", type(error).__name__)
        return False
