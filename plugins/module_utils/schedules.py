# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules: what is wanted, what is there, and the schedule to send between the two.

An update replaces the whole schedule. So it is made of the server's own copy, in which only what was asked for is
changed: a header or a priority that another program set stays.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.aegis.temporal.plugins.module_utils import schedule_spec
from ansible_collections.aegis.temporal.plugins.module_utils.durations import (
    duration_option,
    format_duration,
    parse_duration,
    server_duration,
)
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.workflows import (
    from_payload,
    from_payloads,
    to_payload,
    to_payloads,
)

OVERLAPS = ("skip", "buffer_one", "buffer_all", "cancel_other", "terminate_other", "allow_all")
UNLIMITED = -1
"""What C(remaining_actions) is where the server counts nothing."""

# Limits of the server: 1000 bytes for the id of a workflow (limit.maxIDLength), of which the schedule's own workflow
# and the time behind the id of those that it starts take a part; 1000 for the note (common/constants.go).
_LONGEST_ID = 970
_LONGEST_NOTE = 1000
# service/worker/scheduler/workflow.go: what is left out becomes a year, what is shorter is taken as 10 seconds.
_DEFAULT_CATCHUP = 365 * 86400
_LEAST_CATCHUP = 10
_OVERLAP = "SCHEDULE_OVERLAP_POLICY_"
_TIMEOUTS = {
    "execution_timeout": "workflowExecutionTimeout",
    "run_timeout": "workflowRunTimeout",
    "task_timeout": "workflowTaskTimeout",
}
# Fields of an action that are maps of payloads, with the key below which the server has them.
_MAPS = {"memo": ("memo", "fields"), "search_attributes": ("searchAttributes", "indexedFields")}


@dataclass(frozen=True)
class Wanted:
    """A schedule as the user wants it, in the normal form of C(summary); None means "whatever it is"."""

    schedule_id: str
    spec: Mapping[str, Any] | None
    action: Mapping[str, Any] | None
    policies: Mapping[str, Any] | None
    paused: bool | None
    note: str | None
    remaining_actions: int | None


def read_wanted(options: Mapping[str, Any]) -> Wanted:
    """Check the options of a schedule. Raises Problem that names option, value and fix."""
    schedule_id = check_schedule_id(options["schedule_id"])
    remaining = options["remaining_actions"]
    if remaining is not None and remaining < UNLIMITED:
        raise Problem(f"remaining_actions is {remaining}: give 0 or more, or {UNLIMITED} for no limit.")
    note = options["note"]
    if note is not None and len(note.encode()) > _LONGEST_NOTE:
        raise Problem(f"note is {len(note.encode())} bytes long: the server takes {_LONGEST_NOTE}.")
    return Wanted(
        schedule_id,
        None if options["spec"] is None else schedule_spec.read_spec(options["spec"]),
        None if options["action"] is None else _read_action(options["action"], schedule_id),
        None if options["policies"] is None else _read_policies(options["policies"]),
        options["paused"],
        note,
        remaining,
    )


def check_schedule_id(value: str) -> str:
    """Return the value of C(schedule_id) if it can be one. Raises Problem."""
    if "/" in value:
        raise Problem(f"schedule_id is {value!r}: the HTTP API takes no slash in it. Use another character.")
    return check_id("schedule_id", value)


def check_id(option: str, value: str) -> str:
    """Return the value if it can be an id. Raises Problem."""
    if not value.strip() or value != value.strip():
        raise Problem(f"{option} is {value!r}: it must not be empty, nor have blanks around it.")
    if len(value.encode()) > _LONGEST_ID:
        raise Problem(f"{option} is {len(value.encode())} bytes long: use at most {_LONGEST_ID}.")
    return value


def _read_action(options: Mapping[str, Any], schedule_id: str) -> dict[str, Any]:
    workflow_id = options["workflow_id"]
    action: dict[str, Any] = {
        "workflow_type": check_id("action.workflow_type", options["workflow_type"]),
        "workflow_id": schedule_id if workflow_id is None else check_id("action.workflow_id", workflow_id),
        "task_queue": check_id("action.task_queue", options["task_queue"]),
        "input": options["input"] or [],
    }
    for option in _TIMEOUTS:
        seconds = duration_option(f"action.{option}", options[option] or "0s")
        if options[option] is not None and seconds == 0:
            raise Problem(f"action.{option} is {options[option]!r}: leave it out for no limit.")
        action[option] = format_duration(seconds) if seconds else ""
    action["memo"] = options["memo"] or {}
    action["search_attributes"] = options["search_attributes"] or {}
    for name, value in action["search_attributes"].items():
        if not isinstance(value, (str, int, float, bool, list)) or value == []:
            raise Problem(
                f"action.search_attributes: {name} is {value!r}. Give a text, a number, a boolean or a list of texts, "
                "or leave it out."
            )
    return action


def _read_policies(options: Mapping[str, Any]) -> dict[str, Any]:
    window = options["catchup_window"]
    seconds = _DEFAULT_CATCHUP if window is None else duration_option("policies.catchup_window", window)
    if seconds < _LEAST_CATCHUP:
        raise Problem(f"policies.catchup_window is {window!r}: the server wants at least {_LEAST_CATCHUP}s.")
    return {
        "overlap": options["overlap"] or OVERLAPS[0],
        "catchup_window": format_duration(seconds),
        "pause_on_failure": bool(options["pause_on_failure"]),
    }


def summary(schedule_id: str, schedule: Mapping[str, Any]) -> dict[str, Any]:
    """Bring the server's Schedule to the shape that modules return."""
    started = schedule["action"]["startWorkflow"]
    policies, state = schedule.get("policies", {}), schedule.get("state", {})
    action = {
        "workflow_type": started["workflowType"]["name"],
        "workflow_id": started["workflowId"],
        "task_queue": started["taskQueue"]["name"],
        "input": from_payloads(started.get("input")),
    }
    for option, key in _TIMEOUTS.items():
        text = server_duration(started.get(key, "0s"))
        action[option] = "" if text == "0s" else text
    for option, (key, inner) in _MAPS.items():
        fields = started.get(key, {}).get(inner, {})
        action[option] = {name: from_payload(payload) for name, payload in fields.items()}
    return {
        "schedule_id": schedule_id,
        "spec": schedule_spec.spec_summary(schedule.get("spec", {})),
        "action": action,
        "policies": {
            "overlap": overlap_name(policies.get("overlapPolicy", "")),
            "catchup_window": server_duration(policies.get("catchupWindow", f"{_DEFAULT_CATCHUP}s")),
            "pause_on_failure": bool(policies.get("pauseOnFailure", False)),
        },
        "paused": bool(state.get("paused", False)),
        "note": state.get("notes", ""),
        "remaining_actions": int(state.get("remainingActions", 0)) if state.get("limitedActions") else UNLIMITED,
    }


def expected(wanted: Wanted, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """What C(before) (a summary, None: not there) will be. Raises Problem when a new schedule lacks its action."""
    if before is None and wanted.action is None:
        raise Problem(f"action is not given, and schedule {wanted.schedule_id} is not there yet: say what it starts.")
    kept: Mapping[str, Any] = before or {
        "schedule_id": wanted.schedule_id,
        "spec": schedule_spec.spec_summary({}),
        "policies": {
            "overlap": OVERLAPS[0],
            "catchup_window": format_duration(_DEFAULT_CATCHUP),
            "pause_on_failure": False,
        },
        "paused": False,
        "note": "",
        "remaining_actions": UNLIMITED,
    }
    after = dict(kept)
    for name in ("spec", "action", "policies", "paused", "note"):
        value = getattr(wanted, name)
        if value is not None:
            after[name] = value
    if wanted.remaining_actions is not None and not _counts_down_from(wanted.remaining_actions, before):
        after["remaining_actions"] = wanted.remaining_actions
    return after


def _counts_down_from(limit: int, before: Mapping[str, Any] | None) -> bool:
    """Whether what is there can have begun with this limit: the server takes one off with every action."""
    return before is not None and 0 <= before["remaining_actions"] <= limit


def same(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether two summaries are equal, where 1, 1.0 and true are three different values of a workflow's input."""
    return json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)


def request(wanted: Wanted, after: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """The server's Schedule for C(after), made of C(live) (empty: a new one)."""
    schedule = copy.deepcopy(dict(live))
    if wanted.spec is not None:
        schedule["spec"] = schedule_spec.spec_request(after["spec"])
    if wanted.action is not None:
        _put_action(schedule.setdefault("action", {}).setdefault("startWorkflow", {}), after["action"])
    if wanted.policies is not None:
        policies = schedule.setdefault("policies", {})
        policies["overlapPolicy"] = overlap_value(after["policies"]["overlap"])
        policies["catchupWindow"] = f"{parse_duration(after['policies']['catchup_window'])}s"
        policies["pauseOnFailure"] = after["policies"]["pause_on_failure"]
    limited = after["remaining_actions"] != UNLIMITED
    state = schedule.setdefault("state", {})
    state.update(paused=after["paused"], notes=after["note"], limitedActions=limited)
    state["remainingActions"] = str(after["remaining_actions"]) if limited else "0"
    return schedule


def _put_action(started: dict[str, Any], action: Mapping[str, Any]) -> None:
    started.update(
        workflowId=action["workflow_id"],
        workflowType={"name": action["workflow_type"]},
        taskQueue={"name": action["task_queue"]},
        input=to_payloads(action["input"]),
    )
    for option, key in _TIMEOUTS.items():
        started[key] = f"{parse_duration(action[option] or '0s')}s"
    for option, (key, inner) in _MAPS.items():
        started[key] = {inner: {name: to_payload(value) for name, value in action[option].items()}}


def overlap_name(value: str) -> str:
    """C(SCHEDULE_OVERLAP_POLICY_BUFFER_ONE) as C(buffer_one). Unspecified means skip."""
    name = value.replace(_OVERLAP, "").lower()
    return OVERLAPS[0] if name in ("", "unspecified") else name


def overlap_value(name: str | None) -> str:
    """The server's name of an overlap policy; None: the schedule's own."""
    return _OVERLAP + (name or "unspecified").upper()
