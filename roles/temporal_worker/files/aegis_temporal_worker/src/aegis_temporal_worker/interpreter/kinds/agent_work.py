# SPDX-License-Identifier: Apache-2.0
"""What an Agent state asks its agent and its judges for (contract 5.4, 6.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..context import Context
from ..definition import State, as_list, as_text
from ..errors import InterpreterError
from ..requests import AgentTask, Consensus, Judge, Judgement, WorkspaceMount
from ..values import as_number
from . import consensus, judges

_DEFAULT_ITERATIONS: Final = 10
_MOUNT_PATH: Final = "/workspace"
_DEFAULT_WORKSPACE_KEY: Final = "workspace_volume_id"


@dataclass(frozen=True, slots=True)
class Work:
    """The state's fields, rendered."""

    state: State
    agent: str
    input: str
    intent: str | None
    validator: str | None
    judges: list[Judge]
    consensus: Consensus | None
    most_iterations: int

    @classmethod
    def render(cls, state: State, context: Context) -> Work:
        """Render input, intent and agent, in this order.

        Raises ``InterpreterError`` when input or agent is missing, or the agent is rendered to nothing.
        """
        agent, text = as_text(state.raw.get("agent")), as_text(state.raw.get("input"))
        if not agent or not text:
            raise InterpreterError("Invalid Agent State: missing agent or input")
        most = as_number(state.raw.get("max_iterations"))
        return cls(
            state=state,
            input=context.render(text),
            intent=_intent(state, context),
            agent=context.render_required(agent).strip(),
            validator=as_text(state.raw.get("pre_execution_validator")) or None,
            judges=judges.read(state, "judges"),
            consensus=consensus.read(state.raw.get("consensus")),
            most_iterations=int(most) if most is not None and most >= 1 else _DEFAULT_ITERATIONS,
        )

    def task(self, context: Context, text: str, iteration: int) -> AgentTask:
        """One run of the agent on ``text``, with the whole blackboard as its context."""
        return AgentTask(
            state_name=self.state.name,
            agent=self.agent,
            input=text,
            workflow_execution_id=context.root_execution_id,
            intent=self.intent,
            security_context_name=context.start.security_context_name,
            workspace=_workspace(context),
            attachments=as_list(context.blackboard.get("attachments")),
            iteration=iteration,
            limit_seconds=self.state.limit_seconds,
        )

    def validation(self, context: Context, validator: str) -> Judgement:
        """The question whether the input may be worked on."""
        return Judgement(
            state_name=self.state.name,
            output=self.input,
            task=f'Decide whether this input may be given to the agent of the state "{self.state.name}".',
            judges=[Judge(validator)],
            context={"execution_id": context.execution_id, "state_name": self.state.name},
            limit_seconds=self.state.limit_seconds,
        )

    def judgement(self, context: Context, text: str, output: str) -> Judgement:
        """The question how good ``output`` is as an answer to ``text``."""
        return Judgement(
            state_name=self.state.name,
            output=output,
            task=text,
            judges=self.judges,
            context={"execution_id": context.execution_id},
            consensus=self.consensus,
            limit_seconds=self.state.limit_seconds,
        )


def _intent(state: State, context: Context) -> str | None:
    template = as_text(state.raw.get("intent"))
    return (context.render(template) if template else as_text(context.blackboard.get("intent"))) or None


def _workspace(context: Context) -> WorkspaceMount | None:
    """The workspace under the definition's own key; a run that was given one by its starter has it under the usual."""
    key = context.workspace_key or _DEFAULT_WORKSPACE_KEY
    volume_id = as_text(context.blackboard.get(key))
    if not volume_id:
        return None
    return WorkspaceMount(volume_id, _MOUNT_PATH, as_text(context.blackboard.get(f"{key}_remote_path")) or None)
