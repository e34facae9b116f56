# SPDX-License-Identifier: Apache-2.0
"""Routes on workflow definitions."""

from __future__ import annotations

import dataclasses
import logging
from typing import Final

from aiohttp import hdrs, web

from aegis_temporal_worker.http.answers import ApiError, json_answer, json_error
from aegis_temporal_worker.http.bodies import INVALID, read_definition
from aegis_temporal_worker.http.guard import REGISTER_PATHS
from aegis_temporal_worker.store import DefinitionRefusedError, DefinitionStore, InvalidPageTokenError, Position

log = logging.getLogger(__name__)

MOST_PER_PAGE: Final = 1000
DEFAULT_PER_PAGE: Final = 100


class WorkflowRoutes:
    """Register, list, show and delete definitions."""

    def __init__(self, store: DefinitionStore) -> None:
        self._store = store

    def registration(self) -> list[web.RouteDef]:
        """Routes that the orchestrator calls."""
        return [web.post(path, self.register) for path in REGISTER_PATHS]

    def management(self) -> list[web.RouteDef]:
        """Routes for people and tools."""
        return [
            web.get("/workflows", self.list),
            web.get("/workflows/{workflow_id}", self.show),
            web.delete("/workflows/{workflow_id}", self.delete),
        ]

    async def register(self, request: web.Request) -> web.Response:
        """``POST /register-workflow``."""
        definition = await read_definition(request)
        names = {key: definition[key] for key in ("workflow_id", "tenant_id", "name", "version")}
        try:
            await self._store.upsert(definition)
        except DefinitionRefusedError as error:
            log.warning("the database refused definition %s: %s", names, error)
            raise ApiError(400, INVALID, str(error)) from error
        log.info("registered definition %s", names)
        return json_answer({"status": "registered"} | names)

    async def list(self, request: web.Request) -> web.Response:
        """``GET /workflows``: all of them, or a page when ``limit`` or ``page_token`` is given."""
        if not {"limit", "page_token"} & set(request.query):
            summaries = [dataclasses.asdict(item) for item in await self._store.list()]
            return json_answer({"total": len(summaries), "workflows": summaries})
        limit, after = _limit(request), _position(request)
        try:
            page = await self._store.page(limit, after)
        except InvalidPageTokenError as error:
            raise _bad_token(error) from error
        answer = json_answer({"total": page.total, "workflows": [dataclasses.asdict(item) for item in page.summaries]})
        if page.following is not None:
            # RFC 8288; in a header, so that the body keeps its shape.
            following = request.rel_url.with_query(limit=limit, page_token=page.following.token())
            answer.headers[hdrs.LINK] = f'<{following}>; rel="next"'
        return answer

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


def _one(request: web.Request, name: str) -> str | None:
    given = request.query.getall(name, [])
    if len(given) > 1:
        raise ApiError(400, "Invalid query", f"{name} is given {len(given)} times.")
    return given[0] if given else None


def _limit(request: web.Request) -> int:
    text = _one(request, "limit")
    if text is None:
        return DEFAULT_PER_PAGE
    # isdecimal() alone also takes digits of other scripts; a longer text would only cost time.
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else 0
    if not 1 <= number <= MOST_PER_PAGE:
        raise ApiError(400, "Invalid query", f"limit is {text[:100]!r}: not a whole number from 1 to {MOST_PER_PAGE}.")
    return number


def _position(request: web.Request) -> Position | None:
    token = _one(request, "page_token")
    try:
        return None if token is None else Position.read(token)
    except InvalidPageTokenError as error:
        raise _bad_token(error) from error


def _bad_token(error: InvalidPageTokenError) -> ApiError:
    return ApiError(400, "Invalid query", f"page_token is wrong: {error}.")
