# SPDX-License-Identifier: Apache-2.0
"""Kind ContainerRun: contract 6.8, 6.15, 8.2; contract 1.2, D1.1, D1.3, D3.3."""

from __future__ import annotations

from typing import Any

import pytest

from aegis_temporal_worker.interpreter.errors import OutsideError
from aegis_temporal_worker.interpreter.requests import ContainerResult, ContainerStep, HandlerCall

from ..outside import EXECUTION, MemoryOutside, definition, go, interpret, state, system

ROOT = "11111111-1111-4111-8111-111111111111"


def container(*transitions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A ContainerRun state; ``fields`` without their prefix, except those of every state."""
    common = {key: fields.pop(key) for key in ("timeout", "output_handler") if key in fields}
    given = {
        "name": "build",
        "image": "alpine",
        "command": ["make"],
        "env": {},
        "volumes": [],
        "shell": False,
        "read_only_root_filesystem": False,
        **fields,
    }
    return state(
        "ContainerRun", *transitions, **common, **{f"container_run_{key}": item for key, item in given.items()}
    )


async def run(*transitions: dict[str, Any], answer: Any = None, context: Any = None, **fields: Any) -> Any:
    """Run one container state ``A``, whose transitions may lead to ``B``; returns (outside, result)."""
    outside = MemoryOutside(definition({"A": container(*transitions, **fields), "B": system()}, context=context or {}))
    if answer is not None:
        outside.on_container = [answer]
    return outside, await interpret(outside, input={"task": "é"})


async def step(**fields: Any) -> ContainerStep:
    """The step that was asked for."""
    outside, _ = await run(**fields)
    (asked,) = outside.requests
    assert isinstance(asked, ContainerStep)
    return asked


def told(outside: MemoryOutside) -> list[dict[str, Any]]:
    """The container events without what all events have."""
    common = ("execution_id", "workflow_id", "temporal_sequence_number", "timestamp")
    return [
        {key: value for key, value in event.items() if key not in common}
        for event in outside.events
        if event["event_type"].startswith("Container")
    ]


async def test_name_image_command_workdir_and_env_are_rendered() -> None:
    """Contract 6.8: what is rendered; empty arguments are dropped; nothing is escaped (9.4)."""
    asked = await step(
        context={"v": "<1>", "empty": ""},
        name="build-{{v}}",
        image="registry/{{v}}",
        command=["echo", "{{v}}", "{{empty}}", "{{missing}}", 7],
        workdir="/w/{{v}}",
        env={"V": "{{v}}", "N": 1.0, "B": True},
    )
    assert (asked.name, asked.image, asked.workdir) == ("build-<1>", "registry/<1>", "/w/<1>")
    assert asked.command == ["echo", "<1>", "7"]
    assert {key: asked.env[key] for key in "VNB"} == {"V": "<1>", "N": "1", "B": "true"}


@pytest.mark.parametrize("name", [None, "", "{{missing}}"])
async def test_the_name_defaults_to_the_state(name: str | None) -> None:
    """Contract 6.8: default name."""
    assert (await step(name=name)).name == "A"


async def test_an_image_that_renders_empty_fails_the_state() -> None:
    """Contract 6.5, 6.8: the template error names the template."""
    outside, result = await run(image="{{missing}}")
    assert 'Template resolution failed: "{{missing}}" resolved to empty string' in result["error"]
    assert outside.requests == []


async def test_ids_and_the_rest_are_sent() -> None:
    """Contract 8.2, 9.1 no. 11; contract 1.2, D1.1: every field that the protocol has."""
    asked = await step(
        image_pull_policy="never",
        resources={"cpu": 1500, "memory": "1Gi", "timeout": "1h 30m"},
        registry_credentials="secret-name",
        retry={"max_attempts": 3, "backoff": "5s"},
        shell=True,
        network_mode="egress",
        volumes=[{"name": "data", "mount_path": "/d", "read_only": True}],
    )
    assert (asked.state_name, asked.execution_id, asked.workflow_execution_id) == ("A", EXECUTION, EXECUTION)
    assert asked.image_pull_policy == "never"
    assert (asked.cpu_millicores, asked.memory, asked.timeout) == (1500, "1Gi", "1h 30m")
    assert asked.limit_seconds == 5400
    assert (asked.registry_credentials, asked.max_attempts, asked.shell) == ("secret-name", 3, True)
    assert asked.network_mode == "egress"
    assert asked.volumes == [{"name": "data", "mount_path": "/d", "read_only": True}]


async def test_absent_and_null_fields_are_left_out() -> None:
    """Contract 5.4: optional fields, each possibly null."""
    asked = await step(resources={"cpu": None, "memory": None, "timeout": None}, retry=None, network_mode=None)
    assert (asked.cpu_millicores, asked.memory, asked.timeout, asked.limit_seconds) == (None, None, None, None)
    assert (asked.image_pull_policy, asked.workdir, asked.registry_credentials) == (None, None, None)
    assert (asked.network_mode, asked.volumes, asked.shell) == (None, [], False)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (None, 1),
        ({}, 1),
        ({"max_attempts": 0}, 1),
        ({"max_attempts": -2}, 1),
        ({"max_attempts": 4}, 4),
        ({"max_attempts": 1e300}, 4294967295),
    ],
)
async def test_attempts(given: object, sent: int) -> None:
    """Contract 6.8: ``max(1, max_attempts)``."""
    assert (await step(retry=given)).max_attempts == sent


@pytest.mark.parametrize("cpu", [0, -5, "500", True])
async def test_a_cpu_that_is_no_positive_number_is_left_out(cpu: object) -> None:
    """Contract 5.4, 8.2: ``cpu_millicores`` is unsigned."""
    assert (await step(resources={"cpu": cpu})).cpu_millicores is None


async def test_a_childs_container_belongs_to_the_root_run() -> None:
    """Contract 1.2, D1.3: the run that the orchestrator has a row of decides what can be mounted."""
    outside = MemoryOutside(definition({"A": container()}))
    await interpret(outside, root_execution_id=ROOT)
    assert (outside.requests[0].execution_id, outside.requests[0].workflow_execution_id) == (EXECUTION, ROOT)


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("workspace", "volume-7"),
        ("other", "other"),
        ("repository", "repository"),
        ("repository:app", "repository:app"),
        ("tree", "tree"),
        ("attachments", "attachments"),
        ("trees", "volume-8"),
    ],
)
async def test_volume_names_are_replaced_by_ids(name: str, sent: str) -> None:
    """Contract 6.8; contract 1.2, D1.3, D3.1: the four names of the runtime stay, whatever the blackboard holds."""
    ids = ("workspace", "repository", "repository:app", "tree", "attachments")
    context = {**{f"{key}_volume_id": "volume-7" for key in ids}, "trees_volume_id": "volume-8", "other_volume_id": ""}
    asked = await step(context=context, volumes=[{"name": name, "mount_path": "/m", "read_only": False}])
    assert asked.volumes == [{"name": sent, "mount_path": "/m", "read_only": False}]


@pytest.mark.parametrize(
    ("env", "sent"),
    [({}, '{"task":"é"}'), ({"INTENT_INPUTS": "{{missing}}"}, '{"task":"é"}'), ({"INTENT_INPUTS": "own"}, "own")],
)
async def test_the_start_input_is_passed_as_intent_inputs(env: dict[str, str], sent: str) -> None:
    """Contract 6.8: compact JSON, unless the env has a value of its own."""
    assert (await step(env=env)).env["INTENT_INPUTS"] == sent


async def test_an_empty_start_input_is_not_passed() -> None:
    """Contract 6.8: only a non-empty object."""
    outside = MemoryOutside(definition({"A": container()}))
    await interpret(outside)
    assert outside.requests[0].env == {}


@pytest.mark.parametrize(
    ("own", "states", "text", "seconds"),
    [
        (None, "1800s", "1800s", 1800),
        ({"timeout": ""}, "1800s", "1800s", 1800),
        ({"timeout": "10m"}, "60s", "10m", 600),
        ({"timeout": "10m"}, None, "10m", 600),
        ({"timeout": "soon"}, "60s", "soon", None),
        (None, None, None, None),
    ],
)
async def test_limits(own: object, states: str | None, text: str | None, seconds: int | None) -> None:
    """Contract 6.11, 9.3 no. 39; contract 1.2, D3.3: the container's own limit, else its state's."""
    asked = await step(resources=own, timeout=states)
    assert (asked.timeout, asked.limit_seconds) == (text, seconds)


async def test_isolation_that_cannot_be_had_is_logged() -> None:
    """Contract 9.1 no. 12: the warning names the state."""
    outside, _ = await run(read_only_root_filesystem=True, run_as_user="1000:1000", network_mode="none")
    assert outside.warnings == [
        'State "A": read_only_root_filesystem of the container "build" is not enforced; '
        "the runtime cannot be told of it",
        'State "A": run_as_user of the container "build" is not enforced; the runtime cannot be told of it',
    ]
    assert (await run())[0].warnings == []


async def test_success_has_both_output_shapes() -> None:
    """Contract 6.8: flat and nested; events with name and totals (7.3, 7.5)."""
    outside, result = await run(go("B", "on_success"), answer=ContainerResult(0, "out", "err", 12, attempts=2))
    five = {"exit_code": 0, "stdout": "out", "stderr": "err", "duration_ms": 12, "attempts": 2}
    assert result["blackboard"]["A"] == {"status": "success", **five, "output": five}
    assert result["final_state"] == "B"
    assert told(outside) == [
        {"event_type": "ContainerRunStarted", "state_name": "A", "name": "build", "image": "alpine"},
        {
            "event_type": "ContainerRunCompleted",
            "state_name": "A",
            "name": "build",
            "exit_code": 0,
            "duration_ms": 12,
            "attempts": 2,
        },
    ]
    # Contract 7.4: the kind's events between entered and exited.
    assert outside.told()[1:5] == [
        "WorkflowStateEntered A",
        "ContainerRunStarted A",
        "ContainerRunCompleted A",
        "WorkflowStateExited A",
    ]


async def test_an_exit_code_routes() -> None:
    """Contract 6.8, 7.3: a non-zero exit is a result; the event tells stderr."""
    outside, result = await run(go("B", "on_failure"), answer=ContainerResult(3, "", "broken", 5))
    assert (result["final_state"], result["blackboard"]["A"]["status"]) == ("B", "failed")
    failed = told(outside)[1]
    assert failed["event_type"] == "ContainerRunFailed"
    assert (failed["exit_code"], failed["stderr"], failed["attempts"]) == (3, "broken", 1)


async def test_running_out_of_time_is_a_result() -> None:
    """Contract 8.6: exit code 124 and the limit in stderr, also without a failure transition."""
    answer = ContainerResult(0, "", "no end within 600 s", 600_000, timed_out=True)
    outside, result = await run(go("B", "on_success"), answer=answer)
    output = result["blackboard"]["A"]
    assert (output["status"], output["exit_code"], output["output"]["exit_code"]) == ("failed", 124, 124)
    assert output["stderr"] == "no end within 600 s"
    assert told(outside)[1]["exit_code"] == 124


async def test_a_container_that_could_not_be_run_routes() -> None:
    """Contract 9.1 no. 7: exit code 125, message in stderr."""
    outside, result = await run(go("B", "on_failure"), answer=OutsideError("image not found"))
    output = result["blackboard"]["A"]
    assert (output["status"], output["exit_code"], output["output"]["exit_code"]) == ("failed", 125, 125)
    assert (output["stderr"], output["error"]) == ("image not found", "image not found")
    assert result["final_state"] == "B"
    failed = told(outside)[1]
    assert (failed["event_type"], failed["exit_code"], failed["stderr"]) == (
        "ContainerRunFailed",
        125,
        "image not found",
    )


async def test_a_container_that_could_not_be_run_fails_the_run_otherwise() -> None:
    """Contract 6.8: with the cause; its events are told, each once and in order."""
    outside, result = await run(go("B", "on_success"), answer=OutsideError("image not found", events_sent=True))
    assert (result["status"], result["error"]) == ("failed", "image not found")
    assert outside.told() == [
        "WorkflowExecutionStarted",
        "WorkflowStateEntered A",
        "ContainerRunStarted A",
        "ContainerRunFailed A",
        "WorkflowExecutionFailed A",
    ]
    assert [event["temporal_sequence_number"] for event in outside.events] == [1, 2, 3, 4, 5]


async def test_a_long_stderr_is_told_by_its_end() -> None:
    """Contract 7.5: an event stays under 2 MB; the output keeps the whole text."""
    stderr = "x" * 300_000 + "é the reason"
    outside, result = await run(answer=ContainerResult(1, "", stderr, 5))
    event = told(outside)[1]["stderr"]
    assert event.endswith("é the reason")
    assert event.startswith("[")
    assert len(event) < 300_000
    assert result["output"]["stderr"] == stderr


async def test_the_handler_gets_the_whole_output_and_replaces_stdout() -> None:
    """Contract 6.15: empty execution id, JSON text, ``stdout`` and ``output.stdout``."""
    outside = MemoryOutside(definition({"A": container(output_handler={"type": "webhook", "url": "u"})}))
    outside.on_container = [ContainerResult(0, "out", "", 5)]
    outside.on_handler = ["handled"]
    result = await interpret(outside, intent="ship it")
    call = outside.requests[1]
    assert isinstance(call, HandlerCall)
    assert (call.execution_id, call.intent, call.config) == ("", "ship it", {"type": "webhook", "url": "u"})
    assert call.final_output == (
        '{"status":"success","exit_code":0,"stdout":"out","stderr":"","duration_ms":5,"attempts":1,'
        '"output":{"exit_code":0,"stdout":"out","stderr":"","duration_ms":5,"attempts":1}}'
    )
    output = result["blackboard"]["A"]
    assert (output["stdout"], output["output"]["stdout"], output["stderr"]) == ("handled", "handled", "")


async def test_a_handler_without_a_result_changes_nothing() -> None:
    """Contract 6.15: null changes nothing."""
    outside = MemoryOutside(definition({"A": container(output_handler={"type": "webhook", "url": "u"})}))
    outside.on_container = [ContainerResult(0, "out", "", 5)]
    assert (await interpret(outside))["blackboard"]["A"]["stdout"] == "out"
