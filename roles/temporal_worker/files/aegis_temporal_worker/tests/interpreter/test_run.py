# SPDX-License-Identifier: Apache-2.0
"""Contract 6.1 to 6.3: the loop, its limits, its endings, and what is told about them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aegis_temporal_worker.interpreter.errors import OutsideError, RunAborted
from aegis_temporal_worker.interpreter.outside import Command, CommandResult
from aegis_temporal_worker.interpreter.run import Run

from .outside import EXECUTION, MemoryOutside, definition, go, interpret, succeed, system


def fail(_: Command) -> CommandResult:
    return CommandResult(3, "out", "err", 5)


def raise_outside(message: str) -> Any:
    def on_command(_: Command) -> CommandResult:
        raise OutsideError(message)

    return on_command


async def test_no_transition_matches_is_complete() -> None:
    """Contract 6.3, 9.2 no. 31: complete, and logged."""
    outside = MemoryOutside(definition({"A": system(go("B", "on_failure"))}))
    result = await interpret(outside)
    assert (result["status"], result["final_state"], result["iterations"]) == ("completed", "A", 1)
    assert outside.warnings == ["No transition matched; the run is complete"]


async def test_null_target_is_complete() -> None:
    """Contract 5.5."""
    result = await interpret(MemoryOutside(definition({"A": system({"condition": "always", "target": None})})))
    assert (result["status"], result["final_state"]) == ("completed", "A")


async def test_total_limit_counts_states_entered() -> None:
    states = {"A": system(go("B"), max_state_visits=20), "B": system(go("A"), max_state_visits=20)}
    outside = MemoryOutside(definition(states, max_total_transitions=3))
    result = await interpret(outside)
    assert (result["status"], result["error"], result["iterations"]) == ("failed", "Max iterations exceeded", 3)
    assert [command.state_name for command in outside.commands] == ["A", "B", "A"]
    assert outside.told()[-1] == "WorkflowExecutionFailed A"
    assert outside.events[-1]["final_blackboard"]["B"]["status"] == "success"


async def test_visit_limit() -> None:
    """Contract 6.3, 9.1 no. 14; contract 1.2, D4.2: the pair of events, both with the blackboard."""
    outside = MemoryOutside(definition({"A": system(go("A"), max_state_visits=2)}))
    result = await interpret(outside)
    message = 'State "A" exceeded max_state_visits limit of 2'
    assert (result["status"], result["error"], result["iterations"]) == ("failed", message, 3)
    assert result["output"] == {"error": message}
    limit, failed = outside.events[-2:]
    assert limit["event_type"] == "WorkflowStateVisitLimitExceeded"
    assert (limit["state_name"], limit["max_visits"], limit["actual_visits"]) == ("A", 2, 3)
    assert "A" in limit["final_blackboard"]
    assert (failed["event_type"], failed["error"]) == ("WorkflowExecutionFailed", message)
    assert len(outside.commands) == 2


async def test_unknown_state_aborts() -> None:
    """Contract 4.3, 6.3."""
    outside = MemoryOutside(definition({"A": system(go("NOWHERE"))}))
    with pytest.raises(RunAborted, match='State "NOWHERE" not found in definition'):
        await interpret(outside)
    assert outside.events[-1]["event_type"] == "WorkflowExecutionFailed"
    assert "final_blackboard" not in outside.events[-1]


async def test_missing_definition_aborts_and_is_told() -> None:
    """Contract 4.3, 6.1."""
    outside = MemoryOutside(None)
    with pytest.raises(RunAborted, match="not registered"):
        await interpret(outside)
    assert outside.told() == ["WorkflowExecutionStarted", "WorkflowExecutionFailed"]


@pytest.mark.parametrize("argument", [None, {}, [], "x", {"workflow_id": 5}])
async def test_argument_without_workflow_id_aborts(argument: object) -> None:
    outside = MemoryOutside(definition({"A": system()}))
    with pytest.raises(RunAborted, match="no workflow_id"):
        await Run(argument, EXECUTION, outside).execute()
    assert outside.calls == ["publish"]


@pytest.mark.parametrize("kind", ["Novel", ""])
async def test_kind_that_is_not_executed_fails_by_name(kind: str) -> None:
    outside = MemoryOutside(definition({"A": {"kind": kind, "transitions": []}}))
    result = await interpret(outside)
    assert result["status"] == "failed"
    assert f'State "A" has the kind "{kind}"' in result["error"]
    assert outside.told() == ["WorkflowExecutionStarted", "WorkflowStateEntered A", "WorkflowExecutionFailed A"]


async def test_failed_command_routes() -> None:
    states = {"A": system(go("B", "on_success"), go("C", "on_failure")), "B": system(), "C": system()}
    outside = MemoryOutside(
        definition(states), lambda command: (fail if command.state_name == "A" else succeed)(command)
    )
    result = await interpret(outside)
    assert result["final_state"] == "C"
    assert result["blackboard"]["A"] == {
        "status": "failed",
        "stdout": "out",
        "stderr": "err",
        "exit_code": 3,
        "duration_ms": 5,
        "output": {"stdout": "out", "stderr": "err", "exit_code": 3, "duration_ms": 5},
    }


async def test_timeout_is_a_result_even_without_a_failure_transition() -> None:
    outside = MemoryOutside(
        definition({"A": system(go("B", "on_success"))}),
        lambda _: CommandResult(0, "", "no end within 30 s", 30000, timed_out=True),
    )
    result = await interpret(outside)
    assert result["status"] == "completed"
    assert (result["output"]["status"], result["output"]["exit_code"]) == ("failed", 124)


async def test_command_that_could_not_be_run_routes_when_it_can() -> None:
    """Contract 9.1 no. 7: exit code 125."""
    states = {"A": system(go("B", "on_failure")), "B": system()}
    outside = MemoryOutside(
        definition(states),
        lambda command: raise_outside("runtime gone")(command) if command.state_name == "A" else succeed(command),
    )
    result = await interpret(outside)
    failed = result["blackboard"]["A"]
    assert (failed["status"], failed["exit_code"], failed["error"]) == ("failed", 125, "runtime gone")
    assert result["final_state"] == "B"


async def test_command_that_could_not_be_run_fails_the_run_otherwise() -> None:
    outside = MemoryOutside(definition({"A": system(go("B", "on_success"))}), raise_outside("runtime gone"))
    result = await interpret(outside)
    assert (result["status"], result["error"]) == ("failed", "runtime gone")
    # Its events had not been delivered; they come with the end, in order, each once.
    assert [event["temporal_sequence_number"] for event in outside.events] == [1, 2, 3]
    assert outside.told()[-1] == "WorkflowExecutionFailed A"


async def test_events_that_were_delivered_before_the_failure_are_not_sent_again() -> None:
    outside = MemoryOutside(definition({"A": system()}))
    outside.on_command = [OutsideError("broken", events_sent=True)]
    await interpret(outside)
    assert [event["temporal_sequence_number"] for event in outside.events] == [1, 2, 3]


async def test_template_error_fails_the_run_with_its_text() -> None:
    outside = MemoryOutside(definition({"A": system(go("B", "on_failure"), command="{{#if x}}")}))
    result = await interpret(outside)
    assert result["status"] == "failed"
    assert "this block is not closed" in result["error"]


async def test_empty_command_names_the_template() -> None:
    """Contract 6.5: the exact text."""
    result = await interpret(MemoryOutside(definition({"A": system(command="{{missing}}")})))
    assert result["error"] == (
        'Template resolution failed: "{{missing}}" resolved to empty string. Check blackboard keys.'
    )


async def test_score_rule_fails_the_run() -> None:
    """Contract 6.10: the exact text."""
    result = await interpret(MemoryOutside(definition({"A": system(go("B", "score_above"))})))
    assert result["error"] == 'State "A" carries no score for its score transitions'


async def test_commands_are_escaped_and_env_is_not() -> None:
    """Contract 9.2 no. 26, 9.4."""
    states = {"A": system(command="echo '{{input.text}}'", env={"T": "{{input.text}}"}, workdir="/w/{{input.text}}")}
    outside = MemoryOutside(definition(states))
    await interpret(outside, input={"text": "a'b"})
    command = outside.commands[0]
    assert (command.command, command.env["T"], command.workdir) == ("echo 'a&#x27;b'", "a'b", "/w/a'b")


async def test_the_switch_escapes_everywhere() -> None:
    """Contract 9.2 no. 26, 9.4."""
    states = {"A": system(env={"T": "{{input.text}}"})}
    outside = MemoryOutside(definition(states, output_template={"t": "{{input.text}}"}), escape_everywhere=True)
    result = await interpret(outside, input={"text": "<"})
    assert outside.commands[0].env["T"] == "&lt;"
    assert result["final_output"] == {"t": "&lt;"}


async def test_env_values_become_text() -> None:
    """Contract 6.5."""
    outside = MemoryOutside(definition({"A": system(env={"N": 1.0, "B": True, "O": {}, "Z": None}, timeout="90s")}))
    await interpret(outside)
    assert outside.commands[0].env == {"N": "1", "B": "true", "O": "[object Object]", "Z": ""}
    assert outside.commands[0].limit_seconds == 90


@pytest.mark.parametrize("as_action", [True, False])
async def test_update_blackboard(as_action: bool) -> None:
    """Contract 6.5, 9.2 no. 34: always text."""
    values = {"count": "{{input.n}}", "Z": "z"}
    step: dict[str, Any] = {"kind": "System", "command": " update_blackboard ", "env": values}
    if as_action:
        step = {"kind": "Action", "action": "update_blackboard", "args": values}
    states = {"A": {**step, "transitions": [go("B")]}, "B": system(env={"COUNT": "{{count}}{{blackboard.count}}"})}
    outside = MemoryOutside(definition(states))
    result = await interpret(outside, input={"n": 4})
    assert result["blackboard"]["A"] == {"status": "success", "exit_code": 0, "updated": ["count", "Z"]}
    assert (result["blackboard"]["count"], result["blackboard"]["Z"]) == ("4", "z")
    assert outside.commands[0].env["COUNT"] == "44"
    # Nothing outside happened in A: its events rode with B's command.
    assert outside.calls == ["fetch", "command B", "publish"]


@pytest.mark.parametrize("key", ["input", "intent", "tenant_id", "attachments", "workflow", "blackboard", "OTHER"])
async def test_update_blackboard_refuses_reserved_keys_and_writes_nothing(key: str) -> None:
    """Contract 6.2, 6.5."""
    states = {
        "A": {"kind": "Action", "action": "update_blackboard", "args": {"fine": "1", key: "2"}, "transitions": []},
        "OTHER": system(),
    }
    result = await interpret(MemoryOutside(definition(states)))
    assert result["error"] == f"update_blackboard cannot write the reserved key '{key}'."
    assert "fine" not in result["blackboard"]


async def test_command_rendered_to_an_action_name_fails() -> None:
    result = await interpret(MemoryOutside(definition({"A": system(command="{{input.c}}")})), input={"c": "tree_land"})
    assert 'rendered to the action name "tree_land"' in result["error"]


@pytest.mark.parametrize("action", ["nonsense", ""])
async def test_action_that_is_not_executed_fails_by_name(action: str) -> None:
    result = await interpret(MemoryOutside(definition({"A": {"kind": "Action", "action": action, "transitions": []}})))
    assert f'the action "{action}"' in result["error"]


async def test_initial_blackboard_and_its_order() -> None:
    """Contract 4.2, 6.2."""
    given = definition({"A": system()}, context={"a": "context", "b": "context", "input": "context"})
    outside = MemoryOutside(given)
    result = await interpret(
        outside, blackboard={"b": "override"}, input={"i": 1}, intent="do it", repositories=[{"label": "web"}]
    )
    board = result["blackboard"]
    assert (board["a"], board["b"], board["input"], board["intent"]) == ("context", "override", {"i": 1}, "do it")
    assert board["workflow"] == {"name": "test", "version": "1.0.0", "context": given["context"]}
    assert board["repository"]["path"] == "/workspace/web"
    assert (board["tenant_id"], board["attachments"]) == ("acme", [])


async def test_names_that_templates_know() -> None:
    """Contract 6.13, 9.2 no. 23."""
    env = {
        "WORKFLOW_INPUT": "{{workflow.task}}",
        "WORKFLOW_NAME": "{{workflow.name}}",
        "BOARD_INPUT": "{{blackboard.task}}",
        "PLAIN": "{{task}}",
        "EXECUTION": "{{execution.id}}",
        "FEEDBACK": "{{state.feedback}}",
    }
    states = {"A": system(go("B", feedback="{{A.stdout}} again")), "B": system(go("C"), env=env), "C": system(env=env)}
    outside = MemoryOutside(definition(states))
    await interpret(outside, input={"task": "t", "name": "hidden"})
    assert outside.commands[1].env == {
        "WORKFLOW_INPUT": "t",
        "WORKFLOW_NAME": "test",
        "BOARD_INPUT": "t",
        "PLAIN": "",
        "EXECUTION": EXECUTION,
        "FEEDBACK": "A\n again",
    }
    assert outside.commands[2].env["FEEDBACK"] == ""


async def test_tenant_from_the_definition_when_the_argument_has_none() -> None:
    """Contract 6.1."""
    result = await interpret(MemoryOutside(definition({"A": system()}, tenant_id="owner")), tenant_id=None)
    assert result["blackboard"]["tenant_id"] == "owner"


async def test_ephemeral_workspace_is_created_and_destroyed_before_the_end_is_told() -> None:
    storage = {"workspace": {"ttl_hours": 2, "size_limit_mb": 64, "blackboard_key": "ws"}}
    outside = MemoryOutside(definition({"A": system()}, spec_storage=storage))
    result = await interpret(outside)
    assert (result["blackboard"]["ws"], result["blackboard"]["ws_remote_path"]) == ("volume-1", "/remote/volume-1")
    assert outside.calls == ["fetch", "create acme 2 64", "command A", "destroy volume-1", "publish"]
    assert result["blackboard"]["workflow"]["storage"] == storage


async def test_persistent_workspace_is_left_alone() -> None:
    storage = {"workspace": {"storage_class": "persistent", "volume_id": "v"}}
    outside = MemoryOutside(definition({"A": system()}, spec_storage=storage))
    result = await interpret(outside)
    assert result["blackboard"]["workspace_volume_id"] == "v"
    assert outside.calls == ["fetch", "command A", "publish"]


async def test_workspace_that_cannot_be_created_aborts() -> None:
    """Contract 4.3, 6.1."""
    outside = MemoryOutside(definition({"A": system()}, spec_storage={"workspace": {}}))
    outside.workspace_error = OutsideError("no space")
    with pytest.raises(RunAborted, match="no space"):
        await interpret(outside)
    assert outside.told() == ["WorkflowExecutionStarted", "WorkflowExecutionFailed"]


async def test_cancellation_destroys_the_workspace_and_is_told() -> None:
    """Contract 4.5; contract 1.2, D2.3: nothing else ends the record of a run that was open."""
    begun = asyncio.Event()

    class Hangs(MemoryOutside):
        async def run_command(self, tenant_id: str, command: Command, events: Any) -> CommandResult:
            begun.set()
            await asyncio.Event().wait()
            raise AssertionError("unreachable")

    outside = Hangs(definition({"A": system()}, spec_storage={"workspace": {}}))
    run = Run({"workflow_id": "d", "tenant_id": "acme"}, EXECUTION, outside)
    task = asyncio.create_task(run.execute())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await run.cancelled()
    assert outside.told() == [
        "WorkflowExecutionStarted",
        "WorkflowStateEntered A",
        "WorkflowExecutionCancelled A",
    ]
    assert outside.calls[-2:] == ["destroy volume-1", "publish"]


async def test_cancellation_while_the_end_is_told_tells_that_end() -> None:
    """Contract 4.5, 7.3: exactly one terminal event."""
    begun = asyncio.Event()

    class Hangs(MemoryOutside):
        async def publish(self, events: Any) -> None:
            if not begun.is_set():
                begun.set()
                await asyncio.Event().wait()
            await super().publish(events)

    outside = Hangs(definition({"A": system()}))
    run = Run({"workflow_id": "d"}, EXECUTION, outside)
    task = asyncio.create_task(run.execute())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await run.cancelled()
    assert outside.told()[-1] == "WorkflowExecutionCompleted A"
    assert [event["temporal_sequence_number"] for event in outside.events] == [1, 2, 3, 4]


async def test_strange_timeout_is_logged() -> None:
    outside = MemoryOutside(definition({"A": system(timeout="soon")}))
    await interpret(outside)
    assert outside.commands[0].limit_seconds == 60
    assert "'soon'" in outside.warnings[0]
