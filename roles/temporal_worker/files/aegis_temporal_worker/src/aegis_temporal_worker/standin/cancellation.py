# SPDX-License-Identifier: Apache-2.0
"""Notes in the ledger which calls of the runtime their caller gave up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.message import Message

from aegis_temporal_worker.standin.ledger import Ledger

log = logging.getLogger(__name__)

Handler = Any


if TYPE_CHECKING:  # generic in the type stubs only
    Interceptor = grpc.aio.ServerInterceptor[Any, Any]
else:
    Interceptor = grpc.aio.ServerInterceptor


class CancellationNotes(Interceptor):
    """Around every handler: grpc.aio cancels it when the caller does not wait any more."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def intercept_service(
        self, continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]], details: grpc.HandlerCallDetails
    ) -> Handler:
        """The handler of a call, watched."""
        handler = await continuation(details)
        method = details.method.rpartition("/")[2]
        codecs = (handler.request_deserializer, handler.response_serializer)
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(self._unary(method, handler.unary_unary), *codecs)
        if handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(self._stream(method, handler.unary_stream), *codecs)
        return handler

    def _unary(self, method: str, inner: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(request: Message, context: Any) -> Any:
            try:
                return await inner(request, context)
            except asyncio.CancelledError:
                self._note(method, request)
                raise

        return call

    def _stream(self, method: str, inner: Callable[..., AsyncIterator[Any]]) -> Callable[..., AsyncIterator[Any]]:
        async def call(request: Message, context: Any) -> AsyncIterator[Any]:
            try:
                async for item in inner(request, context):
                    yield item
            except asyncio.CancelledError:
                self._note(method, request)
                raise

        return call

    def _note(self, method: str, request: Message) -> None:
        execution_id = getattr(request, "workflow_execution_id", "") or getattr(request, "execution_id", "")
        self._ledger.record_cancel(method, execution_id or None)
        log.info("%s was given up by its caller", method)
