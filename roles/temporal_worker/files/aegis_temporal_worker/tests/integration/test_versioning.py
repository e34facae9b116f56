# SPDX-License-Identifier: Apache-2.0
"""Worker Versioning on a real server: the worker registers its version, and gets work once that is the current one."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from loopback_stack import TemporalStack
from temporalio.api.deployment.v1 import WorkerDeploymentVersion
from temporalio.api.enums.v1 import VersioningBehavior
from temporalio.api.workflowservice.v1 import (
    DescribeWorkerDeploymentVersionRequest,
    SetWorkerDeploymentCurrentVersionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from aegis_temporal_worker import __version__

if TYPE_CHECKING:
    from conftest import StartWorker

StartRun = Callable[..., Awaitable[Any]]

# Where the documentation says that deployments begin.
FIRST = (1, 29)


@pytest.fixture
def knows_deployments(temporal_stack: TemporalStack) -> bool:
    return tuple(int(part) for part in temporal_stack.version.split(".")[:2]) >= FIRST


async def known(call: Callable[[Any], Awaitable[Any]], request: object) -> Any:
    """The answer, as soon as the server knows what it is asked for: the worker's first poll makes it known."""
    return await AsyncRetrying(
        retry=retry_if_exception_type(RPCError), stop=stop_after_delay(60), wait=wait_fixed(0.2), reraise=True
    )(call, request)


async def test_a_version_is_registered_and_gets_runs_when_it_is_the_current_one(
    start_worker: StartWorker,
    start_run: StartRun,
    echo: dict[str, Any],
    temporal: Client,
    task_queue: str,
    knows_deployments: bool,
) -> None:
    if not knows_deployments:
        pytest.skip("this server has no Worker Versioning by deployments; the next test shows what is said then")
    name = f"aegis-{uuid4()}"
    version = WorkerDeploymentVersion(deployment_name=name, build_id="2026.11-a")
    worker = start_worker(TEMPORAL_DEPLOYMENT_NAME=name, TEMPORAL_BUILD_ID=version.build_id)
    await worker.register(echo)
    service = temporal.workflow_service

    described = await known(
        service.describe_worker_deployment_version,
        DescribeWorkerDeploymentVersionRequest(namespace=temporal.namespace, deployment_version=version),
    )
    queues = described.worker_deployment_version_info.task_queue_infos
    assert task_queue in {queue.name for queue in queues}

    # A versioned worker gets nothing before an operator says so.
    handle = await start_run(echo)
    await known(
        service.set_worker_deployment_current_version,
        SetWorkerDeploymentCurrentVersionRequest(
            namespace=temporal.namespace, deployment_name=name, build_id=version.build_id
        ),
    )
    assert (await handle.result())["status"] == "completed"
    info = (await handle.describe()).raw_description.workflow_execution_info.versioning_info
    assert info.behavior == VersioningBehavior.VERSIONING_BEHAVIOR_AUTO_UPGRADE
    assert info.deployment_version == version


async def test_without_the_two_variables_a_worker_has_no_version(
    start_worker: StartWorker, start_run: StartRun, echo: dict[str, Any]
) -> None:
    worker = start_worker()
    await worker.register(echo)
    handle = await start_run(echo)
    assert (await handle.result())["status"] == "completed"
    info = (await handle.describe()).raw_description.workflow_execution_info.versioning_info
    assert info.behavior == VersioningBehavior.VERSIONING_BEHAVIOR_UNSPECIFIED


async def test_an_old_server_is_refused_by_name(start_worker: StartWorker, knows_deployments: bool) -> None:
    if knows_deployments:
        pytest.skip("this server has deployments; run with --temporal-version=1.24.2")
    worker = start_worker(healthy=False, TEMPORAL_DEPLOYMENT_NAME="aegis", TEMPORAL_BUILD_ID="1")
    assert worker.process.wait() == 1
    last = json.loads(worker.process.log.read_text().splitlines()[-1])
    assert "TEMPORAL_DEPLOYMENT_NAME and TEMPORAL_BUILD_ID are set" in last["message"]
    assert "1.29.1" in last["message"]


async def test_without_versions_histories_name_the_release(
    start_worker: StartWorker, start_run: StartRun, echo: dict[str, Any]
) -> None:
    worker = start_worker()
    await worker.register(echo)
    handle = await start_run(echo)
    assert (await handle.result())["status"] == "completed"
    history = await handle.fetch_history()
    builds = {
        event.workflow_task_completed_event_attributes.worker_version.build_id
        for event in history.events
        if event.HasField("workflow_task_completed_event_attributes")
    }
    assert builds == {__version__}
