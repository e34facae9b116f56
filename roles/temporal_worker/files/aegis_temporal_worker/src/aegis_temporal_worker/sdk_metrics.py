# SPDX-License-Identifier: Apache-2.0
"""The Temporal SDK's own metrics, shown beside ours, and the two of ours that are made of them.

The SDK counts in its own threads and serves its figures on loopback (``sdk_runtime``); they are read when somebody asks
for ours. Their names and labels: https://docs.temporal.io/references/sdk-metrics. No label takes more values than the
types of workflows and activities, the operations of Temporal's API and the like.
"""

from __future__ import annotations

import http.client
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

log = logging.getLogger(__name__)

_HOST: Final = "127.0.0.1"
# Threads of this very process answer; the event loop waits for them.
_ANSWER_SECONDS: Final = 1.0
# The SDK's counters as the values of the reference's label "result".
_POLL_RESULTS: Final = {
    "temporal_workflow_task_queue_poll_succeed_total": "workflow_task",
    "temporal_workflow_task_queue_poll_empty_total": "workflow_empty",
    "temporal_activity_task_received_total": "activity_task",
    "temporal_activity_poll_no_task_total": "activity_empty",
}
_CACHED_RUNS: Final = "temporal_sticky_cache_size"


class SdkMetrics(Collector):
    """Register it in the registry that the metrics listener shows."""

    def __init__(self, port: int, task_queue: str) -> None:
        """``port`` is what ``install_sdk_runtime`` returned."""
        self._port = port
        self._task_queue = task_queue

    def describe(self) -> Iterable[Metric]:
        """Nothing: what there will be is not known before there is some of it."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Ours first. When the SDK does not answer, only that is told."""
        up = GaugeMetricFamily(
            "aegis_temporal_worker_sdk_metrics_up", "Whether the metrics of the Temporal SDK could be read."
        )
        try:
            families = list(text_string_to_metric_families(self._read()))
        except (OSError, http.client.HTTPException, ValueError) as error:
            log.warning("the Temporal SDK does not give its metrics: %s", error)
            up.add_metric([], 0)
            return [up]
        up.add_metric([], 1)
        return [up, *carried_over(families, self._task_queue), *families]

    def _read(self) -> str:
        connection = http.client.HTTPConnection(_HOST, self._port, timeout=_ANSWER_SECONDS)
        try:
            connection.request("GET", "/metrics")
            answer = connection.getresponse()
            if answer.status != http.client.OK:
                raise http.client.HTTPException(f"status {answer.status}")
            return answer.read().decode()
        finally:
            connection.close()


def show_sdk_metrics(registry: CollectorRegistry, port: int, task_queue: str) -> None:
    """Let ``registry`` show the SDK's metrics too."""
    registry.register(SdkMetrics(port, task_queue))


def carried_over(families: Sequence[Metric], task_queue: str) -> list[Metric]:
    """The reference's metrics that only the SDK can count."""
    sums: defaultdict[str, float] = defaultdict(float)
    for family in families:
        for sample in family.samples:
            sums[sample.name] += sample.value
    polls = CounterMetricFamily(
        "aegis_temporal_worker_polls", "Polls of the task queue that ended.", labels=["queue", "result"]
    )
    for name, result in _POLL_RESULTS.items():
        if name in sums:
            polls.add_metric([task_queue, result], sums[name])
    active = GaugeMetricFamily(
        "aegis_temporal_worker_active_workflows", "Runs that this worker keeps in memory.", value=sums[_CACHED_RUNS]
    )
    return [polls, active]
