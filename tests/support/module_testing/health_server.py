# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of grpc.health.v1 that says what a test wants, for what a real Temporal Server says only for a moment."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc

from .certificates import Certificates

# HealthCheckResponse.ServingStatus, as the one field of the answer.
_ANSWERS = {"SERVING": b"\x08\x01", "NOT_SERVING": b"\x08\x02"}


class HealthServer(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Answers each check with C(status): SERVING, NOT_SERVING, or UNAVAILABLE for None. Counts them.

    After two checks it answers with C(then), if that is given.
    """

    def __init__(self, status: str | None, then: str | None = None) -> None:
        self.status = status
        self.then = then
        self.checks = 0
        self.port = 0

    @property
    def address(self) -> str:
        """C(host:port)."""
        return f"127.0.0.1:{self.port}"

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        """Handle checks alone."""
        if details.method != "/grpc.health.v1.Health/Check":
            return None
        return grpc.unary_unary_rpc_method_handler(self._check)

    def _check(self, _request: bytes, context: grpc.ServicerContext) -> bytes:
        self.checks += 1
        if self.then and self.checks > 2:
            self.status = self.then
        if self.status is None:
            context.abort(grpc.StatusCode.UNAVAILABLE, "shutting down")
        return _ANSWERS[str(self.status)]


@contextmanager
def health_server(
    status: str | None,
    certificates: Certificates | None = None,
    ask_for_client: bool = False,
    then: str | None = None,
) -> Iterator[HealthServer]:
    """Listen on a free port until the end, with TLS when there are certificates."""
    handler = HealthServer(status, then)
    server = grpc.server(ThreadPoolExecutor(max_workers=4), handlers=[handler])
    if certificates is None:
        handler.port = server.add_insecure_port("127.0.0.1:0")
    else:
        pair = (_content(certificates.key), _content(certificates.certificate))
        root = _content(certificates.certificate) if ask_for_client else None
        credentials = grpc.ssl_server_credentials([pair], root, ask_for_client)
        handler.port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    try:
        yield handler
    finally:
        server.stop(None).wait()


def _content(path: Path) -> bytes:
    return path.read_bytes()
