# SPDX-License-Identifier: Apache-2.0
"""The activity for repository, tree and archive actions (contract 6.5, 8.6; 1.2, D1.2, D3.2).

A gated action blocks until a person answers, up to 72 hours, and each call asks that person anew. So it is called once
whatever happens; the channel's pings keep the silent call open, and heartbeats let a cancellation through.
"""

from __future__ import annotations

from typing import Final

from temporalio import activity

from ..interpreter.requests import ActionCall, ActionResult
from ..runtime.client import RuntimeClient
from ..runtime.errors import RuntimeCallError
from ..runtime.proto import aegis_runtime_pb2 as pb
from . import names
from .errors import out_of_time
from .messages import ActionInput
from .once import at_most_once, request_of
from .preparing import prepare
from .publisher import EventPublisher

_METHOD: Final = "RunRepositoryAction"
# Requests for an approval expire after 72 hours, and the runtime looks for that every ten minutes.
_GATED_SECONDS: Final = 73 * 3600
# For an action without a limit of its own: the reference's limit for every activity.
_DEFAULT_SECONDS: Final = 600
# For the answer to arrive.
_MARGIN_SECONDS: Final = 60


class ActionActivities:
    """Repository, tree and archive actions."""

    def __init__(self, runtime: RuntimeClient, publisher: EventPublisher) -> None:
        self._runtime = runtime
        self._publisher = publisher

    @activity.defn(name=names.ACTION)
    async def execute(self, asked: ActionInput) -> ActionResult:
        """Deliver the waiting events, then run the action. An answer with a ``sentence`` is a result too.

        Raises what ``at_most_once`` raises, and a final ``ApplicationError`` when no answer came in time.
        """
        call = asked.action
        request = request_of(
            pb.RunRepositoryActionRequest,
            workflow_execution_id=call.workflow_execution_id,
            action=call.action,
            message=call.message,
        )
        preparation = prepare(self._runtime, self._publisher, asked, _METHOD)
        return await at_most_once(f"The action {call.action}", preparation, lambda: self._run(request, asked))

    async def _run(self, request: pb.RunRepositoryActionRequest, asked: ActionInput) -> ActionResult:
        seconds = deadline(asked.action)
        try:
            response = await self._runtime.run_repository_action(
                request, tenant_id=asked.run.tenant_id, deadline=seconds
            )
        except RuntimeCallError as error:
            if error.timed_out:
                raise out_of_time(f"The action {asked.action.action}", seconds, error) from None
            raise
        return ActionResult(
            commit_sha=response.commit_sha if response.HasField("commit_sha") else None,
            branch=response.branch,
            ref=response.ref,
            diff=response.diff if response.HasField("diff") else None,
            sentence=response.sentence if response.HasField("sentence") else None,
        )


def deadline(call: ActionCall) -> int:
    """Seconds that the call may take; never below the life of a request for an approval."""
    if call.gated:
        return _GATED_SECONDS
    return max(call.limit_seconds or 0, _DEFAULT_SECONDS) + _MARGIN_SECONDS
