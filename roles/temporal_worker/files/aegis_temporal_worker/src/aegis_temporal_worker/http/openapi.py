# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document of the management API."""

from __future__ import annotations

from collections.abc import Set
from typing import Any, Final

from aegis_temporal_worker import __version__
from aegis_temporal_worker.http.openapi_schemas import SCHEMAS
from aegis_temporal_worker.http.workflows import DEFAULT_PER_PAGE, MOST_PER_PAGE

Json = dict[str, Any]

_DESCRIPTION: Final = """\
Definitions of workflows and the state of one worker.

Every GET route answers HEAD too. Unknown paths answer 404 and other methods 405 with `Allow`, both as `Error`.
Probes and metrics are open to everybody; all other routes to the peers that the worker's settings name, else 403.
A base URL that ends in a slash works for the registration: `//register-workflow` is the same route.
"""

_ID: Final[Json] = {
    "name": "workflow_id",
    "in": "path",
    "required": True,
    "description": "A UUID. Anything else is the id of no definition.",
    "schema": {"type": "string", "minLength": 1},
    "example": "8a5c4f0e-3d0b-4c53-9d43-0a5a3b6f2c11",
}
_PAGING: Final[list[Json]] = [
    {
        "name": "limit",
        "in": "query",
        "description": f"Lines of a page; {DEFAULT_PER_PAGE} when only `page_token` is given. "
        "Without both parameters the list is whole.",
        "schema": {"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE},
    },
    {
        "name": "page_token",
        "in": "query",
        "description": "Where the page begins: part of the URL in the header `Link` of the page before.",
        "schema": {"type": "string"},
    },
]
_LINK: Final[Json] = {
    "Link": {
        "description": 'URL of the next page with rel="next" (RFC 8288); absent on the last page and without paging.',
        "schema": {"type": "string"},
    }
}


def openapi_document(paths: Set[str], *, wants_token: bool) -> Json:
    """The OpenAPI 3.1 document of those ``paths`` of the API that one listener serves.

    ``wants_token``: whether a bearer token is configured.
    """
    document: Json = {
        "openapi": "3.1.0",
        "info": {
            "title": "AEGIS Temporal worker: management API",
            "version": __version__,
            "summary": "Register, list, show and delete workflow definitions; probe the worker.",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": "definitions"}, {"name": "probes"}],
        "security": [],
        "paths": {path: item for path, item in _paths(wants_token=wants_token).items() if path in paths},
        "components": {"schemas": SCHEMAS},
    }
    if wants_token:
        document["components"]["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer", "description": "The worker's API_TOKEN."}
        }
    return document


def _paths(*, wants_token: bool) -> Json:
    guarded = {"403": _error("The peer may not use this route.")}
    stored = guarded | {"503": _error("The database is away; try again later.")}
    unauthorized = {"401": _error("No valid token.", {"WWW-Authenticate": {"schema": {"type": "string"}}})}
    delete = _operation(
        "deleteWorkflow",
        "Delete a definition; runs that have begun go on. Can be repeated.",
        {"200": _json("Deleted", "Nothing of that id is there any more.")}
        | (unauthorized if wants_token else {})
        | stored,
    )
    if wants_token:
        delete["security"] = [{"token": []}]
    return {
        "/health": {
            "get": _operation(
                "health",
                "Whether everything works, asked of the services themselves.",
                {"200": _json("Health", "All works."), "503": _json("Health", "Something does not.")},
                tag="probes",
            )
        },
        "/livez": {
            "get": _operation(
                "liveness", "Whether the process answers.", {"200": _json("Liveness", "It does.")}, tag="probes"
            )
        },
        "/readyz": {
            "get": _operation(
                "readiness",
                "Whether the worker takes new work: connected, polling, not draining.",
                {"200": _json("Readiness", "It does."), "503": _json("Readiness", "It does not; the body says why.")},
                tag="probes",
            )
        },
        "/metrics": {
            "get": _operation(
                "metrics",
                "Metrics in the format of Prometheus, as negotiated by `Accept`.",
                {"200": {"description": "Metrics.", "content": _METRICS}},
                tag="probes",
            )
        },
        "/openapi.json": {
            "get": _operation(
                "document",
                "This document.",
                {
                    "200": {
                        "description": "OpenAPI 3.1.",
                        "content": {"application/json": {"schema": {"type": "object"}}},
                    }
                }
                | guarded,
                tag="probes",
            )
        },
        "/register-workflow": {"post": _registration(stored)},
        "/workflows": {
            "get": _operation(
                "listWorkflows",
                "All definitions, the one registered last first; in pages when asked for.",
                {"200": _json("List", "The list.", _LINK), "400": _error("A parameter is wrong.")} | stored,
            )
            | {"parameters": _PAGING}
        },
        "/workflows/{workflow_id}": {
            "parameters": [_ID],
            "get": _operation(
                "showWorkflow",
                "A definition as it is stored.",
                {
                    "200": {
                        "description": "The definition.",
                        "content": {"application/json": {"schema": {"type": "object"}}},
                    },
                    "404": _json("UnknownWorkflow", "There is none of that id."),
                }
                | stored,
            ),
            "delete": delete,
        },
    }


# The handler of the metrics library chooses among these.
_METRICS: Final[Json] = {
    "text/plain": {"schema": {"type": "string"}},
    "application/openmetrics-text": {"schema": {"type": "string"}},
}


def _registration(stored: Json) -> Json:
    registered = _json("Registered", "Stored.")
    registered["links"] = {
        name: {"operationId": name, "parameters": {"workflow_id": "$response.body#/workflow_id"}}
        for name in ("showWorkflow", "deleteWorkflow")
    }
    return _operation(
        "registerWorkflow",
        "Store a definition, in place of one with the same id, or with the same tenant, name, version and scope.",
        {
            "200": registered,
            "400": _error("The body is not a definition that could run; the message names what is wrong."),
            "413": _error("The body is larger than 10 MB."),
            "415": _error("The body is not application/json."),
        }
        | stored,
    ) | {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Definition"}}},
        }
    }


def _operation(name: str, summary: str, responses: Json, *, tag: str = "definitions") -> Json:
    responses = responses | {"500": _error("A fault of the worker; its log has the details.")}
    return {"operationId": name, "summary": summary, "tags": [tag], "responses": dict(sorted(responses.items()))}


def _json(schema: str, description: str, headers: Json | None = None) -> Json:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content} | ({"headers": headers} if headers else {})


def _error(description: str, headers: Json | None = None) -> Json:
    return _json("Error", description, headers)
