# SPDX-License-Identifier: Apache-2.0
"""Metrics of activities, under the names of the reference (contract 1.4); ``sdk_metrics`` has the others."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from typing import Any, Final

from prometheus_client import REGISTRY, Counter, Gauge, Histogram
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

log = logging.getLogger(__name__)

ACTIVITIES: Final = Counter(
    "aegis_temporal_worker_activities", "Activities that ended, by type and outcome.", ["activity", "outcome"]
)
ACTIVITY_SECONDS: Final = Histogram(
    "aegis_temporal_worker_activity_duration_seconds",
    "Duration of activities.",
    ["activity"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600),
)
RUNTIME_SERVING: Final = Gauge(
    "aegis_temporal_worker_runtime_serving",
    "Whether the orchestrator's runtime says that it serves; NaN when it says nothing of itself.",
)
RUNTIME_SERVING.set(math.nan)

__all__ = ["REGISTRY", "ActivityMetrics", "show_runtime"]


def show_runtime(health: str) -> None:
    """Show what the runtime said of itself last (``runtime.health.RuntimeHealth``)."""
    RUNTIME_SERVING.set(math.nan if health == "unknown" else float(health == "serving"))


class _CountActivity(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        name = activity.info().activity_type
        begun = time.perf_counter()
        outcome = "failure"
        try:
            result = await super().execute_activity(input)
        except BaseException as error:
            _tell_cut_off(error)
            raise
        else:
            outcome = "success"
            return result
        finally:
            ACTIVITY_SECONDS.labels(name).observe(time.perf_counter() - begun)
            ACTIVITIES.labels(name, outcome).inc()


def _tell_cut_off(error: BaseException) -> None:
    """Log an activity that the end of the grace has cancelled: who drains a worker wants to know what was left."""
    cancelled = isinstance(error, asyncio.CancelledError) or isinstance(error.__context__, asyncio.CancelledError)
    if cancelled and activity.is_worker_shutdown():
        info = activity.info()
        log.warning("cut off by the stop: %s of workflow %s", info.activity_type, info.workflow_id)


class ActivityMetrics(Interceptor):
    """Interceptor for ``temporalio.worker.Worker``: counts and times every activity."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - SDK
        """Wrap one activity's execution."""
        return _CountActivity(next)
