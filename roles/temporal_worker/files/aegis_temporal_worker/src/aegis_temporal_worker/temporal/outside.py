# SPDX-License-Identifier: Apache-2.0
"""The interpreter's door to the world, inside a Temporal workflow: activities, timers and child workflows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ChildWorkflowError, is_cancelled_exception

from ..activities import names
from ..activities.messages import RunReference, WorkflowName, WorkspaceInput, WorkspaceReference
from ..interpreter.errors import OutsideError
from ..interpreter.events import Batch
from ..interpreter.requests import (
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
from . import policies, work
from .calls import Call, inside_the_task_first, made
from .delivery import Delivery
from .details import Details
from .failures import child_error
from .work import Work

Request = TypeVar("Request")
Result = TypeVar("Result")

_NOTHING = Batch([], {})


class TemporalOutside:
    """Implements ``interpreter.outside.Outside``. Make it inside the workflow."""

    def __init__(self, workflow_id: str, tenant_id: str) -> None:
        """``workflow_id`` is the definition's, ``tenant_id`` the start argument's."""
        self._execution_id = workflow.info().workflow_id
        self._workflow_id = workflow_id
        self._delivery = Delivery(self._run(tenant_id))
        self.details = Details()

    def now(self, plus_seconds: float = 0) -> str:
        """Workflow time, RFC 3339 with milliseconds."""
        moment = workflow.now() + timedelta(seconds=plus_seconds)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def seconds_until(self, time: str) -> float:
        """Seconds of workflow time from now to a text that ``now`` gave; negative when it has passed."""
        return (datetime.fromisoformat(time) - workflow.now()).total_seconds()

    def new_id(self) -> str:
        """A UUID of the workflow's own random source."""
        return str(workflow.uuid4())

    def log(self, message: str, **fields: Any) -> None:
        """Log a warning; the SDK leaves it out on replay."""
        workflow.logger.warning(message, extra=fields)

    def entered(self, state_name: str, iterations: int, visits: Mapping[str, int]) -> None:
        """Put the state and the visits where the UI shows them; this costs no history."""
        self.details.entered(state_name, iterations, visits)

    def waiting(self, description: str | None) -> None:
        """Put what the run waits for where the UI shows it; None: nothing any more."""
        self.details.waiting(description)

    def history_is_long(self) -> bool:
        """What the server suggests: it knows the limits that it was configured with."""
        return workflow.info().is_continue_as_new_suggested()

    async def wait_until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait for a signal, at most so long."""
        try:
            await workflow.wait_condition(condition, timeout=timedelta(seconds=max(seconds, 0)))
        except TimeoutError:
            return False
        return True

    async def fetch(self, workflow_id: str) -> Fetched:
        """The stored definition, read once per run."""
        call = Call(
            names.FETCH_DEFINITION, workflow_id, Fetched, f"definition {workflow_id}", limit=policies.SHORT_OUTAGE_LIMIT
        )
        return await made(call, inside_the_task_first)

    async def find_workflow(self, tenant_id: str, name_or_id: str) -> str | None:
        """Look a child's definition up."""
        call = Call(
            names.FIND_WORKFLOW,
            WorkflowName(tenant_id, name_or_id),
            str,
            f"definition {name_or_id}",
            limit=policies.SHORT_OUTAGE_LIMIT,
        )
        return await made(call, inside_the_task_first)

    async def publish(self, since: Batch) -> None:
        """Deliver events that travel with no other work."""
        await self._delivery.publish(since)

    async def run_command(self, tenant_id: str, command: Command, since: Batch) -> CommandResult:
        """Run a command at most once."""
        return await self._done(work.COMMAND, command, tenant_id, since)

    async def run_agent(self, tenant_id: str, task: AgentTask, since: Batch) -> AgentResult:
        """Run an agent at most once."""
        return await self._done(work.AGENT, task, tenant_id, since)

    async def run_agents(
        self, tenant_id: str, tasks: Sequence[AgentTask], since: Batch
    ) -> list[AgentResult | OutsideError]:
        """One activity for each agent: a failure does not run the others again."""
        await self.publish(since)
        return await _settled([self.run_agent(tenant_id, task, _NOTHING) for task in tasks])

    async def judge(self, tenant_id: str, judgement: Judgement, since: Batch) -> Verdict:
        """Ask the judges; asking again has no effects beyond their cost."""
        return await self._done(work.JUDGES, judgement, tenant_id, since)

    async def run_action(self, tenant_id: str, call: ActionCall, since: Batch) -> ActionResult:
        """Run an action at most once; a gated one waits for a person."""
        return await self._done(work.ACTION, call, tenant_id, since)

    async def generate_image(self, tenant_id: str, call: ImageCall, since: Batch) -> ImageResult:
        """Generate images at most once."""
        return await self._done(work.IMAGE, call, tenant_id, since)

    async def run_container(self, tenant_id: str, step: ContainerStep, since: Batch) -> ContainerResult:
        """Run a container at most once."""
        return await self._done(work.CONTAINER, step, tenant_id, since)

    async def run_containers(
        self, tenant_id: str, steps: Sequence[ContainerStep], since: Batch
    ) -> list[ContainerResult | OutsideError]:
        """One activity for each container."""
        await self.publish(since)
        return await _settled([self.run_container(tenant_id, step, _NOTHING) for step in steps])

    async def handle_output(self, tenant_id: str, call: HandlerCall, since: Batch) -> str | None:
        """Hand an output over at most once."""
        return await self._done(work.OUTPUT_HANDLER, call, tenant_id, since)

    async def run_child(self, child: ChildRun) -> dict[str, Any]:
        """Run a child to its end; when this run is cancelled so is the child, which tells its end by itself."""
        try:
            result: dict[str, Any] = await workflow.execute_child_workflow(
                workflow.info().workflow_type,
                dict(child.argument),
                id=child.execution_id,
                result_type=dict[str, Any],
                parent_close_policy=workflow.ParentClosePolicy.REQUEST_CANCEL,
                static_summary=f"child of {self._execution_id}",
            )
        except ChildWorkflowError as error:
            if is_cancelled_exception(error):
                raise
            raise child_error(child.execution_id, error) from error
        return result

    async def start_child(self, child: ChildRun) -> None:
        """Start a child; returns when the server has it."""
        await workflow.start_child_workflow(
            workflow.info().workflow_type,
            dict(child.argument),
            id=child.execution_id,
            parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            static_summary=f"started by {self._execution_id}",
        )

    async def create_workspace(self, tenant_id: str, ttl_hours: int, size_limit_mb: int) -> Volume:
        """Create an ephemeral workspace."""
        call = Call(
            names.CREATE_WORKSPACE,
            WorkspaceInput(self._run(tenant_id), ttl_hours, size_limit_mb),
            Volume,
            f"workspace for {ttl_hours} h, {size_limit_mb} MiB",
            limit=policies.OUTAGE_LIMIT,
        )
        return await made(call)

    async def destroy_workspace(self, tenant_id: str, volume_id: str) -> None:
        """Give a workspace up."""
        call = Call(
            names.DESTROY_WORKSPACE,
            WorkspaceReference(volume_id, self._run(tenant_id)),
            type(None),
            f"workspace {volume_id}",
            limit=policies.SHORT_OUTAGE_LIMIT,
        )
        await made(call)

    def _run(self, tenant_id: str) -> RunReference:
        return RunReference(self._execution_id, self._workflow_id, tenant_id)

    async def _done(self, kind: Work[Request, Result], request: Request, tenant_id: str, since: Batch) -> Result:
        """The events ride with the work, which has a long time to find the orchestrator."""
        riding = await self._delivery.riding(since)
        limit = kind.limit(request)
        call = Call(
            kind.name,
            kind.wrap(request, self._run(tenant_id), riding),
            kind.result,
            kind.summary(request),
            limit=policies.OUTAGE_LIMIT + limit + policies.MARGIN,
            attempt_limit=limit + policies.MARGIN,
        )
        return await made(call)


async def _settled(calls: Sequence[Coroutine[Any, Any, Result]]) -> list[Result | OutsideError]:
    """The results in order; a failure stands in the place of its result. A cancellation cancels them all."""

    async def settle(call: Awaitable[Result]) -> Result | OutsideError:
        try:
            return await call
        except OutsideError as error:
            return error

    return await asyncio.gather(*(settle(call) for call in calls))
