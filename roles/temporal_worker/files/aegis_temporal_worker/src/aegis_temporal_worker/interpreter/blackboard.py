# SPDX-License-Identifier: Apache-2.0
"""The data of a run: what its states wrote, and how templates see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from .definition import Definition, as_object
from .errors import InterpreterError
from .start import Start
from .templates import Overlay

# Keys that update_blackboard may not write, besides the names of states.
RESERVED: Final = ("input", "intent", "tenant_id", "attachments", "workflow", "blackboard")


class Blackboard:
    """Top-level keys and their values, in the order they were written.

    A value that was put in is never changed in place: events and activity inputs hold it too.
    """

    def __init__(self, values: Mapping[str, Any], states: Iterable[str], execution_id: str) -> None:
        """``values`` as ``initial`` gives them, or a ``snapshot``; ``states`` are names that no action may write."""
        self._values = dict(values)
        self._input = as_object(self._values.get("input"))
        self._execution_id = execution_id
        self._reserved = (*RESERVED, *states)
        self._changed: dict[str, Any] = {}
        self._names: Mapping[str, Any] | None = None
        self._feedback = ""
        self._human_feedback = ""

    @property
    def feedback(self) -> str:
        """Rendered feedback of the transition that led to the current state."""
        return self._feedback

    @feedback.setter
    def feedback(self, text: str) -> None:
        self._feedback = text
        self._names = None

    @property
    def human_feedback(self) -> str:
        """What the person wrote beside the latest answer of a Human state; empty when nothing."""
        return self._human_feedback

    @human_feedback.setter
    def human_feedback(self, text: str) -> None:
        self._human_feedback = text
        self._names = None

    def put(self, key: str, value: object) -> None:
        """Write a top-level key: the output of a state under its name, or the result of a child."""
        self._values[key] = value
        self._changed[key] = value
        self._names = None

    def update(self, entries: Mapping[str, str]) -> None:
        """Write top-level keys for the action ``update_blackboard``, all or none.

        Raises ``InterpreterError`` for the first reserved key.
        """
        for key in entries:
            if key in self._reserved:
                raise InterpreterError(f"update_blackboard cannot write the reserved key '{key}'.")
        for key, value in entries.items():
            self.put(key, value)

    def get(self, key: str) -> Any:
        """The value of a top-level key, or None."""
        return self._values.get(key)

    def keys(self) -> Iterable[str]:
        """The top-level keys."""
        return self._values.keys()

    def snapshot(self) -> dict[str, Any]:
        """All keys and values, for the result and for events."""
        return dict(self._values)

    def take_changes(self) -> dict[str, Any]:
        """The keys written since this was last asked, with their values."""
        taken, self._changed = self._changed, {}
        return taken

    def give_back_changes(self, taken: Mapping[str, Any]) -> None:
        """Count keys as not asked for."""
        self._changed = {**taken, **self._changed}

    def names(self) -> Mapping[str, Any]:
        """What templates can name: the blackboard, itself under ``blackboard``, and the run's own names.

        Keys of the start input are seen under ``blackboard.`` and ``workflow.`` where nothing else has that name. The
        same object is returned until something changes.
        """
        if self._names is None:
            self._names = self._names_of(self._values)
        return self._names

    def names_with(self, key: str, value: object) -> Mapping[str, Any]:
        """``names`` as they would be with this key written."""
        return self._names_of({**self._values, key: value})

    def _names_of(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        names: dict[str, Any] = {
            "execution": {"id": self._execution_id},
            "state": {"feedback": self._feedback},
            "human": {"feedback": self._human_feedback},
            **values,
        }
        names["workflow"] = Overlay(as_object(values.get("workflow")), self._input)
        names["blackboard"] = Overlay(names, self._input)
        return names


def initial(definition: Definition, start: Start, workspace: Mapping[str, Any]) -> dict[str, Any]:
    """The keys and values that a run begins with; later entries win (contract 6.2)."""
    workflow: dict[str, Any] = {
        "name": definition.name,
        "version": definition.version,
        "context": dict(definition.context),
    }
    if definition.storage is not None:
        workflow["storage"] = dict(definition.storage)
    values: dict[str, Any] = {
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
        values["repository"] = start.repository
    return values
