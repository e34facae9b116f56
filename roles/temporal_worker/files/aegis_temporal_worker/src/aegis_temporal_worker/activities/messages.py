# SPDX-License-Identifier: Apache-2.0
"""Inputs and outputs of activities: one JSON object each, made to be read by people in Temporal's UI.

What an activity is asked for, and what it answers, are the interpreter's own ``requests``; here is what goes along.
Shared by the workflow and the activities, so nothing here may touch the outside.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..interpreter.requests import (
    ActionCall,
    AgentTask,
    Command,
    ContainerStep,
    HandlerCall,
    ImageCall,
    Judgement,
)


@dataclass(frozen=True, slots=True)
class RunReference:
    """Which run asks."""

    execution_id: str
    workflow_id: str
    tenant_id: str


@dataclass(frozen=True, slots=True)
class Since:
    """What happened since the run's last activity.

    ``changed``: blackboard keys that were written, with their values. ``events`` are delivered before the activity does
    its own work; ``riding.unpack`` makes them whole.
    """

    changed: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Events that travel with no other work."""

    run: RunReference
    since: Since


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that the orchestrator did not take."""

    event_type: str
    sequence: int
    status: int
    answer: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """How many events were taken, and which were not."""

    delivered: int
    refused: list[Refusal] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CommandInput:
    """A shell command."""

    command: Command
    run: RunReference
    since: Since


@dataclass(frozen=True, slots=True)
class AgentInput:
    """One run of an agent."""

    agent: AgentTask
    run: RunReference
    since: Since


@dataclass(frozen=True, slots=True)
class JudgementInput:
    """An output to be scored."""

    judgement: Judgement
    run: RunReference
    since: Since


@dataclass(frozen=True, slots=True)
class ActionInput:
    """A repository, tree or archive action."""

    action: ActionCall
    run: RunReference
    since: Since


@dataclass(frozen=True, slots=True)
class ImageInput:
    """Images to generate."""

    image: ImageCall
    run: RunReference
    since: Since


@dataclass(frozen=True, slots=True)
class ContainerInput:
    """One container."""

    container: ContainerStep
    run: RunReference
    since: Since


@dataclass(frozen=True, slots=True)
class HandlerInput:
    """An output for its handler."""

    handler: HandlerCall
    run: RunReference
    since: Since


@dataclass(frozen=True, slots=True)
class WorkflowName:
    """A definition to be found by its name or id."""

    tenant_id: str
    name_or_id: str


@dataclass(frozen=True, slots=True)
class WorkspaceInput:
    """A workspace to create: hours it lives, MiB it may hold."""

    run: RunReference
    ttl_hours: int
    size_limit_mb: int


@dataclass(frozen=True, slots=True)
class WorkspaceReference:
    """A workspace to give up."""

    volume_id: str
    run: RunReference


@dataclass(frozen=True, slots=True)
class ScheduleFire:
    """A schedule that is due; ``scheduled_time`` is RFC 3339 with milliseconds and ``Z``."""

    schedule_id: str
    tenant_id: str
    scheduled_time: str


@dataclass(frozen=True, slots=True)
class ScheduleAnswer:
    """The orchestrator's HTTP status, and its JSON or text."""

    status: int
    answer: Any
