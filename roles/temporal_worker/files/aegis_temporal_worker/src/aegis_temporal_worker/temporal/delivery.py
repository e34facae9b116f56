# SPDX-License-Identifier: Apache-2.0
"""How a run's events get to the orchestrator: with its next activity, or in a delivery of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from temporalio import workflow

from ..activities import names
from ..activities.messages import Delivery as Delivered
from ..activities.messages import EventBatch, RunReference, Since
from ..activities.riding import pack
from ..interpreter.errors import OutsideError
from ..interpreter.events import Batch, Event
from ..interpreter.values import weight
from . import policies
from .calls import Call, inside_the_task_first, made

_TERMINAL: Final = ("WorkflowExecutionCompleted", "WorkflowExecutionFailed", "WorkflowExecutionCancelled")


class Delivery:
    """Of one run."""

    def __init__(self, run: RunReference) -> None:
        self._run = run

    async def riding(self, since: Batch) -> Since:
        """What goes along with the next activity; what would make its input too large is delivered first."""
        packed = pack(since)
        if weight(packed.events) + weight(packed.changed) <= policies.RIDING_BYTES:
            return packed
        await self.publish(since)
        return Since(changed=_shortened(packed.changed))

    async def publish(self, since: Batch) -> None:
        """Deliver events that travel with no other work. What cannot be delivered is logged."""
        for events in _batches(since.events):
            terminal = str(events[-1]["event_type"]) in _TERMINAL
            told = ", ".join(str(event["event_type"]) for event in events)
            limit = policies.TERMINAL_LIMIT if terminal else policies.OUTAGE_LIMIT
            batch = EventBatch(
                self._run, pack(Batch(events, since.changed if len(events) == len(since.events) else {}))
            )
            call = Call(names.PUBLISH_EVENTS, batch, Delivered, told, limit=limit)
            try:
                await made(call, inside_the_task_first)
            except OutsideError as error:
                workflow.logger.error("events are given up after %s: %s", limit, error, extra={"events": told})


def _batches(events: Sequence[Event]) -> Iterator[list[Event]]:
    """The events in order, in batches that fit into an activity's input."""
    batch: list[Event] = []
    size = 0
    for event in events:
        added = weight(event)
        if batch and size + added > policies.BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += added
    if batch:
        yield batch


def _shortened(changed: dict[str, object]) -> dict[str, object]:
    """The keys, with the size in place of each large value."""
    most = policies.RIDING_BYTES // max(len(changed), 1) // 2
    return {
        key: value if (size := weight(value)) <= most else {"truncated": True, "bytes": size}
        for key, value in changed.items()
    }
