# SPDX-License-Identifier: Apache-2.0
"""Handing a state's output to its handler, which the runtime runs (contract 5.7, 6.15)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..context import Context
from ..definition import State, as_object, as_text
from ..errors import InterpreterError, OutsideError
from ..requests import HandlerCall
from ..values import json_text


async def handle(state: State, context: Context, *, execution_id: str, output: Mapping[str, Any]) -> str | None:
    """What the state's handler makes of ``output``; None when there is no handler or it changes nothing.

    ``execution_id`` is the agent run's, or empty. The handler gets the whole output as JSON text, and its own settings
    as they are in the definition: the runtime renders them. A handler that fails is logged.

    Raises ``InterpreterError`` when it fails and is declared ``required``.
    """
    config = as_object(state.raw.get("output_handler"))
    if not config:
        return None
    call = HandlerCall(
        state_name=state.name,
        execution_id=execution_id,
        final_output=json_text(output),
        config=config,
        intent=as_text(context.blackboard.get("intent")) or None,
    )
    try:
        return await context.with_events(lambda since: context.outside.handle_output(context.tenant_id, call, since))
    except OutsideError as error:
        message = f"Output handler failed: {error}"
        if config.get("required") is True:
            raise InterpreterError(message) from error
        context.outside.log(message, state_name=state.name)
        return None
