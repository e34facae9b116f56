# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy in front of a real HTTP API that remembers the requests, so that a test can count the writes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "content-encoding", "date", "server"}


class RecordingProxy(ThreadingHTTPServer):
    """Forwards everything to C(upstream) and keeps C((method, path)) of each request.

    C(rewrite) gets the path and the body of each answer and returns the body that the client sees.
    """

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.requests: list[tuple[str, str]] = []
        self.before_write: Callable[[], object] | None = None
        """Called once, before the next request that is no read goes on: what somebody else does just then."""
        self.rewrite: Callable[[str, bytes], bytes] = lambda _path, body: body

    @property
    def url(self) -> str:
        """Base URL of the proxy."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def writes(self) -> list[tuple[str, str]]:
        """The requests that were not reads."""
        return [request for request in self.requests if request[0] != "GET"]

    def forget(self) -> None:
        """Begin to count anew."""
        self.requests.clear()


class _Handler(BaseHTTPRequestHandler):
    server: RecordingProxy
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._forward()

    def do_POST(self) -> None:
        self._forward()

    def do_DELETE(self) -> None:
        self._forward()

    def _forward(self) -> None:
        self.server.requests.append((self.command, self.path))
        if self.command != "GET" and self.server.before_write:
            meanwhile, self.server.before_write = self.server.before_write, None
            meanwhile()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        answer = requests.request(
            self.command, self.server.upstream + self.path, data=body, headers=headers, timeout=60
        )
        content = self.server.rewrite(self.path, answer.content)
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """The list of requests is the log."""


@contextmanager
def recording_proxy(upstream: str) -> Iterator[RecordingProxy]:
    """Run a proxy in front of C(upstream)."""
    with RecordingProxy(upstream) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
