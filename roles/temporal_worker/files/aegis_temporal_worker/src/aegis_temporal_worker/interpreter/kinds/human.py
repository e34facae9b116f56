# SPDX-License-Identifier: Apache-2.0
"""Kind Human: the run asks a person and waits for the answer (contract 6.6; contract 1.2, D2.2 and D4.3).

A gate is open while its ``HumanInputRequested`` is the run's latest event, so nothing else may be told until it closes.
"""

from __future__ import annotations

from typing import Any, Final

from ..answers import Answer
from ..context import Context
from ..definition import State, as_text
from ..errors import InterpreterError
from .gate import Gate

# So much of the question is shown where people see what the run waits for.
_MOST_SHOWN: Final = 200


async def execute(state: State, context: Context) -> dict[str, Any]:
    """Ask, wait, return ``response``, ``timeout`` and, when given, ``feedback`` and ``answered_by``.

    A word that the gate does not take is refused and the question is asked again, within the first deadline. When time
    runs out the default response is taken.

    Raises ``InterpreterError`` when there is no default response; the orchestrator knows the case by its exact text.
    """
    gate = Gate.of(state)
    default = as_text(state.raw.get("default_response"))
    answer = await _answer(state, context, gate, default)
    if answer is None:
        if not default:
            raise InterpreterError("Human input timeout")
        if not gate.takes(default):
            # Nobody is there to be asked again.
            context.outside.log(f'No transition takes the default response "{default}"', state_name=state.name)
        return {"response": default, "timeout": True}
    context.blackboard.human_feedback = answer.feedback or ""
    given = {"feedback": answer.feedback, "answered_by": answer.answered_by}
    return {
        "response": answer.response,
        "timeout": False,
        **{name: value for name, value in given.items() if value is not None},
    }


async def _answer(state: State, context: Context, gate: Gate, default: str | None) -> Answer | None:
    """The first answer that the gate takes; None when time ran out."""
    prompt = context.render(as_text(state.raw.get("prompt")) or "")
    expires_at = context.outside.now(state.limit_seconds or context.options.human_timeout_seconds)

    def ask(text: str) -> None:
        context.events.add(
            "HumanInputRequested",
            state_name=state.name,
            prompt=text,
            default_response=default or None,
            responses=list(gate.words),
            expires_at=expires_at,
        )

    ask(prompt)
    while True:
        while context.answers:
            answer = context.answers.take()
            if gate.takes(answer.response):
                return answer
            ask(f"{gate.refusal(answer.response)}\n\n{prompt}")
        await context.publish()
        if not context.answers and not await _comes(context, gate, prompt, expires_at):
            return None


async def _comes(context: Context, gate: Gate, prompt: str, expires_at: str) -> bool:
    """Wait for an answer, at most until ``expires_at``; whether there is one."""
    words = f" ({', '.join(gate.words)})" if gate.words else ""
    context.outside.waiting(f"an answer{words} until {expires_at}: {prompt[:_MOST_SHOWN]}")
    try:
        return await context.outside.wait_until(
            lambda: bool(context.answers), max(context.outside.seconds_until(expires_at), 0)
        )
    finally:
        context.outside.waiting(None)
