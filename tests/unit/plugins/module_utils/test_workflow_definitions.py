# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which definitions are usable, and which are the same."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from aegis_temporal_worker.http import validation
from ansible_collections.aegis.temporal.plugins.module_utils import workflow_definitions as definitions
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from hypothesis import given
from hypothesis import strategies as st

USABLE = {
    "workflow_id": "6f9d3a52-6a2c-4c61-9a1e-0f6f4b1c7e10",
    "tenant_id": "acme",
    "name": "echo",
    "version": "1.0.0",
    "initial_state": "A",
    "states": {"A": {"kind": "System", "transitions": [{"target": "B"}]}, "B": {"kind": "Human"}},
}


def test_the_worker_takes_the_same() -> None:
    """The module's copy of the worker's rules is one."""
    assert definitions.REQUIRED == validation.REQUIRED
    assert definitions.KINDS == validation.KINDS
    assert definitions.SCOPES == validation.SCOPES
    assert definitions._NAME.pattern == validation.NAME


def test_a_usable_one() -> None:
    assert definitions.read_definition("definition", USABLE) == USABLE
    upper = {**USABLE, "workflow_id": USABLE["workflow_id"].upper()}
    assert definitions.read_definition("definition", upper) == USABLE
    # It counts as present for the worker too.
    assert definitions.read_definition("definition", {**USABLE, "states": {}})["states"] == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": None, "tenant_id": ""}, "it lacks tenant_id, name"),
        ({"states": None}, "it lacks states"),
        ({"workflow_id": "echo"}, "it: workflow_id is 'echo': not a UUID"),
        ({"workflow_id": 7}, "it: workflow_id is 7: not a UUID"),
        ({"version": 1.0}, "version is 1.0, not a text (put it in quotes)"),
        ({"name": "Echo"}, "name is 'Echo', not made of"),
        ({"scope": "all"}, "scope is 'all', neither 'global' nor 'tenant'"),
        ({"states": ["A"]}, "states is ['A'], not a dictionary"),
        ({"initial_state": "C"}, "initial_state is 'C', not one of the states"),
        ({"states": {"A": "echo"}}, "state 'A' is 'echo', not a dictionary"),
        ({"states": {"A": {"kind": "Robot"}}}, "state 'A' has the unknown kind 'Robot'"),
        ({"states": {"A": {"kind": "Human", "transitions": {}}}}, "transitions of state 'A' are not a list"),
        (
            {"states": {"A": {"kind": "Human", "transitions": [{"target": "C"}, {"target": None}]}}},
            "state 'A' has a transition to 'C', which is not one of the states",
        ),
        ({"context": {"ratio": float("nan")}}, "context.ratio is nan, which JSON has no number for"),
        ({"kind": "Workflow"}, "it is a workflow manifest (kind: Workflow), not a definition"),
        ({"apiVersion": "aegis/v1"}, "it is a workflow manifest"),
    ],
)
def test_unusable_ones(change: dict[str, Any], message: str) -> None:
    with pytest.raises(Problem) as refused:
        definitions.read_definition("it", {**USABLE, **change})
    assert message in str(refused.value)


@pytest.mark.parametrize("change", [{"name": "Echo"}, {"scope": "all"}, {"initial_state": "C"}, {"states": {"A": 1}}])
def test_the_worker_refuses_them_too(change: dict[str, Any]) -> None:
    """What the module refuses, the worker must refuse as well: else it would stand in the way of good definitions."""
    assert validation.Findings.of({**USABLE, **change}).problems


def test_a_message_ends() -> None:
    states = {str(number): {"kind": "Robot"} for number in range(1000)}
    with pytest.raises(Problem, match="and 991 more"):
        definitions.read_definition("it", {**USABLE, "states": states})


def test_what_json_cannot_hold() -> None:
    value = {"day": datetime.date(2026, 11, 28), "list": [{True: 1}], "set": {1}}
    assert list(definitions.no_json(value)) == [
        "day is 2026-11-28, a date (put it in quotes)",
        "the key True in list[0] is no text (put it in quotes)",
        "set is {1}, a set (put it in quotes)",
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON))
def test_order_and_transport_make_no_difference(content: dict[str, Any]) -> None:
    turned = json.loads(json.dumps(dict(reversed(content.items()))))
    assert definitions.same(content, turned)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        (0.0, -0.0, True),
        (2**64, float(2**64), True),
        (1, True, False),
        (0, None, False),
        ("1", 1, False),
        ([1, 2], [2, 1], False),
        ({}, None, False),
    ],
)
def test_same(one: Any, other: Any, same: bool) -> None:
    assert definitions.same({"x": one}, {"x": other}) is same


def test_no_scope_is_the_tenants() -> None:
    assert definitions.key(USABLE) == definitions.key({**USABLE, "scope": "tenant"})
    assert definitions.key(USABLE) != definitions.key({**USABLE, "scope": "global"})
