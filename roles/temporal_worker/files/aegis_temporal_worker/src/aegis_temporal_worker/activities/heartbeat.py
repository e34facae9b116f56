# SPDX-License-Identifier: Apache-2.0
"""Signs of life of activities that may take long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from temporalio import activity

# Well below the 6 s after which the server takes the worker for dead (temporal/policies.py). Work that is done sooner
# costs no heartbeat at all.
INTERVAL_SECONDS: Final = 2.0


@asynccontextmanager
async def beating(*details: Any) -> AsyncIterator[None]:
    """Heartbeat with ``details`` in the background; cancellation of the activity is learned this way too."""
    if activity.info().is_local:
        yield
        return
    beat = asyncio.create_task(_beat(details))
    try:
        yield
    finally:
        beat.cancel()
        with suppress(asyncio.CancelledError):
            await beat


async def _beat(details: Sequence[Any]) -> None:
    while True:
        await asyncio.sleep(INTERVAL_SECONDS)
        activity.heartbeat(*details)
