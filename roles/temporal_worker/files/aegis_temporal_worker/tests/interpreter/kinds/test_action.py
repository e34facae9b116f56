# SPDX-License-Identifier: Apache-2.0
"""Kind Action: contract 5.4, 6.5, 9.1 no. 20; contract 1.2, D1.2, D3.1, D3.2."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aegis_temporal_worker.interpreter.errors import OutsideError
from aegis_temporal_worker.interpreter.kinds.action import NAMES
from aegis_temporal_worker.interpreter.requests import ActionCall, ActionResult, ImageCall, ImageResult

from ..outside import EXECUTION, MemoryOutside, definition, go, interpret, state, system

ROOT = "11111111-1111-4111-8111-111111111111"
FILE = {"volume_id": "v", "path": "generated/a.png", "content_type": "image/png", "size_bytes": 5}


def action(name: str, *transitions: dict[str, Any], args: Any = None, **fields: Any) -> dict[str, Any]:
    return state("Action", *transitions, action=name, args=args or {}, **fields)


async def run(raw: dict[str, Any], *answers: Any, context: Any = None, **argument: Any) -> Any:
    outside = MemoryOutside(definition({"A": raw, "B": system(), "C": system()}, context=context or {}))
    if answers:
        outside.on_action = outside.on_image = list(answers)
    return outside, await interpret(outside, **argument)


async def call(name: str, **fields: Any) -> ActionCall:
    """The call that an action makes."""
    outside, _ = await run(action(name, **fields))
    (asked,) = outside.requests
    assert isinstance(asked, ActionCall)
    return asked


CUT = {"cut": "v1"}
MESSAGE = {"message": "why"}
CALLS = [
    ("repository_diff", {}, "diff", None, False),
    ("repository_commit", MESSAGE, "commit", "why", False),
    ("repository_land", {}, "land", None, True),
    ("tree_diff", {}, "tree_diff", None, False),
    ("tree_write", MESSAGE, "tree_write", "why", False),
    ("drift_report", {}, "drift_report", None, False),
    ("tree_land", MESSAGE, "tree_land", "why", True),
    ("tree_cut", {}, "tree_cut", None, False),
    ("tree_cut", CUT, "tree_cut", "v1", False),
    ("tree_cut", {"cut": " {{missing}} "}, "tree_cut", None, False),
    ("archive_render", CUT, "archive_render", "v1", False),
    ("archive_push", {}, "archive_push", None, True),
    ("archive_deploy_wait", CUT, "archive_deploy_wait", "v1", False),
]


def test_all_names_are_executed() -> None:
    """Contract 1.2, D3.2: thirteen actions."""
    assert {"update_blackboard", "image_generate", *(name for name, *_ in CALLS)} == {*NAMES}
    assert len(NAMES) == 13


@pytest.mark.parametrize(("name", "args", "wire", "message", "gated"), CALLS)
async def test_the_call(name: str, args: dict[str, str], wire: str, message: str | None, gated: bool) -> None:
    """Contract 1.2, D1.2, D3.2: only ``repository_*`` lose their prefix; three wait for a person."""
    asked = await call(name, args=args)
    assert (asked.action, asked.message, asked.gated, asked.state_name) == (wire, message, gated, "A")
    assert asked.workflow_execution_id == EXECUTION


async def test_arguments_are_rendered_unescaped() -> None:
    """Contract 5.4, 9.4: args are templates."""
    outside, _ = await run(action("repository_commit", args={"message": "{{input.m}}\n"}), input={"m": "a <b> 'c'"})
    assert outside.requests[0].message == "a <b> 'c'\n"


async def test_a_childs_action_belongs_to_the_root_run() -> None:
    """Contract 1.2, D1.2: the orchestrator finds no row of a child."""
    outside, _ = await run(action("tree_diff"), root_execution_id=ROOT)
    assert outside.requests[0].workflow_execution_id == ROOT


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("repository_commit", "message"),
        ("tree_write", "message"),
        ("tree_land", "message"),
        ("archive_render", "cut"),
        ("archive_deploy_wait", "cut"),
        ("image_generate", "prompt"),
    ],
)
@pytest.mark.parametrize("template", [None, "", " ", "{{missing}}"])
async def test_a_required_argument_that_is_empty_fails_the_state(name: str, key: str, template: str | None) -> None:
    """Contract 1.2, D3.2: it may still render empty; nothing is called."""
    outside, result = await run(action(name, go("B", "on_failure"), args={key: template} if template else {}))
    assert result["error"] == f'State "A": the action "{name}" needs the argument "{key}", which is empty'
    assert outside.requests == []


@pytest.mark.parametrize(
    ("args", "message", "limit"),
    [
        ({}, "v1", 1860),
        ({"timeout_seconds": ""}, "v1", 1860),
        ({"timeout_seconds": "3600"}, {"cut": "v1", "timeout_seconds": 3600}, 3660),
        ({"timeout_seconds": 90}, {"cut": "v1", "timeout_seconds": 90}, 150),
        ({"no_run_grace_seconds": "{{g}}"}, {"cut": "v1", "no_run_grace_seconds": 4000}, 4060),
        (
            {"timeout_seconds": "10", "no_run_grace_seconds": "5"},
            {"cut": "v1", "timeout_seconds": 10, "no_run_grace_seconds": 5},
            70,
        ),
    ],
)
async def test_deploy_wait(args: dict[str, Any], message: object, limit: int) -> None:
    """Contract 1.2, D1.2, D3.2: a bare cut, or JSON with the given optionals; the limit is the timeout and a margin."""
    raw = action("archive_deploy_wait", args={"cut": "v1", **args})
    outside, _ = await run(raw, context={"g": 4000})
    (asked,) = outside.requests
    sent = json.loads(asked.message) if isinstance(message, dict) else asked.message
    assert (sent, asked.limit_seconds) == (message, limit)


async def test_a_longer_limit_of_the_state_counts_for_deploy_wait() -> None:
    """Contract 9.3 no. 39."""
    assert (await call("archive_deploy_wait", args=CUT, timeout="2h")).limit_seconds == 7200


@pytest.mark.parametrize("value", ["soon", "1.5", "-1", "9" * 5000, "٣"])
async def test_a_wait_that_is_no_number_fails_the_state(value: str) -> None:
    """Contract 1.2, D3.2: numbers or decimal strings."""
    outside, result = await run(action("archive_deploy_wait", args={"cut": "v1", "timeout_seconds": value}))
    assert result["status"] == "failed"
    assert '"timeout_seconds", not "' in result["error"]
    assert len(result["error"]) < 300
    assert outside.requests == []


async def test_limits_of_the_others() -> None:
    """Contract 9.3 no. 39; contract 1.2, D1.2: a gate is never given up before the orchestrator does."""
    assert (await call("tree_diff")).limit_seconds is None
    assert (await call("tree_diff", timeout="15m")).limit_seconds == 900
    assert (await call("repository_land", timeout="15m")).limit_seconds is None


async def test_output_of_a_success() -> None:
    """Contract 6.5; contract 1.2, D3.2."""
    outside, result = await run(
        action("repository_commit", go("B", "on_success"), args=MESSAGE),
        ActionResult("abc", "work", "main", None, None),
    )
    assert result["blackboard"]["A"] == {
        "status": "success",
        "exit_code": 0,
        "output": {"commit_sha": "abc", "branch": "work", "ref": "main", "diff": None, "sentence": None},
    }
    assert result["final_state"] == "B"
    # Contract 7.4: no events of its own.
    assert outside.told()[1:3] == ["WorkflowStateEntered A", "WorkflowStateExited A"]


async def test_a_sentence_is_a_refusal() -> None:
    """Contract 6.5: status failed, exit code 1, ``error`` and ``output.sentence``; it routes."""
    answer = ActionResult(None, "work", "main", None, "Nothing to land.")
    _, result = await run(action("repository_land", go("B", "on_success"), go("C", "exit_code_non_zero")), answer)
    output = result["blackboard"]["A"]
    assert (output["status"], output["exit_code"], output["error"]) == ("failed", 1, "Nothing to land.")
    assert output["output"]["sentence"] == "Nothing to land."
    assert output["output"]["branch"] == "work"
    assert result["final_state"] == "C"


async def test_a_failed_call_fails_the_run() -> None:
    """Contract 6.3: with the cause."""
    _, result = await run(action("tree_diff", go("B", "on_success")), OutsideError("no such run"))
    assert (result["status"], result["error"]) == ("failed", "no such run")


async def test_a_failed_call_routes_when_it_can() -> None:
    """Contract 9.1 no. 6 and 7."""
    _, result = await run(action("tree_diff", go("B", "on_failure")), OutsideError("no such run"))
    output = result["blackboard"]["A"]
    assert (result["final_state"], output["status"], output["exit_code"]) == ("B", "failed", 125)
    assert output["error"] == "no such run"
    assert output["output"] == dict.fromkeys(("commit_sha", "branch", "ref", "diff", "sentence"))


@pytest.mark.parametrize("name", ["repository_land", "tree_land", "archive_push"])
async def test_a_gate_without_a_person_is_a_failed_output(name: str) -> None:
    """Contract 1.2, D1.2: reported as failed output with the message, also without a failure transition."""
    _, result = await run(action(name, go("B", "on_success"), args=MESSAGE), OutsideError("nobody to ask"))
    output = result["blackboard"]["A"]
    assert (output["status"], output["error"], result["final_state"]) == ("failed", "nobody to ask", "A")


@pytest.mark.parametrize("name", ["repository_merge", "", "diff"])
async def test_an_unknown_action_fails_by_name(name: str) -> None:
    """Contract 1.2, D3.1."""
    outside, result = await run(action(name, go("B", "on_failure")))
    assert result["status"] == "failed"
    assert f'State "A" has the action "{name}"' in result["error"]
    assert outside.requests == []


async def test_image_generate() -> None:
    """Contract 1.2, D1.1, D3.2: ``count`` is a number, empty optional values are left out."""
    args = {"prompt": "a {{what}}", "alias": "smart", "size": "1024x768", "count": "{{n}}", "path": "art/"}
    outside, result = await run(
        action("image_generate", go("B", "on_success"), args=args, timeout="5m"),
        ImageResult([FILE], None),
        context={"what": "<cat>", "n": 2},
    )
    assert outside.requests == [ImageCall("A", "a <cat>", EXECUTION, "smart", "1024x768", 2, "art/", 300)]
    assert result["blackboard"]["A"] == {
        "status": "success",
        "exit_code": 0,
        "output": {"files": [FILE], "sentence": None},
    }
    assert result["final_state"] == "B"


async def test_image_generate_without_options() -> None:
    """Contract 1.2, D3.2: empty optional values omitted."""
    args = {"prompt": "cat", "alias": "", "size": "{{missing}}", "count": " "}
    outside, _ = await run(action("image_generate", args=args))
    assert outside.requests == [ImageCall("A", "cat", EXECUTION)]


@pytest.mark.parametrize("count", ["0", "5", "two", "1.5"])
async def test_image_count_from_one_to_four(count: str) -> None:
    """Contract 1.2, D1.1: ``count`` 1 to 4."""
    outside, result = await run(action("image_generate", args={"prompt": "cat", "count": count}))
    assert result["error"] == (
        f'State "A": the action "image_generate" takes a whole number from 1 to 4 as "count", not "{count}"'
    )
    assert outside.requests == []


async def test_image_refusal_and_failure() -> None:
    """Contract 1.2, D1.2: a sentence is a failure; a failed call routes."""
    raw = action("image_generate", go("B", "on_failure"), args={"prompt": "cat"})
    _, refused = await run(raw, ImageResult([], "No volume."))
    assert refused["blackboard"]["A"] == {
        "status": "failed",
        "exit_code": 1,
        "error": "No volume.",
        "output": {"files": [], "sentence": "No volume."},
    }
    _, failed = await run(raw, OutsideError("gone"))
    assert (failed["blackboard"]["A"]["exit_code"], failed["final_state"]) == (125, "B")
    _, ended = await run(action("image_generate", args={"prompt": "cat"}), OutsideError("gone"))
    assert (ended["status"], ended["error"]) == ("failed", "gone")


async def test_update_blackboard() -> None:
    """Contract 6.5: every argument becomes a top-level key, always text; no call."""
    outside, result = await run(
        action("update_blackboard", args={"a": "{{input.n}}", "b": False, "c": 1.0}), input={"n": 5}
    )
    assert {key: result["blackboard"][key] for key in "abc"} == {"a": "5", "b": "false", "c": "1"}
    assert result["blackboard"]["A"] == {"status": "success", "exit_code": 0, "updated": ["a", "b", "c"]}
    assert outside.calls == ["fetch", "publish"]


@pytest.mark.parametrize("key", ["input", "intent", "tenant_id", "attachments", "workflow", "blackboard", "A", "B"])
async def test_update_blackboard_refuses_reserved_keys(key: str) -> None:
    """Contract 6.2, 6.5: one reserved key and nothing is written."""
    _, result = await run(action("update_blackboard", args={"fine": "1", key: "x"}))
    assert result["error"] == f"update_blackboard cannot write the reserved key '{key}'."
    assert "fine" not in result["blackboard"]
