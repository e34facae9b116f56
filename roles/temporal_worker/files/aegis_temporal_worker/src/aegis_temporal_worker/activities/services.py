# SPDX-License-Identifier: Apache-2.0
"""The connections to the orchestrator, and the activities made of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from ..runtime.client import RuntimeClient
from .commands import CommandActivities
from .definitions import DefinitionActivities
from .events import EventActivities
from .ports import DefinitionSource, OutsideSettings, TemplateSettings
from .publisher import EventPublisher
from .workspaces import WorkspaceActivities

Activity = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Services:
    """The open connections of one process."""

    runtime: RuntimeClient
    publisher: EventPublisher


@asynccontextmanager
async def open_services(settings: OutsideSettings) -> AsyncIterator[Services]:
    """Make the connections (nothing is dialled before it is used) and close them at the end."""
    runtime = RuntimeClient(settings)
    try:
        async with aiohttp.ClientSession() as session:
            yield Services(runtime, EventPublisher(settings, session, runtime.tokens))
    finally:
        await runtime.close()


def activities(settings: TemplateSettings, source: DefinitionSource, services: Services) -> list[Activity]:
    """Every activity of the worker, bound to its connections."""
    workspaces = WorkspaceActivities(services.runtime)
    return [
        CommandActivities(services.runtime, services.publisher).execute,
        DefinitionActivities(source, escape_everywhere=settings.template_escape_everywhere).fetch,
        EventActivities(services.publisher).publish,
        workspaces.create,
        workspaces.destroy,
    ]
