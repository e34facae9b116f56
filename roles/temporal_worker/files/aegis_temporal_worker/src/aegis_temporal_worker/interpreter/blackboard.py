# SPDX-License-Identifier: Apache-2.0
"""The data of a run: what its states wrote, and how templates see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from .definition import Definition
from .errors import InterpreterError
from .start import Start
from .templates import Overlay

# Keys that update_blackboard may not write, besides the names of states.
RESERVED: Final = ("input", "intent", "tenant_id", "attachments", "workflow", "blackboard")


class Blackboard:
    """Top-level keys and their values, in the order they were written.

    A value that was put in is never changed in place: events and activity inputs hold it too.
    """

    def __init__(self, definition: Definition, start: Start, execution_id: str, workspace: Mapping[str, Any]) -> None:
        """Build the initial blackboard; later entries win (contract 6.2)."""
        workflow: dict[str, Any] = {
            "name": definition.name,
            "version": definition.version,
            "context": dict(definition.context),
        }
        if definition.storage is not None:
            workflow["storage"] = dict(definition.storage)
        self._values: dict[str, Any] = {
            **definition.context,
            **start.blackboard,
            **workspace,
            "tenant_id": start.tenant_id or definition.tenant_id or "",
            "intent": start.intent,
            "input": start.input,
            "attachments": start.attachments,
            "workflow": workflow,
        }
        if start.repository is not None:
            self._values["repository"] = start.repository
        self._input = start.input
        self._execution_id = execution_id
        self._reserved = (*RESERVED, *definition.states)
        # Rendered feedback of the transition that led to the current state.
        self.feedback = ""

    def put_output(self, state_name: str, output: object) -> None:
        """Record the output of a state under its name."""
        self._values[state_name] = output

    def update(self, entries: Mapping[str, str]) -> None:
        """Write top-level keys, all or none.

        Raises ``InterpreterError`` for the first reserved key.
        """
        for key in entries:
            if key in self._reserved:
                raise InterpreterError(f"update_blackboard cannot write the reserved key '{key}'.")
        self._values.update(entries)

    def get(self, key: str) -> Any:
        """The value of a top-level key, or None."""
        return self._values.get(key)

    def keys(self) -> Iterable[str]:
        """The top-level keys."""
        return self._values.keys()

    def snapshot(self) -> dict[str, Any]:
        """All keys and values, for the result and for events."""
        return dict(self._values)

    def names(self) -> dict[str, Any]:
        """What templates can name: the blackboard, itself under ``blackboard``, and the run's own names.

        Keys of the start input are seen under ``blackboard.`` and ``workflow.`` where nothing else has that name.
        """
        names: dict[str, Any] = {
            "execution": {"id": self._execution_id},
            "state": {"feedback": self.feedback},
            **self._values,
        }
        names["workflow"] = Overlay(self._values["workflow"], self._input)
        names["blackboard"] = Overlay(names, self._input)
        return names
