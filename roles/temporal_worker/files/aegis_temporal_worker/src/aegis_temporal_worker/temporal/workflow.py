# SPDX-License-Identifier: Apache-2.0
"""Workflow type ``aegis_workflow``: one run of the interpreter."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError, is_cancelled_exception

from ..interpreter.errors import RunAborted
from ..interpreter.run import Run
from ..interpreter.start import Unreadable
from .outside import TemporalOutside

_ABSENT: Final = RawValue(Payload(metadata={"encoding": b"binary/null"}))


@workflow.defn(name="aegis_workflow")
class AegisWorkflow:
    """Interprets the definition that its argument names (contract 4.2) and returns the result (4.3).

    A run that fails for its own reasons completes with ``status: failed``. The argument is taken undecoded: one that
    cannot be decoded must end the run, while the SDK would fail the workflow task again and again.
    """

    @workflow.init
    def __init__(self, argument: RawValue = _ABSENT) -> None:
        self._run = Run(_decoded(argument), workflow.info().workflow_id, TemporalOutside())

    @workflow.run
    async def run(self, argument: RawValue = _ABSENT) -> dict[str, Any]:
        """Run to the end.

        Raises ``ApplicationError`` (type RunAborted) when there is nothing to interpret, and passes a cancellation on
        after the orchestrator has been told.
        """
        try:
            return await self._run.execute()
        except RunAborted as error:
            raise ApplicationError(str(error), type="RunAborted", non_retryable=True) from None
        except BaseException as error:
            if is_cancelled_exception(error):
                await asyncio.shield(self._run.cancelled())
            raise

    @workflow.query(name="aegis_state")
    def state(self) -> dict[str, Any]:
        """Where the run is: state, transitions so far, visits by state, and what it waits for."""
        return {
            "state": self._run.state_name,
            "iterations": self._run.iterations,
            "visits": dict(self._run.visits),
            "waiting_for": None,
        }

    @workflow.query(name="blackboard")
    def blackboard(self) -> dict[str, Any]:
        """The whole blackboard as it is now."""
        return self._run.blackboard


def _decoded(argument: RawValue) -> object:
    try:
        value: object = workflow.payload_converter().from_payload(argument.payload)
    except (RuntimeError, KeyError) as error:
        return Unreadable(str(error.__cause__ or error))
    return value
