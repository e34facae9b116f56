# SPDX-License-Identifier: Apache-2.0
"""Who may call the management API: by address, and with a token for routes that change something.

The orchestrator registers definitions without any credential, so that route can only be guarded by address.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
from collections.abc import Sequence
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from aegis_temporal_worker.config import Network
from aegis_temporal_worker.http.answers import json_error

log = logging.getLogger(__name__)

OPEN_PATHS: Final = frozenset({"/health", "/metrics"})
_READING: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})
_WITHOUT_TOKEN: Final = frozenset({"/register-workflow", "//register-workflow"})


def allowed(address: str | None, networks: Sequence[Network]) -> bool:
    """Whether a peer's address lies in one of ``networks``. An unknown peer (a UNIX socket) is refused."""
    try:
        # A link-local IPv6 peer carries its interface as a suffix.
        peer = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return False
    if isinstance(peer, ipaddress.IPv6Address) and peer.ipv4_mapped:
        peer = peer.ipv4_mapped
    return any(peer in network for network in networks)


def address_guard(networks: Sequence[Network]) -> Middleware:
    """Middleware that refuses peers outside ``networks`` (403), except for ``OPEN_PATHS``.

    The peer is the other end of the TCP connection: forwarding headers can be forged and are not looked at.
    """

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in OPEN_PATHS or allowed(request.remote, networks):
            return await handler(request)
        log.warning("refused %s %s from %s: not in API_ALLOWED_ADDRESSES", request.method, request.path, request.remote)
        return json_error(
            web.HTTPForbidden.status_code,
            "Forbidden",
            f"{request.remote} may not use this API. Add its address or network to the worker's API_ALLOWED_ADDRESSES.",
        )

    return guard


def token_guard(token: str) -> Middleware:
    """Middleware that wants ``Authorization: Bearer <token>`` on changing routes except the registration (401)."""
    expected = f"Bearer {token}".encode()

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method in _READING or request.path in _WITHOUT_TOKEN:
            return await handler(request)
        given = request.headers.get(hdrs.AUTHORIZATION, "").encode("utf-8", "surrogateescape")
        if hmac.compare_digest(given, expected):
            return await handler(request)
        response = json_error(
            web.HTTPUnauthorized.status_code,
            "Unauthorized",
            "This route wants the header 'Authorization: Bearer <API_TOKEN of the worker>'.",
        )
        response.headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
        return response

    return guard
