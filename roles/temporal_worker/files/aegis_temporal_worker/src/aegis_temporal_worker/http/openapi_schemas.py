# SPDX-License-Identifier: Apache-2.0
"""Schemas of the bodies: JSON Schema 2020-12, as OpenAPI 3.1 uses it.

The schema of a definition says exactly what the registration refuses by shape; what no schema can say (that a target is
one of the states, that a template parses) is left to the message of the refusal.
"""

from __future__ import annotations

from typing import Any, Final

from aegis_temporal_worker.http.validation import KINDS, NAME, REQUIRED, SCOPES

_TEXT: Final = {"type": "string"}
_WORD: Final = {"type": "string", "minLength": 1}
_SPACE: Final = r"[ \t\n\r\f\v]*"
_DURATION: Final = f"^{_SPACE}([0-9]{{1,9}}{_SPACE}[hms]{_SPACE})+$"
_UUID: Final = {"type": "string", "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"}


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": required | optional}


def _connection() -> dict[str, Any]:
    return {"enum": ["connected", "disconnected"]}


_TRANSITION: Final = {
    "type": "object",
    "properties": {
        "condition": {"description": "Name of the condition; absent: `always`."},
        "target": {"type": ["string", "null"], "description": "Name of a state; null ends the run."},
    },
}

_STATE: Final = {
    "type": "object",
    "required": ["kind"],
    "description": "Further members depend on the kind.",
    "properties": {
        "kind": {"enum": list(KINDS)},
        "timeout": {"type": ["string", "null"], "pattern": _DURATION, "examples": ["180s"]},
        "transitions": {"type": ["array", "null"], "items": {"$ref": "#/components/schemas/Transition"}},
    },
}

_DEFINITION: Final = {
    "type": "object",
    "required": list(REQUIRED),
    "description": "A definition as the orchestrator maps a manifest. Unknown members are kept.",
    "properties": {
        "workflow_id": _UUID,
        "tenant_id": _WORD,
        "name": {"type": "string", "pattern": f"^{NAME}$"},
        "version": _WORD,
        "scope": {"enum": [*SCOPES, None], "description": "Absent: `tenant`. `global` belongs to `aegis-system`."},
        "initial_state": {"description": "Name of one of the states; wanted unless there are none."},
        "context": {"description": "First values of the blackboard."},
        "states": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/State"}},
    },
}

SCHEMAS: Final[dict[str, Any]] = {
    "Definition": _DEFINITION,
    "State": _STATE,
    "Transition": _TRANSITION,
    "Registered": _object(
        {
            "status": {"const": "registered"},
            "workflow_id": _UUID,
            "tenant_id": _WORD,
            "name": _WORD,
            "version": _WORD,
        }
    ),
    "Deleted": _object({"status": {"const": "deleted"}, "workflow_id": _TEXT, "existed": {"type": "boolean"}}),
    "Summary": _object(
        {
            "workflow_id": _TEXT,
            # Rows of other writers may lack them.
            "name": {"type": ["string", "null"]},
            "version": {"type": ["string", "null"]},
            "state_count": {"type": "integer", "minimum": 0},
        }
    ),
    "List": _object(
        {
            "total": {"type": "integer", "minimum": 0, "description": "Of the whole list, also on a page."},
            "workflows": {"type": "array", "items": {"$ref": "#/components/schemas/Summary"}},
        }
    ),
    "Error": _object({"error": _TEXT}, message=_TEXT),
    "UnknownWorkflow": _object({"error": {"const": "Workflow not found"}, "workflow_id": _TEXT}),
    "Health": _object(
        {
            "status": {"enum": ["healthy", "degraded", "unhealthy"]},
            "temporal": _connection(),
            "database": _connection(),
            "timestamp": {"type": "string", "format": "date-time"},
            "task_queue": _TEXT,
            "namespace": _TEXT,
            "version": _TEXT,
            "identity": _TEXT,
            "workflows_loaded": {"type": "integer", "minimum": 0, "description": "Definitions in memory."},
            "worker": {"enum": ["starting", "running", "draining"]},
            "runtime": {
                "enum": ["serving", "not_serving", "unreachable", "unknown"],
                "description": "What the orchestrator's gRPC port says of itself; it decides neither status nor code.",
            },
        }
    ),
    "Liveness": _object({"status": {"const": "alive"}}),
    "Readiness": _object({"status": {"enum": ["ready", "not ready"]}, "reasons": {"type": "array", "items": _TEXT}}),
}
