# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""aegis.temporal.schedule against a real server."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import requests
import tenacity
from ansible_collections.aegis.temporal.plugins.module_utils.calendar_fields import FIELDS
from ansible_collections.aegis.temporal.plugins.module_utils.schedule_spec import read_spec, spec_summary
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loopback_stack import TemporalStack
from module_testing import Outcome, RecordingProxy, http_answer, misbehaving, ok, run_module

Run = Callable[..., Outcome]
Unique = Callable[[str], str]
ACTION = {"workflow_type": "echo", "task_queue": "nobody"}
eventually = tenacity.Retrying(stop=tenacity.stop_after_delay(60), wait=tenacity.wait_fixed(0.2), reraise=True)


class Raw:
    """Schedules without our code: what another program, or the server itself, makes of them."""

    def __init__(self, stack: TemporalStack) -> None:
        self.base = f"{stack.http_url}/api/v1/namespaces/default/schedules"

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = requests.request(
            method, f"{self.base}/{path}", json=body, params={"noPayloadShorthand": "true"}, timeout=30
        )
        assert answer.ok, answer.text
        return dict(answer.json())

    def create(self, schedule_id: str, spec: dict[str, Any], **action: Any) -> None:
        started = {"workflowId": schedule_id, "workflowType": {"name": "echo"}, "taskQueue": {"name": "nobody"}}
        schedule = {"spec": spec, "action": {"startWorkflow": {**started, **action}}}
        self.call("POST", schedule_id, {"schedule": schedule, "requestId": str(uuid.uuid4())})

    def describe(self, schedule_id: str) -> dict[str, Any]:
        return self.call("GET", schedule_id)

    def pause(self, schedule_id: str, note: str) -> None:
        self.call("POST", f"{schedule_id}/patch", {"patch": {"pause": note}, "requestId": str(uuid.uuid4())})


@pytest.fixture(scope="module")
def raw(temporal_stack: TemporalStack) -> Raw:
    return Raw(temporal_stack)


def test_life_cycle(run: Run, frontend: RecordingProxy, unique: Unique) -> None:
    """Each step: check mode predicts it and writes nothing, the run does it, once more does and writes nothing."""
    schedule_id = unique("life")
    calendars = [{"hour": 6, "minute": "*/15", "day_of_week": "mon-fri", "comment": "early"}, {"month": "jan,jul"}]
    spec = {
        "calendars": calendars,
        "intervals": [{"every": "90m", "offset": "5m"}, {"every": "3600"}],
        "cron": ["0 9-17/2 * * 1-5 # office", "@every 2h/7m", "@daily"],
        "excluded_calendars": [{"month": "dec", "day_of_month": "25-26"}],
        "jitter": "30s",
        "start_time": "2026-12-01T01:00:00+01:00",
        "end_time": "2099-12-31T00:00:00.5Z",
        "time_zone": "Europe/Berlin",
    }
    action = {
        **ACTION,
        "workflow_id": "chosen",
        "input": [{"a": [1, True, None, "ü"]}, 2],
        "execution_timeout": "2h",
        "run_timeout": "1h30m",
        "task_timeout": "20s",
        "memo": {"team": "billing", "n": 1},
    }
    policies = {"overlap": "buffer_one", "catchup_window": "1d", "pause_on_failure": True}
    steps: list[tuple[dict[str, Any], str]] = [
        ({"spec": spec, "action": action, "policies": policies, "note": "new"}, "created"),
        ({"spec": {**spec, "calendars": calendars[:1]}}, "updated"),
        ({"spec": {"cron": ["TZ=America/New_York 0 9 * * *"]}}, "updated"),
        ({"action": {**action, "input": [{"a": [1, 1, None, "ü"]}, 2]}}, "updated"),
        ({"action": ACTION, "policies": {"overlap": "allow_all"}}, "updated"),
        ({"paused": True, "note": "maintenance"}, "updated"),
        ({"paused": False, "note": ""}, "updated"),
        ({"remaining_actions": 5}, "updated"),
        ({"remaining_actions": -1, "spec": {}}, "updated"),
        ({"state": "absent"}, "deleted"),
    ]
    for step, expected in steps:
        options = {"schedule_id": schedule_id, **step}
        frontend.forget()
        predicted = ok(run("schedule", options, check=True, diff=True))
        assert (predicted.changed, predicted["action"], frontend.writes) == (True, expected, [])

        done = ok(run("schedule", options, diff=True))
        for key in ("changed", "action", "schedule", "acted", "diff"):
            assert done[key] == predicted[key]
        assert len(frontend.writes) == 1
        # As texts: for Python, 1 and true are equal.
        assert json.dumps(done["diff"]["before"]) != json.dumps(done["diff"]["after"])

        frontend.forget()
        again = ok(run("schedule", options, diff=True))
        assert (again.changed, again["action"], frontend.writes) == (False, "none", [])
        assert again["diff"]["before"] == again["diff"]["after"]
        assert again["schedule"] == done["schedule"]


def test_the_diff_shows_before_and_after(run: Run, unique: Unique) -> None:
    schedule_id = unique("diff")
    ok(run("schedule", {"schedule_id": schedule_id, "spec": {"cron": ["0 9 * * *"]}, "action": ACTION}))
    options = {"schedule_id": schedule_id, "spec": {"calendars": [{"hour": 10}]}, "paused": True}
    diff = ok(run("schedule", options, diff=True))["diff"]
    assert [calendar["hour"] for calendar in diff["before"]["spec"]["calendars"]] == ["9"]
    assert [calendar["hour"] for calendar in diff["after"]["spec"]["calendars"]] == ["10"]
    assert (diff["before"]["paused"], diff["after"]["paused"]) == (False, True)
    assert diff["before_header"] == f"schedule {schedule_id}"


def test_what_the_server_compiled_itself_is_no_change(
    run: Run, raw: Raw, frontend: RecordingProxy, unique: Unique
) -> None:
    schedule_id = unique("compiled")
    cron = [
        "0 9-17/2 * * mon-fri # office",
        "*/5 1,2 1-7 * 7",
        "@every 90m/5m",
        "@weekly",
        "30 0 3 1 feb * 2027-2030/2",
    ]
    raw.create(
        schedule_id,
        {
            "cronString": [f"CRON_TZ=Europe/Berlin {text}" for text in cron if "every" not in text],
            "interval": [{"interval": "5400s", "phase": "300s"}],
            "calendar": [{"hour": "3", "dayOfMonth": "1,15"}, {"dayOfWeek": "5-7", "minute": "7/20"}],
            "excludeCalendar": [{"month": "12", "dayOfMonth": "25", "hour": "*", "minute": "*", "second": "*"}],
        },
    )
    spec = {
        "cron": cron,
        "calendars": [{"hour": 3, "day_of_month": "15,1"}, {"day_of_week": "5-7", "minute": "7/20"}],
        "excluded_calendars": [{"month": "dec", "day_of_month": 25}],
        "time_zone": "Europe/Berlin",
    }
    outcome = ok(run("schedule", {"schedule_id": schedule_id, "spec": spec, "action": ACTION}, diff=True))
    assert (outcome.changed, frontend.writes) == (False, []), outcome["diff"]


part = {
    field.option: st.tuples(
        st.integers(field.least, field.most), st.integers(field.least, field.most), st.integers(1, 9)
    ).flatmap(
        lambda drawn: st.sampled_from(
            [str(drawn[0]), f"{min(drawn[:2])}-{max(drawn[:2])}", f"{drawn[0]}/{drawn[2]}", f"*/{drawn[2]}", "*"]
        )
    )
    for field in FIELDS
}
# Sunday's second name, and ranges that end with it.
part["day_of_week"] = st.one_of(part["day_of_week"], st.sampled_from(["7", "0-7/3", "2-7", "1-7/2", "sat-7", "tue/2"]))
calendar_options = st.fixed_dictionaries(
    {name: st.lists(parts, min_size=1, max_size=3).map(",".join) for name, parts in part.items()}
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(calendar_options, min_size=4, max_size=12))
def test_fields_mean_what_the_server_takes_them_for(raw: Raw, calendars: list[dict[str, str]]) -> None:
    schedule_id = f"fields-{uuid.uuid4()}"
    keys = {field.option: field.key for field in FIELDS}
    raw.create(schedule_id, {"calendar": [{keys[name]: text for name, text in entry.items()} for entry in calendars]})
    unset = dict.fromkeys(("intervals", "cron", "excluded_calendars", "jitter", "start_time", "end_time", "time_zone"))
    ours = read_spec({**unset, "calendars": [{**entry, "comment": None} for entry in calendars]})
    assert spec_summary(raw.describe(schedule_id)["schedule"]["spec"]) == ours
    raw.call("DELETE", schedule_id)


def test_an_update_loses_nothing_of_others(run: Run, raw: Raw, unique: Unique) -> None:
    schedule_id = unique("others")
    header = {"fields": {"trace": {"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "IngiCg=="}}}
    raw.create(schedule_id, {"interval": [{"interval": "3600s"}]}, header=header)
    before = raw.describe(schedule_id)["schedule"]
    options = {"schedule_id": schedule_id, "action": {**ACTION, "input": ["new"]}, "paused": True}
    assert ok(run("schedule", options))["action"] == "updated"
    after = raw.describe(schedule_id)["schedule"]
    assert after["action"]["startWorkflow"]["header"] == header
    assert after["spec"] == before["spec"]
    assert after["policies"] == before["policies"]


def test_somebody_elses_change_at_the_same_moment_is_kept(
    run: Run, raw: Raw, frontend: RecordingProxy, unique: Unique
) -> None:
    """The server says nothing when it drops an update that came too late."""
    schedule_id = unique("conflict")
    ok(run("schedule", {"schedule_id": schedule_id, "action": ACTION}))
    ours = {"schedule_id": schedule_id, "note": "ours"}
    frontend.before_write = lambda: raw.pause(schedule_id, "theirs")
    outcome = run("schedule", ours)
    assert outcome.failed
    assert "somebody else changed it at the same moment" in outcome.message
    assert raw.describe(schedule_id)["schedule"]["state"] == {"notes": "theirs", "paused": True}
    assert ok(run("schedule", ours))["schedule"]["note"] == "ours"
    assert raw.describe(schedule_id)["schedule"]["state"] == {"notes": "ours", "paused": True}


def test_two_runs_at_once_make_one_schedule(run: Run, unique: Unique) -> None:
    options = {"schedule_id": unique("race"), "action": ACTION, "spec": {"cron": ["0 9 * * *"]}}
    outcomes: list[Outcome] = []
    threads = [threading.Thread(target=lambda: outcomes.append(run("schedule", options))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.message for outcome in outcomes] == ["", "", ""]
    assert not run("schedule", options).changed


def actions_of(raw: Raw, schedule_id: str) -> int:
    return int(raw.describe(schedule_id)["info"].get("actionCount", 0))


def test_trigger_acts_each_time_even_while_paused(run: Run, raw: Raw, frontend: RecordingProxy, unique: Unique) -> None:
    schedule_id = unique("trigger")
    options = {"schedule_id": schedule_id, "action": ACTION, "paused": True, "trigger": {"overlap": "allow_all"}}
    predicted = ok(run("schedule", options, check=True))
    assert (predicted.changed, predicted["acted"], frontend.writes) == (True, True, [])
    for count, action in ((1, "created"), (2, "none")):
        frontend.forget()
        outcome = ok(run("schedule", options))
        assert (outcome.changed, outcome["acted"], outcome["action"]) == (True, True, action)
        assert len(frontend.writes) == (2 if action == "created" else 1)
        for attempt in eventually:
            with attempt:
                assert actions_of(raw, schedule_id) == count
        # The id of a workflow has the time in seconds, and a running one is not started again.
        time.sleep(1)
    assert ok(run("schedule", {**options, "trigger": {}}, check=True))["acted"]


def test_backfill_acts_for_the_times_of_its_periods(run: Run, raw: Raw, unique: Unique) -> None:
    schedule_id = unique("backfill")
    periods = [
        {"start_time": "2026-01-01T00:30:00Z", "end_time": "2026-01-01T02:30:00Z", "overlap": "allow_all"},
        {"start_time": "2026-02-01T00:30:00+01:00", "end_time": "2026-02-01T02:00:00+01:00", "overlap": "allow_all"},
    ]
    options = {"schedule_id": schedule_id, "spec": {"cron": ["@hourly"]}, "action": ACTION, "backfill": periods}
    outcome = ok(run("schedule", options))
    assert (outcome.changed, outcome["acted"]) == (True, True)
    for attempt in eventually:
        with attempt:
            recent = raw.describe(schedule_id)["info"]["recentActions"]
            started = [entry["startWorkflowResult"]["workflowId"] for entry in recent]
            # The second period is 23:30 to 01:00 in UTC.
            expected = ("2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z", "2026-02-01T00:00:00Z", "2026-02-01T01:00:00Z")
            assert started[: len(expected)] == [f"{schedule_id}-{moment}" for moment in expected]


def test_a_limit_that_counts_down_is_left_to_count(
    run: Run, raw: Raw, frontend: RecordingProxy, unique: Unique
) -> None:
    schedule_id = unique("limited")
    spec = {"intervals": [{"every": "1s"}]}
    options = {"schedule_id": schedule_id, "action": ACTION, "spec": spec, "remaining_actions": 2}
    ok(run("schedule", {**options, "policies": {"overlap": "allow_all"}}))
    for attempt in eventually:
        with attempt:
            assert "remainingActions" not in raw.describe(schedule_id)["schedule"]["state"]
    frontend.forget()
    again = ok(run("schedule", options))
    assert (again.changed, again["schedule"]["remaining_actions"], frontend.writes) == (False, 0, [])
    ok(run("schedule", {"schedule_id": schedule_id, "state": "absent"}))


def test_search_attributes_of_the_workflow(
    run: Run, temporal_stack: TemporalStack, frontend: RecordingProxy, unique: Unique
) -> None:
    aliases = {"config": {"customSearchAttributeAliases": {"Keyword01": "Customer", "Int01": "Priority"}}}
    requests.post(
        f"{temporal_stack.http_url}/api/v1/namespaces/default/update", json=aliases, timeout=10
    ).raise_for_status()
    schedule_id = unique("searched")
    wanted = {**ACTION, "search_attributes": {"Customer": "c1", "Priority": 3}}
    for attempt in eventually:
        # The frontend knows them after a moment.
        with attempt:
            ok(run("schedule", {"schedule_id": schedule_id, "action": wanted}))
    frontend.forget()
    again = ok(run("schedule", {"schedule_id": schedule_id, "action": wanted}, diff=True))
    assert (again.changed, frontend.writes) == (False, []), again["diff"]
    assert again["schedule"]["action"]["search_attributes"] == {"Customer": "c1", "Priority": 3}
    refused = run("schedule", {"schedule_id": schedule_id, "action": {**ACTION, "search_attributes": {"Shoe": 1}}})
    assert "This is about action.search_attributes" in refused.message


def test_a_schedule_in_a_namespace_that_was_just_registered(run: Run, unique: Unique) -> None:
    namespace = unique("fresh")
    options = {"namespace": namespace, "schedule_id": "first", "action": ACTION}
    before = ok(run("schedule", options, check=True))
    assert (before.changed, before["action"]) == (True, "created")
    assert "In check mode the schedule is taken as missing." in before.warnings
    refused = run("schedule", options)
    assert f"Namespace '{namespace}' is not registered" in refused.message
    ok(run("namespace", {"name": namespace, "retention": "1d"}))
    assert ok(run("schedule", options))["action"] == "created"


def test_an_id_is_sent_whole(run: Run) -> None:
    options = {"schedule_id": "a b:c+d&e?f#g 100% ü", "action": ACTION}
    assert ok(run("schedule", options))["action"] == "created"
    assert ok(run("schedule", options))["action"] == "none"
    assert ok(run("schedule", {**options, "state": "absent"}))["action"] == "deleted"


def test_an_unknown_time_zone_is_told_with_its_option(run: Run, unique: Unique) -> None:
    options = {"schedule_id": unique("zone"), "action": ACTION, "spec": {"time_zone": "Mars/Olympus"}}
    message = run("schedule", options).message
    assert "unknown time zone Mars/Olympus" in message
    assert "spec.time_zone" in message


def test_a_new_schedule_needs_an_action(run: Run, frontend: RecordingProxy, unique: Unique) -> None:
    for check in (True, False):
        outcome = run("schedule", {"schedule_id": unique("none"), "paused": True}, check=check)
        assert "action is not given" in outcome.message
    assert frontend.writes == []


def test_what_was_written_but_is_never_shown_is_a_failure_that_changed_something() -> None:
    """Answers as of a server whose worker service does not run."""
    detail = {"@type": "type.googleapis.com/temporal.api.errordetails.v1.NotFoundFailure"}
    missing = json.dumps({"code": 5, "message": "schedule not found", "details": [detail]}).encode()

    def answer(request: bytes) -> bytes:
        if request.startswith(b"POST"):
            return http_answer("200 OK", b'{"conflictToken": "AAAAAAAAAAE="}')
        return http_answer("404 Not Found", missing)

    with misbehaving(answer) as server:
        options = {"http_url": server.url, "schedule_id": "s", "action": ACTION, "wait_timeout": 1}
        outcome = run_module("schedule", options)
    assert outcome.failed
    assert outcome.changed
    assert "Schedule s was written, but does not show it after 1 seconds (wait_timeout)" in outcome.message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "missing required arguments: schedule_id"),
        ({"schedule_id": ""}, "schedule_id is ''"),
        ({"schedule_id": "s", "namespace": " "}, "namespace is empty"),
        ({"schedule_id": "s", "spec": {"calendars": [{"hour": 24}]}}, "spec.calendars[0].hour is '24'"),
        ({"schedule_id": "s", "spec": {"cron": ["now"]}}, "spec.cron[0] is 'now'"),
        ({"schedule_id": "s", "spec": {"intervals": [{"every": "0s"}]}}, "spec.intervals[0].every is '0s'"),
        ({"schedule_id": "s", "spec": {"intervals": [{}]}}, "missing required arguments: every"),
        ({"schedule_id": "s", "spec": {"hourly": True}}, "Unsupported parameters"),
        ({"schedule_id": "s", "action": {"workflow_type": "echo"}}, "missing required arguments: task_queue"),
        ({"schedule_id": "s", "action": {**ACTION, "run_timeout": "soon"}}, "action.run_timeout: 'soon' is not"),
        ({"schedule_id": "s", "policies": {"overlap": "never"}}, "value of overlap must be one of"),
        ({"schedule_id": "s", "trigger": {"overlap": "never"}}, "value of overlap must be one of"),
        ({"schedule_id": "s", "remaining_actions": -5}, "remaining_actions is -5"),
        ({"schedule_id": "s", "state": "absent", "trigger": {}}, "trigger is given, but state is absent"),
        ({"schedule_id": "s", "backfill": [{"start_time": "x", "end_time": "y"}]}, "backfill[0].start_time: 'x'"),
        (
            {
                "schedule_id": "s",
                "backfill": [{"start_time": "2026-01-01T00:00:00Z", "end_time": "2026-01-01T00:00:00Z"}],
            },
            "backfill[0].end_time is '2026-01-01T00:00:00Z': it must be after backfill[0].start_time",
        ),
        ({"schedule_id": "s", "wait_timeout": -1}, "wait_timeout is -1"),
    ],
)
def test_bad_options_send_nothing(run: Run, frontend: RecordingProxy, options: dict[str, Any], message: str) -> None:
    outcome = run("schedule", options)
    assert outcome.failed
    assert message in outcome.message
    assert frontend.requests == []
