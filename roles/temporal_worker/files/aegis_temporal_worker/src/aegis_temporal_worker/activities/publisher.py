# SPDX-License-Identifier: Apache-2.0
"""Delivery of events to the orchestrator's event route, one request each, in order (contract 7.5).

What may pass later is raised, and Temporal's retry policy waits as long as it takes. What the orchestrator refuses for
good is logged and does not hold the run up. A repeated event carries the same number; the orchestrator ignores it.
"""

from __future__ import annotations

import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

import aiohttp

from ..interpreter.events import Event, shorten
from ..runtime.auth import TokenRefusedError, TokenSource, TokenUnavailableError
from .encoding import dumps
from .messages import Delivery, Refusal
from .ports import OrchestratorSettings

log = logging.getLogger(__name__)

_LIMIT: Final = aiohttp.ClientTimeout(total=30, connect=10)
# Axum's default limit for a body is 2 MiB; a little room for what we do not see.
_MOST_BYTES: Final = 2 * 1024 * 1024 - 4096
# The orchestrator answers 400 for troubles of its own storage too; only the text tells them from wrong events.
_STORAGE_TROUBLE: Final = re.compile(r"failed to (?:persist|resolve|load|query)", re.IGNORECASE)
# How long an event with such an answer is tried again; one that is really wrong passes then. The time begins with the
# first such answer: attempts of an outage before say nothing about the storage of an orchestrator that is back.
_STORAGE_SECONDS: Final = 180.0
# Events with such an answer that are remembered; beyond it the longest known one is forgotten, and begins anew.
_MOST_TROUBLED: Final = 10_000
_MOST_SHOWN: Final = 500


class UndeliveredError(Exception):
    """Delivery may succeed later; ``retry_after`` seconds when the orchestrator named them."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class _Troubled:
    """Since when events have been answered with trouble of the orchestrator's storage; of this process only."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: OrderedDict[tuple[object, object], float] = OrderedDict()

    def may_pass(self, event: Event) -> bool:
        """Note one such answer; whether the event is to be tried again."""
        now = self._clock()
        since = self._since.setdefault(_key(event), now)
        if len(self._since) > _MOST_TROUBLED:
            self._since.popitem(last=False)
        return now - since < _STORAGE_SECONDS

    def over(self, event: Event) -> None:
        """Forget an event that was taken, or refused for good."""
        self._since.pop(_key(event), None)


class EventPublisher:
    """Sends events to one orchestrator."""

    def __init__(
        self,
        settings: OrchestratorSettings,
        session: aiohttp.ClientSession,
        tokens: TokenSource,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """The caller closes ``session``; ``clock`` gives seconds that only grow."""
        self._url = f"{settings.aegis_orchestrator_url.rstrip('/')}/v1/temporal-events"
        self._session = session
        self._tokens = tokens
        self._troubled = _Troubled(clock)

    async def deliver(self, events: Sequence[Event]) -> Delivery:
        """Send the events one after the other.

        Raises ``UndeliveredError`` at the first event that may be taken later; what was sent before it is sent again
        with it.
        """
        refused = [refusal for event in events if (refusal := await self._send(event)) is not None]
        return Delivery(len(events) - len(refused), refused)

    async def _send(self, event: Event) -> Refusal | None:
        body = _body(event)
        status, answer, retry_after = await self._post(body)
        if status in (401, 403):
            status, answer, retry_after = await self._post(body)
        if 200 <= status < 300:
            self._troubled.over(event)
            return None
        if self._may_pass(event, status, answer):
            raise UndeliveredError(
                f"{self._url} answered {status} to {_name(event)}: {answer[:_MOST_SHOWN]}", retry_after
            )
        self._troubled.over(event)
        log.error(
            "the orchestrator refuses an event",
            extra={
                "execution_id": event.get("execution_id"),
                "event_type": event.get("event_type"),
                "sequence": event.get("temporal_sequence_number"),
                "status": status,
                "answer": answer[:_MOST_SHOWN],
            },
        )
        return Refusal(
            event_type=str(event.get("event_type")),
            sequence=int(event.get("temporal_sequence_number", 0)),
            status=status,
            answer=answer[:_MOST_SHOWN],
        )

    async def _post(self, body: bytes) -> tuple[int, str, float | None]:
        """Status, text and Retry-After; a token that was refused is dropped, so that the next call gets a new one."""
        headers = {"Content-Type": "application/json"}
        try:
            token = await self._tokens.token()
        except TokenUnavailableError as error:
            raise UndeliveredError(str(error)) from error
        except TokenRefusedError as error:
            return 401, f"no service token: {error}", None
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            # A redirected POST would become a GET, and its 200 would pass for the event's.
            async with self._session.post(
                self._url, data=body, headers=headers, timeout=_LIMIT, allow_redirects=False
            ) as response:
                # Read always: only then is the connection used again.
                answer = await response.read()
                if response.status in (401, 403) and token is not None:
                    self._tokens.drop(token)
                return response.status, _text(answer), _seconds(response.headers.get("Retry-After"))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise UndeliveredError(f"{self._url}: {str(error) or type(error).__name__}") from error

    def _may_pass(self, event: Event, status: int, answer: str) -> bool:
        if status >= 500 or status in (408, 429):
            return True
        return status == 400 and _STORAGE_TROUBLE.search(answer) is not None and self._troubled.may_pass(event)


def _body(event: Event) -> bytes:
    body = dumps(event)
    return body if len(body) <= _MOST_BYTES else dumps(shorten(event, _MOST_BYTES, lambda value: len(dumps(value))))


def _text(answer: bytes) -> str:
    return answer[: 4 * _MOST_SHOWN].decode("utf-8", "replace")


def _key(event: Event) -> tuple[object, object]:
    return event.get("execution_id"), event.get("temporal_sequence_number")


def _name(event: Event) -> str:
    # People see this text beside an activity that waits, on a page that does not name the state.
    state = f" of {event['state_name']}" if event.get("state_name") else ""
    return f"{event.get('event_type')} no. {event.get('temporal_sequence_number')}{state}"


def _seconds(header: str | None) -> float | None:
    return float(header) if header is not None and header.isascii() and header.isdigit() else None
