# SPDX-License-Identifier: Apache-2.0
"""Having an output scored by judges, which the runtime runs (contract 5.4, 8.2)."""

from __future__ import annotations

from typing import Any

from ..context import Context
from ..definition import State, as_list, as_object, as_text
from ..errors import InterpreterError
from ..requests import Judge, Judgement, Verdict
from ..values import as_number


def read(state: State, field: str) -> list[Judge]:
    """The judges that a field of the state lists.

    Raises ``InterpreterError`` for one without an agent.
    """
    return [_judge(state, as_object(item)) for item in as_list(state.raw.get(field))]


def _judge(state: State, raw: dict[str, Any]) -> Judge:
    agent = as_text(raw.get("agent_id"))
    if not agent:
        raise InterpreterError(f'State "{state.name}" has a judge without an agent_id')
    return Judge(
        agent=agent,
        input_template=as_text(raw.get("input_template")) or None,
        weight=weight_of(raw.get("weight")),
    )


def weight_of(value: object) -> float:
    """A weight; one that is missing or not above 0 is 1."""
    number = as_number(value)
    return number if number is not None and number > 0 else 1.0


async def ask(context: Context, judgement: Judgement) -> Verdict:
    """What the judges say. Raises ``OutsideError``."""
    return await context.with_events(lambda since: context.outside.judge(context.tenant_id, judgement, since))


def reasons(verdict: Verdict) -> str:
    """Why they say it: the runtime's own sentence, then what every judge wrote."""
    own = (
        f"{as_text(result.get('judge_id')) or 'judge'}: {reason}"
        for result in verdict.individual_results
        if (reason := as_text(result.get("reasoning")))
    )
    return "\n".join(filter(None, (verdict.reasoning, *own)))
