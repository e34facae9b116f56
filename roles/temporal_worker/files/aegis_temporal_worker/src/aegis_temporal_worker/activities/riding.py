# SPDX-License-Identifier: Apache-2.0
"""How events travel in the input of an activity: each fact once, and readable.

What all events of a run have in common stands once beside them. The output of a state that has ended stands among the
changed keys of the blackboard, and its exit event refers to it.
"""

from __future__ import annotations

from typing import Any, Final

from ..interpreter.events import Batch, Event
from .messages import RunReference, Since

_EXITED: Final = "WorkflowStateExited"
_COMMON: Final = ("execution_id", "workflow_id")


def pack(batch: Batch) -> Since:
    """The batch as part of an activity's input."""
    return Since(changed=dict(batch.changed), events=[_packed(event, batch) for event in batch.events])


def unpack(run: RunReference, since: Since) -> list[Event]:
    """The events as the orchestrator gets them."""
    return [_unpacked(event, run, since) for event in since.events]


def _packed(event: Event, batch: Batch) -> dict[str, Any]:
    packed = {key: value for key, value in event.items() if key not in _COMMON}
    # Not every exit: a state that was left twice since then has its last output among the changed keys only.
    if event["event_type"] == _EXITED and event.get("output") is batch.changed.get(event["state_name"]):
        del packed["output"]
    return packed


def _unpacked(event: dict[str, Any], run: RunReference, since: Since) -> Event:
    whole: Event = {
        "event_type": event["event_type"],
        "execution_id": run.execution_id,
        "workflow_id": run.workflow_id,
        **{key: value for key, value in event.items() if key != "event_type"},
    }
    if event["event_type"] == _EXITED and "output" not in event:
        whole["output"] = since.changed[event["state_name"]]
    return whole
