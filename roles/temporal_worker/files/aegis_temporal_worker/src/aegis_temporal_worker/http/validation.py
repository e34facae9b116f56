# SPDX-License-Identifier: Apache-2.0
"""Checks of a definition at registration.

Only what would certainly break every run is refused, because a refusal fails the user's deploy; the orchestrator has
checked the manifest before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from aegis_temporal_worker.interpreter.definition import State
from aegis_temporal_worker.interpreter.templates import TemplateError, compile_template
from aegis_temporal_worker.store.identity import canonical_uuid

REQUIRED: Final = ("workflow_id", "tenant_id", "name", "version", "states")
KINDS: Final = frozenset(
    {
        "Agent",
        "System",
        "Action",
        "Human",
        "ParallelAgents",
        "ContainerRun",
        "ParallelContainerRun",
        "Subworkflow",
    }
)


def missing_fields(definition: Mapping[str, Any]) -> list[str]:
    """Required fields that are absent or empty. ``states: {}`` counts as present, as it does in the reference."""
    return [name for name in REQUIRED if definition.get(name) in (None, "", False, 0)]


def problems(definition: Mapping[str, Any]) -> list[str]:
    """Why no run of this definition could work; empty when nothing is wrong. Expects ``missing_fields`` to be empty."""
    return list(_problems(definition))


def doubts(definition: Mapping[str, Any]) -> list[str]:
    """What will fail if a run comes to it: templates that do not parse, limits that cannot be read. Only logged."""
    found = []
    for name, state in definition["states"].items():
        warning = State.read(name, state).warning
        found += [f"state {name!r}: {warning}"] if warning else []
        for text in _texts({key: value for key, value in state.items() if key != "transitions"}):
            try:
                compile_template(text, escape=False)
            except TemplateError as error:
                found.append(f"state {name!r}: {error}")
    return found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _problems(definition: Mapping[str, Any]) -> Iterator[str]:
    if canonical_uuid(definition["workflow_id"]) is None:
        yield f"workflow_id {definition['workflow_id']!r} is not a UUID"
    for name in ("tenant_id", "name", "version"):
        if not isinstance(definition[name], str):
            yield f"{name} is not a string"
    if definition.get("scope") not in (None, "global", "tenant"):
        yield f"scope {definition['scope']!r} is neither 'global' nor 'tenant'"
    states = definition["states"]
    if not isinstance(states, dict):
        yield "states is not an object"
        return
    initial = definition.get("initial_state")
    if states and initial is not None and initial not in states:
        yield f"initial_state {initial!r} is not one of the states"
    for name, state in states.items():
        yield from _state_problems(name, state, states)


def _state_problems(name: str, state: Any, states: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(state, dict):
        yield f"state {name!r} is not an object"
        return
    if state.get("kind") not in KINDS:
        yield f"state {name!r} has the unknown kind {state.get('kind')!r}"
    transitions = state.get("transitions") or []
    if not isinstance(transitions, list):
        yield f"transitions of state {name!r} are not an array"
        return
    for transition in transitions:
        target = transition.get("target") if isinstance(transition, dict) else None
        # A null target ends the run.
        if target is not None and target not in states:
            yield f"state {name!r} has a transition to {target!r}, which is not one of the states"
