# SPDX-License-Identifier: Apache-2.0
"""What an activity puts off itself names the pause before its next attempt."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta

import grpc
import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from aegis_temporal_worker.activities.errors import from_orchestrator, from_runtime, not_begun, undelivered
from aegis_temporal_worker.activities.orchestrator import OrchestratorError
from aegis_temporal_worker.runtime.errors import RuntimeCallError

AWAY = RuntimeCallError("ExecuteAgent", grpc.StatusCode.UNAVAILABLE, "away", begun=False)


def pause(made: Callable[[], ApplicationError], attempt: int) -> float:
    """Seconds before the attempt after this one."""
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(environment.info, attempt=attempt)
    delay: timedelta | None = environment.run(lambda: made().next_retry_delay)
    assert delay is not None
    return delay.total_seconds()


@pytest.mark.parametrize(
    "made",
    [
        lambda: from_runtime(AWAY, retryable=True),
        lambda: from_orchestrator(OrchestratorError("away", 503)),
        lambda: not_begun("the worker is stopping"),
        lambda: undelivered("away", None),
    ],
    ids=["runtime", "orchestrator", "not begun", "undelivered"],
)
def test_the_pause_doubles_up_to_half_a_minute(made: Callable[[], ApplicationError]) -> None:
    assert [pause(made, attempt) for attempt in range(1, 10)] == [0.25, 0.5, 1, 2, 4, 8, 16, 30, 30]
    assert pause(made, 3000) == 30


def test_the_orchestrators_own_wish_counts_more() -> None:
    assert pause(lambda: undelivered("away", 7), 1) == 7
