# SPDX-License-Identifier: Apache-2.0
"""The activity that hands an output to its handler (contract 5.7, 6.15, 8.6).

A webhook or an agent has effects, so a handler is called at most once.
"""

from __future__ import annotations

from typing import Final

from temporalio import activity

from ..interpreter.requests import HandlerCall
from ..interpreter.values import as_number, json_text
from ..runtime.client import RuntimeClient
from ..runtime.errors import RuntimeCallError
from ..runtime.proto import aegis_runtime_pb2 as pb
from . import names
from .errors import handler_failed, out_of_time
from .messages import HandlerInput
from .once import at_most_once, request_of
from .preparing import prepare
from .publisher import EventPublisher

_METHOD: Final = "InvokeOutputHandler"
# For a handler without a limit of its own: an agent's default.
_DEFAULT_SECONDS: Final = 1800
# A webhook may be tried several times within one call.
_MARGIN_SECONDS: Final = 600


class HandlerActivities:
    """Output handlers."""

    def __init__(self, runtime: RuntimeClient, publisher: EventPublisher) -> None:
        self._runtime = runtime
        self._publisher = publisher

    @activity.defn(name=names.OUTPUT_HANDLER)
    async def execute(self, asked: HandlerInput) -> str | None:
        """Deliver the waiting events, then hand the output over; what the handler made of it, None for nothing.

        Raises what ``at_most_once`` raises, and a final ``ApplicationError`` when the handler failed or did not answer
        in time.
        """
        call = asked.handler
        request = request_of(
            pb.InvokeOutputHandlerRequest,
            execution_id=call.execution_id,
            tenant_id=asked.run.tenant_id,
            final_output=call.final_output,
            handler_config_json=json_text(call.config),
            intent=call.intent or None,
        )
        preparation = prepare(self._runtime, self._publisher, asked, _METHOD)
        return await at_most_once(_what(call), preparation, lambda: self._run(request, asked))

    async def _run(self, request: pb.InvokeOutputHandlerRequest, asked: HandlerInput) -> str | None:
        seconds = deadline(asked.handler)
        try:
            response = await self._runtime.invoke_output_handler(
                request, tenant_id=asked.run.tenant_id, deadline=seconds
            )
        except RuntimeCallError as error:
            if error.timed_out:
                raise out_of_time(_what(asked.handler), seconds, error) from None
            raise
        if not response.success:
            raise handler_failed(response.error or "the runtime gave no reason")
        return response.result or None


def deadline(call: HandlerCall) -> int:
    """Seconds that the call may take, from the handler's ``timeout_seconds``."""
    seconds = as_number(call.config.get("timeout_seconds"))
    return int(seconds if seconds is not None and seconds > 0 else _DEFAULT_SECONDS) + _MARGIN_SECONDS


def _what(call: HandlerCall) -> str:
    return f"The output handler {call.config.get('type')}"
