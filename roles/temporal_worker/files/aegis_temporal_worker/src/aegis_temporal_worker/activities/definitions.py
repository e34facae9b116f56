# SPDX-License-Identifier: Apache-2.0
"""The activities that read stored definitions: one at the start of a run, and one that looks a child's up by name."""

from __future__ import annotations

from temporalio import activity
from temporalio.exceptions import ApplicationError

from ..interpreter.requests import Fetched, Options
from . import names
from .messages import WorkflowName
from .ports import DefinitionSource


class DefinitionActivities:
    """Stored definitions."""

    def __init__(self, source: DefinitionSource, options: Options) -> None:
        """``options`` of this worker go into the history with the definition and hold to the end of the run."""
        self._source = source
        self._options = options

    @activity.defn(name=names.FETCH_DEFINITION)
    async def fetch(self, workflow_id: str) -> Fetched:
        """The definition of that id; fails for good when there is none."""
        found = await self._source.get_pinned(workflow_id)
        if found is None:
            raise ApplicationError(
                f"Workflow definition {workflow_id} is not registered", type="DefinitionNotFound", non_retryable=True
            )
        definition, digest = found
        return Fetched(definition, digest, self._options)

    @activity.defn(name=names.FIND_WORKFLOW)
    async def find(self, wanted: WorkflowName) -> str | None:
        """The id of the definition that a name or an id means for a tenant, or None."""
        return await self._source.resolve(wanted.name_or_id, wanted.tenant_id)
