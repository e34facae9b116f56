# SPDX-License-Identifier: Apache-2.0
"""One look-up for many callers that ask at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class SharedLookup(Generic[K, V]):
    """Collects the keys that are asked for while a look-up is under way, and asks for all of them in the next one.

    An answer is never older than the question: a look-up begins only after everybody who shares it has asked.
    """

    def __init__(self, look_up: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]], most: int) -> None:
        """``look_up`` answers for up to ``most`` keys; what it leaves out is not there."""
        self._look_up = look_up
        self._most = most
        self._waiting: dict[K, asyncio.Future[V | None]] = {}
        self._working: asyncio.Task[None] | None = None

    async def get(self, key: K) -> V | None:
        """The value of ``key``, or None. Raises what the look-up raised."""
        future = self._waiting.get(key)
        if future is None:
            future = self._waiting[key] = asyncio.get_running_loop().create_future()
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        # One caller that gives up must not take the answer from the others.
        return await asyncio.shield(future)

    async def _work(self) -> None:
        while self._waiting:
            keys = list(self._waiting)[: self._most]
            asked = {key: self._waiting.pop(key) for key in keys}
            try:
                found = await self._look_up(keys)
            except asyncio.CancelledError:
                for future in (*asked.values(), *self._waiting.values()):
                    future.cancel()
                raise
            except Exception as error:  # noqa: BLE001 - handed over to every caller
                for future in asked.values():
                    future.set_exception(error)
                    # Read once, so that nobody is warned of an error that every caller has given up waiting for.
                    future.exception()
            else:
                for key, future in asked.items():
                    future.set_result(found.get(key))
