# SPDX-License-Identifier: Apache-2.0
"""Agents by name, and how long they may run: the orchestrator's look-ups (contract 8.5), kept for a short time."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote
from uuid import UUID

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential

from .orchestrator import Orchestrator, OrchestratorError

log = logging.getLogger(__name__)

# What the orchestrator gives an agent whose manifest names no limit.
DEFAULT_LIMIT_SECONDS: Final = 1800
# An agent that was deployed a moment ago may not be found at once (contract 8.5): gaps of 0.5, 1, 2, 4 and 8 s.
_FIRST_GAP_SECONDS: Final = 0.5
_ASKED: Final = 6

# A name that comes to mean another agent, or a changed manifest, is noticed after this.
_KEPT_SECONDS: Final = 60.0
_MOST_KEPT: Final = 1000

_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600}
_LIMIT: Final = re.compile(r"(\d+)\s?([hms]?)", re.ASCII)

Value = TypeVar("Value")


class AgentDirectory:
    """Look-ups for all tenants. Every method raises ``OrchestratorError``."""

    def __init__(
        self,
        orchestrator: Orchestrator,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """``clock`` gives seconds that only grow; ``sleep`` waits for seconds."""
        self._orchestrator = orchestrator
        self._sleep = sleep
        self._ids: _Kept[str] = _Kept(clock)
        self._limits: _Kept[int] = _Kept(clock)

    async def resolve(self, agent: str, tenant_id: str) -> str:
        """The UUID of an agent; a UUID is taken as it is."""
        if is_uuid(agent):
            return agent
        found = self._ids.get((tenant_id, agent))
        if found is None:
            found = await self._look_up(agent, tenant_id)
            self._ids.put((tenant_id, agent), found)
        return found

    def knows(self, agent: str, tenant_id: str) -> bool:
        """Whether ``resolve`` would answer from memory."""
        return self._ids.get((tenant_id, agent)) is not None

    def forget(self, agent: str, tenant_id: str) -> None:
        """Look this name up anew the next time: the runtime does not know its UUID."""
        self._ids.remove((tenant_id, agent))

    async def limit_seconds(self, agent_id: str, tenant_id: str) -> int:
        """How long the agent with this UUID may run, by its manifest; the default when nothing readable is there.

        An agent that the route does not show gets the default too: whether it may run, the runtime decides.
        """
        found = self._limits.get((tenant_id, agent_id))
        if found is None:
            try:
                agent = await self._get(f"/v1/agents/{quote(agent_id, safe='')}", tenant_id, patient_with_404=False)
            except OrchestratorError as error:
                if error.status != 404:
                    raise
                log.warning("an agent's run limit is not known", extra={"agent_id": agent_id, "reason": str(error)})
                agent = {}
            found = _limit(agent)
            self._limits.put((tenant_id, agent_id), found)
        return found

    async def _look_up(self, name: str, tenant_id: str) -> str:
        path = f"/v1/agents/lookup/{quote(name, safe='')}"
        try:
            answer = await self._get(path, tenant_id, patient_with_404=True)
        except OrchestratorError as error:
            if error.status != 404:
                raise
            raise OrchestratorError(
                f'There is no agent "{name}" in the tenant "{tenant_id}": {error}', error.status
            ) from error
        found = answer.get("id")
        if not isinstance(found, str) or not is_uuid(found):
            raise OrchestratorError(f"GET {path} answered 200 without a UUID under id", 200)
        return found

    async def _get(self, path: str, tenant_id: str, *, patient_with_404: bool) -> dict[str, Any]:
        def again(error: BaseException) -> bool:
            return isinstance(error, OrchestratorError) and (
                error.may_pass or (error.status == 404 and patient_with_404)
            )

        attempts = AsyncRetrying(
            sleep=self._sleep,
            stop=stop_after_attempt(_ASKED),
            wait=wait_exponential(multiplier=_FIRST_GAP_SECONDS),
            retry=retry_if_exception(again),
            reraise=True,
        )
        try:
            return await attempts(self._orchestrator.get, path, tenant_id)
        except OrchestratorError as error:
            if error.status != 403:
                raise
            raise OrchestratorError(
                f"{error} (the worker's service account needs the scope agent:read)", error.status
            ) from error


class _Kept(Generic[Value]):
    """The answers used last, for a while."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], tuple[float, Value]] = OrderedDict()

    def get(self, key: tuple[str, str]) -> Value | None:
        until, value = self._kept.get(key, (0.0, None))
        return value if self._clock() < until else None

    def put(self, key: tuple[str, str], value: Value) -> None:
        self._kept[key] = (self._clock() + _KEPT_SECONDS, value)
        self._kept.move_to_end(key)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)

    def remove(self, key: tuple[str, str]) -> None:
        self._kept.pop(key, None)


def is_uuid(text: str) -> bool:
    """Whether the text is a UUID as the orchestrator reads one: with hyphens, in any case."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def _limit(agent: dict[str, Any]) -> int:
    """Seconds of ``manifest.spec.security.resources.timeout`` (contract 6.11)."""
    found: Any = agent
    for key in ("manifest", "spec", "security", "resources", "timeout"):
        found = found.get(key) if isinstance(found, dict) else None
    match = _LIMIT.fullmatch(str(found).strip())
    seconds = int(match[1]) * _UNITS[match[2]] if match else 0
    return seconds or DEFAULT_LIMIT_SECONDS
