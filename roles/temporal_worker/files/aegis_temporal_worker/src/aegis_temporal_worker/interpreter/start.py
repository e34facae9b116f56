# SPDX-License-Identifier: Apache-2.0
"""The start argument of ``aegis_workflow``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .definition import as_list, as_object, as_text
from .values import MOST_LEVELS, too_deep


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for an argument that could not be decoded."""

    reason: str


@dataclass(frozen=True, slots=True)
class Start:
    """What a run was started with. ``input`` is an object always; null means absent.

    ``problem`` tells why the argument cannot be used; everything else is absent then.
    """

    workflow_id: str
    tenant_id: str | None
    input: dict[str, Any]
    blackboard: dict[str, Any]
    security_context_name: str | None
    intent: str
    repository: dict[str, Any] | None
    attachments: list[Any]
    parent_execution_id: str | None
    # Of a child: the run at the top of the chain, the only one that the orchestrator has a record of.
    root_execution_id: str | None
    problem: str | None = None

    @classmethod
    def read(cls, raw: object) -> Start:
        """Read the argument tolerantly: unknown fields are ignored, wrong types count as absent."""
        problem = _problem(raw)
        source = as_object(None if problem else raw)
        given = source.get("input")
        start_input = as_object(given) if isinstance(given, Mapping) or given is None else {"input": given}
        listed = source.get("attachments")
        if isinstance(listed, list):
            start_input = {**start_input, "attachments": listed}
        repositories = as_list(source.get("repositories"))
        return cls(
            workflow_id=as_text(source.get("workflow_id")) or "",
            tenant_id=as_text(source.get("tenant_id")),
            input=start_input,
            blackboard=as_object(source.get("blackboard")),
            security_context_name=as_text(source.get("security_context_name")),
            intent=as_text(source.get("intent")) or "",
            repository=_repository(as_object(repositories[0])) if repositories else None,
            attachments=as_list(start_input.get("attachments")),
            parent_execution_id=as_text(source.get("parent_execution_id")),
            root_execution_id=as_text(source.get("root_execution_id")),
            problem=problem,
        )


def _problem(raw: object) -> str | None:
    if isinstance(raw, Unreadable):
        return f"The start argument cannot be read: {raw.reason}"
    if too_deep(raw):
        return f"The start argument is nested deeper than {MOST_LEVELS} levels"
    return None


def _repository(raw: dict[str, Any]) -> dict[str, Any]:
    label = as_text(raw.get("label"))
    tests = raw.get("tests")
    return {
        "label": label,
        "path": f"/workspace/{label}" if label else None,
        "branch": raw.get("branch"),
        "ref": raw.get("ref"),
        "started_from": raw.get("started_from"),
        "tests": tests if isinstance(tests, list) else None,
    }
