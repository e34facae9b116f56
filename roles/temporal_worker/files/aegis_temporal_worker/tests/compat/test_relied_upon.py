# SPDX-License-Identifier: Apache-2.0
"""What the manifests of orchestrator 1.2.0-beta rely on (contract 1.2, D3.2, D3.3), and every kind and ending."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Check
from .world import Scenario

REPOSITORY = {
    "binding_id": "0b5d3c1e-aaaa-4aaa-8aaa-000000000011",
    "label": "app",
    "branch": "work/1",
    "ref": "main",
    "started_from": "main",
    "tests": ["tests/test_a.py", "tests/test_<b>.py"],
}
FORGE: dict[str, Any] = {
    "input": {"task": "add & test"},
    "intent": "Forge",
    "repositories": [REPOSITORY, {"label": "second"}],
}
CALL = {"input": {"child": "called-child", "word": 'say "this"'}, "intent": "aloud", "repositories": [REPOSITORY]}
ATTACHMENT = {
    "volume_id": "0b5d3c1e-aaaa-4aaa-8aaa-000000000012",
    "path": "/a.txt",
    "name": "a.txt",
    "mime_type": "text/plain",
    "size": 3,
}

SCENARIOS = [
    Scenario(
        "forge-gate-landed",
        ["forge-gate"],
        "forge-gate-landed",
        FORGE,
        [("ok",), ("refine", "shorter <please>", "ada"), ("land", None, "bob")],
    ),
    Scenario("forge-gate-refused", ["forge-gate"], "forge-gate-refused", FORGE, [("land", "go", "ada")]),
    Scenario("failed-agent-routed", ["failed-agent-routed"], "failed-agent", {"input": {"task": "it"}}),
    Scenario("failed-agent", ["failed-agent"], "failed-agent", {"input": {"task": "it"}}),
    Scenario(
        "all-actions",
        ["all-actions"],
        "all-actions",
        {"input": {"number": 7, "animal": "fox"}, "intent": "show all", "repositories": [REPOSITORY]},
    ),
    Scenario(
        "container-report",
        ["container-report"],
        "container-report",
        {
            "input": {"target": "all", "image": "ghcr.io/acme/build:1"},
            "blackboard": {"cache_volume_id": "0b5d3c1e-aaaa-4aaa-8aaa-000000000013", "tree_volume_id": "no"},
            "repositories": [REPOSITORY],
        },
    ),
    Scenario("persistent-workspace", ["persistent-workspace"], "persistent-workspace", {"input": {"a": 1}}),
    Scenario("ephemeral-workspace", ["ephemeral-workspace"], argument={"input": {"attachments": [ATTACHMENT]}}),
    Scenario("visit-limit", ["visit-limit"]),
    Scenario(
        "judged-agent", ["judged-agent"], "judged-agent", {"input": {"agent": "poet", "what": "verse"}, "intent": "art"}
    ),
    Scenario(
        "judged-agent-refused", ["judged-agent"], "judged-agent-refused", {"input": {"agent": "poet", "what": "prose"}}
    ),
    Scenario("judged-panel", ["judged-panel"], "judged-panel", {"repositories": [REPOSITORY]}),
    Scenario("gate-limits", ["gate-limits"]),
]
CHILDREN = [
    Scenario("parent", ["parent", "called-child", "detached-child"], "parent", CALL),
    Scenario(
        "parent-failed-child",
        ["parent", "failing-child", "detached-child"],
        "parent-failed-child",
        {"input": {"child": "failing-child", "word": "hello"}},
    ),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
async def test_transcript(check: Check, scenario: Scenario) -> None:
    made = await check(scenario)
    assert made.keys() == {"told", "result"}
    assert all(entry["authorised"] and entry["tenant"] == "acme" for entry in made["told"] if "call" in entry)
    assert not any("refused" in entry for entry in made["told"])


@pytest.mark.parametrize("scenario", CHILDREN, ids=lambda scenario: scenario.name)
async def test_a_childs_refused_events_hold_nobody_up(check: Check, scenario: Scenario) -> None:
    """Contract 1.2, D4.2: the orchestrator refuses a child's entered and terminal events, and no others."""
    made = await check(scenario)
    for name, told in made.items():
        refused = {entry["event"] for entry in told if "refused" in entry} if isinstance(told, list) else set()
        assert refused <= {"WorkflowStateEntered", "WorkflowExecutionCompleted", "WorkflowExecutionFailed"}
        assert bool(refused) == name.startswith("child")
