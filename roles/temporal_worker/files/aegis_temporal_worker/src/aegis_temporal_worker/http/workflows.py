# SPDX-License-Identifier: Apache-2.0
"""Routes on workflow definitions."""

from __future__ import annotations

import dataclasses
import logging
from typing import Any, Final

import orjson
from aiohttp import web

from aegis_temporal_worker.http.answers import ApiError, json_answer, json_error
from aegis_temporal_worker.http.validation import doubts, missing_fields, problems
from aegis_temporal_worker.store import Definition, DefinitionRefusedError, DefinitionStore
from aegis_temporal_worker.store.identity import canonical_uuid

log = logging.getLogger(__name__)

_INVALID: Final = "Invalid workflow definition"


class WorkflowRoutes:
    """Register, list, show and delete definitions."""

    def __init__(self, store: DefinitionStore) -> None:
        self._store = store

    def routes(self) -> list[web.RouteDef]:
        """The route table."""
        return [
            web.get("/workflows", self.list),
            web.get("/workflows/{workflow_id}", self.show),
            web.delete("/workflows/{workflow_id}", self.delete),
            web.post("/register-workflow", self.register),
            # The orchestrator joins its base URL and the path without looking for a slash at the end.
            web.post("//register-workflow", self.register),
        ]

    async def register(self, request: web.Request) -> web.Response:
        """``POST /register-workflow``."""
        definition = await _definition(request)
        names = {key: definition[key] for key in ("workflow_id", "tenant_id", "name", "version")}
        try:
            await self._store.upsert(definition)
        except DefinitionRefusedError as error:
            log.warning("the database refused definition %s: %s", names, error)
            raise ApiError(400, _INVALID, str(error)) from error
        log.info("registered definition %s", names)
        return json_answer({"status": "registered"} | names)

    async def list(self, _request: web.Request) -> web.Response:
        """``GET /workflows``."""
        summaries = [dataclasses.asdict(item) for item in await self._store.list()]
        return json_answer({"total": len(summaries), "workflows": summaries})

    async def show(self, request: web.Request) -> web.Response:
        """``GET /workflows/{workflow_id}``: the stored definition itself."""
        workflow_id = request.match_info["workflow_id"]
        definition = await self._store.get(workflow_id, stale_ok=False)
        if definition is None:
            return json_error(404, "Workflow not found", workflow_id=workflow_id)
        return json_answer(definition)

    async def delete(self, request: web.Request) -> web.Response:
        """``DELETE /workflows/{workflow_id}``: 200 also when nothing was there, so that it can be repeated."""
        workflow_id = request.match_info["workflow_id"]
        existed = await self._store.delete(workflow_id)
        log.info("deleted definition %s (it was %s)", workflow_id, "there" if existed else "not there")
        return json_answer({"status": "deleted", "workflow_id": workflow_id, "existed": existed})


async def _definition(request: web.Request) -> Definition:
    """The checked definition of a registration; raises ``ApiError``."""
    if request.content_type != "application/json":
        raise ApiError(
            415,
            "Unsupported media type",
            f"Content-Type is {request.content_type!r}; send a mapped definition as application/json. "
            "Manifests (YAML) are deployed through the orchestrator.",
        )
    try:
        definition: Any = orjson.loads(await request.read())
    except orjson.JSONDecodeError as error:
        raise ApiError(400, _INVALID, f"The body is not JSON: {error}") from error
    if not isinstance(definition, dict):
        raise ApiError(400, _INVALID, "The body is not a JSON object.")
    if missing := missing_fields(definition):
        raise ApiError(400, _INVALID, f"Missing required fields: {', '.join(missing)}")
    if found := problems(definition):
        log.warning("refused definition %r: %s", definition["name"], "; ".join(found))
        raise ApiError(400, _INVALID, "; ".join(found))
    for doubt in doubts(definition):
        log.warning("definition %r is accepted, but: %s", definition["name"], doubt)
    return definition | {"workflow_id": canonical_uuid(definition["workflow_id"])}
