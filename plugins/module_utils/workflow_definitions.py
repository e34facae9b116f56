# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AEGIS workflow definitions: what a usable one is, and when two are the same.

The worker refuses what certainly breaks a run (src/aegis_temporal_worker/http/validation.py in its sources). What can
be told without a template engine is checked here too, so that check mode predicts the refusal.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem

REQUIRED = ("workflow_id", "tenant_id", "name", "version", "states")
KINDS = (
    "Agent",
    "System",
    "Action",
    "Human",
    "ParallelAgents",
    "ContainerRun",
    "ParallelContainerRun",
    "Subworkflow",
)
SCOPES = ("global", "tenant")
_NAME = re.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHOWN = 10


def read_workflow_id(option: str, value: Any) -> str:
    """Return the id in lower case, as the worker keeps it. Raises Problem naming C(option) for what is no UUID."""
    lowered = value.lower() if isinstance(value, str) else ""
    if not _UUID.fullmatch(lowered):
        raise Problem(f"{option} is {value!r}: not a UUID, which a workflow_id must be.")
    return lowered


def read_definition(option: str, definition: Mapping[str, Any]) -> dict[str, Any]:
    """Check a definition and return it with its id in lower case. Raises Problem naming C(option) and all faults."""
    if definition.get("kind") == "Workflow" or "apiVersion" in definition:
        raise Problem(
            f"{option} is a workflow manifest (kind: Workflow), not a definition. Deploy manifests through the AEGIS "
            "orchestrator, which maps them to definitions and looks up their agents. What it makes of one goes here, "
            "as GET /workflows/<id> of a worker shows it."
        )
    missing = [name for name in REQUIRED if name != "states" and not definition.get(name)]
    if definition.get("states") is None:
        missing.append("states")
    if missing:
        raise Problem(f"{option} lacks {', '.join(missing)}. A definition needs {', '.join(REQUIRED)}.")
    faults = [*no_json(definition), *_name_faults(definition), *_state_faults(definition)]
    if faults:
        more = [f"and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
        raise Problem(f"{option} is no usable definition: {'; '.join(faults[:_SHOWN] + more)}.")
    return {**definition, "workflow_id": read_workflow_id(f"{option}: workflow_id", definition["workflow_id"])}


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two definitions have the same content, whatever the order of keys and the way numbers are written."""
    return _canonical(one) == _canonical(other)


def key(definition: Mapping[str, Any]) -> tuple[Any, ...]:
    """What the worker keeps one definition for at most: a registration replaces another one of the same key."""
    return (definition.get("tenant_id"), definition.get("name"), definition.get("version"), _scope(definition))


def no_json(value: Any, path: str = "") -> Iterator[str]:
    """Say where C(value) holds what JSON cannot: a date that YAML read, a key that is no text, infinity."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if not isinstance(name, str):
                yield f"the key {name!r}{f' in {path}' if path else ''} is no text (put it in quotes)"
            yield from no_json(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, (list, tuple)):
        for place, inner in enumerate(value):
            yield from no_json(inner, f"{path}[{place}]")
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{path} is {value!r}, which JSON has no number for"
    elif not isinstance(value, (str, bool, int, float, type(None))):
        yield f"{path} is {value!s}, a {type(value).__name__} (put it in quotes)"


def _name_faults(definition: Mapping[str, Any]) -> Iterator[str]:
    for name in ("tenant_id", "name", "version"):
        if not isinstance(definition[name], str):
            yield f"{name} is {definition[name]!r}, not a text (put it in quotes)"
    if isinstance(definition["name"], str) and not _NAME.fullmatch(definition["name"]):
        yield f"name is {definition['name']!r}, not made of lower-case letters, digits and inner hyphens"
    if definition.get("scope") not in (None, *SCOPES):
        yield f"scope is {definition['scope']!r}, neither 'global' nor 'tenant'"


def _state_faults(definition: Mapping[str, Any]) -> Iterator[str]:
    states = definition["states"]
    if not isinstance(states, Mapping):
        yield f"states is {states!r}, not a dictionary"
        return
    if states and definition.get("initial_state") not in list(states):
        yield f"initial_state is {definition.get('initial_state')!r}, not one of the states"
    for name, state in states.items():
        if not isinstance(state, Mapping):
            yield f"state {name!r} is {state!r}, not a dictionary"
            continue
        if state.get("kind") not in KINDS:
            yield f"state {name!r} has the unknown kind {state.get('kind')!r}"
        transitions = state.get("transitions")
        if not isinstance(transitions, (list, type(None))):
            yield f"transitions of state {name!r} are not a list"
            continue
        for transition in transitions or ():
            target = transition.get("target") if isinstance(transition, Mapping) else transition
            # None ends the run.
            if target not in [None, *states]:
                yield f"state {name!r} has a transition to {target!r}, which is not one of the states"


def _scope(definition: Mapping[str, Any]) -> str:
    return definition.get("scope") or "tenant"


def _canonical(value: Any) -> str:
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"))


def _plain(value: Any) -> Any:
    """Bring numbers to one form: PostgreSQL's jsonb, which keeps them, has 1e2 as 100, and no integer beyond 64 bits
    comes back from the worker as one."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**64:
        value = float(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value
