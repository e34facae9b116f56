# SPDX-License-Identifier: Apache-2.0
"""What a run tells the orchestrator, in order and numbered (contract 7).

Events are collected here and travel with the next call to the outside, in front of the work: a state that does
nothing outside costs nothing, and its events still arrive in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .values import weight

Event = dict[str, Any]

# The orchestrator refuses requests over 2 MB; the rest is room for JSON's escapes and the other fields.
MOST_BYTES: Final = 1_500_000

# What may be left out when an event is too large, in this order; every other field is needed.
_REPLACEABLE: Final = ("output", "final_output", "final_blackboard", "blackboard")


def shorten(event: Event, most: int = MOST_BYTES, measure: Callable[[object], int] = weight) -> Event:
    """The event with its large values replaced by a marker that tells their size, until ``measure`` is content."""
    for name in _REPLACEABLE:
        if measure(event) <= most:
            break
        if name in event:
            event = {**event, name: {"truncated": True, "bytes": measure(event[name])}}
    return event


@dataclass(frozen=True, slots=True)
class Batch:
    """What happened since the last call to the outside: events to deliver, and the blackboard keys that were written.

    The keys are for people who read the history.
    """

    events: list[Event]
    changed: Mapping[str, Any]


class EventLog:
    """The events of one run that are not delivered yet."""

    def __init__(self, execution_id: str, workflow_id: str, now: Callable[[], str], sequence: int = 0) -> None:
        """``now`` gives the time of the run as RFC 3339 text, the same on every replay.

        ``sequence`` is the number of the last event of a run that goes on in a fresh history.
        """
        self._common = {"execution_id": execution_id, "workflow_id": workflow_id}
        self._now = now
        self._sequence = sequence
        self._waiting: list[Event] = []

    @property
    def sequence(self) -> int:
        """Number of the last event."""
        return self._sequence

    def add(self, event_type: str, **fields: Any) -> None:
        """Append an event; fields that are None are left out."""
        self._sequence += 1
        self._waiting.append(
            shorten(
                {
                    "event_type": event_type,
                    **self._common,
                    "temporal_sequence_number": self._sequence,
                    "timestamp": self._now(),
                    **{name: value for name, value in fields.items() if value is not None},
                }
            )
        )

    def take(self) -> list[Event]:
        """Hand over all waiting events; the caller delivers them or gives them back."""
        taken, self._waiting = self._waiting, []
        return taken

    def give_back(self, events: Sequence[Event]) -> None:
        """Put events in front again; they keep their numbers, so a second delivery is recognised."""
        self._waiting = [*events, *self._waiting]
