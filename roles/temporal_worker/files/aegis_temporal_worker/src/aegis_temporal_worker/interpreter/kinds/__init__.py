# SPDX-License-Identifier: Apache-2.0
"""The kinds of states, one module each.

A kind is a coroutine function that takes the state and the run's context and returns the state's output. To add one,
write its module and enter it in ``KINDS``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from ..context import Context
from ..definition import State
from ..errors import InterpreterError
from . import (
    action,
    agent,
    container_run,
    human,
    parallel_agents,
    parallel_container_run,
    subworkflow,
    system,
)

Kind = Callable[[State, Context], Awaitable[dict[str, Any]]]

KINDS: Final[Mapping[str, Kind]] = {
    "Action": action.execute,
    "Agent": agent.execute,
    "ContainerRun": container_run.execute,
    "Human": human.execute,
    "ParallelAgents": parallel_agents.execute,
    "ParallelContainerRun": parallel_container_run.execute,
    "Subworkflow": subworkflow.execute,
    "System": system.execute,
}


async def execute(state: State, context: Context) -> dict[str, Any]:
    """Execute a state by its kind.

    Raises ``InterpreterError`` for a kind that is not known, and whatever the kind raises.
    """
    kind = KINDS.get(state.kind)
    if kind is None:
        known = ", ".join(KINDS)
        raise InterpreterError(
            f'State "{state.name}" has the kind "{state.kind}", which this worker does not execute (it knows {known})'
        )
    return await kind(state, context)
