# SPDX-License-Identifier: Apache-2.0
"""Validation of events, with the same refusals as the orchestrator's listener.

A wrong type or a missing common field is refused as 422, everything that is wrong for one event type as 400.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

U8 = Annotated[int, Field(ge=0, le=2**8 - 1)]
U32 = Annotated[int, Field(ge=0, le=2**32 - 1)]
U64 = Annotated[int, Field(ge=0, le=2**64 - 1)]
I32 = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
I64 = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]

# Fields that one type cannot do without. The pipeline events belong to the orchestrator itself.
_NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "WorkflowExecutionStarted": (),
    "WorkflowStateEntered": ("state_name",),
    "WorkflowStateExited": ("state_name", "output"),
    "WorkflowIterationStarted": ("iteration_number",),
    "WorkflowIterationCompleted": ("iteration_number", "output"),
    "WorkflowIterationFailed": ("iteration_number", "error"),
    "RefinementApplied": ("iteration_number", "code_diff", "agent_id"),
    "ContainerRunStarted": (),
    "ContainerRunCompleted": (),
    "ContainerRunFailed": (),
    "HumanInputRequested": ("prompt",),
    "SubworkflowTriggered": ("child_execution_id", "child_workflow_id"),
    "SubworkflowCompleted": ("child_execution_id",),
    "SubworkflowFailed": ("child_execution_id",),
    "WorkflowStateVisitLimitExceeded": ("state_name", "max_visits"),
    "WorkflowExecutionCompleted": (),
    "WorkflowExecutionFailed": ("error",),
    "WorkflowExecutionCancelled": (),
    "IntentExecutionPipelineStarted": (),
    "IntentExecutionPipelineCompleted": (),
    "IntentExecutionPipelineFailed": (),
}
_UUIDS: Final[Mapping[str, tuple[str, ...]]] = {
    "RefinementApplied": ("agent_id",),
    "SubworkflowTriggered": ("child_execution_id", "child_workflow_id"),
    "SubworkflowCompleted": ("child_execution_id",),
    "SubworkflowFailed": ("child_execution_id",),
}


class EventRefusedError(Exception):
    """An event that the listener refuses, with the HTTP ``status`` of the refusal."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class _Payload(BaseModel):
    """Types on the wire. Null is the same as absent, except for ``responses``."""

    model_config = ConfigDict(strict=True, extra="ignore")

    event_type: str
    execution_id: str
    temporal_sequence_number: I64
    timestamp: str
    workflow_id: str | None = None
    state_name: str | None = None
    output: Any = None
    error: str | None = None
    iteration_number: U8 | None = None
    code_diff: str | None = None
    agent_id: str | None = None
    prompt: str | None = None
    default_response: str | None = None
    responses: list[str] = Field(default_factory=list)
    expires_at: str | None = None
    child_execution_id: str | None = None
    child_workflow_id: str | None = None
    parent_execution_id: str | None = None
    parent_state_name: str | None = None
    mode: str | None = None
    result_key: str | None = None
    max_visits: U32 | None = None
    actual_visits: U32 | None = None
    name: str | None = None
    image: str | None = None
    exit_code: I32 | None = None
    duration_ms: U64 | None = None
    attempts: U32 | None = None
    stderr: str | None = None
    step_count: U32 | None = None
    completion: str | None = None
    overall_success: bool | None = None
    succeeded: U32 | None = None
    failed: U32 | None = None


def check_event(event: Any) -> None:
    """Accept an event or raise ``EventRefusedError``."""
    try:
        payload = _Payload.model_validate(event)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "body"
        raise EventRefusedError(422, f"{where}: {first['msg']}") from error
    kind = payload.event_type
    if kind not in _NEEDS:
        raise EventRefusedError(400, f"unknown event type {kind}")
    for name in _NEEDS[kind]:
        if getattr(payload, name) is None:
            raise EventRefusedError(400, f"{kind} without {name}")
    for name in ("execution_id", *_UUIDS.get(kind, ())):
        _check_uuid(name, getattr(payload, name))
    _check_time("timestamp", payload.timestamp)
    if payload.expires_at is not None:
        _check_time("expires_at", payload.expires_at)


def _check_uuid(name: str, text: str) -> None:
    try:
        UUID(text)
    except ValueError as error:
        raise EventRefusedError(400, f"{name} {text!r} is not a UUID") from error


def _check_time(name: str, text: str) -> None:
    if not is_time(text):
        raise EventRefusedError(400, f"{name} {text!r} is not RFC 3339")


def is_time(text: str) -> bool:
    """Whether the text is a time as RFC 3339 has it, with an offset or ``Z``."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return False
    return parsed.tzinfo is not None and "T" in text.upper()
