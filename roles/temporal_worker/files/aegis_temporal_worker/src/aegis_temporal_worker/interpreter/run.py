# SPDX-License-Identifier: Apache-2.0
"""One run: the loop over states, its limits and its endings (contract 6.1, 6.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import kinds, output
from .answers import Answer, Answers
from .blackboard import Blackboard, initial
from .carried import Carried, ContinueRun
from .conditions import choose
from .context import Context
from .definition import Definition, State, Workspace
from .errors import InterpreterError, OutsideError, RunAborted
from .events import Batch, EventLog, shorten
from .outside import Outside
from .requests import Fetched, Options
from .start import Start
from .values import MOST_LEVELS, too_deep


class Run:
    """Interprets one definition from its start argument to its terminal event."""

    def __init__(self, argument: object, execution_id: str, outside: Outside, carried: Carried | None = None) -> None:
        """``argument`` is the start argument as it came; ``execution_id`` the id that events carry.

        ``carried`` is what an earlier history of this run left.
        """
        self._start = Start.read(argument)
        self._execution_id = execution_id
        self._outside = outside
        self._carried = carried
        self._events = EventLog(execution_id, self._start.workflow_id, outside.now, carried.sequence if carried else 0)
        # Signals may come before anything else happens.
        self.answers = Answers(Answer(**item) for item in carried.answers) if carried else Answers()
        self._fetched = Fetched({}, "", Options())
        self._tenant_id = self._start.tenant_id or ""
        self._context: Context | None = None
        self._volume_id: str | None = None
        self._ended = False
        # For people who look at a run: the state it is in, states entered so far, visits by state.
        self.state_name: str | None = None
        self.iterations = 0
        self.visits: dict[str, int] = {}

    @property
    def blackboard(self) -> dict[str, Any]:
        """The blackboard as it is now; empty before the definition is known."""
        return self._context.blackboard.snapshot() if self._context else {}

    @property
    def digest(self) -> str:
        """SHA-256 of the definition that this run interprets; empty before it is known."""
        return self._fetched.digest

    async def execute(self) -> dict[str, Any]:
        """Run to the end and return the result (contract 4.3).

        Raises ``RunAborted`` when Temporal's workflow must fail too (everything has been told by then), and
        ``ContinueRun`` when the run goes on in a fresh history.
        """
        if self._carried is not None:
            return await self._loop(self._resume(self._carried), self._carried.next_state)
        self._events.add("WorkflowExecutionStarted")
        try:
            definition = await self._prepare()
        except (InterpreterError, OutsideError) as error:
            await self._finish("WorkflowExecutionFailed", error=str(error))
            raise RunAborted(str(error)) from None
        return await self._loop(definition, definition.initial_state)

    async def cancelled(self) -> None:
        """Clean up after a cancellation and tell it; a run that was just telling its end tells that one again."""
        if self._ended:
            await self._deliver()
        else:
            await self._finish("WorkflowExecutionCancelled", final_blackboard=self.blackboard)

    async def _prepare(self) -> Definition:
        if self._start.problem:
            raise InterpreterError(self._start.problem)
        if not self._start.workflow_id:
            raise InterpreterError("The start argument has no workflow_id")
        self._fetched = await self._outside.fetch(self._start.workflow_id)
        if too_deep(self._fetched.definition):
            raise InterpreterError(f"The definition is nested deeper than {MOST_LEVELS} levels")
        definition = Definition.read(self._fetched.definition)
        self._tenant_id = self._start.tenant_id or definition.tenant_id or ""
        workspace = await self._workspace(definition.workspace)
        self._context = self._made_context(definition, initial(definition, self._start, workspace))
        return definition

    def _resume(self, carried: Carried) -> Definition:
        self._fetched = Fetched(carried.definition, carried.digest, carried.options)
        definition = Definition.read(carried.definition)
        self._tenant_id = self._start.tenant_id or definition.tenant_id or ""
        self._volume_id = carried.volume_id
        self.iterations, self.visits = carried.iterations, dict(carried.visits)
        self._events.give_back(carried.events)
        self._context = context = self._made_context(definition, carried.blackboard)
        context.blackboard.feedback = carried.feedback
        context.blackboard.human_feedback = carried.human_feedback
        context.blackboard.give_back_changes(carried.changed)
        return definition

    def _made_context(self, definition: Definition, values: Mapping[str, Any]) -> Context:
        return Context(
            execution_id=self._execution_id,
            tenant_id=self._tenant_id,
            start=self._start,
            blackboard=Blackboard(values, definition.states, self._execution_id),
            workspace_key=definition.workspace.blackboard_key if definition.workspace else None,
            events=self._events,
            answers=self.answers,
            outside=self._outside,
            options=self._fetched.options,
        )

    async def _workspace(self, workspace: Workspace | None) -> Mapping[str, Any]:
        """The workspace's keys on the blackboard."""
        if workspace is None:
            return {}
        key = workspace.blackboard_key
        if not workspace.ephemeral:
            return {key: workspace.volume_id} if workspace.volume_id else {}
        volume = await self._outside.create_workspace(self._tenant_id, workspace.ttl_hours, workspace.size_limit_mb)
        self._volume_id = volume.volume_id
        return {key: volume.volume_id, f"{key}_remote_path": volume.remote_path}

    async def _loop(self, definition: Definition, name: str) -> dict[str, Any]:
        while self.iterations < definition.max_total_transitions:
            self.iterations += 1
            self.state_name = name
            state = definition.state(name)
            if state is None:
                message = f'State "{name}" not found in definition'
                await self._finish("WorkflowExecutionFailed", error=message)
                raise RunAborted(message)
            self.visits[name] = self.visits.get(name, 0) + 1
            if self.visits[name] > state.max_visits:
                return await self._visit_limit(state)
            try:
                result = await self._execute_state(state)
                target = self._next(state, result)
                if target is None:
                    return await self._completed(definition, result)
            except (InterpreterError, OutsideError) as error:
                return await self._failed(str(error))
            self._continue_in_fresh_history(target)
            name = target
        return await self._failed("Max iterations exceeded")

    async def _execute_state(self, state: State) -> dict[str, Any]:
        context = self._known()
        if state.warning:
            self._outside.log(state.warning, state_name=state.name)
        self._outside.entered(state.name, self.iterations, self.visits)
        self._events.add("WorkflowStateEntered", state_name=state.name)
        result = await kinds.execute(state, context)
        self._events.add("WorkflowStateExited", state_name=state.name, output=result)
        context.blackboard.put(state.name, result)
        return result

    def _next(self, state: State, result: dict[str, Any]) -> str | None:
        """The next state, or None when the run is complete."""
        if not state.transitions:
            return None
        context = self._known()
        transition = choose(state, result, context.blackboard.names())
        if transition is None:
            # Built-in manifests end this way on success.
            self._outside.log("No transition matched; the run is complete", state_name=state.name)
            return None
        if transition.target is None:
            return None
        # Rendered before it replaces the old one: a feedback may quote the feedback that led here.
        context.blackboard.feedback = context.render(transition.feedback) if transition.feedback else ""
        return transition.target

    def _continue_in_fresh_history(self, next_state: str) -> None:
        if not self._outside.history_is_long():
            return
        context = self._known()
        since = context.take()
        carried = Carried(
            definition=self._fetched.definition,
            digest=self._fetched.digest,
            options=self._fetched.options,
            next_state=next_state,
            blackboard=context.blackboard.snapshot(),
            feedback=context.blackboard.feedback,
            human_feedback=context.blackboard.human_feedback,
            volume_id=self._volume_id,
            iterations=self.iterations,
            visits=self.visits,
            sequence=self._events.sequence,
            events=since.events,
            changed=dict(since.changed),
            answers=self.answers.snapshot(),
        )
        if carried.fits:
            raise ContinueRun(carried)
        context.give_back(since)

    async def _completed(self, definition: Definition, result: dict[str, Any]) -> dict[str, Any]:
        ending: dict[str, Any] = {}
        await self._destroy_workspace()
        if definition.output_template is not None:
            ending["final_output"] = output.build(
                definition.output_template,
                definition.output_schema,
                self._known().render,
                lambda message: self._outside.log(message, state_name=self.state_name),
            )
        await self._finish("WorkflowExecutionCompleted", final_blackboard=self.blackboard, **ending)
        return self._result("completed", output=result, **ending)

    async def _failed(self, message: str, **fields: Any) -> dict[str, Any]:
        await self._finish("WorkflowExecutionFailed", error=message, final_blackboard=self.blackboard)
        return self._result("failed", error=message, **fields)

    async def _visit_limit(self, state: State) -> dict[str, Any]:
        message = f'State "{state.name}" exceeded max_state_visits limit of {state.max_visits}'
        self._events.add(
            "WorkflowStateVisitLimitExceeded",
            state_name=state.name,
            max_visits=state.max_visits,
            actual_visits=self.visits[state.name],
            final_blackboard=self.blackboard,
        )
        return await self._failed(message, output={"error": message})

    def _result(self, status: str, **fields: Any) -> dict[str, Any]:
        """The result of the workflow; what would make it larger than Temporal accepts becomes a marker."""
        return shorten(
            {
                "status": status,
                "iterations": self.iterations,
                "final_state": self.state_name,
                **fields,
                "blackboard": self.blackboard,
            }
        )

    async def _finish(self, terminal: str, **fields: Any) -> None:
        """Give the workspace up, then deliver everything that waits, the terminal event last."""
        await self._destroy_workspace()
        self._ended = True
        self._events.add(terminal, state_name=self.state_name, **fields)
        await self._deliver()

    async def _deliver(self) -> None:
        events = self._events.take()
        if not events:
            return
        changed = self._context.blackboard.take_changes() if self._context else {}
        try:
            await self._outside.publish(Batch(events, changed))
        except BaseException:
            # A cancellation: cancelled() delivers them.
            self._events.give_back(events)
            raise

    async def _destroy_workspace(self) -> None:
        if self._volume_id is None:
            return
        try:
            await self._outside.destroy_workspace(self._tenant_id, self._volume_id)
        except OutsideError as error:
            # The volume's time to live removes it; a run does not fail over its clean-up.
            self._outside.log(f"The workspace was not destroyed: {error}", volume_id=self._volume_id)
        self._volume_id = None

    def _known(self) -> Context:
        if self._context is None:
            raise RunAborted("The definition is not known yet")
        return self._context
