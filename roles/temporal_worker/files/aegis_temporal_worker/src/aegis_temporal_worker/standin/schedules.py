# SPDX-License-Identifier: Apache-2.0
"""The fire route of schedules: answers as the script says, and a repeated fire of one time as it did the first time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from aegis_temporal_worker.standin import NAME
from aegis_temporal_worker.standin.events import is_time
from aegis_temporal_worker.standin.ledger import Ledger
from aegis_temporal_worker.standin.script import FireAnswer, Picker, Script


class Schedules:
    """Every schedule exists, unless the script answers for it with another status than 200."""

    def __init__(self, script: Script, ledger: Ledger) -> None:
        self._answers = Picker(script.schedules, FireAnswer())
        self._ledger = ledger
        self._fires: dict[tuple[str, str, str], dict[str, Any]] = {}

    async def fire(
        self, schedule_id: str, tenant_id: str | None, scheduled_time: Any, *, authorised: bool
    ) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer."""
        status, body, double = await self._answer(schedule_id, tenant_id, scheduled_time)
        fired = {"scheduled_time": scheduled_time, "status": status, "double": double, "authorised": authorised}
        self._ledger.record_fire(schedule_id, tenant_id, fired)
        return status, body

    async def _answer(
        self, schedule_id: str, tenant_id: str | None, scheduled_time: Any
    ) -> tuple[int, dict[str, Any], bool]:
        if not isinstance(scheduled_time, str) or not is_time(scheduled_time):
            return 400, {"error": f"scheduled_time {scheduled_time!r} is not RFC 3339"}, False
        if not tenant_id:
            # Without the header the orchestrator looks in the service account's own tenant, which has no schedules.
            return 404, {"error": "Schedule not found"}, False
        key = (tenant_id, schedule_id, scheduled_time)
        if key in self._fires:
            return 200, {"fire": self._fires[key]}, True
        answer = self._answers.take(schedule_id)
        await asyncio.sleep(answer.delay_seconds)
        if answer.status != 200:
            return answer.status, {"error": answer.error_message}, False
        started = answer.outcome in {"started", "starting"}
        self._fires[key] = {
            "scheduled_time": scheduled_time,
            "fired_at": datetime.now(UTC).isoformat(),
            "outcome": answer.outcome,
            "execution_id": str(uuid4()) if started else None,
            "detail": NAME if answer.detail is None else answer.detail,
        }
        return 200, {"fire": self._fires[key]}, False
