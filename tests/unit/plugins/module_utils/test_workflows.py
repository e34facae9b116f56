# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Payloads and close events of workflows."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import workflows
from hypothesis import given
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.lists(JSON))
def test_arguments_survive(arguments: list[Any]) -> None:
    assert workflows.from_payloads(workflows.to_payloads(arguments)) == arguments


def payload(encoding: str, data: bytes) -> dict[str, Any]:
    return {
        "metadata": {"encoding": base64.b64encode(encoding.encode()).decode()},
        "data": base64.b64encode(data).decode(),
    }


@pytest.mark.parametrize(
    ("one", "value"),
    [
        (payload("binary/null", b""), None),
        (payload("binary/encrypted", b"\x00\x01"), {"encoding": "binary/encrypted", "data": "AAE="}),
        (payload("json/plain", b"{"), {"encoding": "unreadable", "data": "ew=="}),
        ({"metadata": {"encoding": "%"}, "data": "e"}, {"encoding": "unreadable", "data": "e"}),
        ({}, {"encoding": "", "data": ""}),
        # A protobuf message in its JSON form.
        (payload("json/protobuf", b'{"currentDetails": "x"}'), {"currentDetails": "x"}),
    ],
)
def test_what_is_no_json_comes_as_it_is(one: dict[str, Any], value: Any) -> None:
    assert workflows.from_payloads({"payloads": [one]}) == [value]


@given(st.dictionaries(st.text(), JSON))
def test_named_values_survive(values: dict[str, Any]) -> None:
    assert workflows.from_fields(workflows.to_fields(values)) == values
    assert workflows.from_fields(None) == {}


def test_the_chain_of_a_failure() -> None:
    failure = {"message": "Activity task failed", "cause": {"message": "", "cause": {"message": "disk full"}}}
    assert workflows.failure_text(failure) == "Activity task failed: disk full"
    assert workflows.failure_text(None) == ""


def test_no_payloads() -> None:
    assert workflows.from_payloads(None) == []
    assert workflows.from_payloads({}) == []


@pytest.mark.parametrize(("status", "name"), [("WORKFLOW_EXECUTION_STATUS_TIMED_OUT", "timed_out"), ("", "")])
def test_status_name(status: str, name: str) -> None:
    assert workflows.status_name(status) == name
