# SPDX-License-Identifier: Apache-2.0
"""The golden files themselves: they exist for every scenario and hold what the contract demands of any run."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import GOLDEN
from .rules import KIND_EVENTS, violations
from .test_examples import SCENARIOS as EXAMPLES
from .test_relied_upon import CHILDREN
from .test_relied_upon import SCENARIOS as RELIED_UPON
from .world import HERE, Scenario, definition

ALL = [*EXAMPLES, *RELIED_UPON, *CHILDREN]


def golden(scenario: Scenario) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((GOLDEN / f"{scenario.name}.json").read_text(encoding="utf-8"))
    return read


def kinds(scenario: Scenario) -> dict[str, str]:
    """Kinds by name of state; the definitions of a scenario share no names of states with different kinds."""
    return {state: item["kind"] for name in scenario.definitions for state, item in definition(name)["states"].items()}


def events(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [entry for entry in told if "event" in entry]


def names(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.json")}


def test_every_file_belongs_to_a_scenario() -> None:
    assert names(GOLDEN) == {scenario.name for scenario in ALL}
    assert names(HERE / "definitions") == {name for scenario in ALL for name in scenario.definitions}
    assert names(HERE / "scripts") == {scenario.script for scenario in ALL if scenario.script}


def test_every_kind_is_played() -> None:
    assert {kind for scenario in ALL for kind in kinds(scenario).values()} == set(KIND_EVENTS)


def test_every_definition_says_where_it_comes_from() -> None:
    for path in (HERE / "definitions").glob("*.json"):
        assert json.loads(path.read_text(encoding="utf-8"))["_note"].startswith("Written from the description")


@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.name)
def test_order_and_fields(scenario: Scenario) -> None:
    """Contract 7.2 to 7.5."""
    for name, told in golden(scenario).items():
        if name != "result":
            assert violations(events(told), kinds(scenario)) == [], name


@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.name)
def test_a_state_is_told_before_its_work_is_asked_for(scenario: Scenario) -> None:
    """Contract 7.1: publication blocks progress. The workspace comes before the first state (6.1)."""
    entered = False
    for entry in golden(scenario)["told"]:
        if "call" in entry and "WorkspaceVolume" not in entry["call"]:
            assert entered, entry["call"]
        elif "event" in entry:
            entered = entry["event"] not in ("WorkflowExecutionStarted", "WorkflowStateExited")


def without(index: int) -> Callable[[list[dict[str, Any]]], object]:
    return lambda told: told.pop(index)


def swapped(told: list[dict[str, Any]]) -> object:
    told[2]["event"], told[3]["event"] = told[3]["event"], told[2]["event"]
    return told


def second_end(told: list[dict[str, Any]]) -> object:
    told.append({**told[-1], "temporal_sequence_number": len(told) + 1})
    return told


@pytest.mark.parametrize(
    "change",
    [without(0), without(3), without(-1), swapped, second_end, lambda told: told[-1].pop("final_blackboard")],
    ids=["no start", "no iteration", "no end", "swapped", "two ends", "no blackboard"],
)
def test_the_rules_notice(change: Callable[[list[dict[str, Any]]], object]) -> None:
    scenario = next(item for item in ALL if item.name == "agent-test")
    told = copy.deepcopy(events(golden(scenario)["told"]))
    change(told)
    assert violations(told, kinds(scenario))
