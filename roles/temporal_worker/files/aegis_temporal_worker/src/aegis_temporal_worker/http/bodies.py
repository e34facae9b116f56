# SPDX-License-Identifier: Apache-2.0
"""The body of a registration, from bytes to a checked definition."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

import orjson
from aiohttp import web

from aegis_temporal_worker.http.answers import ApiError
from aegis_temporal_worker.http.validation import Findings, missing_fields
from aegis_temporal_worker.store import Definition
from aegis_temporal_worker.store.identity import canonical_uuid

log = logging.getLogger(__name__)

INVALID: Final = "Invalid workflow definition"


async def read_definition(request: web.Request) -> Definition:
    """The checked definition of a registration; raises ``ApiError``."""
    if request.content_type != "application/json":
        raise ApiError(
            415,
            "Unsupported media type",
            f"Content-Type is {request.content_type!r}; send a mapped definition as application/json. "
            "Manifests (YAML) are deployed through the orchestrator.",
        )
    body = await request.read()
    # In a thread: a body of several megabytes takes its time, and heartbeats of activities must go on.
    return await asyncio.to_thread(_checked, body)


def _checked(body: bytes) -> Definition:
    try:
        # Of members with the same name the last one counts, as in PostgreSQL's jsonb.
        definition: Any = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, INVALID, f"The body is not JSON: {error}") from error
    if not isinstance(definition, dict):
        raise ApiError(400, INVALID, "The body is not a JSON object.")
    if missing := missing_fields(definition):
        raise ApiError(400, INVALID, f"Missing required fields: {', '.join(missing)}")
    _refuse_deep_nesting(definition)
    findings = Findings.of(definition)
    if findings.problems:
        message = findings.summary()
        log.warning("refused definition %.200r: %s", definition["name"], message)
        raise ApiError(400, INVALID, message)
    for doubt in findings.doubts:
        log.warning("definition %r is accepted, but: %s", definition["name"], doubt)
    return definition | {"workflow_id": canonical_uuid(definition["workflow_id"])}


def _refuse_deep_nesting(definition: Definition) -> None:
    try:
        # The encoder's limit, 254 levels, is the lower one: what it refuses could be read but never sent on.
        orjson.dumps({"": definition})
    except TypeError as error:
        raise ApiError(400, INVALID, "The body is nested too deeply.") from error
