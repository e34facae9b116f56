# SPDX-License-Identifier: Apache-2.0
"""The judge of the soak test notices what it is there for: each ledger here was doctored in one way."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from .ledger_check import Entry, check

RUN = "5a4c7d1e-0000-4000-8000-000000000001"
CHILD = "5a4c7d1e-0000-4000-8000-000000000002"

Ledger = list[Entry]


def event(number: int, kind: str, execution_id: str = RUN, **fields: Any) -> Entry:
    """A delivery that was accepted."""
    told = {"event_type": kind, "execution_id": execution_id, "temporal_sequence_number": number}
    return {
        "kind": "event",
        "execution_id": execution_id,
        "sequence": number,
        "status": 200,
        "reason": None,
        "received_at": f"2026-01-01T00:00:{number:02}+00:00",
        "event": told | {"timestamp": f"2026-01-01T00:00:{number:02}.000Z"} | fields,
    }


def command(state: str, execution_id: str = RUN) -> Entry:
    """A command of a run."""
    request = {"command": "true", "env": {"RUN_ID": execution_id, "STATE": state}}
    return {"kind": "call", "execution_id": None, "method": "ExecuteSystemCommand", "request": request}


def agent(agent_id: str = "writer") -> Entry:
    """A start of an agent."""
    request = {"agent_id": agent_id, "workflow_execution_id": RUN}
    return {"kind": "call", "execution_id": RUN, "method": "ExecuteAgent", "request": request}


DONE = {"status": "success", "exit_code": 0, "stdout": "", "output": {}}
LOST = {"status": "failed", "exit_code": 125, "stdout": "", "output": {}, "error": "the worker was lost"}


def ledger() -> Ledger:
    """A run that lost its first command with its worker, did it again, and let an agent answer twice."""
    return [
        event(1, "WorkflowExecutionStarted"),
        event(2, "WorkflowStateEntered", state_name="A"),
        command("A"),
        event(1, "WorkflowExecutionStarted"),
        event(2, "WorkflowStateEntered", state_name="A"),
        event(3, "WorkflowStateExited", state_name="A", output=LOST),
        event(4, "WorkflowStateEntered", state_name="A"),
        command("A"),
        event(5, "WorkflowStateExited", state_name="A", output=DONE),
        event(6, "WorkflowStateEntered", state_name="W"),
        event(7, "WorkflowIterationStarted", iteration_number=1),
        agent(),
        event(8, "WorkflowIterationCompleted", iteration_number=1, output="x"),
        event(9, "WorkflowIterationStarted", iteration_number=2),
        agent(),
        event(10, "WorkflowIterationCompleted", iteration_number=2, output="y"),
        event(11, "WorkflowStateExited", state_name="W", output={"status": "completed", "iterations": 2}),
        event(12, "WorkflowExecutionCompleted", state_name="W"),
        event(12, "WorkflowExecutionCompleted", state_name="W", timestamp="2026-01-01T00:00:59.000Z"),
    ]


def test_a_good_ledger_has_no_problems() -> None:
    findings = check(ledger(), {RUN})
    assert findings.problems == []
    assert (findings.events, findings.doubles, findings.retimed) == (12, 3, 1)
    assert [(visit.state, visit.succeeded) for visit in findings.visits] == [("A", False), ("A", True), ("W", True)]
    assert findings.calls == {"ExecuteSystemCommand": 2, "ExecuteAgent": 2}


def position(entries: Ledger, number: int) -> int:
    """Where the last delivery of a number stands."""
    return max(at for at, entry in enumerate(entries) if entry.get("sequence") == number)


def without(number: int) -> Callable[[Ledger], None]:
    """Every delivery of a number is lost."""

    def doctor(entries: Ledger) -> None:
        entries[:] = [entry for entry in entries if entry.get("sequence") != number]

    return doctor


def swapped(entries: Ledger) -> None:
    """Two neighbours came the other way round."""
    at = position(entries, 8)
    entries[at], entries[at + 1] = entries[at + 1], entries[at]


def changed_double(entries: Ledger) -> None:
    """A double tells another state."""
    at = max(at for at, entry in enumerate(entries) if entry.get("sequence") == 2)
    entries[at] = event(2, "WorkflowStateEntered", state_name="B")


def second_terminal(entries: Ledger) -> None:
    """The run ends twice."""
    entries.append(event(13, "WorkflowExecutionFailed", error="no"))


def goes_on_after_its_end(entries: Ledger) -> None:
    """Something is told after the end."""
    entries.append(event(13, "WorkflowStateEntered", state_name="A"))


def refused(entries: Ledger) -> None:
    """An event was not taken."""
    entries[position(entries, 8)] |= {"status": 400, "reason": "iteration_number is missing"}


def begins_twice(entries: Ledger) -> None:
    """The start is told under two numbers."""
    entries[position(entries, 8)] = event(8, "WorkflowExecutionStarted")


def repeated_command(entries: Ledger) -> None:
    """A command was begun again in the same visit."""
    entries.insert(3, command("A"))


def repeated_agent(entries: Ledger) -> None:
    """An agent was begun again in the same iteration."""
    entries.insert(position(entries, 10), agent())


def work_of_another_state(entries: Ledger) -> None:
    """A command of the state A was begun in the state W."""
    entries.insert(position(entries, 7), command("A"))


def work_outside(entries: Ledger) -> None:
    """A command was begun between two states."""
    entries.insert(position(entries, 6), command("A"))


def no_work(entries: Ledger) -> None:
    """A command that was never begun has ended well."""
    del entries[position(entries, 4) + 1]


def no_second_run(entries: Ledger) -> None:
    """An agent that was begun once has answered twice."""
    del entries[position(entries, 9) + 1]


def left_without_entering(entries: Ledger) -> None:
    """A state is left that was not entered."""
    entries[position(entries, 4)] = event(4, "RefinementApplied")


def entered_without_leaving(entries: Ledger) -> None:
    """A state is entered in another one."""
    entries[position(entries, 5)] = event(5, "RefinementApplied")


def stranger(entries: Ledger) -> None:
    """An event of a run that nobody started."""
    entries.append(event(1, "WorkflowExecutionStarted", CHILD))


def strange_call(entries: Ledger) -> None:
    """A command of a run that nobody started."""
    entries.append(command("A", CHILD))


@pytest.mark.parametrize(
    ("doctor", "told"),
    [
        pytest.param(without(1), "no. 1 never came", id="first-missing"),
        pytest.param(without(8), "no. 8 never came", id="missing"),
        pytest.param(without(12), "0 terminal events", id="last-missing"),
        (swapped, "came where no. 8 was due"),
        (changed_double, "WorkflowStateEntered no. 2 came again with other content: state_name"),
        (second_terminal, "2 terminal events"),
        (goes_on_after_its_end, "came after the end"),
        (refused, "was refused with 400"),
        (begins_twice, "does not begin with its one WorkflowExecutionStarted"),
        (repeated_command, "ExecuteSystemCommand was begun 2 times in one visit of A"),
        (repeated_agent, "ExecuteAgent writer iteration 2 was begun 2 times in one visit of W"),
        (work_of_another_state, "work of A was begun in the state W"),
        (work_outside, "ExecuteSystemCommand was called while the run was in no state"),
        (no_work, "A tells of 1 pieces of work, but 0 were begun"),
        (no_second_run, "W tells of 2 pieces of work, but 1 were begun"),
        (left_without_entering, "A was left without being entered"),
        (entered_without_leaving, "W was entered before A was left"),
        (stranger, f"an event of the unknown run {CHILD}"),
        (strange_call, f"ExecuteSystemCommand for the unknown run {CHILD}"),
    ],
)
def test_a_doctored_ledger_is_noticed(doctor: Callable[[Ledger], None], told: str) -> None:
    entries = copy.deepcopy(ledger())
    doctor(entries)
    assert any(told in problem for problem in check(entries, {RUN}).problems)


def test_a_run_that_was_started_and_never_told_is_noticed() -> None:
    assert any(CHILD in problem for problem in check(ledger(), {RUN, CHILD}).problems)


def family() -> Ledger:
    """A run with a child, of which the orchestrator has no record."""
    no_record = {"status": 400, "reason": f"Workflow execution not found: {CHILD}"}
    return [
        event(1, "WorkflowExecutionStarted"),
        event(2, "WorkflowStateEntered", state_name="C"),
        event(3, "SubworkflowTriggered", child_execution_id=CHILD),
        event(1, "WorkflowExecutionStarted", CHILD),
        event(2, "WorkflowStateEntered", CHILD, state_name="A") | no_record,
        command("A", CHILD),
        event(3, "WorkflowStateExited", CHILD, state_name="A", output=DONE),
        event(4, "WorkflowExecutionCompleted", CHILD) | no_record,
        event(4, "SubworkflowCompleted", child_execution_id=CHILD),
        event(
            5, "WorkflowStateExited", state_name="C", output={"status": "completed", "iterations": 1, "blackboard": {}}
        ),
        event(6, "WorkflowExecutionCompleted"),
    ]


def test_children_are_judged_too() -> None:
    findings = check(family(), {RUN})
    assert findings.problems == []
    assert set(findings.runs) == {RUN, CHILD}
    lost = [entry for entry in family() if not (entry["execution_id"] == CHILD and entry["sequence"] == 4)]
    assert any(CHILD in problem for problem in check(lost, {RUN}).problems)


def test_only_a_child_may_be_refused_for_having_no_record() -> None:
    entries = family()
    entries[1] |= {"status": 400, "reason": f"Workflow execution not found: {RUN}"}
    assert any("was refused with 400" in problem for problem in check(entries, {RUN}).problems)
