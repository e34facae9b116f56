# SPDX-License-Identifier: Apache-2.0
"""Checks of a definition at registration.

Only what would certainly break a run is refused, because a refusal fails the user's deploy; the orchestrator has
checked the manifest before. What may break one is a doubt, and only logged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aegis_temporal_worker.http.templates import Templates
from aegis_temporal_worker.interpreter.durations import state_limit_seconds
from aegis_temporal_worker.store.identity import canonical_uuid

REQUIRED: Final = ("workflow_id", "tenant_id", "name", "version", "states")
KINDS: Final = (
    "Agent",
    "System",
    "Action",
    "Human",
    "ParallelAgents",
    "ContainerRun",
    "ParallelContainerRun",
    "Subworkflow",
)
SCOPES: Final = ("global", "tenant")
# The check of the orchestrator's table.
NAME: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"

# A message names so many problems; a definition of ten megabytes can have a million.
_SHOWN: Final = 20
_SHOWN_CHARACTERS: Final = 100


def missing_fields(definition: Mapping[str, Any]) -> list[str]:
    """Required fields that are absent or empty. ``states: {}`` counts as present, as it does in the reference."""
    return [name for name in REQUIRED if definition.get(name) in (None, "", False, 0)]


def shown(value: object) -> str:
    """A value in a message: as Python writes it, cut when it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


@dataclass
class Findings:
    """What is wrong with a definition."""

    # No run could work.
    problems: list[str] = field(default_factory=list)
    # A run may fail.
    doubts: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, definition: Mapping[str, Any]) -> Findings:
        """Check a definition that has all required fields and is not nested deeply."""
        found = cls()
        found._check_names(definition)
        if isinstance(definition["states"], dict):
            found._check_states(definition["states"], definition.get("initial_state"))
        else:
            found.problems.append("states is not an object")
        return found

    def summary(self) -> str:
        """The problems in one text."""
        more = len(self.problems) - _SHOWN
        return "; ".join(self.problems[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")

    def _check_names(self, definition: Mapping[str, Any]) -> None:
        if canonical_uuid(definition["workflow_id"]) is None:
            self.problems.append(f"workflow_id {shown(definition['workflow_id'])} is not a UUID")
        for name in ("tenant_id", "name", "version"):
            if not isinstance(definition[name], str):
                self.problems.append(f"{name} is not a string")
        if isinstance(definition["name"], str) and not re.fullmatch(NAME, definition["name"], re.ASCII):
            self.problems.append(
                f"name {shown(definition['name'])} is not made of lower-case letters, digits and inner hyphens"
            )
        scope = definition.get("scope")
        if scope is not None and scope not in SCOPES:
            self.problems.append(f"scope {shown(scope)} is neither 'global' nor 'tenant'")

    def _check_states(self, states: Mapping[str, Any], initial: object) -> None:
        if states and not _names_one(initial, states):
            self.problems.append(f"initial_state {shown(initial)} is not one of the states")
        templates = Templates()
        for name, state in states.items():
            label = f"state {shown(name)}"
            if not isinstance(state, dict):
                self.problems.append(f"{label} is not an object")
                continue
            self._check_state(label, state, states)
            problems, doubts = templates.faults(state)
            self.problems += [f"{label}: {problem}" for problem in problems]
            self.doubts += [f"{label}: {doubt}" for doubt in doubts]

    def _check_state(self, label: str, state: Mapping[str, Any], states: Mapping[str, Any]) -> None:
        kind = state.get("kind")
        if not isinstance(kind, str) or kind not in KINDS:
            self.problems.append(f"{label} has the unknown kind {shown(kind)}")
        self._check_timeout(label, state.get("timeout"))
        transitions = state.get("transitions")
        if not isinstance(transitions, (list, type(None))):
            self.problems.append(f"transitions of {label} are not an array")
            return
        for transition in transitions or ():
            if not isinstance(transition, dict):
                self.problems.append(f"{label} has the transition {shown(transition)}, which is not an object")
                continue
            target = transition.get("target")
            # A null target ends the run.
            if target is not None and not _names_one(target, states):
                self.problems.append(f"{label} has a transition to {shown(target)}, which is not one of the states")

    def _check_timeout(self, label: str, timeout: object) -> None:
        seconds, warning = state_limit_seconds(timeout)
        # The reference silently takes 60 s for what it cannot read; the orchestrator never sends such a text.
        if warning is not None and seconds is not None:
            self.problems.append(f"{label} has the timeout {shown(timeout)}, which is no duration such as 180s")
        elif warning is not None:
            self.doubts.append(f"{label}: {warning}")


def _names_one(name: object, states: Mapping[str, Any]) -> bool:
    return isinstance(name, str) and name in states
