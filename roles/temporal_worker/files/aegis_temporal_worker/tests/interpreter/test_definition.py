# SPDX-License-Identifier: Apache-2.0
"""Definitions, start arguments, durations and events are read tolerantly, with the contract's limits."""

from __future__ import annotations

import pytest

from aegis_temporal_worker.interpreter.definition import Definition, State, Workspace
from aegis_temporal_worker.interpreter.durations import state_limit_seconds
from aegis_temporal_worker.interpreter.errors import InterpreterError
from aegis_temporal_worker.interpreter.events import EventLog
from aegis_temporal_worker.interpreter.start import Start

from .outside import definition, system


@pytest.mark.parametrize(
    ("given", "limit"), [(None, 50), (0, 50), (7, 7), (100, 100), (101, 100), ("7", 50), (True, 50), (-1, 50)]
)
def test_total_limit(given: object, limit: int) -> None:
    """Contract 5.1, 6.3: 50 unless declared, at most 100."""
    read = Definition.read(definition({"A": system()}, max_total_transitions=given))
    assert read.max_total_transitions == limit


@pytest.mark.parametrize(("given", "limit"), [(None, 5), (0, 5), (1, 1), (20, 20), (21, 20)])
def test_visit_limit(given: object, limit: int) -> None:
    """Contract 5.3, 6.3: 5 unless declared, at most 20."""
    assert State.read("A", {"max_state_visits": given}).max_visits == limit


def test_unknown_fields_and_nulls_are_ignored() -> None:
    """Contract 4.1, 5.1: readers ignore what they do not know; null means absent."""
    read = Definition.read(
        {
            **definition({"A": {"kind": "System", "transitions": None, "timeout": None, "novel": 1}, "B": None}),
            "spec_storage": None,
            "output_template": None,
            "context": None,
            "novel": {},
        }
    )
    state = read.state("A")
    assert state is not None
    assert (state.transitions, state.limit_seconds, dict(read.context)) == ((), None, {})
    assert read.state("B") is None
    assert read.workspace is None


@pytest.mark.parametrize("raw", [None, [], "x", {}, {"states": {}}, {"states": {"A": {}}}, {"initial_state": "A"}])
def test_nothing_to_interpret(raw: object) -> None:
    """Contract 5.1."""
    with pytest.raises(InterpreterError, match="no states or no initial_state"):
        Definition.read(raw)


def test_transition_without_condition_is_always() -> None:
    """Contract 5.5."""
    state = State.read("A", {"transitions": [{"target": "B"}, {"condition": "on_success", "target": None}]})
    assert [(item.condition, item.target) for item in state.transitions] == [("always", "B"), ("on_success", None)]


@pytest.mark.parametrize(
    ("given", "seconds", "warns"),
    [
        (None, None, False),
        ("180s", 180, False),
        ("2m", 120, False),
        ("1h", 3600, False),
        ("1h30m", 5400, False),
        ("1h 30m 5s", 5405, False),
        ("0s", None, True),
        ("soon", 60, True),
        ("10", 60, True),
        ("1.5h", 60, True),
        (30, 60, True),
        ("٣s", 60, True),
    ],
)
def test_durations(given: object, seconds: int | None, warns: bool) -> None:
    """Contract 6.11."""
    found, warning = state_limit_seconds(given)
    assert found == seconds
    assert (warning is not None) is warns


def test_workspace_defaults() -> None:
    """Contract 5.2."""
    assert Workspace.read({"workspace": {}}) == Workspace(True, 1, 256, None, "workspace_volume_id")
    persistent = {"storage_class": "persistent", "volume_id": "v", "blackboard_key": "ws"}
    assert Workspace.read({"workspace": persistent}) == Workspace(False, 1, 256, "v", "ws")
    assert Workspace.read({}) is None


def test_start_wraps_an_input_that_is_no_object() -> None:
    """Contract 4.2."""
    assert Start.read({"input": [1]}).input == {"input": [1]}
    assert Start.read({"input": None}).input == {}
    assert Start.read(None).workflow_id == ""


def test_start_attachments_from_both_places() -> None:
    """Contract 4.2, 6.2."""
    assert Start.read({"attachments": [1]}).input == {"attachments": [1]}
    assert Start.read({"attachments": [1], "input": {"a": 2}}).attachments == [1]
    assert Start.read({"input": {"attachments": [3]}}).attachments == [3]
    assert Start.read({}).attachments == []


def test_start_takes_the_first_repository() -> None:
    """Contract 4.2, 6.2; contract 1.2, D2.1: with its tests."""
    repository = Start.read(
        {"repositories": [{"label": "web", "branch": "b", "tests": ["t"]}, {"label": "x"}]}
    ).repository
    assert repository == {
        "label": "web",
        "path": "/workspace/web",
        "branch": "b",
        "ref": None,
        "started_from": None,
        "tests": ["t"],
    }
    assert Start.read({"repositories": [{"tests": "no"}]}).repository == {
        "label": None,
        "path": None,
        "branch": None,
        "ref": None,
        "started_from": None,
        "tests": None,
    }


def test_a_large_event_is_shortened_but_keeps_what_is_needed() -> None:
    """Contract 7.5, 9.1 no. 15."""
    log = EventLog("e", "w", lambda: "t")
    log.add("WorkflowStateExited", state_name="A", output={"stdout": "x" * 2_000_000})
    log.add("WorkflowExecutionCompleted", final_output={"a": 1}, final_blackboard={"A": "ü" * 1_000_000})
    exited, completed = log.take()
    assert exited["output"]["truncated"] is True
    assert exited["output"]["bytes"] > 2_000_000
    assert exited["state_name"] == "A"
    assert completed["final_blackboard"]["truncated"] is True
    assert completed["final_output"]["truncated"] is True


def test_events_given_back_come_first_and_keep_their_numbers() -> None:
    """Contract 2.6, 7.1: numbers from 1 on, far below the orchestrator's own."""
    log = EventLog("e", "w", lambda: "t")
    log.add("A")
    taken = log.take()
    log.add("B", nothing=None)
    log.give_back(taken)
    assert [(event["event_type"], event["temporal_sequence_number"]) for event in log.take()] == [("A", 1), ("B", 2)]
    assert log.take() == []
