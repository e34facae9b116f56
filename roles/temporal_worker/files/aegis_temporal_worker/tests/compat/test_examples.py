# SPDX-License-Identifier: Apache-2.0
"""The example manifests of contract 10.1, mapped by hand, from start to end."""

from __future__ import annotations

import pytest

from .conftest import Check
from .world import Scenario

CODE = {"input": {"task": "print 42", "agent_id": "coder", "command": "eval $CODE"}, "intent": "an example"}

SCENARIOS = [
    Scenario("echo-test", ["echo-test"]),
    Scenario("agent-test", ["agent-test"], "agent-test", {"input": {"name": "Ada"}, "intent": "be kind"}),
    Scenario("100monkeys-classic", ["100monkeys-classic"], "100monkeys-classic", CODE),
    Scenario("stateful-pipeline", ["stateful-pipeline"], "stateful-pipeline", {"input": {"task": "state <machines>"}}),
    Scenario(
        "human-approval-test",
        ["human-approval-test"],
        argument={"input": {"version": "1.2"}},
        answers=[("yes", None, "ada")],
    ),
    Scenario(
        "human-approval-test-refused",
        ["human-approval-test"],
        argument={"input": {"version": "1.2"}},
        # A word that the gate does not take, then a synonym in another case, from an older orchestrator.
        answers=[("perhaps", "let me think", "ada"), ("Rejected", "not now")],
    ),
    Scenario("multi-judge-majority", ["multi-judge-majority"], "multi-judge-majority"),
    Scenario("multi-judge-majority-tied", ["multi-judge-majority"], "multi-judge-majority-tied"),
    Scenario("multi-judge-best-of-n", ["multi-judge-best-of-n"]),
    Scenario(
        "simple-container-run",
        ["simple-container-run"],
        "simple-container-run",
        {"input": {"task": "check it"}},
    ),
    Scenario(
        "simple-container-run-failed",
        ["simple-container-run"],
        "simple-container-run-failed",
        # A run that was given a workspace by its starter: its id takes the volume's place.
        {"blackboard": {"task": "check it", "workspace_volume_id": "0b5d3c1e-aaaa-4aaa-8aaa-000000000007"}},
    ),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
async def test_transcript(check: Check, scenario: Scenario) -> None:
    told = (await check(scenario))["told"]
    assert all(entry["authorised"] and entry["tenant"] == "acme" for entry in told if "call" in entry)
    assert not any("refused" in entry for entry in told)
