# SPDX-License-Identifier: Apache-2.0
"""Agents and their runs, as far as the stand-in knows them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from uuid import uuid4

from aegis_temporal_worker.standin.script import AgentAnswer, JudgeAnswer, Picker, Script, agent_uuid


@dataclass
class Run:
    """One run of an agent, which goes on whether or not anybody follows it.

    ``status`` is spelled as the orchestrator's status route spells it.
    """

    run_id: str = field(default_factory=lambda: str(uuid4()))
    status: str = "Running"
    final_output: str | None = None
    error: str | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def complete(self, output: str) -> None:
        """End with an output, unless the run has ended."""
        if self._end("Completed"):
            self.final_output = output

    def fail(self, reason: str) -> None:
        """End with a failure, unless the run has ended."""
        if self._end("Failed"):
            self.error = reason

    def cancel(self) -> None:
        """Cancel the run unless it has ended."""
        self._end("Cancelled")

    def _end(self, status: str) -> bool:
        if self.ended.is_set():
            return False
        self.status = status
        self.ended.set()
        return True


class Agents:
    """Names and UUIDs of agents, their scripted answers and their runs."""

    def __init__(self, script: Script) -> None:
        self._answers = Picker(script.agents, AgentAnswer())
        self._verdicts = Picker(script.judges, JudgeAnswer())
        self._only_listed = script.only_listed_agents
        listed = {*script.agents, *script.judges} - {"*"}
        self._names = {agent_uuid(name): name for name in listed}
        self.runs: dict[str, Run] = {}

    def look_up(self, name: str) -> str | None:
        """The UUID of a name, or None when the script says that there is no such agent."""
        identifier = agent_uuid(name)
        if self._only_listed and identifier not in self._names:
            return None
        self._names.setdefault(identifier, name)
        return identifier

    def name_of(self, name_or_uuid: str) -> str:
        """The name behind a UUID when it is known, else what was given."""
        return self._names.get(agent_uuid(name_or_uuid), name_or_uuid)

    def answer(self, name_or_uuid: str) -> AgentAnswer:
        """The next scripted answer of an agent."""
        return self._answers.take(name_or_uuid, self.name_of(name_or_uuid))

    def timeout(self, name_or_uuid: str) -> str:
        """The run limit in the agent's manifest."""
        return self._answers.peek(name_or_uuid, self.name_of(name_or_uuid)).timeout

    def verdict(self, name_or_uuid: str) -> JudgeAnswer:
        """The next scripted verdict of a judge."""
        return self._verdicts.take(name_or_uuid, self.name_of(name_or_uuid))

    def begin(self, answer: AgentAnswer, output: str) -> Run:
        """A new run, which ends by itself as the answer says."""
        run = Run()
        self.runs[run.run_id] = run
        end = partial(run.complete, output) if answer.fail is None else partial(run.fail, answer.fail)
        asyncio.get_running_loop().call_later(answer.delay_seconds, end)
        return run
