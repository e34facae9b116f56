# SPDX-License-Identifier: Apache-2.0
"""Metrics of the worker, under the names of the reference, and what feeds them.

Activities are counted by ``ActivityMetrics``, an interceptor of the Temporal worker. Polls and cached runs are counted
by the Temporal SDK itself; ``feed_from_sdk`` carries its counts over.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final, NoReturn

from prometheus_client import REGISTRY, Counter, Gauge, Histogram
from temporalio import activity
from temporalio.runtime import BufferedMetricUpdate, MetricBuffer
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

ACTIVITIES: Final = Counter(
    "aegis_temporal_worker_activities", "Activities that ended, by type and outcome.", ["activity", "outcome"]
)
ACTIVITY_SECONDS: Final = Histogram(
    "aegis_temporal_worker_activity_duration_seconds",
    "Duration of activities.",
    ["activity"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600),
)
POLLS: Final = Counter("aegis_temporal_worker_polls", "Polls of the task queue that ended.", ["queue", "result"])
ACTIVE_WORKFLOWS: Final = Gauge("aegis_temporal_worker_active_workflows", "Runs that this worker keeps in memory.")

__all__ = ["REGISTRY", "ActivityMetrics", "carry_over", "feed_from_sdk"]

# Names of the SDK's own counters, https://docs.temporal.io/references/sdk-metrics
_POLL_RESULTS: Final = {
    "temporal_workflow_task_queue_poll_succeed": "workflow_task",
    "temporal_workflow_task_queue_poll_empty": "workflow_empty",
    "temporal_activity_task_received": "activity_task",
    "temporal_activity_poll_no_task": "activity_empty",
}
_CACHED_RUNS: Final = "temporal_sticky_cache_size"
_DRAIN_SECONDS: Final = 2.0


class _CountActivity(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        name = activity.info().activity_type
        begun = time.perf_counter()
        outcome = "failure"
        try:
            result = await super().execute_activity(input)
            outcome = "success"
            return result
        finally:
            ACTIVITY_SECONDS.labels(name).observe(time.perf_counter() - begun)
            ACTIVITIES.labels(name, outcome).inc()


class ActivityMetrics(Interceptor):
    """Interceptor for ``temporalio.worker.Worker``: counts and times every activity."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - SDK
        """Wrap one activity's execution."""
        return _CountActivity(next)


def carry_over(update: BufferedMetricUpdate, task_queue: str) -> None:
    """Put one update of the SDK under the reference's names; others are left out."""
    result = _POLL_RESULTS.get(update.metric.name)
    if result is not None:
        POLLS.labels(task_queue, result).inc(update.value)
    elif update.metric.name == _CACHED_RUNS:
        ACTIVE_WORKFLOWS.set(update.value)


async def feed_from_sdk(buffer: MetricBuffer, task_queue: str) -> NoReturn:
    """Carry the SDK's updates over for ever; cancel the task to end it."""
    while True:
        for update in buffer.retrieve_updates():
            carry_over(update, task_queue)
        await asyncio.sleep(_DRAIN_SECONDS)
