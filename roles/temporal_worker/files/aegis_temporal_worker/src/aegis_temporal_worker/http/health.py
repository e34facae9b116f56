# SPDX-License-Identifier: Apache-2.0
"""Probes: what works right now, asked of the services themselves."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from aegis_temporal_worker import __version__, metrics
from aegis_temporal_worker.config import Settings
from aegis_temporal_worker.runtime.health import RuntimeHealth
from aegis_temporal_worker.store import DefinitionStore

log = logging.getLogger(__name__)

WorkerPhase = Literal["starting", "running", "draining"]

# A bad answer is kept for less time: a service that is back shows soon.
_GOOD_FOR_SECONDS: Final = 3.0
_BAD_FOR_SECONDS: Final = 1.0
PROBE_SECONDS: Final = 0.8


@dataclass
class WorkerState:
    """What the process is doing; written by its start and stop, read by ``/health``."""

    draining: bool = False
    # Whether the worker polls its task queue; absent until there is a worker.
    is_polling: Callable[[], bool] | None = None
    # Asks Temporal whether it serves; absent until the first connection.
    probe_temporal: Callable[[], Awaitable[bool]] | None = None
    # Asks the orchestrator's runtime; absent until there is a client of it.
    probe_runtime: Callable[[], Awaitable[RuntimeHealth]] | None = None

    @property
    def phase(self) -> WorkerPhase:
        """One word for it."""
        if self.draining:
            return "draining"
        return "running" if self.is_polling is not None and self.is_polling() else "starting"


@dataclass
class Health:
    """Answers of the services, kept for a few seconds so that many probes cost no more than one.

    The runtime's is told and decides nothing: a worker whose orchestrator is away keeps its runs waiting, and taking it
    out of service would help nobody.
    """

    settings: Settings
    store: DefinitionStore
    state: WorkerState
    _temporal: bool = False
    _database: bool = False
    _runtime: RuntimeHealth = "unknown"
    _seen_healthy: bool = False
    _asked_at: float | None = None
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def report(self) -> tuple[int, dict[str, Any]]:
        """HTTP code (200 when all works, else 503) and body; ``status``, ``temporal``, ``database`` come first."""
        await self.refresh()
        healthy = self._temporal and self._database and self.state.phase == "running"
        self._seen_healthy = self._seen_healthy or healthy
        status = "healthy" if healthy else "degraded" if self._seen_healthy else "unhealthy"
        return (200 if healthy else 503), {
            "status": status,
            "temporal": _word(self._temporal),
            "database": _word(self._database),
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "task_queue": self.settings.temporal_task_queue,
            "namespace": self.settings.temporal_namespace,
            "version": __version__,
            "identity": self.settings.identity,
            "workflows_loaded": self.store.loaded,
            "worker": self.state.phase,
            "runtime": self._runtime,
        }

    async def readiness(self) -> tuple[int, dict[str, Any]]:
        """HTTP code (200 while the worker takes new work, else 503), and what is in the way."""
        await self.refresh()
        reasons = [
            reason
            for reason, is_so in (
                ("temporal is disconnected", not self._temporal),
                ("database is disconnected", not self._database),
                (f"worker is {self.state.phase}", self.state.phase != "running"),
            )
            if is_so
        ]
        return (503 if reasons else 200), {"status": "not ready" if reasons else "ready", "reasons": reasons}

    async def refresh(self) -> None:
        """Ask the services, unless their last answers are new enough."""
        async with self._asking:
            lasts = _GOOD_FOR_SECONDS if self._temporal and self._database else _BAD_FOR_SECONDS
            if self._asked_at is not None and time.monotonic() - self._asked_at < lasts:
                return
            self._temporal, self._database, self._runtime = await asyncio.gather(
                self._probe_temporal(), self.store.ping(PROBE_SECONDS), self._probe_runtime()
            )
            metrics.show_runtime(self._runtime)
            self._asked_at = time.monotonic()

    async def _probe_temporal(self) -> bool:
        if self.state.probe_temporal is None:
            return False
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                return await self.state.probe_temporal()
        except TimeoutError:
            return False

    async def _probe_runtime(self) -> RuntimeHealth:
        if self.state.probe_runtime is None:
            return "unknown"
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                return await self.state.probe_runtime()
        except TimeoutError:
            return "unreachable"


def _word(connected: bool) -> str:
    return "connected" if connected else "disconnected"
