# SPDX-License-Identifier: Apache-2.0
"""Workflow type ``aegis_workflow``: one run of the interpreter."""

from __future__ import annotations

import asyncio
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError, is_cancelled_exception

from ..interpreter.agent_context import within_limit
from ..interpreter.carried import Carried, ContinueRun
from ..interpreter.definition import as_object, as_text
from ..interpreter.errors import RunAborted
from ..interpreter.run import Run
from .arguments import ABSENT, decoded
from .outside import TemporalOutside


@workflow.defn(name="aegis_workflow")
class AegisWorkflow:
    """Interprets the definition that its argument names (contract 4.2) and returns the result (4.3).

    A run that fails for its own reasons completes with ``status: failed``. The argument is taken undecoded: one that
    cannot be decoded must end the run, while the SDK would fail the workflow task again and again. A run that goes on
    in a fresh history begins with ``{"argument": …, "carried": …}``.
    """

    @workflow.init
    def __init__(self, argument: RawValue = ABSENT) -> None:
        given, carried = _begun_with(decoded(argument))
        source = as_object(given)
        self._argument = given
        self._outside = TemporalOutside(
            as_text(source.get("workflow_id")) or "", as_text(source.get("tenant_id")) or ""
        )
        execution_id = workflow.info().workflow_id
        self._run = Run(given, execution_id, self._outside, carried)

    @workflow.run
    async def run(self, _argument: RawValue = ABSENT) -> dict[str, Any]:
        """Run to the end.

        Raises ``ApplicationError`` (type RunAborted) when there is nothing to interpret, and passes a cancellation on
        after the orchestrator has been told.
        """
        try:
            result = await self._run.execute()
        except RunAborted as error:
            raise ApplicationError(str(error), type="RunAborted", non_retryable=True) from None
        except ContinueRun as ending:
            workflow.continue_as_new({"argument": self._argument, "carried": ending.carried})
        except BaseException as error:
            if is_cancelled_exception(error):
                await asyncio.shield(self._run.cancelled())
            raise
        self._outside.details.ended(result["status"], result.get("error"))
        return result

    @workflow.signal(name="humanInput")
    def human_input(self, *arguments: Any) -> None:
        """An answer to a Human state: response, and optionally feedback and answered_by (contract 1.2, D2.2)."""
        self._run.answers.put(arguments)

    @workflow.query(name="aegis_state")
    def state(self) -> dict[str, Any]:
        """Where the run is: state, transitions so far, visits by state, what it waits for, and what it interprets."""
        return {
            "state": self._run.state_name,
            "iterations": self._run.iterations,
            "visits": dict(self._run.visits),
            "waiting_for": self._outside.details.waiting_for,
            "definition_digest": self._run.digest,
        }

    @workflow.query(name="blackboard")
    def blackboard(self) -> dict[str, Any]:
        """The whole blackboard as it is now."""
        return self._run.blackboard

    @workflow.query(name="agent_context")
    def agent_context(self) -> dict[str, Any]:
        """The blackboard as agents get it: within what a call to the runtime can carry."""
        return within_limit(self._run.blackboard)


def _begun_with(given: object) -> tuple[object, Carried | None]:
    """The start argument, and what an earlier history of this run left."""
    if workflow.info().continued_run_id is None:
        return given, None
    source = as_object(given)
    return source.get("argument"), Carried.read(as_object(source.get("carried")))
