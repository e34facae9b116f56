# SPDX-License-Identifier: Apache-2.0
"""The HTTP side of the stand-in: event route, look-ups, and its own routes below ``/standin``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

import orjson
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from pydantic import ValidationError

from aegis_temporal_worker.standin import HEADER, NAME
from aegis_temporal_worker.standin.events import EventRefusedError, check_event
from aegis_temporal_worker.standin.faults import Faults
from aegis_temporal_worker.standin.ledger import Ledger
from aegis_temporal_worker.standin.records import Records
from aegis_temporal_worker.standin.runs import Agents
from aegis_temporal_worker.standin.schedules import Schedules

log = logging.getLogger(__name__)

# The orchestrator's limit for an event.
_MAX_BODY_BYTES: Final = 2 * 1024 * 1024


class StandinHttp:
    """The application; ``apply_faults`` is called after the switches were changed."""

    def __init__(
        self,
        agents: Agents,
        schedules: Schedules,
        ledger: Ledger,
        faults: Faults,
        apply_faults: Callable[[], Awaitable[None]],
    ) -> None:
        self._agents = agents
        self._schedules = schedules
        self._ledger = ledger
        self._faults = faults
        self._apply_faults = apply_faults
        self._records = Records()

    def application(self) -> web.Application:
        """Build the application."""
        application = web.Application(middlewares=[self._hit_by_fault], client_max_size=_MAX_BODY_BYTES)
        application.on_response_prepare.append(_sign)
        application.add_routes(
            [
                web.post("/v1/temporal-events", self.receive_event),
                web.get("/v1/agents/lookup/{name}", self.look_up_agent),
                web.get("/v1/agents/{agent_id}", self.show_agent),
                web.get("/v1/executions/{run_id}", self.show_run),
                web.post("/v1/executions/{run_id}/cancel", self.cancel_run),
                web.post("/v1/internal/schedules/{schedule_id}/fire", self.fire_schedule),
                web.post("/realms/{realm}/protocol/openid-connect/token", self.give_token),
                web.get("/health", self.health),
                web.get("/standin/ledger", self.show_ledger),
                web.get("/standin/faults", self.show_faults),
                web.post("/standin/faults", self.change_faults),
                web.delete("/standin/faults", self.clear_faults),
            ]
        )
        return application

    async def receive_event(self, request: web.Request) -> web.Response:
        """``POST /v1/temporal-events``."""
        authorised = hdrs.AUTHORIZATION in request.headers
        if request.content_type != "application/json":
            return web.Response(status=415, text=f"{NAME}: expected content type application/json")
        try:
            event = orjson.loads(await request.read())
        except orjson.JSONDecodeError as error:
            return web.Response(status=400, text=f"{NAME}: malformed JSON: {error}")
        try:
            check_event(event)
            self._records.take(event)
        except EventRefusedError as error:
            self._ledger.record_event(event, error.status, authorised=authorised, reason=str(error))
            log.warning("event refused with %d: %s", error.status, error)
            if error.status == 422:
                return web.Response(status=422, text=f"{NAME}: {error}")
            return _json({"error": f"Failed to process event: {error}"}, 400)
        entry = self._ledger.record_event(event, 200, authorised=authorised)
        log.info("event %s %s of %s", entry["sequence"], event["event_type"], entry["execution_id"])
        return _json({"execution_id": event["execution_id"], "status": "received"})

    async def look_up_agent(self, request: web.Request) -> web.Response:
        """``GET /v1/agents/lookup/{name}``."""
        identifier = self._agents.look_up(request.match_info["name"])
        return _json({"error": "Agent not found"}, 404) if identifier is None else _json({"id": identifier})

    async def show_agent(self, request: web.Request) -> web.Response:
        """``GET /v1/agents/{agent_id}``: the part of the manifest that the worker reads."""
        agent_id = request.match_info["agent_id"]
        limit = self._agents.timeout(agent_id)
        manifest = {"spec": {"security": {"resources": {"timeout": limit}}}}
        return _json({"id": agent_id, "name": self._agents.name_of(agent_id), "manifest": manifest})

    async def show_run(self, request: web.Request) -> web.Response:
        """``GET /v1/executions/{run_id}``."""
        run = self._agents.runs.get(request.match_info["run_id"])
        if run is None:
            return _json({"error": "Execution not found"}, 404)
        body: dict[str, Any] = {"id": run.run_id, "kind": "agent", "status": run.status}
        if run.status != "Running":
            body |= {"final_output": run.final_output, "error": run.error}
        return _json(body)

    async def cancel_run(self, request: web.Request) -> web.Response:
        """``POST /v1/executions/{run_id}/cancel``."""
        run = self._agents.runs.get(request.match_info["run_id"])
        if run is None:
            return _json({"error": "Execution not found"}, 404)
        run.cancel()
        self._ledger.record_cancel("CancelExecution", run.run_id)
        log.info("run %s cancelled", run.run_id)
        return _json({"execution_id": run.run_id, "status": "cancelled"})

    async def fire_schedule(self, request: web.Request) -> web.Response:
        """``POST /v1/internal/schedules/{schedule_id}/fire``."""
        try:
            scheduled_time = orjson.loads(await request.read())["scheduled_time"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return _json({"error": "scheduled_time is missing"}, 400)
        status, body = await self._schedules.fire(
            request.match_info["schedule_id"],
            request.headers.get("X-Tenant-Id"),
            scheduled_time,
            authorised=hdrs.AUTHORIZATION in request.headers,
        )
        return _json(body, status)

    async def give_token(self, request: web.Request) -> web.Response:
        """Keycloak's token route: any client with a secret gets a token, which nobody checks."""
        form = await request.post()
        if form.get("grant_type") != "client_credentials" or not form.get("client_secret"):
            return _json({"error": "unauthorized_client"}, 401)
        return _json({"access_token": NAME, "token_type": "Bearer", "expires_in": 300})

    async def health(self, _request: web.Request) -> web.Response:
        """``GET /health``."""
        runtime = "stopped" if self._faults.runtime_stopped else "serving"
        return _json({"status": "healthy", "standin": NAME, "runtime": runtime})

    async def show_ledger(self, request: web.Request) -> web.Response:
        """``GET /standin/ledger?execution_id=…&kind=event|call|cancel|fire``."""
        entries = self._ledger.entries(execution_id=request.query.get("execution_id"), kind=request.query.get("kind"))
        return _json({"standin": NAME, "total": len(entries), "entries": entries})

    async def show_faults(self, _request: web.Request) -> web.Response:
        """``GET /standin/faults``."""
        return _json({"standin": NAME} | self._faults.model_dump())

    async def change_faults(self, request: web.Request) -> web.Response:
        """``POST /standin/faults``: change the parts that the body holds."""
        try:
            wanted = Faults.model_validate_json(await request.read())
        except ValidationError as error:
            return _json({"standin": NAME, "error": error.errors(include_url=False, include_context=False)}, 400)
        return await self._set_faults(wanted, request)

    async def clear_faults(self, request: web.Request) -> web.Response:
        """``DELETE /standin/faults``: everything works again."""
        # Every part is named: what is absent would stay as it is.
        return await self._set_faults(Faults.model_validate(Faults().model_dump()), request)

    async def _set_faults(self, wanted: Faults, request: web.Request) -> web.Response:
        self._faults.change(wanted)
        await self._apply_faults()
        log.warning("faults are now %s", self._faults.model_dump())
        return await self.show_faults(request)

    @web.middleware
    async def _hit_by_fault(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        route = _route(request.path)
        fault = self._faults.take_http(route) if route else None
        if fault is None:
            return await handler(request)
        await asyncio.sleep(fault.delay_seconds)
        if fault.mode == "refuse":
            return _json({"error": fault.message}, fault.status)
        if fault.mode == "lose_answer":
            await handler(request)
        if request.transport is not None:
            request.transport.abort()
        # Never reaches anybody: the connection is gone.
        return web.Response(status=fault.status)


def _route(path: str) -> Literal["events", "lookups"] | None:
    if path == "/v1/temporal-events":
        return "events"
    return "lookups" if path.startswith("/v1/") else None


async def _sign(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers[hdrs.SERVER] = NAME
    response.headers[HEADER] = NAME


def _json(body: Any, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")
