# SPDX-License-Identifier: Apache-2.0
"""How a workflow calls an activity: inside the workflow task, or outside of it, or the one and then the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Generic, TypeVar

from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception

from . import policies
from .failures import is_final, outside_error

Result = TypeVar("Result")

# Temporal keeps summaries of up to 400 bytes; a line of this many characters can still be read.
_MOST_SUMMARY: Final = 100


@dataclass(frozen=True, slots=True)
class Call(Generic[Result]):
    """One call of an activity.

    ``limit`` covers all attempts and the gaps between them, ``attempt_limit`` one attempt.
    """

    name: str
    argument: Any
    result: type[Result]
    summary: str
    limit: timedelta
    attempt_limit: timedelta = policies.SHORT_LIMIT


async def outside_the_task(call: Call[Result]) -> Result:
    """An ordinary activity: six events, a workflow task of its own, and all the patience of its policy.

    Raises ``FailureError``, for a cancellation too.
    """
    found: Result = await workflow.execute_activity(
        call.name,
        call.argument,
        result_type=call.result,
        schedule_to_close_timeout=call.limit,
        start_to_close_timeout=call.attempt_limit,
        heartbeat_timeout=policies.HEARTBEAT_LIMIT,
        retry_policy=policies.PATIENT,
        # A run that is cancelled waits until its work has been stopped: an agent is told before its workspace goes.
        cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        summary=_one_line(call.summary),
    )
    return found


async def inside_the_task_first(call: Call[Result]) -> Result:
    """One attempt as a local activity, which costs one marker; when that fails, an ordinary one.

    Raises ``FailureError``, for a cancellation too.
    """
    try:
        found: Result = await workflow.execute_local_activity(
            call.name,
            call.argument,
            result_type=call.result,
            start_to_close_timeout=policies.LOCAL_LIMIT,
            retry_policy=policies.ONCE,
        )
    except FailureError as error:
        if is_cancelled_exception(error) or is_final(error):
            raise
    else:
        return found
    return await outside_the_task(call)


async def made(call: Call[Result], way: Callable[[Call[Result]], Awaitable[Result]] = outside_the_task) -> Result:
    """The result. Raises ``OutsideError``; a cancellation passes as it is."""
    try:
        return await way(call)
    except FailureError as error:
        if is_cancelled_exception(error):
            raise
        raise outside_error(call.name, error) from error


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MOST_SUMMARY else f"{line[: _MOST_SUMMARY - 1]}…"
