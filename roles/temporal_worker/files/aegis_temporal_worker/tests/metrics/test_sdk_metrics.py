# SPDX-License-Identifier: Apache-2.0
"""The SDK's figures as they are shown beside ours, read from a listener as the SDK's is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from aegis_temporal_worker.sdk_metrics import show_sdk_metrics

# As SDK 1.35 writes it.
SDK_TEXT = """\
# HELP temporal_workflow_task_queue_poll_succeed_total Count of workflow task queue poll timeouts
# TYPE temporal_workflow_task_queue_poll_succeed_total counter
temporal_workflow_task_queue_poll_succeed_total{namespace="default",task_queue="q"} 60
temporal_workflow_task_queue_poll_succeed_total{namespace="default",task_queue="other"} 2
# TYPE temporal_activity_task_received_total counter
temporal_activity_task_received_total{activity_type="a",eager="true",namespace="default",task_queue="q"} 5
# TYPE temporal_sticky_cache_size gauge
temporal_sticky_cache_size{namespace="default",task_queue="q"} 3
# TYPE temporal_request_latency_seconds histogram
temporal_request_latency_seconds_bucket{operation="Check",le="0.05"} 1
temporal_request_latency_seconds_bucket{operation="Check",le="+Inf"} 1
temporal_request_latency_seconds_sum{operation="Check"} 0.001
temporal_request_latency_seconds_count{operation="Check"} 1
"""


@contextmanager
def sdk_listener(status: int = 200, text: str = SDK_TEXT) -> Iterator[int]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base's name
            """No lines on standard error."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def shown(port: int) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    registry = CollectorRegistry()
    show_sdk_metrics(registry, port, "q")
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_the_references_names_are_sums_of_the_sdks() -> None:
    with sdk_listener() as port:
        samples = shown(port)
    polls = "aegis_temporal_worker_polls_total"
    assert samples[polls, (("queue", "q"), ("result", "workflow_task"))] == 62
    assert samples[polls, (("queue", "q"), ("result", "activity_task"))] == 5
    assert samples["aegis_temporal_worker_active_workflows", ()] == 3
    assert samples["aegis_temporal_worker_sdk_metrics_up", ()] == 1
    # What the SDK has not counted yet is not made up.
    assert not any(("result", "workflow_empty") in labels for _, labels in samples)


def test_the_sdks_own_metrics_come_through_unchanged() -> None:
    with sdk_listener() as port:
        samples = shown(port)
    own = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(SDK_TEXT)
        for sample in family.samples
    }
    assert own.items() <= samples.items()


def test_an_sdk_that_does_not_answer_is_told_and_hides_nothing_else() -> None:
    with sdk_listener(status=500) as port:
        assert shown(port) == {("aegis_temporal_worker_sdk_metrics_up", ()): 0}
    # Nobody listens there any more.
    assert shown(port) == {("aegis_temporal_worker_sdk_metrics_up", ()): 0}


def test_text_that_is_no_metrics_is_told_too() -> None:
    with sdk_listener(text="temporal_sticky_cache_size{ 1") as port:
        assert shown(port) == {("aegis_temporal_worker_sdk_metrics_up", ()): 0}
