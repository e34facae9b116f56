# SPDX-License-Identifier: Apache-2.0
"""Failures as Temporal's errors: what is tried again, and what is final.

They are raised without a cause: their text says it all, and a chain of stack traces would only lengthen the history.
What an activity puts off itself names the pause before its next attempt. The gaps of the policy are then for workers
that were lost: a long outage before must not make the next attempt after such a loss wait.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

from ..runtime.errors import RuntimeCallError
from .orchestrator import OrchestratorError

# Key of the first detail of an error that came after the events had been delivered.
EVENTS_SENT = "events_sent"
# Types of the errors of a schedule's fire (contract 4.8): it may pass later, or it is final.
FIRE_UNANSWERED = "ScheduleFireTransportError"
FIRE_REFUSED = "ScheduleFireRefused"

# The pause doubles with each attempt, from the first number of seconds up to the last.
_FIRST_PAUSE_SECONDS: Final = 0.25
_LONGEST_PAUSE_SECONDS: Final = 30.0


def from_runtime(error: RuntimeCallError, *, retryable: bool, events_sent: bool = False) -> ApplicationError:
    """The error of a call to the runtime; its type names the method's status, such as ``Runtime.UNAVAILABLE``."""
    return ApplicationError(
        str(error),
        *_details(events_sent),
        type=f"Runtime.{error.code.name}",
        non_retryable=not retryable,
        next_retry_delay=pause(),
    )


def out_of_time(what: str, seconds: int, error: RuntimeCallError) -> ApplicationError:
    """Work that did not end in time, or was not answered, and is not done twice."""
    return ApplicationError(
        f"{what} did not end within {seconds} s: {error.details}",
        *_details(events_sent=True),
        type=f"Runtime.{error.code.name}",
        non_retryable=True,
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
    return ApplicationError(f"The work was not begun: {reason}", type="NotBegun", next_retry_delay=pause())


def undelivered(message: str, retry_after: float | None) -> ApplicationError:
    """Events could not be delivered now; ``retry_after`` seconds when the orchestrator named them."""
    delay = timedelta(seconds=retry_after) if retry_after is not None else pause()
    return ApplicationError(message, type="EventsUndelivered", next_retry_delay=delay)


def from_orchestrator(error: OrchestratorError) -> ApplicationError:
    """The error of a look-up that was made after the events had been delivered."""
    return ApplicationError(
        str(error),
        *_details(events_sent=True),
        type="Orchestrator",
        non_retryable=not error.may_pass,
        next_retry_delay=pause(),
    )


def run_interrupted(reason: str) -> ApplicationError:
    """An agent's run that had begun was given up (contract 4.6)."""
    return ApplicationError(
        f"The agent's run is given up and not repeated: {reason}",
        *_details(events_sent=True),
        type="AgentRunInterrupted",
        non_retryable=True,
    )


def run_handed_over(cause: str) -> ApplicationError:
    """An agent's run goes on, and the next attempt of the activity follows it from here."""
    return ApplicationError(f"Following the agent's run is handed over: {cause}", type="AgentRunHandedOver")


def run_already_begun(reason: str) -> ApplicationError:
    """An earlier attempt had begun the agent's run, and its worker was lost (contract 4.6)."""
    return ApplicationError(
        f"The worker that followed the agent's run was lost or too slow; the run is not repeated: {reason}",
        *_details(events_sent=True),
        type="AgentRunAlreadyBegun",
        non_retryable=True,
    )


def handler_failed(reason: str) -> ApplicationError:
    """An output handler said that it failed (contract 8.6)."""
    return ApplicationError(reason, *_details(events_sent=True), type="OutputHandlerFailed", non_retryable=True)


def fire_unanswered(told: str) -> ApplicationError:
    """The orchestrator could not be told that a schedule is due; another attempt may tell it."""
    return ApplicationError(told, type=FIRE_UNANSWERED)


def fire_refused(told: str, status: int | None) -> ApplicationError:
    """The orchestrator, or the token server, does not take a schedule's fire; ``status`` of HTTP when there is one."""
    return ApplicationError(told, {"status": status}, type=FIRE_REFUSED, non_retryable=True)


def _details(events_sent: bool) -> tuple[dict[str, Any], ...]:
    return ({EVENTS_SENT: True},) if events_sent else ()


def pause() -> timedelta:
    """How long to wait after this attempt of the activity, whatever its policy says."""
    # A bounded exponent: an activity that is tried for a day has thousands of attempts.
    doublings = min(activity.info().attempt - 1, 10)
    return timedelta(seconds=min(_FIRST_PAUSE_SECONDS * 2**doublings, _LONGEST_PAUSE_SECONDS))
