# SPDX-License-Identifier: Apache-2.0
"""The activities for events, definitions and workspaces, and that the worker serves every type."""

from __future__ import annotations

from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from aegis_temporal_worker.activities import names
from aegis_temporal_worker.activities.definitions import DefinitionActivities
from aegis_temporal_worker.activities.events import EventActivities
from aegis_temporal_worker.activities.messages import (
    EventBatch,
    WorkflowName,
    WorkspaceInput,
    WorkspaceReference,
)
from aegis_temporal_worker.activities.publisher import UndeliveredError
from aegis_temporal_worker.activities.services import activities, open_services
from aegis_temporal_worker.activities.workspaces import WorkspaceActivities
from aegis_temporal_worker.interpreter.requests import Fetched, Options
from aegis_temporal_worker.runtime.client import RuntimeClient
from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2 as pb

from ..replay.world import WorkerVariables
from ..runtime.servers import Runtime
from .support import EVENTS, RUN, SINCE, Publisher


async def test_events_alone() -> None:
    publisher = Publisher()
    delivery = await ActivityEnvironment().run(EventActivities(publisher).publish, EventBatch(RUN, SINCE))  # type: ignore[arg-type]
    assert (delivery.delivered, publisher.events) == (1, EVENTS)
    away = EventActivities(Publisher(UndeliveredError("away")))  # type: ignore[arg-type]
    with pytest.raises(ApplicationError) as raised:
        await ActivityEnvironment().run(away.publish, EventBatch(RUN, SINCE))
    assert (raised.value.type, raised.value.non_retryable) == ("EventsUndelivered", False)


class Source:
    """Definitions in memory."""

    async def get_pinned(self, workflow_id: str) -> tuple[dict[str, Any], str] | None:
        return ({"name": "known"}, "digest") if workflow_id == "known" else None

    async def resolve(self, name_or_id: str, tenant_id: str) -> str | None:
        return "known" if (name_or_id, tenant_id) == ("name", "acme") else None


async def test_definition_with_its_digest_and_the_workers_options() -> None:
    options = Options(escape_everywhere=True, human_timeout_seconds=5)
    fetch = DefinitionActivities(Source(), options).fetch
    assert await ActivityEnvironment().run(fetch, "known") == Fetched({"name": "known"}, "digest", options)
    with pytest.raises(ApplicationError, match="unknown is not registered") as raised:
        await ActivityEnvironment().run(fetch, "unknown")
    assert (raised.value.type, raised.value.non_retryable) == ("DefinitionNotFound", True)


async def test_a_name_is_looked_up_for_its_tenant() -> None:
    find = DefinitionActivities(Source(), Options()).find
    assert await ActivityEnvironment().run(find, WorkflowName("acme", "name")) == "known"
    assert await ActivityEnvironment().run(find, WorkflowName("other", "name")) is None


async def test_workspaces(client: RuntimeClient, runtime: Runtime) -> None:
    """Contract 8.2: the requests."""
    workspaces = WorkspaceActivities(client)
    created = await ActivityEnvironment().run(workspaces.create, WorkspaceInput(RUN, 2, 64))
    assert (created.volume_id, created.remote_path) == ("v", "/r")
    assert runtime.workspaces == [
        pb.CreateWorkspaceVolumeRequest(workflow_execution_id="e", tenant_id="acme", ttl_hours=2, size_limit_mb=64)
    ]
    with pytest.raises(ApplicationError, match="no such volume") as raised:
        await ActivityEnvironment().run(workspaces.destroy, WorkspaceReference("v", RUN))
    assert (raised.value.type, raised.value.non_retryable) == ("Runtime.INVALID_ARGUMENT", True)


async def test_every_activity_type_is_served() -> None:
    """Contract 4.6."""
    settings = WorkerVariables()
    async with open_services(settings) as services:
        served = {
            getattr(item, "__temporal_activity_definition").name for item in activities(settings, Source(), services)
        }
    assert served == {value for name, value in vars(names).items() if name.isupper()}
