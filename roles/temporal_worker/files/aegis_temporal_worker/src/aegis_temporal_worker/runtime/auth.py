# SPDX-License-Identifier: Apache-2.0
"""The service token: OAuth 2.0 client credentials from Keycloak, asked for once and kept until it is nearly over."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import aiohttp
from pydantic import SecretStr

# Seconds before its end at which a token is not used any more.
_MARGIN_SECONDS: Final = 30.0
_LIMIT: Final = aiohttp.ClientTimeout(total=15)
# Characters of an answer that may go into an error message.
_MOST_SHOWN: Final = 300


class KeycloakSettings(Protocol):
    """The Keycloak variables: all or none."""

    @property
    def keycloak_host(self) -> str | None:
        """Base URL, without a trailing slash."""

    @property
    def keycloak_system_realm(self) -> str | None:
        """Realm of the service account."""

    @property
    def keycloak_client_id(self) -> str | None:
        """Client id; the orchestrator's event route wants aegis-temporal-worker."""

    @property
    def keycloak_client_secret(self) -> SecretStr | None:
        """Client secret."""

    @property
    def keycloak_scope(self) -> str:
        """Scopes to ask for, separated by blanks."""


class TokenSource(Protocol):
    """Where calls take their token from."""

    async def token(self) -> str | None:
        """A valid token; None when no service account is configured."""

    def drop(self, token: str) -> None:
        """Forget a token that was refused, if it is still the cached one."""


class TokenRefusedError(Exception):
    """Keycloak answered and gave no token: the service account is not set up as configured."""


class TokenUnavailableError(Exception):
    """Keycloak did not answer, or answered with a server error; later it may."""


@dataclass(frozen=True, slots=True)
class _Account:
    url: str
    form: dict[str, str]


class TokenProvider:
    """Keycloak's tokens for one service account. Calls that need a token at once share one request."""

    def __init__(self, settings: KeycloakSettings, clock: Callable[[], float] = time.monotonic) -> None:
        """Make it inside the event loop that uses it. ``clock`` gives seconds that only grow."""
        self._account = _account(settings)
        self._session = aiohttp.ClientSession() if self._account else None
        self._clock = clock
        self._single_flight = asyncio.Lock()
        self._token: str | None = None
        self._valid_until = 0.0

    async def token(self) -> str | None:
        """A valid token; None when no service account is configured.

        Raises ``TokenRefusedError`` or ``TokenUnavailableError``.
        """
        if self._account is None or self._session is None:
            return None
        async with self._single_flight:
            if self._token is None or self._clock() >= self._valid_until:
                asked = self._clock()
                self._token, seconds = await _ask(self._session, self._account)
                self._valid_until = asked + seconds - _MARGIN_SECONDS
            return self._token

    def drop(self, token: str) -> None:
        """Forget a token that was refused, if it is still the cached one."""
        if token == self._token:
            self._token = None

    async def close(self) -> None:
        """Close the connections to Keycloak."""
        if self._session is not None:
            await self._session.close()


async def _ask(session: aiohttp.ClientSession, account: _Account) -> tuple[str, float]:
    """Token and seconds it lasts."""
    try:
        async with session.post(account.url, data=account.form, timeout=_LIMIT) as response:
            body = await response.text(errors="replace")
    except (aiohttp.ClientError, TimeoutError) as error:
        raise TokenUnavailableError(f"{account.url} did not answer: {str(error) or type(error).__name__}") from error
    if response.status >= 500 or response.status == 429:
        raise TokenUnavailableError(f"{account.url} answered {response.status}: {body[:_MOST_SHOWN]}")
    if response.status != 200:
        raise TokenRefusedError(f"{account.url} answered {response.status}: {body[:_MOST_SHOWN]}")
    return _read(account.url, body)


def _read(url: str, body: str) -> tuple[str, float]:
    # Never the answer itself in an error: it may hold the token.
    try:
        answer = json.loads(body)
    except ValueError:
        raise TokenRefusedError(f"{url} answered 200 without JSON") from None
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or not isinstance(token, str):
        raise TokenRefusedError(f"{url} answered without an access_token")
    seconds = answer.get("expires_in")
    return token, float(seconds) if isinstance(seconds, (int, float)) else 0.0


def _account(settings: KeycloakSettings) -> _Account | None:
    host, realm = settings.keycloak_host, settings.keycloak_system_realm
    client, secret = settings.keycloak_client_id, settings.keycloak_client_secret
    if host is None or realm is None or client is None or secret is None:
        return None
    return _Account(
        url=f"{host.rstrip('/')}/realms/{realm}/protocol/openid-connect/token",
        form={
            "grant_type": "client_credentials",
            "client_id": client,
            "client_secret": secret.get_secret_value(),
            "scope": settings.keycloak_scope,
        },
    )
