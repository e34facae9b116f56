# SPDX-License-Identifier: Apache-2.0
"""The connections to the orchestrator, and the activities made of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from ..interpreter.requests import Options
from ..runtime.client import RuntimeClient
from .actions import ActionActivities
from .agent_directory import AgentDirectory
from .agent_runs import AgentRuns
from .agent_turn import AgentServices
from .agents import AgentActivities
from .commands import CommandActivities
from .containers import ContainerActivities
from .definitions import DefinitionActivities
from .events import EventActivities
from .handlers import HandlerActivities
from .images import ImageActivities
from .judges import JudgeActivities
from .orchestrator import Orchestrator
from .ports import DefinitionSource, OutsideSettings, RunSettings
from .publisher import EventPublisher
from .schedules import ScheduleActivities
from .workspaces import WorkspaceActivities

Activity = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Services:
    """The open connections of one process."""

    runtime: RuntimeClient
    publisher: EventPublisher
    agents: AgentServices
    schedules: ScheduleActivities


@asynccontextmanager
async def open_services(settings: OutsideSettings) -> AsyncIterator[Services]:
    """Make the connections (nothing is dialled before it is used) and close them at the end."""
    runtime = RuntimeClient(settings)
    try:
        async with aiohttp.ClientSession() as session:
            publisher = EventPublisher(settings, session, runtime.tokens)
            orchestrator = Orchestrator(settings, session, runtime.tokens)
            directory, runs = AgentDirectory(orchestrator), AgentRuns(orchestrator)
            yield Services(
                runtime,
                publisher,
                AgentServices(runtime, publisher, directory, runs, settings),
                ScheduleActivities(orchestrator),
            )
    finally:
        await runtime.close()


def activities(settings: RunSettings, source: DefinitionSource, services: Services) -> list[Activity]:
    """Every activity of the worker, bound to its connections."""
    options = Options(
        escape_everywhere=settings.template_escape_everywhere, human_timeout_seconds=settings.human_timeout_seconds
    )
    definitions = DefinitionActivities(source, options)
    workspaces = WorkspaceActivities(services.runtime)
    return [
        ActionActivities(services.runtime, services.publisher).execute,
        AgentActivities(services.agents).execute,
        CommandActivities(services.runtime, services.publisher).execute,
        ContainerActivities(services.runtime, services.publisher).execute,
        definitions.fetch,
        definitions.find,
        EventActivities(services.publisher).publish,
        HandlerActivities(services.runtime, services.publisher).execute,
        ImageActivities(services.runtime, services.publisher).generate,
        JudgeActivities(services.runtime, services.publisher, services.agents.directory).validate,
        services.schedules.fire,
        workspaces.create,
        workspaces.destroy,
    ]
