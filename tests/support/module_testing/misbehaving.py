# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A socket that answers wrongly, byte for byte as a test says."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Answer = bytes | Callable[[bytes], bytes]


@dataclass
class Misbehaving:
    """Answers each connection with C(answer) (None: holds it open without a word) and counts them."""

    port: int
    answer: Answer | None
    scheme: str = "http"
    connections: int = 0
    received: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"{self.scheme}://127.0.0.1:{self.port}"


def http_answer(status: str, body: bytes, content_type: str = "application/json") -> bytes:
    """A whole, correct answer; C(status) is like C(403 Forbidden)."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    return head.encode() + b"\r\n" + body


@contextmanager
def misbehaving(answer: Answer | None, tls: ssl.SSLContext | None = None) -> Iterator[Misbehaving]:
    """Listen on a free port until the end. With C(tls) the socket speaks TLS."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        server = Misbehaving(listener.getsockname()[1], answer, "https" if tls else "http")
        held: list[socket.socket] = []

        def serve() -> None:
            while not stop.is_set():
                try:
                    connection, _peer = listener.accept()
                except TimeoutError:
                    continue
                server.connections += 1
                held.append(connection)
                # A client that leaves in the middle is what some of these tests are about.
                with contextlib.suppress(OSError):
                    _serve_one(server, connection, tls, held)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server
        finally:
            stop.set()
            thread.join()
            for connection in held:
                connection.close()


def _serve_one(
    server: Misbehaving, connection: socket.socket, tls: ssl.SSLContext | None, held: list[socket.socket]
) -> None:
    connection.settimeout(5)
    if tls:
        connection = tls.wrap_socket(connection, server_side=True)
        held.append(connection)
    if server.answer is None:
        return
    received = connection.recv(65536)
    server.received.append(received)
    connection.sendall(server.answer(received) if callable(server.answer) else server.answer)
    connection.shutdown(socket.SHUT_RDWR)
    connection.close()
