# SPDX-License-Identifier: Apache-2.0
"""What a state has at hand while it executes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from .blackboard import Blackboard
from .errors import InterpreterError, OutsideError
from .events import Event, EventLog
from .outside import Outside
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
    events: EventLog
    outside: Outside
    escape_everywhere: bool

    def render(self, template: str, *, escape: bool = False) -> str:
        """Render a template. ``escape`` is for shell commands: untrusted text cannot break out of quotes there.

        Raises ``templates.TemplateError``.
        """
        compiled = compile_template(template, escape=escape or self.escape_everywhere)
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

    async def with_events(self, call: Callable[[Sequence[Event]], Awaitable[Result]]) -> Result:
        """Make a call to the outside that delivers the waiting events first.

        When it fails without having delivered them they wait again, so that none is lost.
        """
        events = self.events.take()
        try:
            return await call(events)
        except BaseException as error:
            if not (isinstance(error, OutsideError) and error.events_sent):
                self.events.give_back(events)
            raise
