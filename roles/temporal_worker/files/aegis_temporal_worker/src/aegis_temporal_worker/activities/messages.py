# SPDX-License-Identifier: Apache-2.0
"""Inputs and outputs of activities: one JSON object each, made to be read by people in Temporal's UI.

Shared by the workflow and the activities, so nothing here may touch the outside.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class FetchedDefinition:
    """A stored definition and how templates are treated (see ``interpreter.outside.Fetched``)."""

    definition: dict[str, Any]
    escape_everywhere: bool


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Events of one run, in order."""

    events: list[dict[str, Any]]


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
class SystemCommandInput:
    """A shell command; ``timeout`` in seconds, None leaves the limit to the runtime.

    ``events`` are delivered before the command: what happened since the last activity, with the output of the state
    before and the name of this one.
    """

    execution_id: str
    tenant_id: str
    state: str
    command: str
    env: dict[str, str]
    workdir: str | None
    timeout: int | None
    events: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class SystemCommandOutput:
    """How the command ended; ``timed_out`` when the limit ended it."""

    exit_code: int
    stdout: str
    stderr: str
    duration_ms: int
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class WorkspaceInput:
    """A workspace to create: hours it lives, MiB it may hold."""

    execution_id: str
    tenant_id: str
    ttl_hours: int
    size_limit_mb: int


@dataclass(frozen=True, slots=True)
class WorkspaceOutput:
    """A workspace that was created."""

    volume_id: str
    remote_path: str


@dataclass(frozen=True, slots=True)
class WorkspaceReference:
    """A workspace to give up."""

    volume_id: str
    execution_id: str
    tenant_id: str
