# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules: what is sent for which difference, and that nothing else of the schedule is lost."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import schedules
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.schedule_api import explained
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalProblem
from ansible_collections.aegis.temporal.plugins.module_utils.workflows import to_payload, to_payloads
from hypothesis import given
from hypothesis import strategies as st

UNSET = dict.fromkeys(("spec", "action", "policies", "paused", "note", "remaining_actions"))
NO_ACTION = dict.fromkeys(("input", "execution_timeout", "run_timeout", "task_timeout", "memo", "search_attributes"))
ACTION = {"workflow_type": "echo", "task_queue": "q", "workflow_id": None, **NO_ACTION}
NO_POLICIES = dict.fromkeys(("overlap", "catchup_window", "pause_on_failure"))
# A schedule as another program may have made it.
LIVE = {
    "spec": {"structuredCalendar": [{"hour": [{"start": 3, "end": 3, "step": 1}]}], "timezoneData": "VFppZg=="},
    "action": {
        "startWorkflow": {
            "workflowId": "w",
            "workflowType": {"name": "echo"},
            "taskQueue": {"name": "q", "kind": "TASK_QUEUE_KIND_NORMAL"},
            "input": to_payloads([{"a": 1}]),
            "workflowRunTimeout": "3600s",
            "memo": {"fields": {"k": to_payload("v")}},
            "header": {"fields": {"trace": to_payload("t")}},
            "priority": {"priorityKey": 1},
        }
    },
    "policies": {
        "overlapPolicy": "SCHEDULE_OVERLAP_POLICY_SKIP",
        "catchupWindow": "31536000s",
        "keepOriginalWorkflowId": True,
    },
    "state": {"notes": "n"},
}


def wanted(**given: Any) -> schedules.Wanted:
    return schedules.read_wanted({"schedule_id": "s", **UNSET, **given})


def sent(**given: Any) -> dict[str, Any]:
    """The schedule that is sent for the options, on top of LIVE."""
    asked = wanted(**given)
    after = schedules.expected(asked, schedules.summary("s", LIVE))
    return schedules.request(asked, after, LIVE)


def test_left_out_is_left_alone() -> None:
    before = schedules.summary("s", LIVE)
    assert schedules.same(schedules.expected(wanted(), before), before)
    unchanged = sent()
    # Only these three are written out.
    assert unchanged.pop("state") == {
        "notes": "n",
        "paused": False,
        "limitedActions": False,
        "remainingActions": "0",
    }
    assert unchanged == {key: value for key, value in LIVE.items() if key != "state"}


def test_what_no_option_can_say_is_kept() -> None:
    schedule = sent(action={**ACTION, "task_queue": "other"}, policies={**NO_POLICIES, "overlap": "allow_all"})
    started = schedule["action"]["startWorkflow"]
    assert started["header"] == LIVE["action"]["startWorkflow"]["header"]  # type: ignore[index]
    assert started["priority"] == {"priorityKey": 1}
    assert started["taskQueue"] == {"name": "other"}
    assert schedule["policies"]["keepOriginalWorkflowId"] is True
    assert schedule["policies"]["overlapPolicy"] == "SCHEDULE_OVERLAP_POLICY_ALLOW_ALL"
    assert schedule["spec"] == LIVE["spec"]


def test_what_is_sent_comes_back_as_what_was_expected() -> None:
    options = {
        "action": {**ACTION, "input": [1, True, None], "run_timeout": "2h", "memo": {"m": [1]}},
        "policies": {**NO_POLICIES, "catchup_window": "1d", "pause_on_failure": True},
        "paused": True,
        "note": "why",
        "remaining_actions": 3,
    }
    asked = wanted(**options)
    for live in (None, LIVE):
        before = None if live is None else schedules.summary("s", live)
        after = schedules.expected(asked, before)
        assert schedules.same(schedules.summary("s", schedules.request(asked, after, live or {})), after)


def test_live_is_not_touched() -> None:
    before = copy.deepcopy(LIVE)
    sent(action={**ACTION, "memo": {"other": 1}}, paused=True)
    assert before == LIVE


def test_an_action_that_is_given_is_taken_as_a_whole() -> None:
    started = sent(action=ACTION)["action"]["startWorkflow"]
    assert started["input"] == {"payloads": []}
    assert started["workflowRunTimeout"] == "0s"
    assert started["memo"] == {"fields": {}}
    assert started["workflowId"] == "s"


def test_a_new_one_needs_an_action() -> None:
    with pytest.raises(Problem, match="action is not given, and schedule s is not there yet"):
        schedules.expected(wanted(paused=True), None)


@given(st.integers(-1, 20), st.integers(-1, 20))
def test_the_server_may_count_down_but_not_exceed(limit: int, remaining: int) -> None:
    before = {**schedules.summary("s", LIVE), "remaining_actions": remaining}
    after = schedules.expected(wanted(remaining_actions=limit), before)["remaining_actions"]
    if limit == -1:
        assert after == -1
    elif remaining == -1:
        assert after == limit
    else:
        assert after == min(limit, remaining)
    # And once reached, it stays.
    settled = {**before, "remaining_actions": after}
    assert schedules.expected(wanted(remaining_actions=limit), settled) == settled


@pytest.mark.parametrize(("one", "other"), [(1, True), (1, 1.0), (0, False), ("1", 1), (None, "")])
def test_values_of_other_types_are_other_values(one: Any, other: Any) -> None:
    def action(value: Any) -> dict[str, Any]:
        return schedules.expected(wanted(action={**ACTION, "input": [value]}), None)

    assert schedules.same(action(one), action(one))
    assert not schedules.same(action(one), action(other))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"schedule_id": " "}, "schedule_id is ' ': it must not be empty"),
        ({"schedule_id": "a "}, "schedule_id is 'a '"),
        ({"schedule_id": "a/b"}, "schedule_id is 'a/b': the HTTP API takes no slash"),
        ({"schedule_id": "x" * 971}, "schedule_id is 971 bytes long: use at most 970"),
        ({"remaining_actions": -2}, "remaining_actions is -2: give 0 or more, or -1"),
        ({"note": "x" * 1001}, "note is 1001 bytes long: the server takes 1000"),
        ({"action": {**ACTION, "workflow_type": ""}}, "action.workflow_type is ''"),
        ({"action": {**ACTION, "workflow_id": ""}}, "action.workflow_id is ''"),
        ({"action": {**ACTION, "task_queue": " "}}, "action.task_queue is ' '"),
        ({"action": {**ACTION, "run_timeout": "0"}}, "action.run_timeout is '0': leave it out for no limit"),
        ({"action": {**ACTION, "task_timeout": "x"}}, "action.task_timeout: 'x' is not a duration"),
        ({"action": {**ACTION, "search_attributes": {"A": {}}}}, "action.search_attributes: A is {}"),
        ({"action": {**ACTION, "search_attributes": {"A": None}}}, "action.search_attributes: A is None"),
        ({"policies": {**NO_POLICIES, "catchup_window": "9s"}}, "policies.catchup_window is '9s': the server wants"),
        ({"policies": {**NO_POLICIES, "catchup_window": "x"}}, "policies.catchup_window: 'x' is not a duration"),
    ],
)
def test_mistakes_are_named_with_their_option(given: dict[str, Any], said: str) -> None:
    with pytest.raises(Problem, match=re.escape(said)):
        wanted(**given)


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("Invalid schedule spec: unknown time zone Mars/X", "spec.time_zone"),
        ("Namespace default has no mapping defined for search attribute Shoe", "action.search_attributes"),
    ],
)
def test_refusals_name_the_option(said: str, hint: str) -> None:
    problem = explained(TemporalProblem(said, 400))
    assert str(problem).startswith(said)
    assert hint in str(problem)


@pytest.mark.parametrize("name", schedules.OVERLAPS)
def test_overlap_policies_have_one_name_each(name: str) -> None:
    assert schedules.overlap_name(schedules.overlap_value(name)) == name


def test_no_overlap_policy_is_the_schedules_own() -> None:
    assert schedules.overlap_value(None) == "SCHEDULE_OVERLAP_POLICY_UNSPECIFIED"
    assert schedules.overlap_name("") == schedules.overlap_name("SCHEDULE_OVERLAP_POLICY_UNSPECIFIED") == "skip"
