# SPDX-License-Identifier: Apache-2.0
"""The activity that delivers events which travel with no other work."""

from __future__ import annotations

from temporalio import activity

from . import names
from .errors import undelivered
from .heartbeat import beating
from .messages import Delivery, EventBatch, RunReference, Since
from .publisher import EventPublisher, UndeliveredError
from .riding import unpack


async def deliver(publisher: EventPublisher, run: RunReference, since: Since) -> Delivery:
    """Deliver events inside any activity.

    Raises a retryable ``ApplicationError`` when that may succeed later.
    """
    try:
        return await publisher.deliver(unpack(run, since))
    except UndeliveredError as error:
        raise undelivered(str(error), error.retry_after) from None


class EventActivities:
    """Delivery of events."""

    def __init__(self, publisher: EventPublisher) -> None:
        self._publisher = publisher

    @activity.defn(name=names.PUBLISH_EVENTS)
    async def publish(self, batch: EventBatch) -> Delivery:
        """Deliver a batch; may be repeated."""
        async with beating():
            return await deliver(self._publisher, batch.run, batch.since)
