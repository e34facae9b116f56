# SPDX-License-Identifier: Apache-2.0
"""Kind Subworkflow: contract 4.7, 6.9, 7.3; 9.1 no. 4 and 5; 9.3 no. 43."""

from __future__ import annotations

from typing import Any

import pytest

from aegis_temporal_worker.interpreter.errors import OutsideError
from aegis_temporal_worker.interpreter.requests import ChildRun
from aegis_temporal_worker.interpreter.start import Start

from ..outside import EXECUTION, MemoryOutside, definition, go, interpret, state, system

CHILD = "00000000-0000-4000-8000-000000000001"
DEFINITION = "22222222-2222-4222-8222-222222222222"
ROOT = "11111111-1111-4111-8111-111111111111"


def sub(*transitions: dict[str, Any], mode: str = "blocking", **fields: Any) -> dict[str, Any]:
    return state("Subworkflow", *transitions, **{"subworkflow_id": "child", "subworkflow_mode": mode, **fields})


async def run(raw: dict[str, Any], *answers: Any, context: Any = None, **argument: Any) -> Any:
    outside = MemoryOutside(definition({"A": raw, "B": system(), "C": system()}, context=context or {}))
    outside.workflow_ids = {"child": DEFINITION, DEFINITION: DEFINITION}
    if answers:
        outside.on_child = list(answers)
    return outside, await interpret(outside, **argument)


def child(outside: MemoryOutside) -> ChildRun:
    (asked,) = outside.requests
    assert isinstance(asked, ChildRun)
    return asked


def told(outside: MemoryOutside) -> list[dict[str, Any]]:
    common = ("execution_id", "workflow_id", "temporal_sequence_number", "timestamp")
    return [
        {key: value for key, value in event.items() if key not in common}
        for event in outside.events
        if event["event_type"].startswith("Subworkflow")
    ]


async def test_the_childs_argument() -> None:
    """Contract 4.7: its fields; REC: intent and attachments too; contract 1.2, D1.3: the root run goes along."""
    attachment = {"volume_id": "v", "path": "/a"}
    outside, _ = await run(
        sub(subworkflow_input='{"n": {{input.n}} }'),
        input={"n": 5},
        security_context_name="strict",
        intent="ship",
        attachments=[attachment],
    )
    assert child(outside).execution_id == CHILD
    assert child(outside).argument == {
        "workflow_id": DEFINITION,
        "execution_id": CHILD,
        "input": {"n": 5},
        "blackboard": {},
        "parent_execution_id": EXECUTION,
        "root_execution_id": EXECUTION,
        "security_context_name": "strict",
        "tenant_id": "acme",
        "intent": "ship",
        "attachments": [attachment],
    }


async def test_a_childs_child_belongs_to_the_root_run() -> None:
    """Contract 1.2, D1.3: the root's id through every generation."""
    outside, _ = await run(sub(), root_execution_id=ROOT)
    argument = child(outside).argument
    assert (argument["root_execution_id"], argument["parent_execution_id"]) == (ROOT, EXECUTION)


async def test_the_child_sees_the_same_repository() -> None:
    """Contract 4.7: repositories are passed on and read back the same."""
    repository = {"label": "app", "branch": "b", "ref": "r", "started_from": "s", "tests": ["t"], "binding_id": "x"}
    outside, _ = await run(sub(), repositories=[repository])
    argument = child(outside).argument
    assert Start.read(argument).repository == Start.read({"repositories": [repository]}).repository
    assert "repositories" not in child((await run(sub()))[0]).argument


async def test_attachments_of_the_childs_own_input_count_more() -> None:
    """Contract 4.2: a top-level list would replace them."""
    outside, _ = await run(sub(subworkflow_input='{"attachments": []}'), attachments=[{"path": "/a"}])
    assert "attachments" not in child(outside).argument


@pytest.mark.parametrize(
    ("template", "given"),
    [
        (None, {}),
        ("", {}),
        ('{"a": "{{input.x}}"}', {"a": "<&>"}),
        ("plain {{input.x}}", {"input": "plain <&>"}),
        ("[1, 2]", {"input": [1, 2]}),
        ("5", {"input": 5}),
        ("NaN", {"input": "NaN"}),
        ("{{missing}}", {"input": ""}),
        ("[" * 100_000, {"input": "[" * 100_000}),
    ],
)
async def test_the_childs_input(template: str | None, given: dict[str, Any]) -> None:
    """Contract 6.9: rendered, parsed as JSON, else the text under ``input``; no template, no input."""
    outside, _ = await run(sub(subworkflow_input=template), input={"x": "<&>"})
    assert child(outside).argument["input"] == given


@pytest.mark.parametrize("given", ["{{name}}", DEFINITION, " child "])
async def test_by_name_or_id(given: str) -> None:
    """Contract 5.4, 6.9, 9.1 no. 5: rendered, then resolved to a UUID for the tenant."""
    outside, result = await run(sub(subworkflow_id=given), context={"name": "child"})
    assert child(outside).argument["workflow_id"] == DEFINITION
    assert told(outside)[0]["child_workflow_id"] == DEFINITION
    assert outside.calls[1].startswith("find acme ")
    assert result["status"] == "completed"


async def test_an_id_that_renders_empty_fails_the_state() -> None:
    """Contract 6.9: the template error."""
    outside, result = await run(sub(go("B", "on_failure"), subworkflow_id="{{missing}}"))
    assert result["error"].startswith('Template resolution failed: "{{missing}}"')
    assert outside.requests == []


async def test_an_unknown_name_fails_the_run_by_name() -> None:
    """Contract 6.9: nothing is triggered for a child that is none."""
    outside, result = await run(sub(go("B", "on_success"), subworkflow_id="nobody"))
    assert (result["status"], result["error"]) == ("failed", 'State "A": no workflow has the id or name "nobody"')
    assert (told(outside), outside.requests) == ([], [])


async def test_an_unknown_name_routes_when_it_can() -> None:
    """Contract 9.1 no. 6: a failure that a transition could take is handed to the transitions."""
    _, result = await run(sub(go("B", "on_failure"), subworkflow_id="nobody"))
    assert result["final_state"] == "B"
    assert result["blackboard"]["A"]["status"] == "failed"
    assert "nobody" in result["blackboard"]["A"]["error"]


@pytest.mark.parametrize(("key", "written"), [("answer", "answer"), (None, "A_result")])
async def test_blocking(key: str | None, written: str) -> None:
    """Contract 6.9: the result is the output and goes under the result key; Triggered, then Completed."""
    ending = {"status": "completed", "output": {"x": 1}, "iterations": 1, "blackboard": {}}
    outside, result = await run(sub(go("B", "on_success"), subworkflow_result_key=key), ending)
    assert result["final_state"] == "B"
    assert result["blackboard"][written] == ending
    assert result["blackboard"]["A"] == ending
    assert told(outside) == [
        {
            "event_type": "SubworkflowTriggered",
            "child_execution_id": CHILD,
            "child_workflow_id": DEFINITION,
            "mode": "blocking",
            "parent_state_name": "A",
            "parent_execution_id": EXECUTION,
        },
        {
            "event_type": "SubworkflowCompleted",
            "child_execution_id": CHILD,
            "result_key": written,
            "parent_execution_id": EXECUTION,
        },
    ]


@pytest.mark.parametrize("mode", ["blocking", "fire_and_forget"])
async def test_triggered_is_told_before_the_child_begins(mode: str) -> None:
    """Contract 7.4: the child tells its own events from its first step on."""
    outside, _ = await run(sub(mode=mode))
    published = outside.calls.index("publish")
    begun = next(place for place, call in enumerate(outside.calls) if "child" in call and "find" not in call)
    assert published < begun


async def test_a_child_that_returns_failed_routes() -> None:
    """Contract 6.9: it does not raise; its status lets on_failure route."""
    ending = {"status": "failed", "error": "child broke"}
    outside, result = await run(sub(go("B", "on_success"), go("C", "on_failure")), ending)
    assert (result["final_state"], result["blackboard"]["A"]) == ("C", ending)
    assert [event["event_type"] for event in told(outside)] == ["SubworkflowTriggered", "SubworkflowCompleted"]


async def test_a_child_that_raises_fails_the_run() -> None:
    """Contract 6.9, 7.3: event Failed with the error."""
    outside, result = await run(sub(go("B", "on_success")), OutsideError("child terminated"))
    assert (result["status"], result["error"]) == ("failed", "child terminated")
    assert told(outside)[1] == {
        "event_type": "SubworkflowFailed",
        "child_execution_id": CHILD,
        "error": "child terminated",
        "parent_execution_id": EXECUTION,
    }


async def test_a_child_that_raises_routes_when_it_can() -> None:
    """Contract 9.1 no. 6."""
    outside, result = await run(sub(go("B", "on_failure")), OutsideError("child terminated"))
    assert result["final_state"] == "B"
    assert result["blackboard"]["A"] == {"status": "failed", "error": "child terminated"}
    assert told(outside)[1]["event_type"] == "SubworkflowFailed"


async def test_fire_and_forget() -> None:
    """Contract 6.9, 9.3 no. 43: started to go on by itself; no status, so on_success never matches."""
    outside, result = await run(sub(go("B", "on_success"), go("C"), mode="fire_and_forget"))
    assert result["final_state"] == "C"
    assert result["blackboard"]["A"] == {"child_execution_id": CHILD, "mode": "fire_and_forget"}
    assert f"start child {DEFINITION}" in outside.calls
    assert [event["event_type"] for event in told(outside)] == ["SubworkflowTriggered"]
    assert told(outside)[0]["mode"] == "fire_and_forget"
    assert "A_result" not in result["blackboard"]


async def test_a_child_that_cannot_be_started_is_told() -> None:
    """Contract 7.3: Triggered is followed by Failed."""

    class Full(MemoryOutside):
        async def start_child(self, child: ChildRun) -> None:
            raise OutsideError("no room")

    outside = Full(definition({"A": sub(mode="fire_and_forget")}))
    outside.workflow_ids = {"child": DEFINITION}
    result = await interpret(outside)
    assert (result["status"], result["error"]) == ("failed", "no room")
    assert [event["event_type"] for event in told(outside)] == ["SubworkflowTriggered", "SubworkflowFailed"]


async def test_people_see_what_the_run_waits_for() -> None:
    """Contract 9.3 no. 48."""
    outside, _ = await run(sub())
    assert outside.waiting_for == [f'the child run {CHILD} of "child"', None]
