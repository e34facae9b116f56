# SPDX-License-Identifier: Apache-2.0
"""Workflow type ``aegis_schedule_fire``: what a Temporal Schedule starts when a schedule is due (contract 4.8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy, SearchAttributeKey
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception

from ..activities import names
from ..activities.errors import FIRE_REFUSED
from ..activities.messages import ScheduleAnswer, ScheduleFire
from ..interpreter.definition import as_object, as_text
from ..interpreter.start import Unreadable
from .arguments import ABSENT, decoded
from .failures import cause_of

# All numbers are contract 4.8's; the orchestrator creates its schedules with the same catch-up window.
CATCH_UP: Final = timedelta(seconds=600)
LEAST_LIMIT: Final = timedelta(seconds=30)
ATTEMPT_LIMIT: Final = timedelta(seconds=30)
RETRIES: Final = RetryPolicy(
    initial_interval=timedelta(seconds=30),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=60),
    maximum_attempts=3,
)

# The server sets it on every workflow that a Schedule starts.
_SCHEDULED_TIME: Final = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")


@dataclass(frozen=True, slots=True)
class Fired:
    """The result: ``outcome`` is ``fired``, ``refused``, ``unreachable`` or ``unscheduled``.

    ``answer`` is what the orchestrator said (JSON or text), or why nothing came of the fire.
    """

    schedule_id: str | None
    tenant_id: str | None
    scheduled_time: str | None
    outcome: str
    status: int | None = None
    answer: Any = None


@workflow.defn(name="aegis_schedule_fire")
class AegisScheduleFire:
    """Tells the orchestrator once per scheduled time. Whatever comes of it is a result, never a failed workflow.

    The argument is taken undecoded: one that cannot be decoded would fail the workflow task again and again, and the
    Schedule would skip every later time.
    """

    @workflow.run
    async def run(self, argument: RawValue = ABSENT) -> Fired:
        """Fire, and tell how it went; a cancellation passes as it is."""
        given = decoded(argument)
        source = as_object(given)
        schedule_id, tenant_id = as_text(source.get("schedule_id")), as_text(source.get("tenant_id"))
        due = workflow.info().typed_search_attributes.get(_SCHEDULED_TIME)
        time = _rfc3339(due) if due is not None else None
        if not schedule_id or not tenant_id:
            reason = given.reason if isinstance(given, Unreadable) else "it needs schedule_id and tenant_id"
            workflow.logger.error("the argument of a schedule's fire cannot be used: %s", reason)
            return Fired(schedule_id, tenant_id, time, "refused", answer=f"the argument cannot be used: {reason}")
        if due is None or time is None:
            return Fired(schedule_id, tenant_id, None, "unscheduled")
        outcome, status, answer = await _fire(ScheduleFire(schedule_id, tenant_id, time), due)
        return Fired(schedule_id, tenant_id, time, outcome, status, answer)


async def _fire(fire: ScheduleFire, due: datetime) -> tuple[str, int | None, Any]:
    """Outcome, status and answer."""
    try:
        answer = await workflow.execute_activity(
            names.FIRE_SCHEDULE,
            fire,
            result_type=ScheduleAnswer,
            start_to_close_timeout=ATTEMPT_LIMIT,
            schedule_to_close_timeout=max(due + CATCH_UP - workflow.now(), LEAST_LIMIT),
            retry_policy=RETRIES,
            summary=f"{fire.schedule_id} at {fire.scheduled_time}",
        )
    except FailureError as error:
        if is_cancelled_exception(error):
            raise
        outcome, status, told = _failure(cause_of(error))
        workflow.logger.error("a schedule's fire came to nothing: %s", told)
        return outcome, status, told
    return "fired", answer.status, answer.answer


def _failure(cause: BaseException) -> tuple[str, int | None, str]:
    if not isinstance(cause, ApplicationError):
        return "unreachable", None, f"the orchestrator could not be asked in time: {cause}"
    if cause.type != FIRE_REFUSED:
        return "unreachable", None, cause.message
    status = as_object(cause.details[0]).get("status") if cause.details else None
    return "refused", status, cause.message


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
