# SPDX-License-Identifier: Apache-2.0
"""The activity that tells the orchestrator that a schedule is due (contract 4.8; 1.2, D2.4).

The orchestrator answers a repeated fire of one scheduled time with the first one's row, so asking again is safe.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final
from urllib.parse import quote

from temporalio import activity

from . import names
from .encoding import loads
from .errors import fire_refused, fire_unanswered
from .messages import ScheduleAnswer, ScheduleFire
from .orchestrator import Orchestrator, OrchestratorError

# Answers that may be others later; no answer at all is the fourth case.
_MAY_PASS: Final = (502, 503, 504)
# Below the activity's limit of 30 s (temporal/schedule_fire.py), so that the reason is in the history.
_LIMIT_SECONDS: Final = 25.0
# Temporal warns at 256 KiB of a payload; an answer is a few hundred bytes.
_MOST_CHARACTERS: Final = 64 * 1024


class ScheduleActivities:
    """Schedules."""

    def __init__(self, orchestrator: Orchestrator) -> None:
        self._orchestrator = orchestrator

    @activity.defn(name=names.FIRE_SCHEDULE)
    async def fire(self, due: ScheduleFire) -> ScheduleAnswer:
        """Post the fire; the answer to a 2xx.

        Raises ``ApplicationError``: ``ScheduleFireTransportError`` for what may pass (no answer, 502, 503, 504, no
        token server), and the final ``ScheduleFireRefused`` with the detail ``{status}`` for any other answer.
        """
        try:
            async with asyncio.timeout(_LIMIT_SECONDS):
                status, text = await self._orchestrator.post(
                    f"/v1/internal/schedules/{quote(due.schedule_id, safe='')}/fire",
                    due.tenant_id,
                    {"scheduled_time": due.scheduled_time},
                )
        except TimeoutError:
            raise fire_unanswered(f"the orchestrator did not answer within {_LIMIT_SECONDS:g} s") from None
        except OrchestratorError as error:
            if error.status is None or error.status in _MAY_PASS:
                raise fire_unanswered(str(error)) from None
            raise fire_refused(str(error), error.status) from None
        except ValueError as error:
            # An id or a tenant that no request can carry, such as one with a line break.
            raise fire_refused(str(error), None) from None
        return ScheduleAnswer(status, _value(text))


def _value(text: str) -> Any:
    """The answer as JSON, or its text; of one that is too large, the beginning of its text."""
    if len(text) > _MOST_CHARACTERS:
        return text[:_MOST_CHARACTERS]
    try:
        return loads(text.encode())
    except (ValueError, RecursionError):
        return text
