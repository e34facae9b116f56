# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nexus endpoints: what is wanted, what is there, and the requests between the two.

The rules for names and targets are the server's (service/frontend/nexus_endpoint_client.go). An update or deletion
carries the version of what was read; the server refuses an update that was overtaken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.aegis.temporal.plugins.module_utils.connection import check_base_url
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.server_version import require_version
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import (
    TemporalHttp,
    TemporalProblem,
    api_path,
    read_answer,
)
from ansible_collections.aegis.temporal.plugins.module_utils.workflows import from_payload, to_payload

LEAST_VERSION = (1, 25)
"""The first server with these routes."""

_EXACT = {"noPayloadShorthand": "true"}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]", re.ASCII)
# The server's defaults: limit.endpointNameMaxLength, limit.endpointExternalURLMaxLength, and a little less than
# limit.endpointDescriptionMaxSize, which counts the encoding too.
_LONGEST_NAME = 200
_LONGEST_URL = 4096
_LONGEST_DESCRIPTION = 19000
# The server's limit.endpointListDefaultPageSize.
_PAGE = "100"


def read_wanted(options: Mapping[str, Any]) -> dict[str, Any]:
    """Check the options of an endpoint. Returns name, description and target; None means "whatever it is"."""
    name, description = check_name(options["name"]), options["description"]
    if description is not None and len(description.encode()) > _LONGEST_DESCRIPTION:
        raise Problem(
            f"description is {len(description.encode())} bytes long: the server takes {_LONGEST_DESCRIPTION}."
        )
    return {"name": name, "description": description, "target": _read_target(options["target"])}


def check_name(name: str) -> str:
    """Return the name if an endpoint can have it. Raises Problem."""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise Problem(
            f"name is {name!r}: not a usable name of an endpoint. Use 2 to {_LONGEST_NAME} letters, digits and "
            "hyphens, beginning with a letter and not ending with a hyphen."
        )
    return name


def _read_target(target: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if target is None:
        return None
    worker, external = target["worker"], target["external"]
    if worker is not None:
        for part in ("namespace", "task_queue"):
            if not worker[part].strip():
                raise Problem(f"target.worker.{part} is {worker[part]!r}: it must not be empty.")
        return {"worker": {"namespace": worker["namespace"], "task_queue": worker["task_queue"]}}
    check_base_url("target.external.url", external["url"])
    if len(external["url"]) > _LONGEST_URL:
        raise Problem(f"target.external.url is {len(external['url'])} letters long: the server takes {_LONGEST_URL}.")
    return {"external": {"url": external["url"]}}


def find(client: TemporalHttp, name: str) -> dict[str, Any] | None:
    """Return the endpoint of this name, or None when there is none. Raises Problem where the server has none at all."""
    found = read_answer("The list of Nexus endpoints", _page(client, {"name": name}), _all)
    return next((entry for entry in found if entry["name"] == name), None)


def list_all(client: TemporalHttp) -> list[dict[str, Any]]:
    """Return every endpoint, by name."""
    found: list[dict[str, Any]] = []
    token = ""
    while True:
        answer = _page(client, {"pageSize": _PAGE, **({"nextPageToken": token} if token else {})})
        found += read_answer("The list of Nexus endpoints", answer, _all)
        token = str(answer.get("nextPageToken", ""))
        if not token:
            return sorted(found, key=lambda entry: str(entry["name"]))


def create(client: TemporalHttp, endpoint: Mapping[str, Any]) -> dict[str, Any]:
    """Create it; 409 of the TemporalProblem means that there is one. Returns it as the server has it."""
    answer = client.post(api_path("nexus", "endpoints"), {"spec": _request(endpoint)}, _EXACT)
    return read_answer("The new Nexus endpoint", answer, lambda content: summary(content["endpoint"]))


def update(client: TemporalHttp, endpoint: Mapping[str, Any]) -> dict[str, Any]:
    """Replace what was read with this id and version. Returns it as the server has it now."""
    path = api_path("nexus", "endpoints", endpoint["id"], "update")
    answer = client.post(path, {"version": str(endpoint["version"]), "spec": _request(endpoint)}, _EXACT)
    return read_answer("The updated Nexus endpoint", answer, lambda content: summary(content["endpoint"]))


def delete(client: TemporalHttp, endpoint: Mapping[str, Any]) -> None:
    """Delete it; that it is gone already is no error."""
    try:
        client.delete(api_path("nexus", "endpoints", endpoint["id"]), {"version": str(endpoint["version"])})
    except TemporalProblem as problem:
        if not problem.not_found or problem.unsupported:
            raise


def expected(wanted: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """What C(before) will be. Raises Problem when a new endpoint lacks its target."""
    if before is None and wanted["target"] is None:
        raise Problem(f"target is not given, and endpoint {wanted['name']} is not there yet: say where it leads.")
    kept = before or {"name": wanted["name"], "id": "", "version": 0, "description": "", "target": {}}
    given = {key: wanted[key] for key in ("description", "target") if wanted[key] is not None}
    return {**kept, **given}


def summary(endpoint: Mapping[str, Any]) -> dict[str, Any]:
    """Bring the server's Endpoint to the shape that modules return."""
    spec = endpoint["spec"]
    worker, external = spec["target"].get("worker"), spec["target"].get("external")
    if worker is not None:
        target = {"worker": {"namespace": worker["namespace"], "task_queue": worker["taskQueue"]}}
    else:
        target = {"external": {"url": external["url"]}}
    return {
        "name": spec["name"],
        "id": endpoint["id"],
        "version": int(endpoint["version"]),
        # Other programs may store more than a text there: any value goes back as it came.
        "description": from_payload(spec["description"]) if "description" in spec else "",
        "target": target,
    }


def _request(endpoint: Mapping[str, Any]) -> dict[str, Any]:
    worker = endpoint["target"].get("worker")
    if worker is not None:
        target = {"worker": {"namespace": worker["namespace"], "taskQueue": worker["task_queue"]}}
    else:
        target = {"external": dict(endpoint["target"]["external"])}
    spec: dict[str, Any] = {"name": endpoint["name"], "target": target}
    if endpoint["description"] != "":
        spec["description"] = to_payload(endpoint["description"])
    return spec


def _page(client: TemporalHttp, params: Mapping[str, str]) -> dict[str, Any]:
    try:
        return client.get(api_path("nexus", "endpoints"), {**_EXACT, **params})
    except TemporalProblem as problem:
        if problem.unsupported:
            require_version(client, LEAST_VERSION, "Nexus endpoints need")
        raise


def _all(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [summary(entry) for entry in answer.get("endpoints", [])]
