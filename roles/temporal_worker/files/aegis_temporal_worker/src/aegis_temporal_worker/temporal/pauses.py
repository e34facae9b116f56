# SPDX-License-Identifier: Apache-2.0
"""Names the pause before the next attempt for failures that nothing in an activity foresaw.

The gaps of the policy are short, because they follow the loss of a worker. A database that is away, or a fault in an
activity, must not be tried again that often for as long as the run's patience lasts.
"""

from __future__ import annotations

from typing import Any

from temporalio.exceptions import ApplicationError, FailureError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from ..activities.errors import pause


class _NamePause(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        try:
            return await super().execute_activity(input)
        except FailureError:
            # Meant so: what activities raise themselves says how it is to be tried again.
            raise
        except Exception as error:
            raise ApplicationError(str(error), type=type(error).__name__, next_retry_delay=pause()) from error


class Pauses(Interceptor):
    """Interceptor for ``temporalio.worker.Worker``: the type and text of an unforeseen error stay as they are."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - SDK
        """Wrap one activity's execution."""
        return _NamePause(next)
