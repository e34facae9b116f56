# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A door before Temporal's frontend that notes when a method is called first and passes every call on, unread."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import grpc
from grpc import aio

if TYPE_CHECKING:
    _Handler = grpc.GenericRpcHandler[bytes, bytes]
else:
    # A generic type for the checker only.
    _Handler = grpc.GenericRpcHandler


class Door(_Handler):
    """``first`` gives the instant (``time.perf_counter``) of a method's first call, by the method's own name."""

    def __init__(self, upstream: aio.Channel) -> None:
        self._upstream = upstream
        self._first: dict[str, asyncio.Future[float]] = {}

    async def first(self, method: str, limit_seconds: float) -> float:
        """Wait for it. Raises ``TimeoutError``."""
        return await asyncio.wait_for(asyncio.shield(self._future(method)), limit_seconds)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        """The handler of any method."""
        method = handler_call_details.method

        async def pass_on(request: bytes, context: aio.ServicerContext[Any, Any]) -> bytes:
            seen = self._future(method.rpartition("/")[2])
            if not seen.done():
                seen.set_result(time.perf_counter())
            try:
                answer: bytes = await self._upstream.unary_unary(method, None, None)(
                    request,
                    timeout=context.time_remaining(),
                    metadata=[(key, value) for key, value in context.invocation_metadata() or () if _is_ours(key)],
                )
            except aio.AioRpcError as error:
                await context.abort(error.code(), error.details() or "")
                raise
            return answer

        return grpc.unary_unary_rpc_method_handler(pass_on)

    def _future(self, method: str) -> asyncio.Future[float]:
        return self._first.setdefault(method, asyncio.get_running_loop().create_future())


@asynccontextmanager
async def door(upstream: str) -> AsyncIterator[tuple[Door, str]]:
    """A door before ``upstream`` (host:port) and its own address."""
    async with aio.insecure_channel(upstream) as channel:
        made = Door(channel)
        server = aio.server()
        server.add_generic_rpc_handlers((made,))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            yield made, f"127.0.0.1:{port}"
        finally:
            await server.stop(grace=None)


def _is_ours(key: str) -> bool:
    return not key.startswith((":", "grpc-")) and key not in {"user-agent", "content-type", "te"}
