# SPDX-License-Identifier: Apache-2.0
"""What the contract demands of the events of every run (sections 7.2 to 7.5; 1.2, D4.2, D4.3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

Event = dict[str, Any]

TERMINAL: Final = ("WorkflowExecutionCompleted", "WorkflowExecutionFailed", "WorkflowExecutionCancelled")
_VISIT_LIMIT: Final = "WorkflowStateVisitLimitExceeded"
# One letter for each type, so that an order can be written as a regular expression.
_LETTERS: Final = {
    "WorkflowExecutionStarted": "B",
    "WorkflowStateEntered": "e",
    "WorkflowStateExited": "x",
    "WorkflowIterationStarted": "i",
    "WorkflowIterationCompleted": "c",
    "WorkflowIterationFailed": "f",
    "RefinementApplied": "r",
    "ContainerRunStarted": "k",
    "ContainerRunCompleted": "l",
    "ContainerRunFailed": "l",
    "HumanInputRequested": "h",
    "SubworkflowTriggered": "t",
    "SubworkflowCompleted": "u",
    "SubworkflowFailed": "u",
    _VISIT_LIMIT: "V",
    **dict.fromkeys(TERMINAL, "Z"),
}
# The events of each kind between entered and exited; what comes before an error of the state is a beginning of them.
KIND_EVENTS: Final = {
    "Agent": r"f|(?:icr?)*(?:ic|if)",
    "System": "",
    "Action": "",
    "ParallelAgents": "",
    "Human": "h+",
    "ContainerRun": "(?:kl)?",
    "ParallelContainerRun": "kl",
    "Subworkflow": "(?:tu?)?",
}
_BROKEN_OFF: Final = {
    "Agent": "(?:icr?)*(?:i[cf]?)?|f",
    "Human": "h+",
    "ContainerRun": "k?l?",
    "ParallelContainerRun": "k?l?",
    "Subworkflow": "t?u?",
}


def violations(events: Sequence[Event], kinds: dict[str, str]) -> list[str]:
    """What is wrong with the events of one run; ``kinds`` by name of its states."""
    found = []
    numbers = [event["temporal_sequence_number"] for event in events]
    if numbers != list(range(1, len(events) + 1)):
        found.append(f"the numbers are {numbers}")
    order = "".join(_LETTERS[event["event"]] for event in events)
    if not re.fullmatch("B(?:e[^exBZV]*x)*(?:e[^exBZV]*)?V?Z", order):
        found.append(f"the order is {order}")
    for visit in _visits(events):
        found += _wrong_in_a_visit(visit, kinds)
    found += [problem for event in events for problem in _wrong_in(event)]
    return found


def _visits(events: Sequence[Event]) -> list[list[Event]]:
    """From each entered event to the exited one, or to the end of a state that raised."""
    visits: list[list[Event]] = []
    inside = False
    for event in events:
        if event["event"] == "WorkflowStateEntered":
            inside = True
            visits.append([])
        if event["event"] in (*TERMINAL, _VISIT_LIMIT):
            inside = False
        if inside:
            visits[-1].append(event)
        if event["event"] == "WorkflowStateExited":
            inside = False
    return visits


def _wrong_in_a_visit(visit: Sequence[Event], kinds: dict[str, str]) -> list[str]:
    name = visit[0]["state_name"]
    kind = kinds[name]
    ended = visit[-1]["event"] == "WorkflowStateExited"
    inner = visit[1:-1] if ended else visit[1:]
    letters = "".join(_LETTERS[event["event"]] for event in inner)
    allowed = KIND_EVENTS[kind] if ended else _BROKEN_OFF.get(kind, "")
    found = [] if re.fullmatch(allowed, letters) else [f"{name}, {kind}: {letters!r} does not fit {allowed!r}"]
    if any(event.get("state_name", name) != name for event in visit):
        found.append(f"{name}: an event in between names another state")
    return found


def _wrong_in(event: Event) -> list[str]:
    """Fields beyond those without which the stand-in refuses an event."""
    wanted: dict[str, tuple[str, ...]] = {
        "HumanInputRequested": ("state_name", "responses", "expires_at"),
        "ContainerRunStarted": ("state_name", "name"),
        "ContainerRunCompleted": ("state_name", "name"),
        "ContainerRunFailed": ("state_name", "name", "exit_code", "stderr"),
        "SubworkflowTriggered": ("mode", "parent_state_name", "parent_execution_id"),
        "SubworkflowCompleted": ("result_key", "parent_execution_id"),
        "SubworkflowFailed": ("error", "parent_execution_id"),
        _VISIT_LIMIT: ("actual_visits", "final_blackboard"),
        **dict.fromkeys(TERMINAL, ("state_name", "final_blackboard")),
    }
    needed = ("execution_id", "workflow_id", "timestamp", *wanted.get(event["event"], ()))
    return [f"{event['event']} without {name}" for name in needed if event.get(name) is None]
