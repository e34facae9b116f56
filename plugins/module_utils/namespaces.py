# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces: what is wanted, what is there, and the requests between the two.

The server's rules for updates (service/frontend/namespace_handler.go): an empty description or owner e-mail means
"leave as is", C(data) is merged, and each call raises the configuration's version even when it changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ansible_collections.aegis.temporal.plugins.module_utils.durations import format_duration, parse_duration
from ansible_collections.aegis.temporal.plugins.module_utils.namespace_archival import (
    Archival,
    archival_of,
    archival_request,
    expected_archival,
    read_archival,
)
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import (
    TemporalHttp,
    TemporalProblem,
    api_path,
    read_answer,
)

DEFAULT_RETENTION = 72 * 3600
"""Seconds that a new namespace keeps closed workflows when nothing is said: the C(temporal) command line's default."""

# The server takes nearly anything, a blank or a slash too. These could not be written in a URL, a metric's label or a
# shell without care, so new ones are not made. 255 is the width of the server's column.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_SYSTEM = "temporal-system"


@dataclass(frozen=True)
class Wanted:
    """A namespace as the user wants it; None means "whatever it is". C(retention) is in seconds.

    C(state) is present, deprecated or absent.
    """

    name: str
    state: str
    retention: int | None
    description: str | None
    owner_email: str | None
    data: Mapping[str, str] | None
    archival: tuple[Archival, ...]


def read_wanted(options: Mapping[str, Any]) -> Wanted:
    """Check the options of one namespace. Raises Problem."""
    name = options["name"]
    if not _NAME.fullmatch(name):
        raise Problem(
            f"name is {name!r}: not a usable namespace name. Use up to 255 letters, digits, dots, underscores and "
            "hyphens, beginning with a letter or digit."
        )
    if name == _SYSTEM:
        raise Problem(f"name is {name!r}: this namespace belongs to the server itself. Leave it out.")
    retention = None
    if options["retention"] is not None:
        try:
            retention = parse_duration(options["retention"])
        except ValueError as error:
            raise Problem(f"retention of namespace {name}: {error}.") from None
        if retention == 0:
            raise Problem(f"retention of namespace {name} is 0: closed workflows must be kept for a time, like 30d.")
    for key, value in (options["data"] or {}).items():
        if not isinstance(value, str):
            raise Problem(f"data of namespace {name}: {key} is {value!r}, not text. Put it in quotes.")
    return Wanted(
        name,
        options["state"],
        retention,
        options["description"],
        options["owner_email"],
        options["data"],
        read_archival(name, options),
    )


def describe(client: TemporalHttp, name: str) -> dict[str, Any] | None:
    """Return the namespace as the server has it, or None when there is none of this name."""
    try:
        answer = client.get(api_path("namespaces", name))
    except TemporalProblem as problem:
        if problem.namespace_missing:
            return None
        raise
    return summary(answer)


def summary(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Bring a describe answer to the shape that modules return. Raises TemporalProblem when it is none."""
    return read_answer("The description of a namespace", answer, _summary)


def _summary(answer: Mapping[str, Any]) -> dict[str, Any]:
    info, config = answer["namespaceInfo"], answer.get("config", {})
    seconds = int(float(config.get("workflowExecutionRetentionTtl", "0s").rstrip("s")))
    return {
        "name": info["name"],
        "id": info.get("id", ""),
        "state": info.get("state", "").replace("NAMESPACE_STATE_", "").lower(),
        "description": info.get("description", ""),
        "owner_email": info.get("ownerEmail", ""),
        "data": dict(info.get("data", {})),
        "retention": format_duration(seconds),
        "retention_seconds": seconds,
        **archival_of(config),
    }


def registration(wanted: Wanted) -> dict[str, Any]:
    """The body that registers C(wanted)."""
    body: dict[str, Any] = {
        "namespace": wanted.name,
        "workflowExecutionRetentionPeriod": f"{_retention_or_default(wanted)}s",
    }
    optional = {"description": wanted.description, "ownerEmail": wanted.owner_email, "data": wanted.data}
    body.update({key: value for key, value in optional.items() if value})
    body.update(archival_request(wanted.name, wanted.archival, None))
    return body


def update(wanted: Wanted, live: Mapping[str, Any]) -> dict[str, Any]:
    """The body that brings C(live) to C(wanted); empty when nothing differs.

    Raises Problem for what the server cannot do.
    """
    allowed = ("registered", "deprecated") if wanted.state == "deprecated" else ("registered",)
    if live["state"] not in allowed:
        raise Problem(
            f"Namespace {wanted.name} is {live['state']}: the server cannot take that back. Choose another name."
        )
    info: dict[str, Any] = {}
    if wanted.state == "deprecated" and live["state"] == "registered":
        info["state"] = "NAMESPACE_STATE_DEPRECATED"
    for option, key in (("description", "description"), ("owner_email", "ownerEmail")):
        value = getattr(wanted, option)
        if value is None or value == live[option]:
            continue
        if not value:
            raise Problem(
                f"{option} of namespace {wanted.name} is {live[option]!r} and cannot be cleared: the server takes an "
                f"empty {option} for 'leave as is'. Give another text, or leave the option out."
            )
        info[key] = value
    new_data = {key: value for key, value in (wanted.data or {}).items() if live["data"].get(key) != value}
    if new_data:
        info["data"] = new_data
    body: dict[str, Any] = {"updateInfo": info} if info else {}
    config: dict[str, Any] = archival_request(wanted.name, wanted.archival, live)
    if wanted.retention is not None and wanted.retention != live["retention_seconds"]:
        config["workflowExecutionRetentionTtl"] = f"{wanted.retention}s"
    if config:
        body["config"] = config
    return body


def leftover_data(wanted: Wanted, live: Mapping[str, Any]) -> list[str]:
    """Keys of C(data) that are there but not wanted. They stay: the server merges and removes none."""
    return [] if wanted.data is None else sorted(set(live["data"]) - set(wanted.data))


def expected(wanted: Wanted, live: Mapping[str, Any] | None) -> dict[str, Any]:
    """What C(live) will be after registration or update, for check mode and diff."""
    before = live or {"id": "", "description": "", "owner_email": "", "data": {}}
    seconds = wanted.retention or (live["retention_seconds"] if live else DEFAULT_RETENTION)
    return {
        "name": wanted.name,
        "id": before["id"],
        "state": "deprecated" if wanted.state == "deprecated" else "registered",
        "description": before["description"] if wanted.description is None else wanted.description,
        "owner_email": before["owner_email"] if wanted.owner_email is None else wanted.owner_email,
        "data": {**before["data"], **(wanted.data or {})},
        "retention": format_duration(seconds),
        "retention_seconds": seconds,
        **expected_archival(wanted.archival, live),
    }


def action(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Name what has made C(after) of C(before), both of one namespace: none, deprecated or updated."""
    if before == after:
        return "none"
    return "deprecated" if before["state"] != after["state"] else "updated"


def require(client: TemporalHttp, name: str) -> None:
    """Raise a Problem that lists the namespaces there are, when C(name) is none of them."""
    if describe(client, name) is not None:
        return
    answer = client.get(api_path("namespaces"), {"pageSize": "100"})
    there = read_answer("The list of namespaces", answer, names)
    raise Problem(
        f"Namespace {name!r} is not registered at {client.options.base_url}. There: {', '.join(there)}. "
        "Correct the option namespace, or register it with aegis.temporal.namespace."
    )


@contextmanager
def explained(client: TemporalHttp, name: str) -> Iterator[None]:
    """Turn an "unknown namespace" of the server, raised inside the block, into the Problem of require."""
    try:
        yield
    except TemporalProblem as problem:
        if problem.namespace_missing:
            require(client, name)
        raise


def names(answer: Mapping[str, Any]) -> list[str]:
    """The names in one page of the server's list."""
    return sorted(str(entry["namespaceInfo"]["name"]) for entry in answer.get("namespaces", []))


def usable(client: TemporalHttp, name: str) -> bool:
    """Whether frontend and history know the namespace.

    A description comes straight from the database, while work uses the services' caches, which follow after up to 10
    seconds (2 from server 1.27). So this asks the history service for a workflow that does not exist.
    """
    try:
        client.get(api_path("namespaces", name, "workflows", "aegis-temporal-visibility-probe"))
    except TemporalProblem as problem:
        if problem.namespace_missing:
            return False
        if not problem.not_found:
            raise
    return True


def _retention_or_default(wanted: Wanted) -> int:
    return wanted.retention or DEFAULT_RETENTION
