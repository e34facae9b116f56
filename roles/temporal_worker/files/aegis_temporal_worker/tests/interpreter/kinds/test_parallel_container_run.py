# SPDX-License-Identifier: Apache-2.0
"""Kind ParallelContainerRun: contract 6.8, 7.3, 7.5; contract 1.2, D1.1, D1.3."""

from __future__ import annotations

from typing import Any

import pytest

from aegis_temporal_worker.interpreter.errors import OutsideError
from aegis_temporal_worker.interpreter.events import MOST_BYTES
from aegis_temporal_worker.interpreter.requests import ContainerResult, ContainerStep
from aegis_temporal_worker.interpreter.values import weight

from ..outside import EXECUTION, MemoryOutside, definition, go, interpret, state, system

ROOT = "11111111-1111-4111-8111-111111111111"
OK = ContainerResult(0, "fine", "", 5)
BAD = ContainerResult(3, "out", "broken", 7)


def step(name: str, **fields: Any) -> dict[str, Any]:
    """A step as the orchestrator sends it: absent values are null."""
    return {
        "name": name,
        "image": "alpine",
        "command": ["make"],
        "env": {},
        "workdir": None,
        "volumes": [],
        "resources": None,
        "registry_credentials": None,
        "shell": False,
        **fields,
    }


def parallel(*steps: dict[str, Any], completion: str | None = "all_succeed", **fields: Any) -> dict[str, Any]:
    transitions = fields.pop("transitions", [go("YES", "on_success"), go("NO", "on_failure")])
    return state(
        "ParallelContainerRun",
        *transitions,
        parallel_container_steps=list(steps),
        parallel_container_completion=completion,
        **fields,
    )


async def run(raw: dict[str, Any], *answers: Any, context: Any = None, **argument: Any) -> Any:
    outside = MemoryOutside(definition({"A": raw, "YES": system(), "NO": system()}, context=context or {}))
    outside.on_container = list(answers) or [OK]
    return outside, await interpret(outside, **argument)


def told(outside: MemoryOutside) -> list[dict[str, Any]]:
    return [event for event in outside.events if event["event_type"].startswith("Container")]


async def test_steps_are_rendered() -> None:
    """Contract 6.8: name, image, command (nothing dropped), workdir, env."""
    raw = parallel(
        step(
            "t-{{v}}",
            image="i:{{v}}",
            command=["a", "{{missing}}", "{{v}}"],
            workdir="/{{v}}",
            env={"V": "{{v}}"},
        )
    )
    outside, _ = await run(raw, context={"v": "<1>"})
    (asked,) = outside.requests
    assert isinstance(asked, ContainerStep)
    assert (asked.name, asked.image, asked.workdir) == ("t-<1>", "i:<1>", "/<1>")
    assert asked.command == ["a", "", "<1>"]
    assert asked.env == {"V": "<1>"}


async def test_each_step_has_its_own_execution_id_and_the_runs_in_field_15() -> None:
    """Contract 1.2, D1.3: the end of a step drops every mount of its execution id."""
    outside, _ = await run(parallel(step("a"), step("b")), root_execution_id=ROOT)
    ids = [asked.execution_id for asked in outside.requests]
    assert len(set(ids)) == 2
    assert EXECUTION not in ids
    assert ROOT not in ids
    assert [asked.workflow_execution_id for asked in outside.requests] == [ROOT, ROOT]
    assert {asked.state_name for asked in outside.requests} == {"A"}


async def test_what_the_reference_does_not_send() -> None:
    """Contract 9.1 no. 11; contract 1.2, D1.1: cpu, volumes, pull policy, inputs, network mode."""
    raw = parallel(
        step(
            "a",
            image_pull_policy="always",
            network_mode="none",
            resources={"cpu": 250, "memory": "64Mi", "timeout": "2m"},
            volumes=[
                {"name": "workspace", "mount_path": "/w", "read_only": True},
                {"name": "tree", "mount_path": "/t", "read_only": False},
            ],
            registry_credentials="r",
            shell=True,
        )
    )
    outside, _ = await run(raw, context={"workspace_volume_id": "v7", "tree_volume_id": "x"}, input={"a": 1})
    (asked,) = outside.requests
    assert (asked.image_pull_policy, asked.network_mode) == ("always", "none")
    assert (asked.cpu_millicores, asked.memory, asked.timeout, asked.limit_seconds) == (250, "64Mi", "2m", 120)
    assert [volume["name"] for volume in asked.volumes] == ["v7", "tree"]
    assert asked.env == {"INTENT_INPUTS": '{"a":1}'}
    assert (asked.registry_credentials, asked.shell, asked.max_attempts) == ("r", True, 1)


async def test_warnings_name_the_state() -> None:
    """Contract 9.1 no. 12."""
    outside, _ = await run(parallel(step("a", run_as_user="0")))
    assert outside.warnings == [
        'State "A": run_as_user of the container "a" is not enforced; the runtime cannot be told of it'
    ]


async def test_both_output_shapes() -> None:
    """Contract 6.8: totals, ``output`` by step, ``results`` in order; names with hyphens are reachable."""
    outside, result = await run(parallel(step("unit-tests"), step("lint"), completion="best_effort"), OK, BAD)
    good = {"exit_code": 0, "stdout": "fine", "stderr": "", "duration_ms": 5}
    bad = {"exit_code": 3, "stdout": "out", "stderr": "broken", "duration_ms": 7}
    assert result["blackboard"]["A"] == {
        "status": "success",
        "overall_success": True,
        "completion": "best_effort",
        "succeeded": 1,
        "failed": 1,
        "output": {"unit-tests": good, "lint": bad},
        "results": [{"name": "unit-tests", **good}, {"name": "lint", **bad}],
    }
    assert outside.told()[2:4] == ["ContainerRunStarted A", "ContainerRunCompleted A"]


@pytest.mark.parametrize(
    ("completion", "answers", "overall"),
    [
        ("all_succeed", (OK, OK), True),
        ("all_succeed", (OK, BAD), False),
        (None, (OK, BAD), False),
        ("any_succeed", (OK, BAD), True),
        ("any_succeed", (BAD, BAD), False),
        ("best_effort", (OK, BAD), True),
        ("best_effort", (BAD, BAD), True),
    ],
)
async def test_completion_policies(completion: str | None, answers: tuple[Any, ...], overall: bool) -> None:
    """Contract 5.4, 6.8: on_success after best_effort always holds."""
    _, result = await run(parallel(step("a"), step("b"), completion=completion), *answers)
    output = result["blackboard"]["A"]
    assert output["overall_success"] is overall
    assert output["status"] == ("success" if overall else "failed")
    assert result["final_state"] == ("YES" if overall else "NO")


async def test_a_step_error_is_the_steps_own_result() -> None:
    """Contract 6.8, 9.1 no. 7: the others' results stay, the message is in stderr."""
    _, result = await run(parallel(step("a"), step("b")), OutsideError("pull failed"), OK)
    output = result["blackboard"]["A"]
    assert output["output"] == {
        "a": {"exit_code": 1, "stdout": "", "stderr": "pull failed", "duration_ms": 0},
        "b": {"exit_code": 0, "stdout": "fine", "stderr": "", "duration_ms": 5},
    }
    assert (output["succeeded"], output["failed"], result["final_state"]) == (1, 1, "NO")


async def test_a_step_that_ran_out_of_time_has_124() -> None:
    """Contract 8.6."""
    late = ContainerResult(0, "", "no end within 60 s", 60_000, timed_out=True)
    _, result = await run(parallel(step("a"), step("b")), late, OK)
    assert result["blackboard"]["A"]["results"][0]["exit_code"] == 124


async def test_when_all_could_not_be_begun_each_step_failed() -> None:
    """Contract 6.8: no error of the outside ends a parallel state."""

    class Away(MemoryOutside):
        async def run_containers(self, tenant_id: str, steps: Any, since: Any) -> Any:
            raise OutsideError("runtime gone")

    outside = Away(definition({"A": parallel(step("a"), step("b")), "YES": system(), "NO": system()}))
    result = await interpret(outside)
    assert [entry["stderr"] for entry in result["blackboard"]["A"]["results"]] == ["runtime gone"] * 2
    assert [event["temporal_sequence_number"] for event in outside.events] == list(range(1, 9))


async def test_events_of_a_failure() -> None:
    """Contract 7.3, 7.5: totals, steps, name, exit code and the joined stderr of the failed steps."""
    outside, _ = await run(parallel(step("a"), step("b"), step("c")), OK, BAD, ContainerResult(4, "", "worse", 1))
    started, failed = told(outside)
    assert {key: started[key] for key in ("state_name", "name", "step_count", "completion")} == {
        "state_name": "A",
        "name": "A",
        "step_count": 3,
        "completion": "all_succeed",
    }
    assert failed["event_type"] == "ContainerRunFailed"
    assert (failed["overall_success"], failed["succeeded"], failed["failed"]) == (False, 1, 2)
    assert (failed["state_name"], failed["name"], failed["completion"]) == ("A", "A", "all_succeed")
    assert (failed["exit_code"], failed["stderr"]) == (3, "[b]\nbroken\n[c]\nworse")
    assert [entry["name"] for entry in failed["step_results"]] == ["a", "b", "c"]


async def test_events_stay_small() -> None:
    """Contract 7.5: under 2 MB, however many steps print however much."""
    loud = ContainerResult(1, "o" * 1_048_576, "e" * 1_048_576, 5)
    outside, _ = await run(parallel(*(step(f"s{number}") for number in range(8))), loud)
    assert weight(told(outside)[1]) < MOST_BYTES


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (parallel(), 'State "A" has no parallel_container_steps'),
        (parallel(step("a"), completion="most"), 'State "A" has the unknown completion "most"'),
    ],
)
async def test_what_cannot_be_run_fails_before_anything_runs(raw: dict[str, Any], message: str) -> None:
    """Contract 5.4: at least one step, one of three policies."""
    outside, result = await run(raw)
    assert (result["status"], result["error"], outside.requests) == ("failed", message, [])


async def test_names_that_render_alike_are_logged() -> None:
    """Contract 6.8: ``output`` has one entry per name, ``results`` all."""
    outside, result = await run(parallel(step("{{n}}"), step("x")), context={"n": "x"})
    assert outside.warnings == ['Several steps have the name "x"; output holds the last']
    assert len(result["blackboard"]["A"]["results"]) == 2
