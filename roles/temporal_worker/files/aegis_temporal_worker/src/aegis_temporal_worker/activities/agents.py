# SPDX-License-Identifier: Apache-2.0
"""The activity that runs an agent (contract 4.6, 6.4, 8.3; 1.2, D1.3).

An agent's run is started at most once. Until its first event comes a failure is reported as retryable, because the
runtime sends one before it starts anything; from there on every failure is final. An attempt that comes after a worker
was lost or stopped follows the run whose id it finds in the heartbeats. An agent that fails is a result.
"""

from __future__ import annotations

from typing import Final

from temporalio import activity

from ..interpreter.requests import AgentResult
from . import names
from .agent_request import agent_request
from .agent_turn import AgentServices, Turn
from .messages import AgentInput
from .once import at_most_once

_WHAT: Final = "The agent's run"


class AgentActivities:
    """Runs of agents."""

    def __init__(self, services: AgentServices) -> None:
        self._services = services

    @activity.defn(name=names.AGENT)
    async def execute(self, asked: AgentInput) -> AgentResult:
        """Deliver the waiting events, then run the agent and follow it to its end.

        Raises what ``at_most_once`` raises, and a final ``ApplicationError`` of type AgentRunInterrupted or
        AgentRunAlreadyBegun when the run's end cannot be learned.
        """
        turn = Turn(self._services, asked, agent_request(asked))
        return await at_most_once(_WHAT, turn.prepare(), turn.work, notes=turn.notes)
