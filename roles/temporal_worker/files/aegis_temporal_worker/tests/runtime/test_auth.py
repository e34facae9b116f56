# SPDX-License-Identifier: Apache-2.0
"""Contract 8.4: the service token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aiohttp
import pytest
from aiohttp import web

from aegis_temporal_worker.runtime import auth
from aegis_temporal_worker.runtime.auth import TokenProvider, TokenRefusedError, TokenUnavailableError

from .servers import Keycloak, Settings, http_server


async def test_no_service_account_no_token() -> None:
    tokens = TokenProvider(Settings())
    assert await tokens.token() is None
    await tokens.close()


async def test_asked_as_keycloak_wants_it_and_kept() -> None:
    keycloak = Keycloak()
    async with http_server(keycloak) as url:
        tokens = TokenProvider(Settings().with_keycloak(url))
        assert [await tokens.token(), await tokens.token()] == ["token-1", "token-1"]
        await tokens.close()
    assert keycloak.paths == ["/realms/system/protocol/openid-connect/token"]
    assert keycloak.forms == [
        {
            "grant_type": "client_credentials",
            "client_id": "aegis-temporal-worker",
            "client_secret": "s3cret",
            "scope": "workflow:read",
        }
    ]


async def test_many_at_once_share_one_request() -> None:
    keycloak = Keycloak()
    async with http_server(keycloak) as url:
        tokens = TokenProvider(Settings().with_keycloak(url))
        assert set(await asyncio.gather(*(tokens.token() for _ in range(20)))) == {"token-1"}
        await tokens.close()
    assert len(keycloak.forms) == 1


async def test_used_until_thirty_seconds_before_its_end() -> None:
    clock = {"now": 1000.0}
    found = []
    async with http_server(Keycloak(expires_in=300)) as url:
        tokens = TokenProvider(Settings().with_keycloak(url), clock=lambda: clock["now"])
        for seconds in (0.0, 269.9, 270.0):
            clock["now"] = 1000.0 + seconds
            found.append(await tokens.token())
        await tokens.close()
    assert found == ["token-1", "token-1", "token-2"]


async def test_a_dropped_token_is_replaced_and_an_old_one_is_not_dropped_twice() -> None:
    async with http_server(Keycloak()) as url:
        tokens = TokenProvider(Settings().with_keycloak(url))
        assert await tokens.token() == "token-1"
        tokens.drop("token-1")
        assert await tokens.token() == "token-2"
        tokens.drop("token-1")
        assert await tokens.token() == "token-2"
        await tokens.close()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda: web.json_response({"error": "invalid_client"}, status=401), TokenRefusedError),
        (lambda: web.Response(status=503, text="starting"), TokenUnavailableError),
        (lambda: web.Response(status=429), TokenUnavailableError),
        (lambda: web.Response(text="<html>"), TokenRefusedError),
        (lambda: web.json_response({"nothing": 1}), TokenRefusedError),
        (lambda: web.json_response(["a"]), TokenRefusedError),
    ],
)
async def test_refusals_are_told_apart_and_name_no_secret(
    answer: Callable[[], web.Response], error: type[Exception]
) -> None:
    async with http_server(Keycloak(answer=answer)) as url:
        tokens = TokenProvider(Settings().with_keycloak(url))
        with pytest.raises(error) as raised:
            await tokens.token()
        await tokens.close()
    assert "s3cret" not in str(raised.value)
    assert "/realms/system/" in str(raised.value)


async def test_nobody_answers() -> None:
    tokens = TokenProvider(Settings().with_keycloak("http://127.0.0.1:9"))
    with pytest.raises(TokenUnavailableError):
        await tokens.token()
    await tokens.close()


async def test_an_answer_that_does_not_come_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "_LIMIT", aiohttp.ClientTimeout(total=0.2))
    over = asyncio.Event()

    async def hang(_: web.Request) -> web.StreamResponse:
        await over.wait()
        return web.Response()

    async with http_server(hang) as url:
        tokens = TokenProvider(Settings().with_keycloak(url))
        try:
            with pytest.raises(TokenUnavailableError, match=r"did not answer: \w*TimeoutError"):
                await tokens.token()
        finally:
            over.set()
        await tokens.close()
