# SPDX-License-Identifier: Apache-2.0
"""Who may call."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from aiohttp.test_utils import TestClient

from aegis_temporal_worker.config import LOOPBACK
from aegis_temporal_worker.http.guard import allowed

Serve = Callable[..., Awaitable[TestClient[Any, Any]]]
Make = Callable[..., dict[str, Any]]

TOKEN = "t0ken-c4n4ry"


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("fe80::1%eth0", False),
        ("", False),
        (None, False),
        ("/run/socket", False),
    ],
)
def test_only_loopback_by_default(peer: str | None, expected: bool) -> None:
    assert allowed(peer, LOOPBACK) is expected


def test_a_link_local_peer_is_compared_without_its_interface() -> None:
    assert allowed("fe80::1%eth0", [ipaddress.ip_network("fe80::/10")])


async def test_others_get_403_except_for_health_and_metrics(serve: Serve, make_definition: Make) -> None:
    api = await serve(api_allowed_addresses="10.1.2.3")
    for answer in (
        await api.get("/workflows"),
        await api.post("/register-workflow", json=make_definition()),
        await api.delete(f"/workflows/{uuid4()}"),
        await api.get("/nothing"),
        await api.get("/health/../workflows"),
    ):
        body = await answer.json()
        assert (answer.status, body["error"]) == (403, "Forbidden")
        assert "127.0.0.1 may not use this API" in body["message"]
        assert "API_ALLOWED_ADDRESSES" in body["message"]
    assert (await api.get("/health")).status == 200
    assert (await api.get("/metrics")).status == 200


async def test_forwarding_headers_open_nothing(serve: Serve) -> None:
    api = await serve(api_allowed_addresses="10.1.2.3")
    answer = await api.get("/workflows", headers={"X-Forwarded-For": "10.1.2.3", "Forwarded": "for=10.1.2.3"})
    assert answer.status == 403


@pytest.mark.parametrize("header", [None, "Bearer wrong", f"bearer{TOKEN}", TOKEN, "Bearer ", f"Bearer {TOKEN}x"])
async def test_changing_routes_want_the_token(serve: Serve, make_definition: Make, header: str | None) -> None:
    api = await serve(api_token=TOKEN)
    definition = make_definition()
    assert (await api.post("/register-workflow", json=definition)).status == 200
    assert (await api.get("/workflows")).status == 200
    headers = {} if header is None else {"Authorization": header}
    answer = await api.delete(f"/workflows/{definition['workflow_id']}", headers=headers)
    assert (answer.status, (await answer.json())["error"]) == (401, "Unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert (await api.get(f"/workflows/{definition['workflow_id']}")).status == 200
    right = {"Authorization": f"Bearer {TOKEN}"}
    assert (await api.delete(f"/workflows/{definition['workflow_id']}", headers=right)).status == 200
