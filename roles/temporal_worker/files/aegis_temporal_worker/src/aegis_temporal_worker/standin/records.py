# SPDX-License-Identifier: Apache-2.0
"""Which runs the orchestrator has a record of: those that it started, so never the children of runs.

An event that would change a missing record is stored and then refused (contract 1.2, D4.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aegis_temporal_worker.standin.events import EventRefusedError

_CHANGE_THE_RECORD: Final = (
    "WorkflowStateEntered",
    "WorkflowExecutionCompleted",
    "WorkflowExecutionFailed",
    "WorkflowExecutionCancelled",
)


class Records:
    """Every run has a record unless another run said that it started it as its child."""

    def __init__(self) -> None:
        self._children: set[str] = set()

    def take(self, event: Mapping[str, Any]) -> None:
        """Take note of a checked event. Raises ``EventRefusedError`` when it would change a record that is missing."""
        if event["event_type"] == "SubworkflowTriggered":
            self._children.add(event["child_execution_id"])
        if event["event_type"] in _CHANGE_THE_RECORD and event["execution_id"] in self._children:
            raise EventRefusedError(400, f"Workflow execution not found: {event['execution_id']}")
