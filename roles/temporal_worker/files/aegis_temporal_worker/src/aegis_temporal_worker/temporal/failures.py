# SPDX-License-Identifier: Apache-2.0
"""What a failed activity means for the run.

The SDK raises ``ActivityError`` around the cause for an ordinary activity, and the cause itself for a local one.
"""

from __future__ import annotations

from typing import Any, Final

from temporalio.exceptions import (
    ApplicationError,
    ChildWorkflowError,
    FailureError,
    TimeoutError,  # noqa: A004 - SDK's name
    TimeoutType,
)

from ..activities.errors import EVENTS_SENT
from ..interpreter.errors import OutsideError

_LOST: Final = (TimeoutType.HEARTBEAT, TimeoutType.START_TO_CLOSE)


def is_final(error: FailureError) -> bool:
    """Whether the activity itself said that another attempt is of no use."""
    cause = cause_of(error)
    return isinstance(cause, ApplicationError) and cause.non_retryable


def outside_error(activity_type: str, error: FailureError) -> OutsideError:
    """The failure with the true cause's text in place of the SDK's wrapper text."""
    cause = cause_of(error)
    if isinstance(cause, TimeoutError) and cause.type in _LOST:
        return OutsideError(f"{activity_type}: the worker that executed it was lost or too slow ({cause.type.name})")
    if isinstance(cause, ApplicationError):
        return OutsideError(cause.message, events_sent=_events_sent(cause))
    return OutsideError(f"{activity_type}: {cause}")


def child_error(child_id: str, error: ChildWorkflowError) -> OutsideError:
    """A child that raised, in place of returning a result."""
    cause = cause_of(error)
    return OutsideError(cause.message if isinstance(cause, ApplicationError) else f"child {child_id}: {cause}")


def cause_of(error: FailureError) -> BaseException:
    """The first error that an activity raised itself, else the innermost one."""
    found: BaseException = error
    while found.__cause__ is not None and not isinstance(found, ApplicationError):
        found = found.__cause__
    return found


def _events_sent(error: ApplicationError) -> bool:
    details: Any = error.details[0] if error.details else None
    return isinstance(details, dict) and details.get(EVENTS_SENT) is True
