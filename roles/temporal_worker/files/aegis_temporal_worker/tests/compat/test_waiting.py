# SPDX-License-Identifier: Apache-2.0
"""What people can ask a run that waits (contract 9.3 no. 48)."""

from __future__ import annotations

from typing import Any

from aegis_temporal_worker.store.identity import definition_hash

from .conftest import Worlds
from .world import Scenario, definition

GATE = Scenario(
    "gate", ["forge-gate"], "forge-gate-landed", {"input": {"task": "it"}, "repositories": [{"label": "app"}]}
)


async def test_a_run_that_waits_for_a_person_tells_where_it_is(worlds: Worlds) -> None:
    async with worlds(GATE.script) as here:
        handle = await here.play(GATE)
        await here.until_asked(1)
        (question,) = [
            entry["event"]
            for entry in await here.ledger(kind="event")
            if entry["event"]["event_type"] == "HumanInputRequested"
        ]
        state = await handle.query("aegis_state")
        board = await handle.query("blackboard")
        context = await handle.query("agent_context")
        details = await handle.query("__temporal_workflow_metadata")

        await handle.signal("humanInput", args=["no", None, None])
        result = await handle.result()
        after = await handle.query("aegis_state")
        ended = await handle.query("__temporal_workflow_metadata")

    waiting_for = f"an answer (land, refine, no) until {question['expires_at']}: {question['prompt']}"
    assert state == {
        "state": "GATE",
        "iterations": 2,
        "visits": {"DRAFT": 1, "GATE": 1},
        "waiting_for": waiting_for,
        "definition_digest": definition_hash(definition("forge-gate")),
    }
    assert _told_to_people(details) == (
        f"State **GATE**, transition 2\n\nVisits by state:\n\n- DRAFT: 1\n- GATE: 1\n\nWaiting for: {waiting_for}"
    )
    assert board["DRAFT"]["output"] == "draft one"
    assert "GATE" not in board
    assert context == board
    assert (after["state"], after["waiting_for"]) == ("DONE", None)
    assert _told_to_people(ended).endswith("\n\nEnded: **completed**")
    assert result["blackboard"]["GATE"] == {"response": "no", "timeout": False}


def _told_to_people(details: Any) -> str:
    text: str = details["currentDetails"] if isinstance(details, dict) else details.current_details
    return text


async def test_a_failed_run_says_so_although_temporal_calls_it_completed(worlds: Worlds) -> None:
    async with worlds(None) as here:
        run = definition("echo-test")
        state = next(iter(run["states"]))
        run["states"][state] |= {"kind": "Action", "action": "no_such_action", "args": {}}
        await here.register(run)
        handle = await here.start(run)
        result = await handle.result()
        details = await handle.query("__temporal_workflow_metadata")
    assert result["status"] == "failed"
    assert _told_to_people(details).endswith(f"Ended: **failed**, {result['error']}")


async def test_an_answer_that_comes_before_its_question_is_kept(worlds: Worlds) -> None:
    """Contract 6.6: one queued response satisfies the next Human state that was announced."""
    async with worlds(None) as here:
        run = definition("human-approval-test")
        await here.register(run)
        handle = await here.temporal.start_workflow(
            "aegis_workflow",
            {"workflow_id": run["workflow_id"], "input": {}, "blackboard": None, "tenant_id": "acme"},
            id="0b5d3c1e-aaaa-4aaa-8aaa-000000000099",
            task_queue=here.task_queue,
            start_signal="humanInput",
            start_signal_args=["approve", None, "ada"],
        )
        result = await handle.result()
        told = [entry["event"]["event_type"] for entry in await here.ledger(kind="event")]
    assert result["final_state"] == "RELEASE"
    assert result["blackboard"]["APPROVE"]["answered_by"] == "ada"
    assert told.count("HumanInputRequested") == 1
