# SPDX-License-Identifier: Apache-2.0
"""The frame of every activity whose work is done at most once (contract 4.6, 8.6; 9.3, no. 39).

Until the runtime is asked a failure is reported as retryable, and Temporal starts the activity again; from there on
every failure is final. The same holds for a worker that dies: Temporal starts the activity again, and a mark that was
set before the runtime was asked ends that attempt (``beginning.py``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message
from temporalio import activity
from temporalio.exceptions import ApplicationError

from ..runtime.errors import RuntimeCallError
from .beginning import BEGUN, begin, begun_before, withdraw
from .errors import from_runtime, interrupted, lost, not_begun
from .heartbeat import beating

Result = TypeVar("Result")
Request = TypeVar("Request", bound=Message)


class Notes(Generic[Result]):
    """Facts about work that goes on; they travel with its heartbeats to an attempt that follows a lost worker."""

    def __init__(self, on_lost: Callable[[dict[str, Any]], Awaitable[Result]]) -> None:
        """``on_lost`` gets the facts of the lost attempt. What it returns or raises is the activity's ending."""
        self.facts: dict[str, Any] = {}
        self.on_lost = on_lost

    def add(self, **facts: Any) -> None:
        """Keep facts, and heartbeat at once. Call it from the work only."""
        self.facts.update(facts)
        activity.heartbeat(self.facts)


def request_of(kind: type[Request], **fields: Any) -> Request:
    """A message of the runtime. Call it before ``at_most_once``: trying again would not help.

    Raises a final ``ApplicationError`` when a value has no place in the message, such as a text with a lone surrogate.
    """
    try:
        return kind(**fields)
    except (TypeError, ValueError) as error:
        raise ApplicationError(
            f"{kind.DESCRIPTOR.name} cannot be made: {error}", type="InvalidRequest", non_retryable=True
        ) from None


async def at_most_once(
    what: str,
    prepare: Coroutine[Any, Any, None],
    work: Callable[[], Awaitable[Result]],
    *,
    refusal_is_safe: bool = False,
    notes: Notes[Result] | None = None,
) -> Result:
    """Do ``prepare``, which may be repeated, and then ``work``, at most once over all attempts of the activity.

    ``what`` names the work in errors ("The command"). ``refusal_is_safe``: RESOURCE_EXHAUSTED can only mean that the
    runtime did not take the call up, so another attempt may make it. ``notes``: the work may add to them.

    Raises ``ApplicationError`` (retryable before the work began, final afterwards) and lets the run's own cancellation
    pass.
    """
    earlier = begun_before()
    if earlier is not None:
        prepare.close()
        if notes is not None:
            return await notes.on_lost(earlier)
        raise lost(activity.info().activity_type)
    try:
        await begin(prepare)
    except asyncio.CancelledError:
        if activity.is_worker_shutdown():
            raise not_begun("the worker has stopped") from None
        raise
    except RuntimeCallError as error:
        raise from_runtime(error, retryable=error.retryable, events_sent=True) from None
    told = {} if notes is None else notes.facts
    told.update(BEGUN)
    try:
        # What the work adds to its notes is in the next heartbeat: they are encoded anew each time.
        async with beating(told):
            return await work()
    except asyncio.CancelledError:
        if (cause := foreign_cause()) is not None:
            raise interrupted(what, cause) from None
        raise
    except RuntimeCallError as error:
        again = error.retryable and (refusal_is_safe or not error.begun)
        if again:
            withdraw()
        raise from_runtime(error, retryable=again, events_sent=True) from None


def foreign_cause() -> str | None:
    """What cancelled the activity, unless it was the run's own wish."""
    if activity.is_worker_shutdown():
        return "the stop of the worker"
    details = activity.cancellation_details()
    if details is not None and (details.paused or details.reset):
        return "a pause or a reset of its activity"
    return None
