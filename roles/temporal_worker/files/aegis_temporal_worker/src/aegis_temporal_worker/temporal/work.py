# SPDX-License-Identifier: Apache-2.0
"""The work that a run asks for: which activity does it, how long it may take, and what people read beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Generic, TypeVar

from ..activities import names
from ..activities.messages import (
    ActionInput,
    AgentInput,
    CommandInput,
    ContainerInput,
    HandlerInput,
    ImageInput,
    JudgementInput,
    RunReference,
    Since,
)
from ..interpreter.requests import (
    ActionCall,
    ActionResult,
    AgentResult,
    AgentTask,
    Command,
    CommandResult,
    ContainerResult,
    ContainerStep,
    HandlerCall,
    ImageCall,
    ImageResult,
    Judgement,
    Verdict,
)
from . import limits

Request = TypeVar("Request")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Work(Generic[Request, Result]):
    """One kind of work. ``wrap`` makes the activity's input, ``limit`` is for one attempt."""

    name: str
    wrap: Callable[[Request, RunReference, Since], Any]
    result: type[Result]
    limit: Callable[[Request], timedelta]
    summary: Callable[[Request], str]


def _agent_summary(task: AgentTask) -> str:
    turn = f", iteration {task.iteration}" if task.iteration > 1 else ""
    return f"{task.state_name}: {task.agent}{turn}"


def _judges(judgement: Judgement) -> str:
    return ", ".join(judge.agent for judge in judgement.judges)


AGENT: Final = Work[AgentTask, AgentResult](
    names.AGENT, AgentInput, AgentResult, limit=limits.of_agent, summary=_agent_summary
)
JUDGES: Final = Work[Judgement, Verdict](
    names.JUDGES,
    JudgementInput,
    Verdict,
    limit=limits.of_judgement,
    summary=lambda judgement: f"{judgement.state_name}: judged by {_judges(judgement)}",
)
COMMAND: Final = Work[Command, CommandResult](
    names.SYSTEM_COMMAND,
    CommandInput,
    CommandResult,
    limit=limits.of_command,
    summary=lambda command: f"{command.state_name}: {command.command}",
)
ACTION: Final = Work[ActionCall, ActionResult](
    names.ACTION,
    ActionInput,
    ActionResult,
    limit=limits.of_action,
    summary=lambda call: f"{call.state_name}: {call.action}",
)
IMAGE: Final = Work[ImageCall, ImageResult](
    names.IMAGE,
    ImageInput,
    ImageResult,
    limit=limits.of_image,
    summary=lambda call: f"{call.state_name}: {call.prompt}",
)
CONTAINER: Final = Work[ContainerStep, ContainerResult](
    names.CONTAINER,
    ContainerInput,
    ContainerResult,
    limit=limits.of_container,
    summary=lambda step: f"{step.state_name}: {step.name} ({step.image})",
)
# A handler that makes nothing of the output answers null, which reads as None whatever the type.
OUTPUT_HANDLER: Final = Work[HandlerCall, str](
    names.OUTPUT_HANDLER,
    HandlerInput,
    str,
    limit=limits.of_handler,
    summary=lambda call: f"{call.state_name}: output handler {call.config.get('type')}",
)
