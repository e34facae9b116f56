# SPDX-License-Identifier: Apache-2.0
"""What the activities need of the rest of the worker, as protocols."""

from __future__ import annotations

from typing import Any, Protocol

from ..runtime.client import RuntimeSettings


class DefinitionSource(Protocol):
    """Where stored definitions come from."""

    async def get_pinned(self, workflow_id: str) -> tuple[dict[str, Any], str] | None:
        """The definition of that id and its SHA-256, or None. Any exception means that it cannot be told now."""

    async def resolve(self, name_or_id: str, tenant_id: str) -> str | None:
        """The id that a name or an id means for a tenant, or None. Any exception means that it cannot be told now."""


class OrchestratorSettings(Protocol):
    """Where the orchestrator is."""

    @property
    def aegis_orchestrator_url(self) -> str:
        """Base URL, without a trailing slash."""


class RunSettings(Protocol):
    """What holds for a run from its start to its end, whatever the settings are later."""

    @property
    def human_timeout_seconds(self) -> int:
        """How long a Human state without a timeout waits."""

    @property
    def template_escape_everywhere(self) -> bool:
        """True: double braces escape HTML everywhere, as the reference does; False: in shell commands only."""


class FallbackSettings(Protocol):
    """When an agent's run is followed by its status in place of its stream (contract 8.3); times in milliseconds."""

    @property
    def aegis_execution_fallback_idle_ms(self) -> int:
        """Silence of the stream before the status is asked."""

    @property
    def aegis_execution_fallback_poll_ms(self) -> int:
        """First gap between two questions."""

    @property
    def aegis_execution_fallback_max_poll_ms(self) -> int:
        """Longest gap; each is twice the one before."""

    @property
    def aegis_execution_fallback_max_retries(self) -> int | None:
        """Questions in one silence at most; None: no limit but the run's."""


class OutsideSettings(FallbackSettings, OrchestratorSettings, RuntimeSettings, Protocol):
    """The variables of the connections to the orchestrator."""
