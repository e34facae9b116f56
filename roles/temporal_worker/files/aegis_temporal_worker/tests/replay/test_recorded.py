# SPDX-License-Identifier: Apache-2.0
"""What the recorded histories cover, and what they keep to themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from aegis_temporal_worker.activities import names
from aegis_temporal_worker.interpreter.kinds import KINDS, action
from aegis_temporal_worker.interpreter.kinds.consensus import STRATEGIES

from .conftest import HISTORIES
from .impersonal import impersonal, payloads

TEXTS: Final = {path.stem: path.read_text(encoding="utf-8") for path in sorted(HISTORIES.glob("*.json"))}
# A reviewer reads them, and every clone carries them.
MOST_BYTES: Final = 2 * 1024 * 1024


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """All objects within a value."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from objects(item)


ALL: Final = [item for text in TEXTS.values() for value in payloads(text) for item in objects(value)]
EVENTS: Final = [event for text in TEXTS.values() for event in json.loads(text)["events"]]


def executed(text: str) -> list[dict[str, Any]]:
    """The states of a history's definition that are known to have been executed.

    A state's output stands on the blackboard of the result; states of runs that did not come so far are named by the
    events that activities deliver. What local activities deliver is not in a history.
    """
    found = [item for value in payloads(text) for item in objects(value)]
    # An event that the orchestrator refused is noted by its type alone.
    events = [item for item in found if item.get("event_type") == "WorkflowStateEntered"]
    entered = {event["state_name"] for event in events if "state_name" in event}
    results = [item["blackboard"] for item in found if "final_state" in item and "blackboard" in item]
    entered |= {key for blackboard in results for key in blackboard}
    groups = [item["states"] for item in found if isinstance(item.get("states"), dict)]
    return [state for group in groups for name, state in group.items() if name in entered]


STATES: Final = [state for text in TEXTS.values() for state in executed(text)]


def texts(member: str) -> set[str]:
    """All texts that stand under a name anywhere."""
    return {item[member] for item in ALL if isinstance(item.get(member), str)}


def test_every_kind() -> None:
    assert set(KINDS) <= {state["kind"] for state in STATES}


def test_every_action() -> None:
    assert set(action.NAMES) <= {state["action"] for state in STATES if state["kind"] == "Action"}


def test_every_strategy() -> None:
    """Of results, not of definitions."""
    reached = {item["strategy"] for item in ALL if "confidence" in item and "strategy" in item}
    assert set(STRATEGIES) == reached


def test_every_activity() -> None:
    """Local ones stand in markers under ``activity_type``."""
    known = {value for name, value in vars(names).items() if name.isupper()}
    scheduled = {
        event["activityTaskScheduledEventAttributes"]["activityType"]["name"]
        for event in EVENTS
        if "activityTaskScheduledEventAttributes" in event
    }
    assert known == scheduled | texts("activity_type")


def test_every_mode_of_a_child() -> None:
    assert texts("subworkflow_mode") >= {"blocking", "fire_and_forget"}


@pytest.mark.parametrize("member", ["pre_execution_validator", "judges", "output_handler"])
def test_every_companion_of_a_state(member: str) -> None:
    assert any(state.get(member) for state in STATES)


@pytest.mark.parametrize("ending", ["COMPLETED", "FAILED", "CANCELED", "TIMED_OUT", "CONTINUED_AS_NEW"])
def test_every_ending(ending: str) -> None:
    assert f"EVENT_TYPE_WORKFLOW_EXECUTION_{ending}" in {event["eventType"] for event in EVENTS}


@pytest.mark.parametrize("event", ["TIMER_FIRED", "WORKFLOW_EXECUTION_SIGNALED"])
def test_every_way_out_of_a_gate(event: str) -> None:
    """Its time is over, or a person answers."""
    assert f"EVENT_TYPE_{event}" in {found["eventType"] for found in EVENTS}


@pytest.mark.parametrize("outcome", ["completed", "failed"])
def test_every_outcome(outcome: str) -> None:
    """Most failed runs are completed executions whose result says so."""
    assert any(item.get("status") == outcome and "final_state" in item for item in ALL)


@pytest.mark.parametrize("name", TEXTS)
def test_nothing_of_the_machine_that_recorded(name: str) -> None:
    assert impersonal(TEXTS[name]) == TEXTS[name]


def test_the_machine_is_taken_out() -> None:
    """The check above is only as good as this."""
    history = '{"identity": "7@box", "x": {"identity": "box:7"}, "stackTrace": "at \\"/home/me\\"", "data": "%s"}'
    path = "L3RtcC9weXRlc3Qtb2YtbWUvcHl0ZXN0LTMvYQ=="  # /tmp/pytest-of-me/pytest-3/a
    cleaned = impersonal(history % path)
    assert cleaned == (
        '{"identity": "recorder", "x": {"identity": "recorder"}, "stackTrace": "", "data": "L3NjcmF0Y2gvYQ=="}'
    )


def test_they_are_small() -> None:
    assert sum(len(text.encode()) for text in TEXTS.values()) < MOST_BYTES
