# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests about schedules: describe, list, create, update, delete, act now.

Routes: temporal/api/workflowservice/v1/service.proto. Payloads go both ways in their exact form, as in workflows.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.aegis.temporal.plugins.module_utils import schedule_spec, schedules
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import (
    TemporalHttp,
    TemporalProblem,
    api_path,
    read_answer,
)
from ansible_collections.aegis.temporal.plugins.module_utils.workflows import status_name

_EXACT = {"noPayloadShorthand": "true"}
_IDENTITY = "aegis.temporal.schedule"
# The server's own limit of a page (frontend.visibilityMaxPageSize).
_PAGE = 1000


@dataclass(frozen=True)
class Live:
    """A schedule that is there: the server's own copy, the shape that modules return, and the conflict token."""

    schedule: Mapping[str, Any]
    shown: dict[str, Any]
    token: str
    info: dict[str, Any]


class Schedules:
    """The schedules of one namespace."""

    def __init__(self, client: TemporalHttp, namespace: str) -> None:
        self.client = client
        self.namespace = namespace

    def describe(self, schedule_id: str) -> Live | None:
        """Return the schedule, or None when there is none. Raises TemporalProblem, also for an unknown namespace."""
        try:
            answer = self.client.get(self._path(schedule_id), _EXACT)
        except TemporalProblem as problem:
            if problem.not_found and not problem.unsupported and not problem.namespace_missing:
                return None
            raise
        return read_answer("The description of a schedule", answer, lambda content: _live(schedule_id, content))

    def matching_times(self, schedule_id: str, start: str, end: str) -> list[str]:
        """Return the times at which it acts between two times, both in the normal form of timestamps."""
        answer = self.client.get(self._path(schedule_id, "matching-times"), {"startTime": start, "endTime": end})
        return read_answer("The times of a schedule", answer, lambda content: _times(content.get("startTime", [])))

    def list(self, query: str, limit: int) -> list[dict[str, Any]]:
        """Return up to C(limit) schedules that match the visibility C(query) (empty: all)."""
        found: list[dict[str, Any]] = []
        token = ""
        while True:
            params = {**_EXACT, "maximumPageSize": str(min(limit - len(found), _PAGE))}
            params.update({key: value for key, value in (("query", query), ("nextPageToken", token)) if value})
            answer = self.client.get(api_path("namespaces", self.namespace, "schedules"), params)
            found += read_answer("The list of schedules", answer, _entries)
            token = str(answer.get("nextPageToken", ""))
            if not token or len(found) >= limit:
                return found[:limit]

    def create(self, schedule_id: str, schedule: Mapping[str, Any]) -> None:
        """Create it. A TemporalProblem of status 409 means that there is one already."""
        self.client.post(self._path(schedule_id), {"schedule": schedule, **_author()}, _EXACT)

    def update(self, live: Live, schedule: Mapping[str, Any]) -> None:
        """Replace what was read as C(live). The server may drop it in silence when that is overtaken."""
        body = {"schedule": schedule, "conflictToken": live.token, **_author()}
        self.client.post(self._path(live.shown["schedule_id"], "update"), body, _EXACT)

    def delete(self, schedule_id: str) -> None:
        """Delete it; that it is gone already is no error."""
        try:
            self.client.delete(self._path(schedule_id), {"identity": _IDENTITY})
        except TemporalProblem as problem:
            if not problem.not_found or problem.unsupported:
                raise

    def act(
        self, schedule_id: str, trigger: Mapping[str, Any] | None, backfill: Sequence[Mapping[str, Any]] | None
    ) -> None:
        """Let it act now (C(trigger)) and for past times (C(backfill)).

        Sent once and never again: not every server recognises a repetition, and two actions are worse than an error.
        """
        patch: dict[str, Any] = {}
        if trigger is not None:
            patch["triggerImmediately"] = {"overlapPolicy": schedules.overlap_value(trigger["overlap"])}
        if backfill:
            patch["backfillRequest"] = [
                {
                    "startTime": entry["start_time"],
                    "endTime": entry["end_time"],
                    "overlapPolicy": schedules.overlap_value(entry["overlap"]),
                }
                for entry in backfill
            ]
        self.client.once().post(self._path(schedule_id, "patch"), {"patch": patch, **_author()})

    def _path(self, schedule_id: str, *more: str) -> str:
        return api_path("namespaces", self.namespace, "schedules", schedule_id, *more)


def explained(problem: TemporalProblem) -> Problem:
    """The server's refusal with the option that it is about, as far as it can be told."""
    hint = ""
    if "unknown time zone" in str(problem):
        hint = " This is about spec.time_zone (or TZ= in spec.cron): the server's time zone database decides."
    elif "earch attribute" in str(problem):
        hint = " This is about action.search_attributes: the namespace must have them, of these types."
    return TemporalProblem(f"{problem}{hint}", problem.status, problem.detail)


def _author() -> dict[str, str]:
    return {"identity": _IDENTITY, "requestId": str(uuid.uuid4())}


def _live(schedule_id: str, answer: Mapping[str, Any]) -> Live:
    schedule = answer["schedule"]
    return Live(
        schedule,
        schedules.summary(schedule_id, schedule),
        str(answer["conflictToken"]),
        {**_activity(answer.get("info", {})), **_counts(answer.get("info", {}))},
    )


def _counts(info: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "action_count": int(info.get("actionCount", 0)),
        "missed_catchup_window": int(info.get("missedCatchupWindow", 0)),
        "overlap_skipped": int(info.get("overlapSkipped", 0)),
        "running_workflows": [
            {"workflow_id": entry["workflowId"], "run_id": entry.get("runId", "")}
            for entry in info.get("runningWorkflows", [])
        ],
        "create_time": schedule_spec.time_summary(info.get("createTime", "")),
        "update_time": schedule_spec.time_summary(info.get("updateTime", "")),
    }


def _activity(info: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "recent_actions": [_action_result(entry) for entry in info.get("recentActions", [])],
        "next_times": _times(info.get("futureActionTimes", [])),
    }


def _action_result(entry: Mapping[str, Any]) -> dict[str, str]:
    started = entry.get("startWorkflowResult", {})
    return {
        "schedule_time": schedule_spec.time_summary(entry.get("scheduleTime", "")),
        "actual_time": schedule_spec.time_summary(entry.get("actualTime", "")),
        "workflow_id": started.get("workflowId", ""),
        "run_id": started.get("runId", ""),
        "status": status_name(entry.get("startWorkflowStatus", "")),
    }


def _entries(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [_entry(entry) for entry in answer.get("schedules", [])]


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    info = entry.get("info", {})
    return {
        "schedule_id": entry["scheduleId"],
        "workflow_type": info.get("workflowType", {}).get("name", ""),
        "spec": schedule_spec.spec_summary(info.get("spec", {})),
        "paused": bool(info.get("paused", False)),
        "note": info.get("notes", ""),
        **_activity(info),
    }


def _times(texts: Sequence[str]) -> list[str]:
    return [schedule_spec.time_summary(text) for text in texts]
