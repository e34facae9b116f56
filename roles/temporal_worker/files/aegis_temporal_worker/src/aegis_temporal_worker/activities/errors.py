# SPDX-License-Identifier: Apache-2.0
"""Failures as Temporal's errors: what is tried again, and what is final.

They are raised without a cause: their text says it all, and a chain of stack traces would only lengthen the history.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio.exceptions import ApplicationError

from ..runtime.errors import RuntimeCallError

# Key of the first detail of an error that came after the events had been delivered.
EVENTS_SENT = "events_sent"


def from_runtime(error: RuntimeCallError, *, retryable: bool, events_sent: bool = False) -> ApplicationError:
    """The error of a call to the runtime; its type names the method's status, such as ``Runtime.UNAVAILABLE``."""
    return ApplicationError(
        str(error), *_details(events_sent), type=f"Runtime.{error.code.name}", non_retryable=not retryable
    )


def interrupted(what: str, cause: str) -> ApplicationError:
    """Work that may have begun was broken off by ``cause`` and is not done twice."""
    return ApplicationError(
        f"{what} was interrupted by {cause} and is not repeated: it may have had effects",
        *_details(events_sent=True),
        type="Interrupted",
        non_retryable=True,
    )


def lost(activity_type: str) -> ApplicationError:
    """An earlier attempt may have begun the work, and nothing is known of its end."""
    return ApplicationError(
        f"{activity_type}: the worker that executed it was lost or too slow; it is not repeated, because it may have "
        "had effects",
        *_details(events_sent=True),
        type="WorkerLost",
        non_retryable=True,
    )


def not_begun(reason: str) -> ApplicationError:
    """Work was put off before it had any effect; another attempt may do it."""
    return ApplicationError(f"The work was not begun: {reason}", type="NotBegun")


def undelivered(message: str, retry_after: float | None) -> ApplicationError:
    """Events could not be delivered now; ``retry_after`` seconds when the orchestrator named them."""
    delay = timedelta(seconds=retry_after) if retry_after is not None else None
    return ApplicationError(message, type="EventsUndelivered", next_retry_delay=delay)


def _details(events_sent: bool) -> tuple[dict[str, Any], ...]:
    return ({EVENTS_SENT: True},) if events_sent else ()
