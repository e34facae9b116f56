# SPDX-License-Identifier: Apache-2.0
"""What the activities need of the rest of the worker, as protocols."""

from __future__ import annotations

from typing import Any, Protocol

from ..runtime.client import RuntimeSettings


class DefinitionSource(Protocol):
    """Where stored definitions come from."""

    async def get(self, workflow_id: str) -> dict[str, Any] | None:
        """The definition of that id, or None. Any exception means that it cannot be told now."""


class OrchestratorSettings(Protocol):
    """Where the orchestrator is."""

    @property
    def aegis_orchestrator_url(self) -> str:
        """Base URL, without a trailing slash."""


class TemplateSettings(Protocol):
    """How templates are rendered."""

    @property
    def template_escape_everywhere(self) -> bool:
        """True: double braces escape HTML everywhere, as the reference does; False: in shell commands only.

        It is recorded at the start of a run and holds to its end.
        """


class OutsideSettings(OrchestratorSettings, RuntimeSettings, Protocol):
    """The variables of the connections to the orchestrator."""
