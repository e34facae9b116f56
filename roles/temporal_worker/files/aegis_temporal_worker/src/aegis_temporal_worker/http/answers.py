# SPDX-License-Identifier: Apache-2.0
"""JSON answers, and one place that turns every kind of failure into one."""

from __future__ import annotations

import logging
from typing import Any, Final

import orjson
from aiohttp import hdrs, web
from aiohttp.http_exceptions import BadHttpMessage
from aiohttp.typedefs import Handler

from aegis_temporal_worker.store import StoreUnavailableError

log = logging.getLogger(__name__)

# What the framework raises by itself; the words of the body are the reference's where it has any.
_ERRORS: Final = {
    404: "Not found",
    405: "Method not allowed",
    413: "Payload too large",
}


def json_answer(body: Any, status: int = 200) -> web.Response:
    """A JSON response."""
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")


def json_error(status: int, error: str, message: str | None = None, **more: Any) -> web.Response:
    """A JSON response with ``error``, and ``message`` when there is one."""
    body: dict[str, Any] = {"error": error}
    if message is not None:
        body["message"] = message
    return json_answer(body | more, status)


class ApiError(Exception):
    """A request that is refused: becomes ``json_error(status, error, message)``."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = error


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer in JSON whatever happens; a fault of ours is logged, and its details stay out of the answer."""
    try:
        return await handler(request)
    except ApiError as error:
        return json_error(error.status, error.error, str(error))
    except web.HTTPException as error:
        return _framework_error(request, error)
    except (BadHttpMessage, web.RequestPayloadError) as error:
        return json_error(400, "Bad request", f"The body cannot be read: {error}")
    except StoreUnavailableError as error:
        log.warning("%s %s: the database is not available: %s", request.method, request.path, error)
        return json_error(503, "Database unavailable", str(error))
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        return json_error(500, "Internal server error", "See the worker's log.")


def _framework_error(request: web.Request, error: web.HTTPException) -> web.Response:
    message = None if isinstance(error, web.HTTPNotFound) else error.text
    if not isinstance(error, web.HTTPMethodNotAllowed):
        return json_error(error.status, _ERRORS.get(error.status, error.reason), message)
    methods = ", ".join(sorted(error.allowed_methods))
    response = json_error(error.status, _ERRORS[405], f"{request.path} allows {methods}.")
    response.headers[hdrs.ALLOW] = methods
    return response
