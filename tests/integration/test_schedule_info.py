# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""aegis.temporal.schedule_info against a real server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import tenacity
from module_testing import Outcome, RecordingProxy, ok

Run = Callable[..., Outcome]
Unique = Callable[[str], str]
ACTION = {"workflow_type": "echo", "task_queue": "nobody"}
eventually = tenacity.Retrying(stop=tenacity.stop_after_delay(60), wait=tenacity.wait_fixed(0.2), reraise=True)


def test_one_schedule_with_what_it_did_and_will_do(run: Run, frontend: RecordingProxy, unique: Unique) -> None:
    schedule_id = unique("described")
    spec = {
        "calendars": [{"hour": "6-18/6", "day_of_month": 1, "month": 1, "year": 2090}],
        "time_zone": "Europe/Berlin",
    }
    options = {"schedule_id": schedule_id, "spec": spec, "action": ACTION, "note": "why"}
    made = ok(run("schedule", {**options, "trigger": {}}))
    frontend.forget()
    asked = {
        "schedule_id": schedule_id,
        "matching_from": "2090-01-01T07:00:00+01:00",
        "matching_to": "2090-01-01T13:00:00+01:00",
    }
    for attempt in eventually:
        with attempt:
            outcome = ok(run("schedule_info", asked))
            [found] = outcome["schedules"]
            assert found["action_count"] == 1
    assert {key: found[key] for key in made["schedule"]} == made["schedule"]
    assert found["workflow_type"] == "echo"
    times = [f"2090-01-01T{hour:02}:00:00Z" for hour in (5, 11, 17)]
    assert found["next_times"] == times
    assert found["matching_times"] == times[1:2]
    [action] = found["recent_actions"]
    assert action["workflow_id"].startswith(f"{schedule_id}-")
    assert action["run_id"]
    assert action["status"] in ("running", "")
    assert found["running_workflows"] == [{"workflow_id": action["workflow_id"], "run_id": action["run_id"]}]
    assert found["create_time"].endswith("Z")
    assert (outcome.changed, frontend.writes) == (False, [])


def test_one_that_is_not_there_is_an_empty_list(run: Run) -> None:
    assert ok(run("schedule_info", {"schedule_id": "nosuch"}))["schedules"] == []


def test_the_list_is_cut_at_the_limit_and_follows_the_query(run: Run, frontend: RecordingProxy, unique: Unique) -> None:
    namespace = unique("listed")
    ok(run("namespace", {"name": namespace, "retention": "1d"}))
    paused = {"first": True, "second": False, "third": True}
    for schedule_id, state in paused.items():
        options = {"namespace": namespace, "schedule_id": schedule_id, "action": ACTION, "paused": state}
        ok(run("schedule", {**options, "spec": {"cron": ["0 9 * * *"]}, "note": schedule_id}))

    def listed(**more: Any) -> set[str]:
        found = ok(run("schedule_info", {"namespace": namespace, **more}))["schedules"]
        for entry in found:
            assert entry["spec"]["calendars"][0]["hour"] == "9"
            assert (entry["workflow_type"], entry["note"]) == ("echo", entry["schedule_id"])
            assert entry["paused"] is paused[entry["schedule_id"]]
            assert entry["next_times"]
        return {entry["schedule_id"] for entry in found}

    frontend.forget()
    for attempt in eventually:
        # The list follows after a moment.
        with attempt:
            assert listed() == set(paused)
            assert listed(query="TemporalSchedulePaused = true") == {"first", "third"}
    assert len(listed(limit=2)) == 2
    assert len(ok(run("schedule_info", {"namespace": namespace, "limit": 2}, check=True))["schedules"]) == 2
    assert frontend.writes == []


def test_a_bad_query_is_told(run: Run) -> None:
    outcome = run("schedule_info", {"query": "NoSuchThing = 1"})
    assert outcome.failed
    assert "answered 400" in outcome.message


def test_an_unknown_namespace_is_told_with_those_there_are(run: Run) -> None:
    for more in ({}, {"schedule_id": "some"}):
        options = {"namespace": "nosuch", **more}
        assert "Namespace 'nosuch' is not registered" in run("schedule_info", options).message
        before = ok(run("schedule_info", options, check=True))
        assert before["schedules"] == []
        assert "In check mode every schedule is taken as missing." in before.warnings


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"schedule_id": ""}, "schedule_id is ''"),
        ({"schedule_id": "a/b"}, "schedule_id is 'a/b'"),
        ({"namespace": ""}, "namespace is empty"),
        ({"limit": 0}, "limit is 0: it must be between 1 and 10000"),
        ({"limit": 10001}, "limit is 10001"),
        ({"schedule_id": "s", "query": "q"}, "mutually exclusive"),
        ({"schedule_id": "s", "matching_from": "2026-01-01T00:00:00Z"}, "required together"),
        ({"matching_from": "x", "matching_to": "y"}, "missing parameter(s) required by 'matching_from': schedule_id"),
        ({"schedule_id": "s", "matching_from": "x", "matching_to": "y"}, "matching_from: 'x' is not a time"),
        (
            {"schedule_id": "s", "matching_from": "2026-01-02T00:00:00Z", "matching_to": "2026-01-01T00:00:00Z"},
            "matching_to is '2026-01-01T00:00:00Z': it must be after matching_from",
        ),
    ],
)
def test_bad_options_send_nothing(run: Run, frontend: RecordingProxy, options: dict[str, Any], message: str) -> None:
    outcome = run("schedule_info", options)
    assert outcome.failed
    assert message in outcome.message
    assert frontend.requests == []
