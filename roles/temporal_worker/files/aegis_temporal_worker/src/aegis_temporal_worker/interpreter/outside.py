# SPDX-License-Identifier: Apache-2.0
"""The one door of the interpreter: what a run can ask of the world.

The Temporal side implements it with activities, timers and child workflows; tests implement it in memory. What is
asked for is described in ``requests``. Every method that takes ``since`` delivers its events, in order, before it does
its own work. All of them raise ``errors.OutsideError`` for a failure that is final, and let cancellation pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from .errors import OutsideError
from .events import Batch
from .requests import (
    ActionCall,
    ActionResult,
    AgentResult,
    AgentTask,
    ChildRun,
    Command,
    CommandResult,
    ContainerResult,
    ContainerStep,
    Fetched,
    HandlerCall,
    ImageCall,
    ImageResult,
    Judgement,
    Verdict,
    Volume,
)


class Outside(Protocol):
    """What a run can ask of the world."""

    def now(self, plus_seconds: float = 0) -> str:
        """Time of the run, RFC 3339 in UTC, the same on every replay; ``plus_seconds`` looks ahead."""

    def seconds_until(self, time: str) -> float:
        """How far ahead a time that ``now`` gave is, in seconds; negative when it has passed."""

    def new_id(self) -> str:
        """A random UUID, the same on every replay."""

    def log(self, message: str, **fields: Any) -> None:
        """Log a warning, once and not on replay."""

    def entered(self, state_name: str, iterations: int, visits: Mapping[str, int]) -> None:
        """Show people where the run is; called for every state, must cost nothing."""

    def waiting(self, description: str | None) -> None:
        """Show people what the run waits for, or that it goes on (None); must cost nothing."""

    def history_is_long(self) -> bool:
        """Whether the run should go on in a fresh history, asked between two states."""

    async def fetch(self, workflow_id: str) -> Fetched:
        """The stored definition of that id."""

    async def publish(self, since: Batch) -> None:
        """Deliver events. Never raises ``OutsideError``: what cannot be delivered is logged."""

    async def wait_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until the condition holds, at most so long; whether it holds."""

    async def run_command(self, tenant_id: str, command: Command, since: Batch) -> CommandResult:
        """Run a command at most once."""

    async def run_agent(self, tenant_id: str, task: AgentTask, since: Batch) -> AgentResult:
        """Run an agent at most once."""

    async def run_agents(
        self, tenant_id: str, tasks: Sequence[AgentTask], since: Batch
    ) -> list[AgentResult | OutsideError]:
        """Run agents side by side, each at most once; results in the order of the tasks, failures among them."""

    async def judge(self, tenant_id: str, judgement: Judgement, since: Batch) -> Verdict:
        """Have judges score an output."""

    async def run_action(self, tenant_id: str, call: ActionCall, since: Batch) -> ActionResult:
        """Run a repository, tree or archive action at most once."""

    async def generate_image(self, tenant_id: str, call: ImageCall, since: Batch) -> ImageResult:
        """Generate images at most once."""

    async def run_container(self, tenant_id: str, step: ContainerStep, since: Batch) -> ContainerResult:
        """Run a container at most once."""

    async def run_containers(
        self, tenant_id: str, steps: Sequence[ContainerStep], since: Batch
    ) -> list[ContainerResult | OutsideError]:
        """Run containers side by side, each at most once; results in the order of the steps, failures among them."""

    async def handle_output(self, tenant_id: str, call: HandlerCall, since: Batch) -> str | None:
        """Hand an output to its handler; what it made of it, or None."""

    async def find_workflow(self, tenant_id: str, name_or_id: str) -> str | None:
        """The id of the stored definition that this name or id means for the tenant, or None."""

    async def run_child(self, child: ChildRun) -> dict[str, Any]:
        """Run a child to its end and return its result; ``OutsideError`` when it raised."""

    async def start_child(self, child: ChildRun) -> None:
        """Start a child that goes on whatever becomes of this run."""

    async def create_workspace(self, tenant_id: str, ttl_hours: int, size_limit_mb: int) -> Volume:
        """Create an ephemeral workspace for this run."""

    async def destroy_workspace(self, tenant_id: str, volume_id: str) -> None:
        """Give a workspace up."""
