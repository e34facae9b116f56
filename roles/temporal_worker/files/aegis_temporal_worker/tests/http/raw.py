# SPDX-License-Identifier: Apache-2.0
"""Requests as bytes: a client library would tidy them up."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from aiohttp.test_utils import TestClient


async def raw(api: TestClient[Any, Any], request: bytes) -> bytes:
    """Everything that comes back until the server closes; ask it to with ``Connection: close``."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port, family=socket.AF_INET)
    writer.write(request)
    await writer.drain()
    answer = await reader.read()
    writer.close()
    return answer


def registration(body: bytes, *headers: bytes) -> bytes:
    """A registration with that body, and ``headers`` in place of its length."""
    lines = [b"POST /register-workflow HTTP/1.1", b"Host: worker", b"Content-Type: application/json"]
    lines += [b"Connection: close", *(headers or [b"Content-Length: %d" % len(body)])]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
