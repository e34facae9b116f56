# SPDX-License-Identifier: Apache-2.0
"""Contract 6.2, 6.13: what is on the blackboard when a run begins, and every name that templates were promised."""

from __future__ import annotations

from typing import Any

import pytest

from aegis_temporal_worker.interpreter.requests import ContainerResult

from ..interpreter.outside import EXECUTION, MemoryOutside, agent_says, definition, go, start, state, system

REPOSITORY = {"label": "app", "branch": "work", "ref": "main", "started_from": "v1", "tests": ["t.py"]}
ATTACHMENT = {"volume_id": "v", "path": "/a", "name": "a.txt", "mime_type": "text/plain", "size": 1}

# Row of 6.13: template, text.
NAMES = {
    "output of an agent": ("{{AGENT.output.kind}}", "cat"),
    "status of an agent": ("{{AGENT.status}}", "completed"),
    "score of an agent": ("{{AGENT.score}}", "0.5"),
    "iterations of an agent": ("{{AGENT.iterations}}", "1"),
    "nested streams of a command": ("{{CMD.output.stdout}}{{CMD.output.stderr}}{{CMD.output.exit_code}}", "CMD\n0"),
    "flat streams of a command": ("{{{CMD.stdout}}}{{CMD.stderr}}{{CMD.exit_code}}", "CMD\n0"),
    "streams of a container": ("{{BOX.output.stdout}}", "boxed"),
    "streams of a step": ("{{BOXES.output.unit-tests.stdout}}", "boxed"),
    "field of one agent of several": ("{{PANEL.agents.1.output.kind}}", "cat"),
    "consensus": ("{{PANEL.consensus.score}}/{{PANEL.consensus.confidence}}", "0.5/0.94"),
    "context under blackboard": ("{{blackboard.color}}", "red"),
    "start input under blackboard": ("{{blackboard.registry}}", "quay"),
    "context under workflow": ("{{workflow.context.color}}", "red"),
    "start input under workflow": ("{{workflow.registry}}", "quay"),
    "own fields of workflow come first": ("{{workflow.name}} {{workflow.version}}", "test 1.0.0"),
    "storage prints as an object": ("{{workflow.storage.workspace}}", "[object Object]"),
    "start input": ("{{input.registry}}", "quay"),
    "the run": ("{{execution.id}}", EXECUTION),
    "feedback of the transition": ("{{state.feedback}}", "go on, app"),
    "feedback of a person": ("{{human.feedback}}/{{GATE.feedback}}", "nice/nice"),
    "answer of a person": ("{{GATE.response}}", "yes"),
    "intent": ("{{intent}}", "ship"),
    "tenant": ("{{tenant_id}}", "acme"),
    "attachments": ("{{attachments.0.name}}", "a.txt"),
    "repository": (
        "{{repository.label}} {{repository.path}} {{repository.branch}} {{repository.ref}} {{repository.started_from}}",
        "app /workspace/app work main v1",
    ),
    "tests of the repository": ("{{#if repository.tests}}{{{json repository.tests}}}{{/if}}", '["t.py"]'),
    "sum of a name and a number": ("{{blackboard.iteration_number + 1}}", "3"),
    "a state that never ran": ("[{{NEVER.output}}]", "[]"),
}


def everything() -> dict[str, Any]:
    """A definition that plays all kinds which templates quote, and prints all names at the end."""
    image = {"image": "i", "command": ["c"], "env": {}}
    states = {
        "AGENT": state("Agent", go("CMD"), agent="a", input="x"),
        "CMD": system(go("BOX")),
        "BOX": state(
            "ContainerRun", go("BOXES"), container_run_image="i", container_run_command=["c"], container_run_env={}
        ),
        "BOXES": state("ParallelContainerRun", go("PANEL"), parallel_container_steps=[{"name": "unit-tests", **image}]),
        "PANEL": state(
            "ParallelAgents",
            go("GATE"),
            agents=[{"agent": "a", "input": "x"}, {"agent": "b", "input": "x"}],
            consensus={"strategy": "weighted_average"},
        ),
        "GATE": state("Human", go("END", feedback="go on, {{repository.label}}"), prompt="?"),
        "END": system(env={row: template for row, (template, _) in NAMES.items()}),
    }
    storage = {"workspace": {"storage_class": "persistent", "volume_id": "v"}}
    return definition(states, context={"color": "red", "iteration_number": 2}, spec_storage=storage)


@pytest.fixture
async def printed() -> dict[str, str]:
    """What each name printed."""
    outside = MemoryOutside(everything())
    outside.on_agent = [agent_says('{"kind": "cat", "score": 0.5}')]
    outside.on_container = [ContainerResult(0, "boxed", "", 1)]
    run = start(
        outside,
        input={"registry": "quay", "name": "hidden"},
        intent="ship",
        attachments=[ATTACHMENT],
        repositories=[REPOSITORY, {"label": "second"}],
    )
    run.answers.put(["yes", "nice", "ada"])
    result = await run.execute()
    assert (result["status"], outside.commands[-1].state_name) == ("completed", "END")
    return outside.commands[-1].env


@pytest.mark.parametrize("row", NAMES)
async def test_contract_6_13_every_promised_name(printed: dict[str, str], row: str) -> None:
    """Contract 9.2 no. 23; contract 1.2, D2.1, D3.3."""
    assert printed[row] == NAMES[row][1]


# Each of these is given by the definition's context and by the starter; the run's own value wins.
OWN = {
    "tenant_id": "acme",
    "intent": "ship",
    "input": {"a": 1, "attachments": [ATTACHMENT]},
    "attachments": [ATTACHMENT],
    "workspace_volume_id": "volume-1",
    "workspace_volume_id_remote_path": "/remote/volume-1",
}


async def test_contract_6_2_later_entries_win() -> None:
    everywhere = dict.fromkeys((*OWN, "workflow", "repository", "both"), "taken")
    outside = MemoryOutside(
        definition(
            {"A": system()}, context={**everywhere, "only": "context"}, spec_storage={"workspace": {"ttl_hours": 1}}
        )
    )
    run = start(
        outside,
        input={"a": 1},
        blackboard={**everywhere, "both": "starter"},
        intent="ship",
        attachments=[ATTACHMENT],
        repositories=[REPOSITORY],
    )
    board = (await run.execute())["blackboard"]
    assert {key: board[key] for key in OWN} == OWN
    assert (board["only"], board["both"]) == ("context", "starter")
    assert set(board["workflow"]) == {"name", "version", "context", "storage"}
    assert board["repository"] == {**REPOSITORY, "path": "/workspace/app"}
    assert board["A"]["status"] == "success"


async def test_contract_6_2_absent_things_have_their_empty_values() -> None:
    outside = MemoryOutside(definition({"A": system()}, tenant_id=None))
    board = (await start(outside, tenant_id=None).execute())["blackboard"]
    assert (board["tenant_id"], board["intent"], board["input"], board["attachments"]) == ("", "", {}, [])
    assert "repository" not in board
