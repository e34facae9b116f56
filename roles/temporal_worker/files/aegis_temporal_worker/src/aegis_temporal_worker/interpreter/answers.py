# SPDX-License-Identifier: Apache-2.0
"""What people answered to a run's Human states, in the order it came (signal ``humanInput``)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .values import MOST_LEVELS, json_text, too_deep


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: the word, what was written beside it, and who gave it; None means absent."""

    response: str
    feedback: str | None = None
    answered_by: str | None = None


class Answers:
    """Answers that no Human state has taken yet. One that comes early waits for the next Human state."""

    def __init__(self, waiting: Iterable[Answer] = ()) -> None:
        self._waiting = deque(waiting)

    def __len__(self) -> int:
        return len(self._waiting)

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, arguments: Iterable[object]) -> None:
        """Queue the arguments of one signal: response, then optionally feedback and answered_by; null is absent.

        Values that are no texts are turned into their JSON text.
        """
        texts = [*(_text(item) for item in arguments), None, None, None]
        self._waiting.append(Answer(texts[0] or "", texts[1], texts[2]))

    def take(self) -> Answer:
        """The answer that came first. Raises ``IndexError`` when there is none."""
        return self._waiting.popleft()

    def snapshot(self) -> list[dict[str, Any]]:
        """The waiting answers, for a run that goes on in a fresh history."""
        return [
            {"response": item.response, "feedback": item.feedback, "answered_by": item.answered_by}
            for item in self._waiting
        ]


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if too_deep(value):
        # A signal cannot be refused, and working on it would end in Python's limit of frames.
        return f"(a value nested deeper than {MOST_LEVELS} levels)"
    return json_text(value)
