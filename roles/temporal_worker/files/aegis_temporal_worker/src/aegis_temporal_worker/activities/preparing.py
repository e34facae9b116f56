# SPDX-License-Identifier: Apache-2.0
"""What comes before every piece of work that the runtime does, and may be done again."""

from __future__ import annotations

from typing import Protocol

from ..runtime.client import RuntimeClient
from .events import deliver
from .messages import RunReference, Since
from .publisher import EventPublisher


class Asked(Protocol):
    """The input of an activity that events ride with."""

    @property
    def run(self) -> RunReference:
        """Which run asks."""

    @property
    def since(self) -> Since:
        """What happened before."""


async def prepare(runtime: RuntimeClient, publisher: EventPublisher, asked: Asked, method: str) -> None:
    """Deliver the waiting events, then make sure that the runtime can be asked at once.

    Raises a retryable ``ApplicationError`` (events) or ``RuntimeCallError`` (no channel or token; names ``method``).
    """
    await deliver(publisher, asked.run, asked.since)
    await runtime.ready(method)
