# SPDX-License-Identifier: Apache-2.0
"""What a run takes along when it goes on in a fresh history (continue-as-new), between two states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .definition import as_list, as_object, as_text
from .requests import Options
from .values import weight

# Temporal refuses arguments over 2 MiB; a run that is heavier goes on in its old history.
MOST_BYTES: Final = 1_700_000


class ContinueRun(Exception):  # noqa: N818 - it is an ending, not an error
    """The run goes on in a fresh history that begins with ``carried``."""

    def __init__(self, carried: Carried) -> None:
        super().__init__("the run goes on in a fresh history")
        self.carried = carried


@dataclass(frozen=True, slots=True)
class Carried:
    """The state of a run that stands before the state ``next_state``.

    The definition goes along: the run keeps the one that it began with, whatever is registered meanwhile.
    """

    definition: dict[str, Any]
    digest: str
    options: Options
    next_state: str
    blackboard: dict[str, Any]
    feedback: str
    human_feedback: str
    volume_id: str | None
    iterations: int
    visits: dict[str, int]
    sequence: int
    events: list[dict[str, Any]]
    changed: dict[str, Any]
    answers: list[dict[str, Any]]

    @property
    def fits(self) -> bool:
        """Whether it is small enough to be taken along."""
        return (
            weight(self.definition) + weight(self.blackboard) + weight(self.events) + weight(self.changed) < MOST_BYTES
        )

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Carried:
        """Read what an earlier history of this run wrote, perhaps with an older version of the worker."""
        options = as_object(raw.get("options"))
        return cls(
            definition=as_object(raw.get("definition")),
            digest=as_text(raw.get("digest")) or "",
            options=Options(**{name: options[name] for name in Options.__slots__ if name in options}),
            next_state=as_text(raw.get("next_state")) or "",
            blackboard=as_object(raw.get("blackboard")),
            feedback=as_text(raw.get("feedback")) or "",
            human_feedback=as_text(raw.get("human_feedback")) or "",
            volume_id=as_text(raw.get("volume_id")),
            iterations=int(raw.get("iterations") or 0),
            visits=as_object(raw.get("visits")),
            sequence=int(raw.get("sequence") or 0),
            events=as_list(raw.get("events")),
            changed=as_object(raw.get("changed")),
            answers=as_list(raw.get("answers")),
        )
