# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP API of a Temporal frontend: JSON in and out, the server's errors with a hint what to do.

Routes and error codes: temporal/api/workflowservice/v1/service.proto and service/frontend/http_api_server.go of the
server. The prefix C(/api/v1) works from server 1.22 to the newest, the shorter routes only from 1.25.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import quote

from ansible_collections.aegis.temporal.plugins.module_utils.http_client import (
    CUT,
    NOT_HTTP,
    REFUSED,
    TIMEOUT,
    TLS,
    HttpClient,
    HttpOptions,
    HttpProblem,
)
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem

Result = TypeVar("Result")

# What a frontend without the HTTP API looks like, by the way the request failed.
_HINTS = {
    REFUSED: (
        "Is the frontend running, and is its HTTP API on? It is on when services.frontend.rpc.httpPort is set in the "
        "server's configuration (usually 7243); http_url must name that port."
    ),
    NOT_HTTP: (
        "http_url must name the frontend's HTTP port (services.frontend.rpc.httpPort, usually 7243), "
        "not its gRPC port (usually 7233)."
    ),
    CUT: (
        "Does http_url name the frontend's HTTP port (usually 7243), not its gRPC port (usually 7233)? "
        "Else the server's log says more."
    ),
    TIMEOUT: "The option timeout is the limit in seconds. Is a firewall between?",
    TLS: (
        "See the options tls, ca_path, client_cert, client_key and tls_server_name: they must fit the frontend's "
        "global.tls.frontend configuration."
    ),
}


class TemporalProblem(Problem):
    """The server refused or gave a useless answer. The message is meant for the user.

    C(status) is the HTTP status (None for a useless answer), C(detail) the last part of the type of the server's
    error detail (C(NamespaceNotFoundFailure)), empty when there is none.
    """

    def __init__(self, message: str, status: int | None = None, detail: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.detail = detail
        # 429 is a rate limit: the server has done nothing, and will when it is asked later.
        self.temporary = status is not None and (status == 429 or status >= 500)

    @property
    def namespace_missing(self) -> bool:
        """Whether the namespace named in the request is unknown."""
        return self.detail == "NamespaceNotFoundFailure"

    @property
    def not_found(self) -> bool:
        """Whether what was asked for does not exist."""
        return self.status == 404

    @property
    def unsupported(self) -> bool:
        """Whether this server has no such route."""
        # An unknown route is a 404 without detail; known routes name the type of what they miss.
        return self.status == 501 or (self.status == 404 and not self.detail)


class TemporalHttp:
    """A client for one frontend. Its methods raise HttpProblem (no answer) and TemporalProblem (a bad one)."""

    def __init__(self, options: HttpOptions) -> None:
        self.options = options
        self._http = HttpClient(options)
        self.server_time: datetime | None = None
        """The server's clock at its last answer: ages are counted by it, not by a clock of our own."""

    def once(self) -> TemporalHttp:
        """The same client without retries, for callers that poll anyway."""
        return TemporalHttp(replace(self.options, retries=0))

    def get(self, path: str, params: Mapping[str, str] | None = None, timeout: float | None = None) -> dict[str, Any]:
        """Read C(path), made by api_path."""
        return self._call("GET", path, params=params, timeout=timeout)

    def post(self, path: str, body: Mapping[str, Any], params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Write. May be sent again after a failure, so it must do no harm to arrive twice."""
        return self._call("POST", path, params=params, body=body)

    def delete(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Delete. May be sent again after a failure: a second one finds nothing, which callers take as done."""
        return self._call("DELETE", path, params=params)

    def _call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer = self._http.request(method, path, **arguments)
        except HttpProblem as problem:
            raise HttpProblem(problem.kind, " ".join(filter(None, [str(problem), _HINTS.get(problem.kind)]))) from None
        self.server_time = _date(answer.headers.get("Date"))
        url = self.options.base_url
        try:
            content = json.loads(answer.body)
        except ValueError:
            content = None
        if answer.status >= 300:
            raise _refusal(url, answer.status, content if isinstance(content, dict) else None, answer.text)
        if not isinstance(content, dict):
            raise TemporalProblem(
                f"{url} answered {method} {path} with {answer.status}, but not with a JSON object: {answer.text!r}. "
                "Is this the frontend's HTTP API?"
            )
        return content


def read_answer(what: str, answer: Mapping[str, Any], take: Callable[[Mapping[str, Any]], Result]) -> Result:
    """Return what C(take) makes of C(answer). Its errors become a TemporalProblem: the server sent something else."""
    try:
        return take(answer)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise TemporalProblem(f"{what} is not as expected ({error!r}): {answer!r:.300}.") from None


def api_path(*parts: str) -> str:
    """Join path segments, each escaped whole: C(api_path('namespaces', 'a b')) is C(/api/v1/namespaces/a%20b)."""
    return "/api/v1/" + "/".join(quote(part, safe="") for part in parts)


def _date(header: str | None) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(header) if header else None
    except (TypeError, ValueError):
        return None
    return parsed if parsed and parsed.tzinfo else None


def _refusal(url: str, status: int, content: Mapping[str, Any] | None, text: str) -> TemporalProblem:
    message = str(content.get("message", "")) if content else ""
    details = content.get("details") if content else None
    detail = ""
    if isinstance(details, list) and details and isinstance(details[0], dict):
        detail = str(details[0].get("@type", "")).rsplit(".", 1)[-1]
    said = f"{url} answered {status}: {message or text or 'an empty body'}"
    return TemporalProblem(f"{said.rstrip('.')}.{_advice(status, content, text)}", status, detail)


def _advice(status: int, content: Mapping[str, Any] | None, text: str) -> str:
    if "HTTP request to an HTTPS server" in text:
        return " Set tls to true, or begin http_url with https."
    if status == 401:
        return " The server wants to know who asks: set api_key (TEMPORAL_API_KEY) or client_cert and client_key."
    if status == 403 and content is None:
        return (
            " This is not an answer of Temporal itself: a proxy, or the server's frontend.httpAllowedHosts, "
            "refuses this host name."
        )
    if status == 403:
        return " The identity behind api_key or client_cert lacks the right for this."
    if 300 <= status < 400:
        return " The API does not redirect: http_url leads to something else, perhaps a login page."
    if content is None:
        return " This is not an answer of Temporal: does http_url name the frontend's HTTP port (usually 7243)?"
    return ""
