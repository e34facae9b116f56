# SPDX-License-Identifier: Apache-2.0
"""A running stand-in, with a real gRPC client and a real HTTP client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import pytest

from aegis_temporal_worker.runtime.proto.aegis_runtime_pb2_grpc import AegisRuntimeStub
from aegis_temporal_worker.standin.script import Script
from aegis_temporal_worker.standin.server import Standin, StandinOptions


@dataclass
class Client:
    """Both ways to the stand-in."""

    http: aiohttp.ClientSession
    runtime: Any
    grpc_address: str
    scratch: Path
    ledger_file: Path

    async def ledger(self, **query: str) -> list[dict[str, Any]]:
        """Read the ledger back."""
        async with self.http.get("/standin/ledger", params=query) as answer:
            body = await answer.json()
        assert body["standin"] == "aegis-standin"
        assert body["total"] == len(body["entries"])
        entries: list[dict[str, Any]] = body["entries"]
        return entries


Start = Callable[..., Awaitable[Client]]


@pytest.fixture
async def start(tmp_path: Path, free_port: Callable[[], int]) -> AsyncIterator[Start]:
    """Starts a stand-in with a script."""
    async with AsyncExitStack() as stack:

        async def run(**script: Any) -> Client:
            http_port, grpc_port = free_port(), free_port()
            options = StandinOptions(
                http_host="127.0.0.1",
                http_port=http_port,
                grpc_host="127.0.0.1",
                grpc_port=grpc_port,
                ledger=tmp_path / "ledger.jsonl",
                scratch=tmp_path / "scratch",
                script=Script.model_validate(script),
            )
            await stack.enter_async_context(Standin(options))
            session = await stack.enter_async_context(aiohttp.ClientSession(f"http://127.0.0.1:{http_port}"))
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{grpc_port}"))
            return Client(session, AegisRuntimeStub(channel), f"127.0.0.1:{grpc_port}", options.scratch, options.ledger)

        yield run


@pytest.fixture
async def client(start: Start) -> Client:
    """A stand-in with no script."""
    return await start()
