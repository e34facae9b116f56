# SPDX-License-Identifier: Apache-2.0
"""The definition of a workflow as the orchestrator sends it, read tolerantly.

Unknown fields are ignored and null means absent. Fields of one state kind only stay in ``State.raw``: the module of
that kind reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .durations import state_limit_seconds
from .errors import InterpreterError

Object = Mapping[str, Any]

_DEFAULT_TRANSITIONS: Final = 50
_MOST_TRANSITIONS: Final = 100
_DEFAULT_VISITS: Final = 5
_MOST_VISITS: Final = 20
_DEFAULT_WORKSPACE_KEY: Final = "workspace_volume_id"


def as_object(value: object) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return dict(value) if isinstance(value, Mapping) else {}


def as_list(value: object) -> list[Any]:
    """The value if it is an array, else an empty one."""
    return list(value) if isinstance(value, (list, tuple)) else []


def as_text(value: object) -> str | None:
    """The value if it is a text, else None."""
    return value if isinstance(value, str) else None


def _limit(value: object, default: int, most: int) -> int:
    number = int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0
    return min(number, most) if number > 0 else default


@dataclass(frozen=True, slots=True)
class Transition:
    """One way out of a state: ``condition``, ``target``, and the rule's own fields in ``rule``."""

    condition: str
    target: str | None
    feedback: str | None
    rule: Object

    @classmethod
    def read(cls, raw: object) -> Transition:
        """Read one entry of ``transitions``; an absent condition is ``always``."""
        rule = as_object(raw)
        return cls(
            condition=as_text(rule.get("condition")) or "always",
            target=as_text(rule.get("target")),
            feedback=as_text(rule.get("feedback")),
            rule=rule,
        )


@dataclass(frozen=True, slots=True)
class State:
    """What every state has; ``limit_seconds`` None means the kind's default."""

    name: str
    kind: str
    limit_seconds: int | None
    max_visits: int
    transitions: tuple[Transition, ...]
    raw: Object
    warning: str | None = None

    @classmethod
    def read(cls, name: str, raw: Object) -> State:
        """Read one entry of ``states``."""
        seconds, warning = state_limit_seconds(raw.get("timeout"))
        return cls(
            name=name,
            kind=as_text(raw.get("kind")) or "",
            limit_seconds=seconds,
            max_visits=_limit(raw.get("max_state_visits"), _DEFAULT_VISITS, _MOST_VISITS),
            transitions=tuple(Transition.read(item) for item in as_list(raw.get("transitions"))),
            raw=raw,
            warning=warning,
        )


@dataclass(frozen=True, slots=True)
class Workspace:
    """The declared workspace. Defaults are the orchestrator's: one hour, 256 MiB."""

    ephemeral: bool
    ttl_hours: int
    size_limit_mb: int
    volume_id: str | None
    blackboard_key: str

    @classmethod
    def read(cls, storage: Object) -> Workspace | None:
        """Read ``spec_storage.workspace``; None when no workspace is declared."""
        raw = storage.get("workspace")
        if not isinstance(raw, Mapping):
            return None
        return cls(
            ephemeral=raw.get("storage_class") != "persistent",
            ttl_hours=_limit(raw.get("ttl_hours"), 1, 2**32 - 1),
            size_limit_mb=_limit(raw.get("size_limit_mb"), 256, 2**63 - 1),
            volume_id=as_text(raw.get("volume_id")),
            blackboard_key=as_text(raw.get("blackboard_key")) or _DEFAULT_WORKSPACE_KEY,
        )


@dataclass(frozen=True, slots=True)
class Definition:
    """One workflow definition."""

    name: str
    version: str
    tenant_id: str | None
    initial_state: str
    context: Object
    states: Mapping[str, Object]
    storage: Object | None
    workspace: Workspace | None
    max_total_transitions: int
    output_template: Object | None
    output_schema: Object
    _read: dict[str, State] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def read(cls, raw: object) -> Definition:
        """Read a stored definition.

        Raises ``InterpreterError`` when it has no states or no initial state: nothing can be interpreted then.
        """
        source = as_object(raw)
        states = {name: item for name, item in as_object(source.get("states")).items() if isinstance(item, Mapping)}
        initial = as_text(source.get("initial_state"))
        if not states or not initial:
            raise InterpreterError("The definition has no states or no initial_state")
        storage = source.get("spec_storage")
        template = source.get("output_template")
        return cls(
            name=as_text(source.get("name")) or "",
            version=as_text(source.get("version")) or "",
            tenant_id=as_text(source.get("tenant_id")),
            initial_state=initial,
            context=as_object(source.get("context")),
            states=states,
            storage=storage if isinstance(storage, Mapping) else None,
            workspace=Workspace.read(as_object(storage)),
            max_total_transitions=_limit(source.get("max_total_transitions"), _DEFAULT_TRANSITIONS, _MOST_TRANSITIONS),
            output_template=template if isinstance(template, Mapping) else None,
            output_schema=as_object(source.get("output_schema")),
        )

    def state(self, name: str) -> State | None:
        """The state of that name, or None."""
        if name not in self._read and name in self.states:
            self._read[name] = State.read(name, self.states[name])
        return self._read.get(name)
