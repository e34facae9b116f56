# SPDX-License-Identifier: Apache-2.0
"""Status and cancellation of agents' runs, by the orchestrator's REST routes (contract 8.3, 8.5; 1.2, D1.3)."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from ..interpreter.values import json_text
from .orchestrator import Orchestrator, OrchestratorError

log = logging.getLogger(__name__)

# For a request to cancel, with its second try; below the 6 s in which the server wants a heartbeat.
_CANCEL_SECONDS: Final = 4.0
_CANCEL_GAP_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class RunStatus:
    """``status`` in lower case; the rest only once the run has ended, by a newer orchestrator.

    ``tells_output``: this orchestrator tells the output, which may still be null.
    """

    status: str
    final_output: str | None
    error: str | None
    tells_output: bool


class AgentRuns:
    """Runs of agents by their UUID."""

    def __init__(self, orchestrator: Orchestrator) -> None:
        self._orchestrator = orchestrator

    async def status(self, run_id: str, tenant_id: str) -> RunStatus:
        """How a run is now. Raises ``OrchestratorError``."""
        try:
            answer = await self._orchestrator.get(_path(run_id), tenant_id)
        except OrchestratorError as error:
            if error.status != 403:
                raise
            raise OrchestratorError(
                f"{error} (the worker's service account needs the scope execution:read)", error.status
            ) from error
        return RunStatus(
            status=str(answer.get("status")).lower(),
            final_output=_text(answer.get("final_output")),
            error=_text(answer.get("error")),
            tells_output="final_output" in answer,
        )

    async def cancel(self, run_id: str, tenant_id: str) -> str | None:
        """Ask for a run's end; None when the orchestrator has agreed, else why not. Takes a few seconds at most."""
        path = f"{_path(run_id)}/cancel"
        trouble: Exception = OrchestratorError(f"POST {path}: no answer within {_CANCEL_SECONDS:g} s")
        try:
            async with asyncio.timeout(_CANCEL_SECONDS):
                while True:
                    try:
                        await self._orchestrator.post(path, tenant_id)
                    except OrchestratorError as error:
                        trouble = error
                        if not error.may_pass:
                            break
                        await asyncio.sleep(_CANCEL_GAP_SECONDS)
                    else:
                        log.info("asked for the end of an agent's run", extra={"run_id": run_id})
                        return None
        except TimeoutError:
            pass
        hint = " (the worker's service account needs the scope execution:cancel)" if _refused(trouble) else ""
        log.warning("an agent's run could not be cancelled", extra={"run_id": run_id, "reason": f"{trouble}{hint}"})
        return f"{trouble}{hint}"


def _path(run_id: str) -> str:
    return f"/v1/executions/{quote(run_id, safe='')}"


def _refused(error: Exception) -> bool:
    return isinstance(error, OrchestratorError) and error.status == 403


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json_text(value)
