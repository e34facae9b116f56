# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The management API of an AEGIS workflow worker: its definitions, and its errors with a hint what to do.

Routes and answers: src/aegis_temporal_worker/http/workflows.py of the worker (roles/temporal_worker/files).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urljoin

from ansible_collections.aegis.temporal.plugins.module_utils.connection import (
    check_base_url,
    check_limits,
    check_readable,
)
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import (
    Answer,
    HttpClient,
    HttpOptions,
    TlsOptions,
    next_link,
)
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem

# The most that one page holds (MOST_PER_PAGE of the worker).
_PAGE = 1000

_ADVICE = {
    401: (
        "Set api_token (TEMPORAL_WORKER_API_TOKEN) to the worker's API_TOKEN (temporal_worker_api_token of the role)."
    ),
    403: (
        "The role's variables for these lists are temporal_worker_api_allowed_addresses and "
        "temporal_worker_register_allowed_addresses."
    ),
}


def worker_api_argument_spec() -> dict[str, Any]:
    """The options of the doc fragment C(aegis.temporal.worker_api)."""
    return {
        "url": {"type": "str", "required": True},
        "ca_path": {"type": "path"},
        "timeout": {"type": "float", "default": 10.0},
        "retries": {"type": "int", "default": 3},
    }


def read_worker_api(params: Mapping[str, Any]) -> HttpOptions:
    """Check the options. Raises Problem."""
    check_base_url("url", params["url"])
    check_limits(params)
    check_readable("ca_path", params["ca_path"])
    return HttpOptions(params["url"], params["timeout"], params["retries"], TlsOptions(ca_path=params["ca_path"]))


class WorkerProblem(Problem):
    """The worker refused or gave a useless answer. C(status) is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class WorkerApi:
    """Definitions of one worker. Methods raise HttpProblem (no answer) and WorkerProblem (a bad one).

    C(token) is sent where the worker asks for one, to delete. C(register_url) is the base URL of the listener that
    takes registrations, where it is another than the API's.
    """

    def __init__(self, options: HttpOptions, token: str | None = None, register_url: str | None = None) -> None:
        self._reading = HttpClient(options)
        self._deleting = HttpClient(replace(options, bearer=token))
        self._registering = HttpClient(replace(options, base_url=register_url or options.base_url))

    def show(self, workflow_id: str) -> dict[str, Any] | None:
        """Return the stored definition, None when there is none of this id."""
        answer = self._reading.request("GET", _path(workflow_id))
        content = _content(answer)
        # Any other 404 comes from something that is no worker.
        if answer.status == 404 and isinstance(content, dict) and "workflow_id" in content:
            return None
        return _object(self._reading, "GET /workflows/<id>", answer)

    def list(self) -> list[dict[str, Any]]:
        """Return workflow_id, name, version and state_count of all definitions, the one registered last first."""
        found: list[dict[str, Any]] = []
        path = f"/workflows?limit={_PAGE}"
        while path:
            answer = self._reading.request("GET", path)
            page = _object(self._reading, "GET /workflows", answer).get("workflows")
            if not isinstance(page, list) or not all(isinstance(one, dict) and "workflow_id" in one for one in page):
                raise _useless(self._reading, "GET /workflows", answer)
            found += page
            following = next_link(answer)
            path = urljoin(path, following) if following else ""
        return found

    def register(self, definition: Mapping[str, Any]) -> None:
        """Insert the definition or replace the one that it stands for. May arrive twice."""
        answer = self._registering.request("POST", "/register-workflow", body=definition)
        _object(self._registering, "POST /register-workflow", answer)

    def delete(self, workflow_id: str) -> None:
        """Delete the definition; that there is none is no error. May arrive twice."""
        answer = self._deleting.request("DELETE", _path(workflow_id))
        _object(self._deleting, "DELETE /workflows/<id>", answer)


def _path(workflow_id: str) -> str:
    return "/workflows/" + quote(workflow_id, safe="")


def _content(answer: Answer) -> Any:
    try:
        return json.loads(answer.body)
    except ValueError:
        return None


def _object(client: HttpClient, what: str, answer: Answer) -> dict[str, Any]:
    content = _content(answer)
    if answer.status == 200 and isinstance(content, dict):
        return content
    if answer.status == 200 or not isinstance(content, dict) or "error" not in content:
        raise _useless(client, what, answer)
    said = ": ".join(str(content[key]) for key in ("error", "message") if content.get(key))
    advice = _ADVICE.get(answer.status, "")
    if answer.status == 404 and what.startswith("POST"):
        advice = (
            "Registrations may have a listener of their own there (temporal_worker_register_port): set register_url."
        )
    message = f"{client.options.base_url} answered {what} with {answer.status}: {said.rstrip('.')}. {advice}"
    raise WorkerProblem(message.rstrip(), answer.status)


def _useless(client: HttpClient, what: str, answer: Answer) -> WorkerProblem:
    return WorkerProblem(
        f"{client.options.base_url} answered {what} with {answer.status} and not as a worker does: "
        f"{answer.text!r}. Does the URL name the port of a worker's HTTP API (usually 3000)?",
        answer.status,
    )
