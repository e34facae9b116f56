# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces: what is sent for which difference."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import namespaces
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from hypothesis import given
from hypothesis import strategies as st

LIVE = {
    "name": "n",
    "id": "1",
    "state": "registered",
    "description": "d",
    "owner_email": "o@example.org",
    "data": {"k": "v"},
    "retention": "1d",
    "retention_seconds": 86400,
    "history_archival_state": "disabled",
    "history_archival_uri": "",
    "visibility_archival_state": "disabled",
    "visibility_archival_uri": "",
}


def options(**given: Any) -> dict[str, Any]:
    unset = {"retention": None, "description": None, "owner_email": None, "data": None}
    return {"name": "n", "state": "present"} | unset | given


def wanted(**given: Any) -> namespaces.Wanted:
    return namespaces.read_wanted(options(**given))


@pytest.mark.parametrize(
    ("given", "body"),
    [
        ({}, {}),
        ({"retention": "24h", "description": "d", "owner_email": "o@example.org", "data": {"k": "v"}}, {}),
        ({"data": {}}, {}),
        ({"retention": "2d"}, {"config": {"workflowExecutionRetentionTtl": "172800s"}}),
        ({"description": "e"}, {"updateInfo": {"description": "e"}}),
        ({"owner_email": "p@example.org"}, {"updateInfo": {"ownerEmail": "p@example.org"}}),
        # Only what differs is sent: each call raises the configuration's version.
        ({"data": {"k": "v", "l": "w"}}, {"updateInfo": {"data": {"l": "w"}}}),
        ({"data": {"k": ""}}, {"updateInfo": {"data": {"k": ""}}}),
    ],
)
def test_update_sends_the_difference(given: dict[str, Any], body: dict[str, Any]) -> None:
    assert namespaces.update(wanted(**given), LIVE) == body


@pytest.mark.parametrize("option", ["description", "owner_email"])
def test_what_cannot_be_cleared_is_said(option: str) -> None:
    with pytest.raises(Problem, match=f"{option} of namespace n is .* cannot be cleared"):
        namespaces.update(wanted(**{option: ""}), LIVE)


@pytest.mark.parametrize("state", ["deprecated", "deleted"])
def test_what_cannot_be_taken_back_is_said(state: str) -> None:
    with pytest.raises(Problem, match=f"is {state}: the server cannot take that back"):
        namespaces.update(wanted(), {**LIVE, "state": state})


def test_deprecation_is_one_key_of_an_update() -> None:
    aim = wanted(state="deprecated", description="e")
    assert namespaces.update(aim, LIVE) == {"updateInfo": {"state": "NAMESPACE_STATE_DEPRECATED", "description": "e"}}
    assert namespaces.update(aim, namespaces.expected(aim, LIVE)) == {}
    with pytest.raises(Problem, match="is deleted: the server cannot take that back"):
        namespaces.update(aim, {**LIVE, "state": "deleted"})


@pytest.mark.parametrize(
    ("after", "action"),
    [(LIVE, "none"), ({**LIVE, "description": "e"}, "updated"), ({**LIVE, "state": "deprecated"}, "deprecated")],
)
def test_what_was_done_is_named_by_what_is_there_afterwards(after: dict[str, Any], action: str) -> None:
    assert namespaces.action(LIVE, after) == action


def test_keys_that_stay_are_named() -> None:
    assert namespaces.leftover_data(wanted(data={"l": "w"}), LIVE) == ["k"]
    assert namespaces.leftover_data(wanted(), LIVE) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": ""}, "name is ''"),
        ({"name": "a b"}, "name is 'a b'"),
        ({"name": "a/b"}, "name is 'a/b'"),
        ({"name": "-a"}, "name is '-a'"),
        ({"name": "a\n"}, "name is"),
        ({"name": "a" * 256}, "up to 255"),
        ({"name": "temporal-system"}, "belongs to the server"),
        ({"retention": "30"[::-1] + "x"}, "retention of namespace n: '03x' is not a duration"),
        ({"retention": "0d"}, "retention of namespace n is 0"),
        ({"data": {"tier": 1}}, "data of namespace n: tier is 1"),
    ],
)
def test_bad_options_are_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(Problem) as caught:
        wanted(**given)
    assert message in str(caught.value)


@given(
    st.none() | st.integers(1, 10**9).map(str),
    st.none() | st.text(min_size=1),
    st.none() | st.dictionaries(st.text(), st.text()),
    st.sampled_from(["present", "deprecated"]),
)
def test_after_an_update_nothing_is_left_to_do(
    retention: str | None, description: str | None, data: dict[str, str] | None, state: str
) -> None:
    aim = wanted(retention=retention, description=description, data=data, state=state)
    assert namespaces.update(aim, namespaces.expected(aim, LIVE)) == {}
    assert namespaces.update(aim, namespaces.expected(aim, None)) == {}


def test_a_new_one_keeps_closed_workflows_for_three_days_unless_said() -> None:
    assert namespaces.registration(wanted())["workflowExecutionRetentionPeriod"] == "259200s"
    assert namespaces.registration(wanted(retention="30d"))["workflowExecutionRetentionPeriod"] == "2592000s"


@pytest.mark.parametrize("answer", [{}, {"namespaceInfo": {}}, {"namespaceInfo": {"name": "n"}, "config": None}])
def test_a_strange_description_is_a_problem_not_a_crash(answer: dict[str, Any]) -> None:
    with pytest.raises(Problem, match="not as expected"):
        namespaces.summary(answer)
