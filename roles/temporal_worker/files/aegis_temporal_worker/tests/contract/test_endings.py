# SPDX-License-Identifier: Apache-2.0
"""Contract 4.2, 4.3, 6.3, 6.6, 6.14, 9.3: how runs end, and what their results hold."""

from __future__ import annotations

from typing import Any

import pytest

from aegis_temporal_worker.interpreter.errors import OutsideError, RunAborted
from aegis_temporal_worker.interpreter.events import MOST_BYTES
from aegis_temporal_worker.interpreter.requests import CommandResult, Options
from aegis_temporal_worker.interpreter.values import weight

from ..interpreter.outside import EXECUTION, MemoryOutside, agent_fails, definition, go, interpret, state, system

WORKSPACE = {"workspace": {"ttl_hours": 1}}


def ending(name: str) -> dict[str, Any]:
    """A definition that ends in this way."""
    return {
        "terminal state": definition({"A": system()}),
        "no transition": definition({"A": system(go("B", "on_failure"))}),
        "null target": definition({"A": system({"condition": "always", "target": None})}),
        "visit limit": definition({"A": system(go("A"), max_state_visits=1)}),
        "total limit": definition({"A": system(go("A"), max_state_visits=20)}, max_total_transitions=1),
        "error": definition({"A": system(command="{{missing}}")}),
        "no score": definition({"A": system(go("B", "score_above"))}),
        "output that cannot be built": definition({"A": system()}, output_template={"x": "{{#if}"}),
    }[name]


@pytest.mark.parametrize("name", ["terminal state", "no transition", "null target"])
async def test_contract_4_3_fields_of_a_completed_run(name: str) -> None:
    result = await interpret(MemoryOutside(ending(name)))
    assert set(result) == {"status", "output", "iterations", "final_state", "blackboard"}
    assert (result["status"], result["iterations"], result["final_state"]) == ("completed", 1, "A")
    assert result["output"] == result["blackboard"]["A"]


@pytest.mark.parametrize(
    ("name", "iterations"),
    [("visit limit", 2), ("total limit", 1), ("error", 1), ("no score", 1), ("output that cannot be built", 1)],
)
async def test_contract_4_3_fields_of_a_failed_run(name: str, iterations: int) -> None:
    outside = MemoryOutside(ending(name))
    result = await interpret(outside)
    assert set(result) - {"output"} == {"status", "error", "iterations", "final_state", "blackboard"}
    assert (result["status"], result["iterations"], result["final_state"]) == ("failed", iterations, "A")
    # Only the visit limit has an output beside its error.
    assert result.get("output") == ({"error": result["error"]} if name == "visit limit" else None)
    assert outside.events[-1]["error"] == result["error"]


async def test_contract_4_3_a_result_stays_within_what_temporal_takes() -> None:
    """Contract 4.1, 9.1 no. 15: payloads over 2 MB are refused, which would lose the whole result."""
    outside = MemoryOutside(
        definition({"A": system(go("B")), "B": system()}),
        lambda command: CommandResult(0, "x" * 1_000_000, "", 1),
    )
    result = await interpret(outside)
    assert weight(result) <= MOST_BYTES
    assert (result["status"], result["iterations"], result["final_state"]) == ("completed", 2, "B")
    assert result["blackboard"]["truncated"] is True
    assert result["blackboard"]["bytes"] > 2_000_000


async def test_contract_4_2_the_arguments_execution_id_is_not_used() -> None:
    """Contract 4.1: the id of Temporal's workflow is the execution's."""
    outside = MemoryOutside(definition({"A": system()}))
    await interpret(outside, execution_id="other", parent_execution_id="parent")
    assert {event["execution_id"] for event in outside.events} == {EXECUTION}


@pytest.mark.parametrize("name", ["terminal state", "visit limit", "total limit", "error", "no score"])
async def test_contract_6_1_every_ending_gives_the_workspace_up_before_it_is_told(name: str) -> None:
    outside = MemoryOutside({**ending(name), "spec_storage": WORKSPACE})
    await interpret(outside)
    assert outside.calls[-2:] == ["destroy volume-1", "publish"]
    assert outside.calls.count("destroy volume-1") == 1


async def test_contract_9_3_41_a_run_that_throws_gives_its_workspace_up() -> None:
    outside = MemoryOutside(definition({"A": system(go("NOWHERE"))}, spec_storage=WORKSPACE))
    with pytest.raises(RunAborted):
        await interpret(outside)
    assert outside.calls[-2:] == ["destroy volume-1", "publish"]


async def test_contract_6_14_the_output_is_built_when_the_workspace_is_gone() -> None:
    """On both ways to complete, and before the completed event, which carries it."""
    for name in ("terminal state", "no transition"):
        outside = MemoryOutside(
            {**ending(name), "spec_storage": WORKSPACE, "output_template": {"said": "{{{A.stdout}}}"}}
        )
        result = await interpret(outside)
        assert result["final_output"] == outside.events[-1]["final_output"] == {"said": "A\n"}
        assert outside.calls == ["fetch", "create acme 1 256", "command A", "destroy volume-1", "publish"]


async def test_contract_9_2_32_braces_do_not_break_json_in_an_output_template() -> None:
    """Contract 6.14: leaves are rendered unescaped, so that an object gets through double braces too."""
    outside = MemoryOutside(
        definition(
            {"A": system()},
            output_template={"whole": "{{json input}}", "list": "{{{json input.list}}}"},
            output_schema={"properties": {"whole": {"type": "object"}, "list": {"type": "array"}}},
        )
    )
    given = {"text": "a \"quoted\" <tag> & 'more'", "list": [1, {"b": None}]}
    assert (await interpret(outside, input=given))["final_output"] == {"whole": given, "list": given["list"]}


async def test_contract_6_6_how_long_people_have_is_configurable() -> None:
    outside = MemoryOutside(definition({"A": state("Human", prompt="?", default_response="x")}))
    outside.options = Options(human_timeout_seconds=7)
    await interpret(outside)
    assert outside.waits == [7]


BOX = {"container_run_image": "i", "container_run_command": ["c"], "container_run_env": {}}
BROKEN = {
    "agent": state("Agent", agent="a", input="x"),
    "agents": state("ParallelAgents", agents=[{"agent": "a", "input": "x"}], consensus={"strategy": "unanimous"}),
    "command": system(),
    "container": state("ContainerRun", **BOX),
    "action": state("Action", action="tree_diff", args={}),
    "image": state("Action", action="image_generate", args={"prompt": "x"}),
    "child": state("Subworkflow", subworkflow_id="nobody", subworkflow_mode="blocking"),
}


@pytest.mark.parametrize(
    ("rule", "final"),
    [
        ({"condition": "custom", "expression": "input.no"}, None),
        ({"condition": "exit_code", "exit_code": 3}, None),
        ({"condition": "custom", "expression": "state_output.error"}, "B"),
        # By its own name too, as if it stood on the blackboard already.
        ({"condition": "custom", "expression": "A.error && blackboard.A.error && blackboard.key == input.key"}, "B"),
    ],
    ids=["custom that does not hold", "another exit code", "custom that holds", "custom with names"],
)
@pytest.mark.parametrize("name", BROKEN)
async def test_contract_9_1_6_a_failure_that_nothing_takes_fails_the_run(
    name: str, rule: dict[str, Any], final: str | None
) -> None:
    """Contract 6.3, 9.1 no. 7: no match means complete, so a failure is handed over only to what takes it."""
    raw = {**BROKEN[name], "transitions": [go("B", "on_success"), {**rule, "target": "B"}]}
    outside = MemoryOutside(definition({"A": raw, "B": state("Action", action="update_blackboard", args={})}))
    outside.on_agent = [agent_fails("broken")]
    outside.on_command = outside.on_container = outside.on_action = outside.on_image = [OutsideError("broken")]
    result = await interpret(outside, input={"key": "value"})
    if final is None:
        assert result["status"] == "failed"
        assert "nobody" in result["error"] or "broken" in result["error"]
        assert "WorkflowStateExited A" not in outside.told()
    else:
        assert (result["status"], result["final_state"]) == ("completed", final)
