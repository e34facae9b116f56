# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether something that speaks gRPC listens at an address, and if not, what is there in its place.

Every client of gRPC says "failed to connect" to all of that. This opens a connection, begins HTTP/2 (RFC 9113, 3.4) and
looks at the first bytes of the answer, with nothing but the standard library: it also runs on the servers' hosts.
"""

from __future__ import annotations

import errno
import socket
import ssl
from dataclasses import dataclass

from ansible_collections.aegis.temporal.plugins.module_utils.http_client import (
    CUT,
    REFUSED,
    TIMEOUT,
    TLS,
    UNRESOLVED,
    TlsOptions,
    tls_cause,
)

UNREACHABLE = "unreachable"
NOT_GRPC = "not_grpc"

_SETTINGS = 4
_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, _SETTINGS, 0, 0, 0, 0, 0])
_FRAME_HEAD = 9
_TLS_ALERT = 0x15


@dataclass(frozen=True)
class Trouble:
    """Why there is no gRPC. C(kind) is a constant of this module or of http_client."""

    kind: str
    message: str


def look(host: str, port: int, tls: TlsOptions | None, timeout: float) -> Trouble | None:
    """Return None when HTTP/2 is spoken there, over TLS when C(tls) is given. C(timeout): seconds for each wait."""
    context = None
    if tls is not None:
        try:
            context = _context(tls)
        except (OSError, ssl.SSLError) as error:
            return Trouble(TLS, f"the certificates cannot be used: {error}")
    try:
        with socket.create_connection((host, port), timeout) as plain:
            if context is None or tls is None:
                return _greet(plain, host, port, timeout)
            with context.wrap_socket(plain, server_hostname=tls.server_name or host) as secured:
                return _greet(secured, host, port, timeout, secured=True)
    except Exception as error:
        found = _explain(error)
        if found is None:
            raise
        return found


def _greet(stream: socket.socket, host: str, port: int, timeout: float, secured: bool = False) -> Trouble | None:
    try:
        head = _first_bytes(stream)
    except socket.timeout:
        return Trouble(TIMEOUT, "it takes connections, but gives no answer in time. Is it the membership port?")
    if secured and not head:
        return Trouble(TLS, "the server closed the connection after the handshake. Does it want a client certificate?")
    if len(head) == _FRAME_HEAD and head[3] == _SETTINGS and head[5:] == bytes(4):
        return None
    if not secured and (head[:1] == bytes([_TLS_ALERT]) or (not head and _wants_tls(host, port, timeout))):
        return Trouble(TLS, "the server wants TLS there.")
    if head.startswith(b"HTTP/1"):
        return Trouble(NOT_GRPC, "an HTTP/1 server listens there. Is it the HTTP port in place of the gRPC port?")
    if not head:
        return Trouble(CUT, "the connection was closed without an answer. Is it the membership port?")
    return Trouble(NOT_GRPC, "what listens there does not speak HTTP/2. Is it another program's port?")


def _first_bytes(stream: socket.socket) -> bytes:
    """Return the head of the first frame, less when the connection ends before."""
    head = b""
    try:
        stream.sendall(_HELLO)
        while len(head) < _FRAME_HEAD:
            piece = stream.recv(_FRAME_HEAD - len(head))
            if not piece:
                break
            head += piece
    except (ConnectionResetError, BrokenPipeError):
        # What came before counts.
        return head
    return head


def _wants_tls(host: str, port: int, timeout: float) -> bool:
    """Whether a TLS handshake begins there; the certificate does not matter, nothing is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection((host, port), timeout) as plain, context.wrap_socket(plain):
            return True
    except OSError:
        return False


def _context(tls: TlsOptions) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.ca_path)
    context.set_alpn_protocols(["h2"])
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.client_cert and tls.client_key:
        context.load_cert_chain(tls.client_cert, tls.client_key)
    return context


def _explain(error: Exception) -> Trouble | None:
    if isinstance(error, ssl.SSLError):
        return Trouble(TLS, tls_cause(str(error)))
    if isinstance(error, socket.gaierror):
        return Trouble(UNRESOLVED, "the host name cannot be resolved.")
    if isinstance(error, ConnectionRefusedError):
        return Trouble(REFUSED, "the connection was refused: nothing listens there.")
    if isinstance(error, socket.timeout):
        return Trouble(TIMEOUT, "no answer within the time limit. Is a firewall between?")
    if isinstance(error, (ConnectionResetError, BrokenPipeError)):
        return Trouble(CUT, "the connection was closed without an answer.")
    if isinstance(error, OSError):
        kind = TIMEOUT if error.errno == errno.ETIMEDOUT else UNREACHABLE
        return Trouble(kind, f"{error.strerror or error}.")
    return None
