# SPDX-License-Identifier: Apache-2.0
"""Client of the orchestrator's REST routes (contract 8.5): the service token, the tenant, JSON objects."""

from __future__ import annotations

from typing import Any, Final

import aiohttp
from yarl import URL

from ..runtime.auth import TokenRefusedError, TokenSource, TokenUnavailableError
from .encoding import dumps, loads
from .ports import OrchestratorSettings

_LIMIT: Final = aiohttp.ClientTimeout(total=30, connect=10)
# Characters of an answer that may go into an error message.
_MOST_SHOWN: Final = 500


class OrchestratorError(Exception):
    """A request failed: ``status`` of the answer; None without one. The text names both, and the answer shortened."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status is None or self.status >= 500 or self.status in (408, 429)


class Orchestrator:
    """The REST side of one orchestrator."""

    def __init__(self, settings: OrchestratorSettings, session: aiohttp.ClientSession, tokens: TokenSource) -> None:
        """The caller closes ``session``."""
        self._base = settings.aegis_orchestrator_url.rstrip("/")
        self._session = session
        self._tokens = tokens

    async def get(self, path: str, tenant_id: str) -> dict[str, Any]:
        """The object at ``path``, whose parts are percent-encoded already. Raises ``OrchestratorError``."""
        _status, text = await self._ask("GET", path, tenant_id, None)
        try:
            found = loads(text.encode())
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise OrchestratorError(f"GET {path} answered 200 without a JSON object: {text[:_MOST_SHOWN]}", 200)
        return found

    async def post(self, path: str, tenant_id: str, body: dict[str, Any] | None = None) -> tuple[int, str]:
        """Status (2xx) and text of the answer. Raises ``OrchestratorError``."""
        return await self._ask("POST", path, tenant_id, None if body is None else dumps(body))

    async def _ask(self, method: str, path: str, tenant_id: str, body: bytes | None) -> tuple[int, str]:
        status, text = await self._send(method, path, tenant_id, body)
        if status in (401, 403):
            # The token may have been revoked, or its account given another role, since it was cached.
            status, text = await self._send(method, path, tenant_id, body)
        if 200 <= status < 300:
            return status, text
        raise OrchestratorError(f"{method} {path} answered {status}: {text[:_MOST_SHOWN] or 'no text'}", status)

    async def _send(self, method: str, path: str, tenant_id: str, body: bytes | None) -> tuple[int, str]:
        """Status and text. A token that was refused is dropped, so that the next request gets a new one."""
        headers = {"X-Tenant-Id": tenant_id} if tenant_id else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            token = await self._tokens.token()
        except TokenUnavailableError as error:
            raise OrchestratorError(str(error)) from error
        except TokenRefusedError as error:
            raise OrchestratorError(f"{method} {path}: no service token: {error}", 401) from error
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        url = URL(self._base + path, encoded=True)
        try:
            # A redirected POST would become a GET, whose answer says nothing of what was posted.
            async with self._session.request(
                method, url, data=body, headers=headers, timeout=_LIMIT, allow_redirects=False
            ) as response:
                text = await response.text(errors="replace")
                if response.status in (401, 403) and token is not None:
                    self._tokens.drop(token)
                return response.status, text
        except (aiohttp.ClientError, TimeoutError) as error:
            raise OrchestratorError(f"{method} {path}: {str(error) or type(error).__name__}") from error
