# SPDX-License-Identifier: Apache-2.0
"""What a state has at hand while it executes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from .answers import Answers
from .blackboard import Blackboard
from .conditions import takes_failure
from .definition import State
from .errors import InterpreterError, OutsideError
from .events import Batch, EventLog
from .outside import Outside
from .requests import Options
from .start import Start
from .templates import compile_template

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Context:
    """The run as its states see it."""

    execution_id: str
    tenant_id: str
    start: Start
    blackboard: Blackboard
    # Under this key the blackboard holds the workspace's volume id; None without a workspace.
    workspace_key: str | None
    events: EventLog
    answers: Answers
    outside: Outside
    options: Options

    @property
    def root_execution_id(self) -> str:
        """The run that the orchestrator has a record of: this one, or the one that began the chain of children."""
        return self.start.root_execution_id or self.execution_id

    def render(self, template: str, *, escape: bool = False) -> str:
        """Render a template. ``escape`` is for shell commands: untrusted text cannot break out of quotes there.

        Raises ``templates.TemplateError``.
        """
        compiled = compile_template(template, escape=escape or self.options.escape_everywhere)
        return compiled.render(self.blackboard.names())

    def render_required(self, template: str, *, escape: bool = False) -> str:
        """Render a template whose text may not be empty.

        Raises ``InterpreterError`` when it is, ``templates.TemplateError`` as ``render`` does.
        """
        rendered = self.render(template, escape=escape)
        if not rendered.strip():
            raise InterpreterError(
                f'Template resolution failed: "{template}" resolved to empty string. Check blackboard keys.'
            )
        return rendered

    def takes_failure(self, state: State, output: Mapping[str, Any]) -> bool:
        """Whether some transition of the state takes this output of a failure, which fails the run otherwise."""
        return takes_failure(state, output, self.blackboard.names_with(state.name, output))

    async def with_events(self, call: Callable[[Batch], Awaitable[Result]]) -> Result:
        """Make a call to the outside that delivers the waiting events first.

        When it fails without having delivered them they wait again, so that none is lost.
        """
        since = self.take()
        try:
            return await call(since)
        except BaseException as error:
            if not (isinstance(error, OutsideError) and error.events_sent):
                self.give_back(since)
            raise

    async def publish(self) -> None:
        """Deliver the waiting events now: before a wait, or before work that goes its own way."""
        await self.with_events(self.outside.publish)

    def take(self) -> Batch:
        """What happened since this was last asked."""
        return Batch(self.events.take(), self.blackboard.take_changes())

    def give_back(self, since: Batch) -> None:
        """Put back what was not delivered."""
        self.events.give_back(since.events)
        self.blackboard.give_back_changes(since.changed)
