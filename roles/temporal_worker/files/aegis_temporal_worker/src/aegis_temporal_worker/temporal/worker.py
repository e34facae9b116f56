# SPDX-License-Identifier: Apache-2.0
"""The Temporal worker: which workflow types and activities it serves, and how it stops."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, Protocol

from temporalio.client import Client
from temporalio.worker import Interceptor, UnsandboxedWorkflowRunner, Worker

from ..activities.ports import DefinitionSource, RunSettings
from ..activities.services import Services, activities
from . import policies
from .client import TemporalSettings
from .pauses import Pauses
from .schedule_fire import AegisScheduleFire
from .versioning import VersioningSettings, deployment_config, unversioned_build_id
from .workflow import AegisWorkflow

# A workflow task waits this long for the worker that has the run in memory before another one takes it. A run loses
# that time when its worker has died; a worker that lags behind by more must replay.
_STICKY_SECONDS: Final = 2


class WorkerSettings(TemporalSettings, RunSettings, VersioningSettings, Protocol):
    """The variables of the worker."""

    @property
    def temporal_task_queue(self) -> str:
        """Task queue to poll."""

    @property
    def max_concurrent_activity_task_executions(self) -> int:
        """Activities at once."""

    @property
    def max_concurrent_workflow_task_executions(self) -> int:
        """Workflow tasks at once."""

    @property
    def max_cached_workflows(self) -> int:
        """Runs kept in memory between their tasks."""

    @property
    def shutdown_grace_seconds(self) -> float:
        """Seconds that running activities get to finish."""


def build_worker(
    client: Client,
    settings: WorkerSettings,
    store: DefinitionSource,
    services: Services,
    interceptors: Sequence[Interceptor] = (),
) -> Worker:
    """The worker, not running yet.

    ``await worker.run()`` polls until ``worker.shutdown()`` is called or the task is cancelled; then it stops polling,
    lets activities finish within the grace and cancels the rest. ``services`` must stay open until it has ended.
    """
    return Worker(
        client,
        task_queue=settings.temporal_task_queue,
        identity=settings.identity,
        workflows=[AegisWorkflow, AegisScheduleFire],
        activities=activities(settings, store, services),
        # The interpreter is one reviewed package that a test keeps pure, and definitions are data: the sandbox would
        # guard nothing and double the CPU time of every workflow task.
        workflow_runner=UnsandboxedWorkflowRunner(),
        interceptors=[*interceptors, Pauses()],
        max_concurrent_activities=settings.max_concurrent_activity_task_executions,
        # The SDK wants two or more with sticky queues.
        max_concurrent_workflow_tasks=max(2, settings.max_concurrent_workflow_task_executions),
        max_cached_workflows=settings.max_cached_workflows,
        deployment_config=deployment_config(settings),
        build_id=unversioned_build_id(settings),
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=_STICKY_SECONDS),
        max_heartbeat_throttle_interval=policies.HEARTBEAT_THROTTLE,
        graceful_shutdown_timeout=timedelta(seconds=settings.shutdown_grace_seconds),
    )
