# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bytes with which HAProxy asks a frontend for its gRPC health.

HAProxy knows HTTP/2, but no body with zero bytes for a check, as a message of gRPC has. Its ``tcp-check`` sends and
expects any bytes, and the question is always the same: so it is written down once, from RFC 9113 (HTTP/2), RFC 7541
(HPACK) and the specifications of gRPC over HTTP/2 and of its health protocol.
"""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import HEALTH_NAMES

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _SETTINGS = 0, 1, 4
_END_STREAM, _END_HEADERS = 0x1, 0x4
# HPACK's static table: fields that are there as a whole, and names that a value is given to.
_POST, _SCHEME_HTTP = b"\x83", b"\x86"
_AUTHORITY, _PATH, _CONTENT_TYPE = b"\x01", b"\x04", b"\x0f\x10"
_NEW_NAME = b"\x00"

# HealthCheckResponse has one field, the status: 1 is SERVING. Before it are a byte (not compressed) and the length.
_ANSWER = b"\x00\x00\x00\x00\x02\x08"
_SERVING = b"\x01"


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def _text(value: bytes) -> bytes:
    # Lengths below 127 are one byte in HPACK; all of these are.
    return bytes((len(value),)) + value


def health_check() -> dict[str, str]:
    """Return hexadecimal digits: ``send``, the question, ``answer``, with which every answer begins, and ``serving``.

    ``answer`` is in what a frontend sends as soon as it has answered, and ``serving`` only when it is serving.
    """
    name = HEALTH_NAMES["frontend"].encode()
    headers = b"".join(
        (
            _POST,
            _SCHEME_HTTP,
            _PATH + _text(b"/grpc.health.v1.Health/Check"),
            _AUTHORITY + _text(b"haproxy"),
            _CONTENT_TYPE + _text(b"application/grpc"),
            _NEW_NAME + _text(b"te") + _text(b"trailers"),
        )
    )
    # HealthCheckRequest has one field, the name of the service.
    request = b"\x0a" + _text(name)
    message = b"\x00" + len(request).to_bytes(4, "big") + request
    send: t.Sequence[bytes] = (
        _PREFACE,
        _frame(_SETTINGS, 0, 0, b""),
        _frame(_HEADERS, _END_HEADERS, 1, headers),
        _frame(_DATA, _END_STREAM, 1, message),
    )
    return {"send": b"".join(send).hex(), "answer": _ANSWER.hex(), "serving": (_ANSWER + _SERVING).hex()}
