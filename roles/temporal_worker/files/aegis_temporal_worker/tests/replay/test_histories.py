# SPDX-License-Identifier: Apache-2.0
"""Recorded histories of a real server replay with today's code, so that an upgrade breaks no running execution."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from aegis_temporal_worker.interpreter.kinds import KINDS, action

from .conftest import HISTORIES

RECORDED = sorted(HISTORIES.glob("*.json"))


def load(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(path.stem, path.read_text(encoding="utf-8"))


def executed(path: Path) -> Iterator[dict[str, Any]]:
    """The states of a recorded run that have an output, as its definition has them."""
    states: dict[str, Any] = {}
    outputs: set[str] = set()
    for value in _payloads(json.loads(path.read_text(encoding="utf-8"))):
        if isinstance(value, dict):
            carried = value.get("carried") or {}
            definition = value.get("definition") or carried.get("definition") or {}
            states |= definition.get("states") or {}
            outputs |= (value.get("blackboard") or carried.get("blackboard") or {}).keys()
    return (states[name] for name in outputs if name in states)


def _payloads(node: Any) -> Iterator[Any]:
    """The values of all payloads that are JSON."""
    if isinstance(node, dict):
        if "encoding" in (node.get("metadata") or {}):
            if base64.b64decode(node["metadata"]["encoding"]) == b"json/plain":
                yield json.loads(base64.b64decode(node["data"]))
            return
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from _payloads(item)


def test_every_kind_and_every_action_is_recorded() -> None:
    states = [state for path in RECORDED for state in executed(path)]
    assert {state["kind"] for state in states} >= set(KINDS)
    assert {state.get("action") for state in states if state["kind"] == "Action"} >= set(action.NAMES)
    # Judges vote by weighted average unless their state says otherwise.
    voting = [state for state in states if state.get("consensus") or state.get("judges")]
    strategies = {(state.get("consensus") or {}).get("strategy", "weighted_average") for state in voting}
    assert strategies == {"weighted_average", "majority_vote", "unanimous", "best_of_n"}
    modes = {state["subworkflow_mode"] for state in states if state["kind"] == "Subworkflow"}
    assert modes == {"blocking", "fire_and_forget"}


@pytest.mark.parametrize("field", ["judges", "pre_execution_validator", "output_handler", "judges_for_parallel"])
def test_what_a_state_may_have_is_recorded(field: str) -> None:
    assert any(state.get(field) for path in RECORDED for state in executed(path))


def test_every_ending_is_recorded() -> None:
    endings = {
        event["eventType"].removeprefix("EVENT_TYPE_WORKFLOW_EXECUTION_")
        for path in RECORDED
        for event in json.loads(path.read_text(encoding="utf-8"))["events"][-1:]
    }
    assert endings >= {"COMPLETED", "FAILED", "CANCELED", "CONTINUED_AS_NEW"}


def test_no_history_names_the_machine_that_recorded_it() -> None:
    identities = {
        name for path in RECORDED for name in re.findall(r'"identity": "([^"]*)"', path.read_text(encoding="utf-8"))
    }
    servers_own = {name for name in identities if name.startswith(("temporal-scheduler-", "history-service"))}
    assert identities - servers_own <= {"test-worker", "test-orchestrator", "worker:3000"}


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_replays(path: Path, replayer: Replayer) -> None:
    """Contract 4.1: determinism, and runs in flight survive an upgrade of this worker."""
    await replayer.replay_workflow(load(path))


async def test_a_history_that_does_not_fit_is_noticed(replayer: Replayer) -> None:
    recorded = (HISTORIES / "echo.json").read_text(encoding="utf-8")
    changed = recorded.replace("executeSystemCommandActivity", "someOtherActivity")
    assert changed != recorded
    with pytest.raises(NondeterminismError):
        await replayer.replay_workflow(WorkflowHistory.from_json("changed", changed))
