# SPDX-License-Identifier: Apache-2.0
"""Reading an agent's text as a verdict: a score, how sure it is of it, and why (contract 6.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..values import as_number
from .agent_text import first_fenced, json_value, without_fence

# The reference's, for a verdict that does not tell.
_DEFAULT_CONFIDENCE: Final = 0.8
_REASONS: Final = ("reasoning", "feedback", "message")


@dataclass(frozen=True, slots=True)
class AgentVerdict:
    """``score`` and ``confidence`` are from 0 to 1; ``grade`` is what the agent calls the score, if it does."""

    score: float
    confidence: float
    reasoning: str | None = None
    grade: str | float | None = None


def read(text: str) -> AgentVerdict | None:
    """The verdict in the first fenced block of the text, else in the whole of it; None when there is none."""
    for candidate in (first_fenced(text), without_fence(text)):
        verdict = of(json_value(candidate)) if candidate is not None else None
        if verdict is not None:
            return verdict
    return None


def of(value: object) -> AgentVerdict | None:
    """The verdict that a JSON value is, or None."""
    if not isinstance(value, Mapping):
        return None
    score = share(value.get("score"))
    given = value.get("confidence")
    confidence = _DEFAULT_CONFIDENCE if given is None else share(given)
    if score is None or confidence is None:
        return None
    return AgentVerdict(score, confidence, _reasoning(value), _grade(value.get("grade")))


def share(value: object) -> float | None:
    """The value as a number from 0 to 1, or None when it is none."""
    number = as_number(value)
    return number if number is not None and 0 <= number <= 1 else None


def _reasoning(value: Mapping[str, Any]) -> str | None:
    return next((reason for name in _REASONS if isinstance(reason := value.get(name), str) and reason), None)


def _grade(value: object) -> str | float | None:
    return value if isinstance(value, str) else as_number(value)
