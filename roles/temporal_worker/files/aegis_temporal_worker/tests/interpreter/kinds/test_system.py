# SPDX-License-Identifier: Apache-2.0
"""Kind System: contract 5.4, 6.5; contract 1.2, D3.1."""

from __future__ import annotations

from typing import Any

import pytest

from aegis_temporal_worker.interpreter.kinds.action import NAMES
from aegis_temporal_worker.interpreter.requests import ActionCall, ActionResult, CommandResult

from ..outside import MemoryOutside, definition, go, interpret, system


async def run(raw: dict[str, Any], context: Any = None) -> Any:
    outside = MemoryOutside(definition({"A": raw, "B": system()}, context=context or {}))
    return outside, await interpret(outside)


async def test_env_command_and_workdir_are_rendered() -> None:
    """Contract 6.5, 9.4: env values turned to text; the command escapes, nothing else does."""
    raw = system(command="echo '{{v}}'", workdir="/w/{{v}}", env={"V": "{{v}}", "N": 1.0, "B": True, "X": None})
    outside, _ = await run(raw, context={"v": "a'b"})
    (command,) = outside.commands
    assert (command.command, command.workdir) == ("echo 'a&#x27;b'", "/w/a'b")
    assert command.env == {"V": "a'b", "N": "1", "B": "true", "X": ""}


@pytest.mark.parametrize(("given", "limit"), [(None, None), ("90s", 90), ("1h 30m", 5400), ("0s", None)])
async def test_limit_only_when_the_state_has_one(given: str | None, limit: int | None) -> None:
    """Contract 6.5, 6.11."""
    outside, _ = await run(system(timeout=given))
    assert outside.commands[0].limit_seconds == limit


async def test_both_output_shapes() -> None:
    """Contract 6.5 REQ, 9.2 no. 24: flat and nested, with duration_ms."""
    outside = MemoryOutside(definition({"A": system()}), lambda _: CommandResult(2, "out", "err", 7))
    four = {"stdout": "out", "stderr": "err", "exit_code": 2, "duration_ms": 7}
    assert (await interpret(outside))["output"] == {"status": "failed", **four, "output": four}


async def test_stored_repository_commands_run_as_actions() -> None:
    """Contract 6.5; contract 1.2, D3.1: the old four go on working; the message is in the env."""
    states = {
        "DIFF": system(go("COMMIT"), command=" repository_diff "),
        "COMMIT": system(go("LAND"), command="repository_commit", env={"message": "why", "other": "x"}),
        "LAND": system(go("UPDATE"), command="repository_land"),
        "UPDATE": system(command="update_blackboard", env={"a": 1}),
    }
    outside = MemoryOutside(definition(states))
    outside.on_action = [ActionResult("abc", "work", "main", None, None)]
    result = await interpret(outside)
    calls = [request for request in outside.requests if isinstance(request, ActionCall)]
    assert [(call.action, call.message, call.gated) for call in calls] == [
        ("diff", None, False),
        ("commit", "why", False),
        ("land", None, True),
    ]
    assert outside.commands == []
    assert result["blackboard"]["COMMIT"]["output"]["commit_sha"] == "abc"
    assert result["blackboard"]["UPDATE"]["updated"] == ["a"]
    assert result["blackboard"]["a"] == "1"


async def test_a_stored_commit_without_a_message_fails() -> None:
    """Contract 1.2, D1.2: ``commit`` needs a message."""
    _, result = await run(system(command="repository_commit"))
    assert 'the action "repository_commit" needs the argument "message"' in result["error"]


@pytest.mark.parametrize("name", NAMES)
async def test_a_command_that_renders_to_an_action_name_fails(name: str) -> None:
    """Contract 1.2, D3.1: a templated command is left to the worker to refuse."""
    outside, result = await run(system(go("B", "on_failure"), command="{{c}}"), context={"c": name})
    assert result["status"] == "failed"
    assert f'rendered to the action name "{name}"' in result["error"]
    assert outside.commands == []


@pytest.mark.parametrize("name", ["image_generate", "tree_diff", "archive_push"])
async def test_newer_action_names_are_no_commands(name: str) -> None:
    """Contract 1.2, D3.1: only the old four may be stored as commands."""
    outside, result = await run(system(command=name))
    assert (result["status"], outside.commands, outside.requests) == ("failed", [], [])
