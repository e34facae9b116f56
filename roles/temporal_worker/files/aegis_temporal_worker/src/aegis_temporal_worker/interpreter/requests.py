# SPDX-License-Identifier: Apache-2.0
"""What a run asks of the outside, and what it gets back.

These objects are also the inputs and outputs of activities, so people read them as JSON in Temporal's UI: plain fields
with the names that manifests use, no values that JSON does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Options:
    """Settings of the worker that a run keeps from its start to its end, so that a change disturbs none in flight."""

    # Double braces escape HTML everywhere, as the reference does; else in shell commands only.
    escape_everywhere: bool = False
    # How long a Human state without a timeout waits.
    human_timeout_seconds: int = 3600


@dataclass(frozen=True, slots=True)
class Fetched:
    """A stored definition, its SHA-256 in hex, and the options of the worker that read it."""

    definition: dict[str, Any]
    digest: str = ""
    options: Options = Options()


@dataclass(frozen=True, slots=True)
class Command:
    """A shell command. ``limit_seconds`` None leaves the limit to the runtime."""

    state_name: str
    command: str
    env: dict[str, str]
    workdir: str | None
    limit_seconds: int | None


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended. ``timed_out``: the runtime or the worker stopped waiting for it."""

    exit_code: int
    stdout: str
    stderr: str
    duration_ms: int
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class WorkspaceMount:
    """The run's workspace as an agent sees it."""

    volume_id: str
    mount_path: str
    remote_path: str | None


@dataclass(frozen=True, slots=True)
class AgentTask:
    """One run of an agent.

    ``agent`` is a name or a UUID. ``context`` None stands for the whole blackboard, which the activity asks the run
    for: in the input it would make the history grow with the square of its states. ``workflow_execution_id`` is the
    run that the orchestrator has a record of. ``limit_seconds`` may only lengthen the limit in the agent's manifest.
    """

    state_name: str
    agent: str
    input: str
    workflow_execution_id: str
    intent: str | None = None
    context: dict[str, Any] | None = None
    security_context_name: str | None = None
    workspace: WorkspaceMount | None = None
    attachments: list[Any] = field(default_factory=list)
    iteration: int = 1
    limit_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class AgentResult:
    """How an agent's run ended. ``output`` is its final text, ``execution_id`` the run's, ``agent_id`` a UUID."""

    completed: bool
    output: str
    error: str | None
    execution_id: str | None
    agent_id: str | None
    iterations: int = 0


@dataclass(frozen=True, slots=True)
class Judge:
    """An agent that scores; ``agent`` is a name or a UUID."""

    agent: str
    input_template: str | None = None
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Consensus:
    """How votes make one result: ``weighted_average``, ``majority_vote``, ``unanimous`` or ``best_of_n``."""

    strategy: str
    threshold: float | None = None
    agreement: float | None = None
    n: int | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """An output to be scored. ``consensus`` None leaves the strategy and the threshold to the runtime."""

    state_name: str
    output: str
    task: str
    judges: list[Judge]
    context: dict[str, Any]
    consensus: Consensus | None = None
    limit_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judges say. ``individual_results``: ``judge_id``, ``score``, ``confidence``, ``reasoning`` each."""

    score: float
    confidence: float
    valid: bool
    reasoning: str
    individual_results: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ActionCall:
    """An action on a repository, a tree or an archive, by its name on the wire.

    ``gated``: a person is asked, which may take 72 hours.
    """

    state_name: str
    action: str
    message: str | None
    workflow_execution_id: str
    gated: bool = False
    limit_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What the action answered; a ``sentence`` says why it was refused."""

    commit_sha: str | None
    branch: str
    ref: str
    diff: str | None
    sentence: str | None


@dataclass(frozen=True, slots=True)
class ImageCall:
    """Images to generate; ``size`` as WIDTHxHEIGHT, ``count`` from 1 to 4."""

    state_name: str
    prompt: str
    workflow_execution_id: str
    alias: str | None = None
    size: str | None = None
    count: int | None = None
    path: str | None = None
    limit_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class ImageResult:
    """The files: ``volume_id``, ``path``, ``content_type``, ``size_bytes`` each; a ``sentence`` says why it failed."""

    files: list[dict[str, Any]]
    sentence: str | None


@dataclass(frozen=True, slots=True)
class ContainerStep:
    """One container. ``execution_id`` is the step's own UUID, ``workflow_execution_id`` the run's.

    ``timeout`` is the runtime's own spelling of a duration; ``limit_seconds`` the same in seconds where it can be read.
    """

    state_name: str
    name: str
    image: str
    command: list[str]
    env: dict[str, str]
    execution_id: str
    workflow_execution_id: str
    image_pull_policy: str | None = None
    workdir: str | None = None
    volumes: list[dict[str, Any]] = field(default_factory=list)
    cpu_millicores: int | None = None
    memory: str | None = None
    timeout: str | None = None
    registry_credentials: str | None = None
    shell: bool = False
    max_attempts: int = 1
    network_mode: str | None = None
    limit_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class ContainerResult:
    """How a container ended. ``timed_out``: the runtime or the worker stopped waiting for it."""

    exit_code: int
    stdout: str
    stderr: str
    duration_ms: int
    attempts: int = 1
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class HandlerCall:
    """An output for its handler; ``execution_id`` is the agent run's or empty, ``config`` passes through as it is."""

    state_name: str
    execution_id: str
    final_output: str
    config: dict[str, Any]
    intent: str | None


@dataclass(frozen=True, slots=True)
class ChildRun:
    """A run to be started: its id (a UUID) and its start argument."""

    execution_id: str
    argument: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Volume:
    """A workspace that was created."""

    volume_id: str
    remote_path: str
