# SPDX-License-Identifier: Apache-2.0
"""The text that a run's error gets from a failed activity."""

from __future__ import annotations

import pytest
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, RetryState, TimeoutType
from temporalio.exceptions import TimeoutError as ActivityTimeout

from aegis_temporal_worker.temporal.failures import is_final, outside_error


def activity_error(cause: BaseException) -> ActivityError:
    error = ActivityError(
        "Activity task failed",
        scheduled_event_id=1,
        started_event_id=2,
        identity="i",
        activity_type="doWork",
        activity_id="3",
        retry_state=RetryState.NON_RETRYABLE_FAILURE,
    )
    error.__cause__ = cause
    return error


def timeout(kind: TimeoutType, cause: BaseException | None = None) -> ActivityTimeout:
    error = ActivityTimeout("activity timed out", type=kind, last_heartbeat_details=[])
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "text", "final", "sent"),
    [
        (activity_error(ApplicationError("the cause", non_retryable=True)), "the cause", True, False),
        (ApplicationError("of a local activity"), "of a local activity", False, False),
        (activity_error(ApplicationError("late", {"events_sent": True})), "late", False, True),
        (
            activity_error(timeout(TimeoutType.SCHEDULE_TO_CLOSE, ApplicationError("last failure"))),
            "last failure",
            False,
            False,
        ),
        (activity_error(timeout(TimeoutType.SCHEDULE_TO_CLOSE)), "doWork: activity timed out", False, False),
        (
            activity_error(timeout(TimeoutType.HEARTBEAT)),
            "doWork: the worker that executed it was lost or too slow (HEARTBEAT)",
            False,
            False,
        ),
    ],
)
def test_text(error: FailureError, text: str, final: bool, sent: bool) -> None:
    translated = outside_error("doWork", error)
    assert (str(translated), is_final(error), translated.events_sent) == (text, final, sent)
