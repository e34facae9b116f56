# SPDX-License-Identifier: Apache-2.0
"""Payloads read and write what the SDK's own converter does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter

from aegis_temporal_worker.activities.messages import CommandInput, Delivery, Refusal, RunReference, Since
from aegis_temporal_worker.interpreter.requests import Command, Fetched, Options
from aegis_temporal_worker.temporal.converter import DATA_CONVERTER

OURS = DATA_CONVERTER.payload_converter
THEIRS = DataConverter.default.payload_converter

VALUES: list[Any] = [
    None,
    True,
    0,
    1.5,
    "ü\u2028😀",
    {"b": [1, {"a": None}], "a": 1},
    2**63,
    2**64,
    "lone \ud800 surrogate",
    b"bytes",
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_each_reads_what_the_other_wrote(value: Any) -> None:
    assert THEIRS.from_payloads(OURS.to_payloads([value])) == [value]
    assert OURS.from_payloads(THEIRS.to_payloads([value])) == [value]


def test_json_plain_and_compact_in_the_order_of_the_keys() -> None:
    """Contract 4.1: the encoding of every payload."""
    payload = OURS.to_payloads([{"b": 1, "a": "ü"}])[0]
    assert payload.metadata["encoding"] == b"json/plain"
    assert payload.data == '{"b":1,"a":"ü"}'.encode()


def test_deep_nesting() -> None:
    deep: Any = 1
    for _ in range(600):
        deep = [deep]
    assert OURS.from_payloads(OURS.to_payloads([deep])) == [deep]


@pytest.mark.parametrize(
    "value",
    [
        Fetched({"states": {"A": {"kind": "System"}}}, "digest", Options(escape_everywhere=True)),
        Delivery(2, [Refusal("WorkflowStateEntered", 2, 400, "no")]),
        CommandInput(
            Command("A", "true", {"K": "v"}, None, 30),
            RunReference("e", "w", "t"),
            Since({"B": {"status": "success"}}, [{"event_type": "x"}]),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_messages_come_back_as_their_types(value: Any) -> None:
    payload = OURS.to_payloads([value])
    assert OURS.from_payloads(payload, [type(value)]) == [value]
    assert json.loads(payload[0].data).keys() == set(type(value).__slots__)


@pytest.mark.parametrize("data", [b"{broken", b"NaN", b"", b'"\xff"'])
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(RuntimeError) as raised:
        OURS.from_payloads([Payload(metadata={"encoding": b"json/plain"}, data=data)])
    assert "no JSON" in str(raised.value.__cause__)


def test_nan_is_written_as_null_like_javascript_does() -> None:
    assert OURS.to_payloads([{"x": float("nan")}])[0].data == b'{"x":null}'


def test_no_python_object_is_written() -> None:
    with pytest.raises(TypeError):
        OURS.to_payloads([object()])
