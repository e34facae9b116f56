# SPDX-License-Identifier: Apache-2.0
"""Who may call the management API: by address, and with a token for routes that change something.

The orchestrator registers definitions without any credential, so that route can only be guarded by address. What a
route is, is decided by the route that the request was matched with, never by the text of its path.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
from collections.abc import Sequence
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from aegis_temporal_worker.config_checks import Network
from aegis_temporal_worker.http.answers import json_error

log = logging.getLogger(__name__)

OPEN_PATHS: Final = frozenset({"/health", "/livez", "/readyz", "/metrics"})
# The orchestrator joins its base URL and the path without looking for a slash at the end.
REGISTER_PATHS: Final = ("/register-workflow", "//register-workflow")
_READING: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})


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


def address_guard(networks: Sequence[Network], register_networks: Sequence[Network]) -> Middleware:
    """Middleware that refuses peers outside ``networks`` (403), except for ``OPEN_PATHS``.

    ``register_networks`` count for the registration in their place. The peer is the other end of the TCP connection:
    forwarding headers can be forged and are not looked at.
    """

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        path = _matched(request)
        registers = path in REGISTER_PATHS
        if path in OPEN_PATHS or allowed(request.remote, register_networks if registers else networks):
            return await handler(request)
        variable = "REGISTER_ALLOWED_ADDRESSES" if registers else "API_ALLOWED_ADDRESSES"
        log.warning("refused %s %s from %s: not in %s", request.method, request.path, request.remote, variable)
        return json_error(
            web.HTTPForbidden.status_code,
            "Forbidden",
            f"{request.remote} may not use this route. Add its address or network to the worker's {variable}.",
        )

    return guard


def token_guard(token: str) -> Middleware:
    """Middleware that wants ``Authorization: Bearer <token>`` on changing routes except the registration (401)."""
    expected = token.encode()

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method in _READING or _matched(request) in REGISTER_PATHS:
            return await handler(request)
        scheme, _blank, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        # Bytes: for text that is not ASCII the comparison would raise.
        if scheme.lower() == "bearer" and hmac.compare_digest(given.encode(errors="surrogateescape"), expected):
            return await handler(request)
        log.warning("refused %s %s from %s: no valid token", request.method, request.path, request.remote)
        response = json_error(
            web.HTTPUnauthorized.status_code,
            "Unauthorized",
            "This route wants the header 'Authorization: Bearer <API_TOKEN of the worker>'.",
        )
        # RFC 6750, section 3.1: the error is named only when a token was sent.
        response.headers[hdrs.WWW_AUTHENTICATE] = 'Bearer error="invalid_token"' if given else "Bearer"
        return response

    return guard


def _matched(request: web.Request) -> str | None:
    """Path of the route that handles the request; None when there is none."""
    resource = request.match_info.route.resource
    return None if resource is None else resource.canonical
