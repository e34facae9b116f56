# SPDX-License-Identifier: Apache-2.0
"""Bodies and requests that are meant to hurt: a clean refusal each, and the worker goes on.

Contract 3.2, and 9.3 no. 45.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .raw import raw, registration

Make = Callable[..., dict[str, Any]]
Api = TestClient[Any, Any]

DEEP = 100_000


def with_context(make_definition: Make, context: bytes) -> bytes:
    """A valid definition but for the text of one member."""
    return json.dumps(make_definition(context="HERE")).encode().replace(b'"HERE"', context)


async def post(api: Api, body: bytes) -> tuple[int, dict[str, Any]]:
    answer = await api.post("/register-workflow", data=body, headers={"Content-Type": "application/json"})
    return answer.status, await answer.json()


@pytest.mark.parametrize(
    ("context", "message"),
    [
        (b"[" * DEEP + b"]" * DEEP, "not JSON"),
        (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "not JSON"),
        # Less deep than the parser's limit, deeper than the encoder's.
        (b"[" * 600 + b"]" * 600, "nested too deeply"),
        (b"[" * DEEP, "not JSON"),
        (b"1" * 5000, "not JSON"),
        (b"-" + b"9" * 5000, "not JSON"),
        (b"1e999", "not JSON"),
        (b"NaN", "not JSON"),
        (b'"\xff\xfe"', "not JSON"),
        (b'"\xed\xa0\x80"', "not JSON"),
        (b'"\\ud800"', "not JSON"),
        (b'"\\udc00\\ud800"', "not JSON"),
        (b'"\\u0000"', "u0000"),
        (b'{"\\u0000": 1}', "u0000"),
        (b'"\0"', "not JSON"),
    ],
)
async def test_contract_3_2_a_malformed_member_is_400(
    api: Api, make_definition: Make, context: bytes, message: str
) -> None:
    status, body = await post(api, with_context(make_definition, context))
    assert (status, body["error"]) == (400, "Invalid workflow definition")
    assert message in body["message"]
    assert len(body["message"]) < 2000
    assert (await api.get("/health")).status == 200


@pytest.mark.parametrize(
    ("given_text", "stored"),
    [
        (b"18446744073709551615", 18446744073709551615),
        (b"-9223372036854775808", -9223372036854775808),
        # Beyond 64 bits a number is a double, as for the orchestrator.
        (b"1" * 300, float("1" * 300)),
        (b"1e-300", 1e-300),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b"[" * 200 + b"]" * 200, None),
    ],
)
async def test_odd_but_valid_json_is_stored(api: Api, make_definition: Make, given_text: bytes, stored: object) -> None:
    body = with_context(make_definition, given_text)
    status, answer = await post(api, body)
    assert status == 200, answer
    shown = await api.get(f"/workflows/{answer['workflow_id']}")
    assert shown.status == 200
    if stored is not None:
        assert json.loads(await shown.text())["context"] == stored


async def test_the_last_of_two_members_of_one_name_counts(api: Api, make_definition: Make) -> None:
    definition = make_definition()
    body = json.dumps(definition).encode()[:-1] + b', "version": "9.9.9"}'
    assert (await post(api, body))[0] == 200
    assert (await (await api.get("/workflows")).json())["workflows"][0]["version"] == "9.9.9"


@pytest.mark.parametrize("field", ["name", "tenant_id", "version"])
async def test_a_text_too_long_for_an_index_is_400(api: Api, make_definition: Make, field: str) -> None:
    """PostgreSQL keeps at most about 2700 bytes in an index; the text must not compress."""
    import hashlib

    text = "".join(hashlib.sha256(bytes([number])).hexdigest() for number in range(200))
    status, body = await post(api, json.dumps(make_definition(**{field: text})).encode())
    assert (status, body["error"]) == (400, "Invalid workflow definition")
    assert "index row" in body["message"]


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ([b"Transfer-Encoding: chunked"], b"zz\r\n{}\r\n0\r\n\r\n", b"400"),
        ([b"Content-Encoding: gzip", b"Content-Length: 3"], b"{}\n", b"400"),
        ([b"Content-Encoding: deflate", b"Content-Length: 3"], b"\xff\xff\xff", b"400"),
        ([b"Content-Length: minus"], b"{}", b"400"),
        ([b"Content-Length: 2", b"Content-Length: 3"], b"{}", b"400"),
        ([b"Expect: the-unexpected", b"Content-Length: 2"], b"{}", b"417"),
    ],
)
async def test_a_broken_transfer_is_a_clean_refusal(api: Api, headers: list[bytes], body: bytes, status: bytes) -> None:
    answer = await raw(api, registration(body, *headers))
    assert answer.split(b" ")[1] == status
    assert (await api.get("/health")).status == 200


async def test_contract_3_2_a_small_archive_of_a_large_body_is_413(api: Api) -> None:
    body = gzip.compress(b" " * (30 * 1024 * 1024))
    answer = await raw(api, registration(body, b"Content-Encoding: gzip", b"Content-Length: %d" % len(body)))
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_contract_3_2_a_body_without_a_length_is_cut_off_at_the_limit(api: Api) -> None:
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    answer = await raw(api, registration(chunk * 11 + b"0\r\n\r\n", b"Transfer-Encoding: chunked"))
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "identifier",
    [b"%00", b"%ff%fe", b"%ed%a0%80", b"..", b"%2e%2e%2f", b"'%3BDROP", b"%F0%9F%92%A9", b"a" * 7000, b"%"],
)
@pytest.mark.parametrize("method", [b"GET", b"DELETE"])
async def test_contract_2_5_an_odd_id_is_the_id_of_nothing(api: Api, method: bytes, identifier: bytes) -> None:
    answer = await raw(
        api, method + b" /workflows/" + identifier + b" HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n"
    )
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split(b" ")[1] in ({b"404"} if method == b"GET" else {b"200", b"404"})
    json.loads(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda items: st.lists(items, max_size=4) | st.dictionaries(st.text(max_size=5), items, max_size=4),
    max_leaves=12,
)
MEMBERS = ["workflow_id", "tenant_id", "name", "version", "states", "initial_state", "scope", "context"]
STATE_MEMBERS = ["kind", "timeout", "transitions", "command", "env", "input", "agents"]


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(where=st.sampled_from([*MEMBERS, *STATE_MEMBERS]), value=JSON)
def test_contract_3_2_no_value_of_a_member_is_a_fault_of_the_server(
    make_definition: Make, where: str, value: object
) -> None:
    """Without the database: the checks alone, with any JSON in any place."""
    from aegis_temporal_worker.http.answers import ApiError
    from aegis_temporal_worker.http.bodies import _checked

    definition = make_definition()
    (definition if where in MEMBERS else definition["states"]["ONLY"])[where] = value
    with suppress(ApiError):
        # Anything else that it raises would be a 500.
        assert _checked(json.dumps(definition).encode())["workflow_id"] == definition["workflow_id"].lower()
