# SPDX-License-Identifier: Apache-2.0
"""The activity that reads a stored definition, once per run."""

from __future__ import annotations

from temporalio import activity
from temporalio.exceptions import ApplicationError

from . import names
from .messages import FetchedDefinition
from .ports import DefinitionSource


class DefinitionActivities:
    """Stored definitions."""

    def __init__(self, source: DefinitionSource, *, escape_everywhere: bool) -> None:
        """``escape_everywhere``: see ``ports.TemplateSettings``."""
        self._source = source
        self._escape_everywhere = escape_everywhere

    @activity.defn(name=names.FETCH_DEFINITION)
    async def fetch(self, workflow_id: str) -> FetchedDefinition:
        """The definition of that id, with the template setting of this moment; fails for good when there is none."""
        definition = await self._source.get(workflow_id)
        if definition is None:
            raise ApplicationError(
                f"Workflow definition {workflow_id} is not registered", type="DefinitionNotFound", non_retryable=True
            )
        return FetchedDefinition(definition, self._escape_everywhere)
