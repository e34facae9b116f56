#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: schedule
short_description: Create, update, trigger and delete Temporal schedules
version_added: 0.1.0
description:
  - Brings one schedule to the wanted state over the HTTP API of the frontend.
  - Reads it first and sends a write only where something differs. The server keeps compiled calendars in place of what
    it was sent, so both sides are compared, and shown in the diff, in one normal form. A cron string appears there as
    the calendar that it stands for.
  - O(spec), O(action) and O(policies) are each taken as a whole. What is left out within one that is given has its
    default; one that is left out altogether stays as it is.
  - What no option can express, such as a header or a priority that another program set, is never touched.
  - An update carries the conflict token of what was read. When somebody else changes the schedule at the same moment,
    the module fails and keeps what they did.
author:
  - The aegis.temporal developers (!UNKNOWN)
extends_documentation_fragment:
  - aegis.temporal.attributes
  - aegis.temporal.attributes.action_group
  - aegis.temporal.connection
attributes:
  check_mode:
    support: full
    details:
      - Where nothing listens at the address yet, as before a first installation, or the namespace is not there yet, the
        schedule is taken as missing, with a warning.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - O(trigger) and O(backfill) ask for actions, and do so each time. Without them, full.
  platform:
    platforms: posix
    support: full
options:
  schedule_id:
    description: Id of the schedule.
    type: str
    required: true
  namespace:
    description:
      - Namespace of the schedule.
      - Falls back to the environment variable E(TEMPORAL_NAMESPACE).
    type: str
    default: default
  state:
    description:
      - V(present) creates the schedule or updates it.
      - V(absent) deletes it. Workflows that it started go on.
    type: str
    choices: [present, absent]
    default: present
  spec:
    description:
      - When the schedule acts, at all times of O(spec.calendars), O(spec.intervals) and O(spec.cron) together, less
        those of O(spec.excluded_calendars).
      - A new schedule without it acts only when asked to (O(trigger)).
    type: dict
    suboptions:
      calendars:
        description:
          - Calendars. One matches a time when all its fields match.
          - A field is V(*) for all values, a number, a range like V(9-17), either with a step like V(9-17/2) or
            V(*/15), or several of these with commas between. Months and days of the week have names too, like
            V(mon-fri).
        type: list
        elements: dict
        suboptions:
          second:
            description: Seconds, 0 to 59. V(0) when left out.
            type: str
          minute:
            description: Minutes, 0 to 59. V(0) when left out.
            type: str
          hour:
            description: Hours, 0 to 23. V(0) when left out.
            type: str
          day_of_month:
            description: Days of the month, 1 to 31. V(*) when left out.
            type: str
          month:
            description: Months, 1 to 12 or names. V(*) when left out.
            type: str
          year:
            description: Years, 2000 to 2100. V(*) when left out.
            type: str
          day_of_week:
            description: Days of the week, 0 (or 7, Sunday) to 6 (Saturday) or names. V(*) when left out.
            type: str
          comment:
            description: What the calendar is for, up to 200 bytes.
            type: str
      intervals:
        description: Times at a fixed distance, counted from 1970-01-01T00:00:00Z.
        type: list
        elements: dict
        suboptions:
          every:
            description: The distance, as V(90m), V(1d) or a number of seconds.
            type: str
            required: true
          offset:
            description: By how much to shift all the times, less than O(spec.intervals[].every).
            type: str
      cron:
        description:
          - Cron strings. Five fields (minute, hour, day of month, month, day of week), six with a year behind them, or
            seven with seconds before them as well.
          - V(@hourly), V(@daily), V(@weekly), V(@monthly) and V(@yearly) are known, and V(@every 90m/5m) for an
            interval of 90 minutes with an offset of 5.
          - V(TZ=Europe/Berlin 0 9 * * *) sets the time zone of the whole schedule. Text behind a C(#) is a comment.
          - The days of the month and of the week must both match, unlike in some other implementations of cron.
        type: list
        elements: str
      excluded_calendars:
        description:
          - Calendars whose times are left out. The fields are those of O(spec.calendars), but second, minute and hour
            are V(*) when left out, so that a date alone excludes that whole day.
        type: list
        elements: dict
        suboptions:
          second:
            description: Seconds, 0 to 59. V(*) when left out.
            type: str
          minute:
            description: Minutes, 0 to 59. V(*) when left out.
            type: str
          hour:
            description: Hours, 0 to 23. V(*) when left out.
            type: str
          day_of_month:
            description: Days of the month, 1 to 31. V(*) when left out.
            type: str
          month:
            description: Months, 1 to 12 or names. V(*) when left out.
            type: str
          year:
            description: Years, 2000 to 2100. V(*) when left out.
            type: str
          day_of_week:
            description: Days of the week, 0 (or 7, Sunday) to 6 (Saturday) or names. V(*) when left out.
            type: str
          comment:
            description: What the calendar is for, up to 200 bytes.
            type: str
      jitter:
        description: By how much each time is put off at most, at random, as V(30s). None when left out.
        type: str
      start_time:
        description: Times before this one are left out, as V(2026-12-01T00:00:00Z).
        type: str
      end_time:
        description: Times after this one are left out.
        type: str
      time_zone:
        description:
          - Time zone of the calendars, by its name in the IANA database. V(UTC) when left out.
          - The server's own copy of that database decides which names there are.
        type: str
  action:
    description:
      - The workflow that the schedule starts. A new schedule needs it.
    type: dict
    suboptions:
      workflow_type:
        description: Name of the workflow type, as the worker registered it.
        type: str
        required: true
      task_queue:
        description: Task queue on which a worker with that type polls.
        type: str
        required: true
      workflow_id:
        description: Id of the workflow, to which the server adds the time. O(schedule_id) when left out.
        type: str
      input:
        description:
          - Arguments of the workflow, in order, encoded as JSON.
          - They appear in the result and the diff. A task whose input holds a secret needs C(no_log).
        type: list
        elements: raw
      execution_timeout:
        description: After how long the server ends the workflow, retries and continuations included, as V(2h).
        type: str
      run_timeout:
        description: After how long the server ends a single run.
        type: str
      task_timeout:
        description: How long a worker may take over one workflow task. The server's default when left out.
        type: str
      memo:
        description: Values by name, shown with the workflow, encoded as JSON.
        type: dict
      search_attributes:
        description:
          - Search attributes of the workflow, which the namespace must have. Texts, numbers, booleans, or lists of
            texts.
        type: dict
  policies:
    description: What happens in special cases.
    type: dict
    suboptions:
      overlap:
        description:
          - What to do when the workflow of an earlier time is still running. V(skip) when left out.
        type: str
        choices: [skip, buffer_one, buffer_all, cancel_other, terminate_other, allow_all]
      catchup_window:
        description:
          - Times that were missed while the server was down are made up for up to this long afterwards. V(365d) when
            left out, at least V(10s).
        type: str
      pause_on_failure:
        description: Whether a workflow that fails or times out pauses the schedule. V(false) when left out.
        type: bool
  paused:
    description: Whether the schedule rests. A new one does not, and one that exists stays as it is, when left out.
    type: bool
  note:
    description:
      - Why the schedule is as it is. The server overwrites it when O(policies.pause_on_failure) pauses the schedule, so
        a note that is always given hides that reason at the next run.
    type: str
  remaining_actions:
    description:
      - How many more times the schedule acts by itself, V(-1) for no limit.
      - The server counts down from it. So a schedule that is limited to this number or fewer is left as it is. To begin
        anew, set V(-1) first.
    type: int
  trigger:
    description:
      - Act once now, paused or not, after everything else has been done. V({}) does so with the schedule's own policy.
      - The ids of the workflows carry the time in seconds, so two triggers within one second start one workflow.
      - Sent once and not repeated after a failure.
    type: dict
    suboptions:
      overlap:
        description: Overlap policy of this action. That of the schedule when left out.
        type: str
        choices: [skip, buffer_one, buffer_all, cancel_other, terminate_other, allow_all]
  backfill:
    description:
      - Act now for the times that the schedule has in each of these periods, which may be long past.
      - Sent once and not repeated after a failure.
    type: list
    elements: dict
    suboptions:
      start_time:
        description: Begin of the period, inclusive.
        type: str
        required: true
      end_time:
        description: End of the period, inclusive.
        type: str
        required: true
      overlap:
        description: Overlap policy of these actions, V(allow_all) say. That of the schedule when left out.
        type: str
        choices: [skip, buffer_one, buffer_all, cancel_other, terminate_other, allow_all]
  wait_timeout:
    description: Seconds to wait until the server shows what was written.
    type: float
    default: 60.0
seealso:
  - module: aegis.temporal.schedule_info
  - module: aegis.temporal.workflow_run
"""

EXAMPLES = r"""
- name: A report every weekday at half past six in Berlin, but not at Christmas
  aegis.temporal.schedule:
    http_url: http://127.0.0.1:7243
    schedule_id: daily-report
    spec:
      calendars:
        - hour: 6
          minute: 30
          day_of_week: mon-fri
      excluded_calendars:
        - month: dec
          day_of_month: 25-26
      time_zone: Europe/Berlin
      jitter: 5m
    action:
      workflow_type: echo
      task_queue: aegis-agents
      input:
        - message: report
      execution_timeout: 2h
    policies:
      overlap: buffer_one
      pause_on_failure: true

- name: The same kind of thing by cron string and interval
  aegis.temporal.schedule:
    http_url: http://127.0.0.1:7243
    schedule_id: sync
    spec:
      cron:
        - "0 9-17 * * mon-fri # office hours"
      intervals:
        - every: 6h
          offset: 10m
    action:
      workflow_type: echo
      task_queue: aegis-agents

- name: Pause it for a maintenance
  aegis.temporal.schedule:
    http_url: http://127.0.0.1:7243
    schedule_id: sync
    paused: true
    note: Maintenance of the database

- name: Run the report now, beside one that may be running
  aegis.temporal.schedule:
    http_url: http://127.0.0.1:7243
    schedule_id: daily-report
    trigger:
      overlap: allow_all

- name: Make up for a day that was lost
  aegis.temporal.schedule:
    http_url: http://127.0.0.1:7243
    schedule_id: daily-report
    backfill:
      - start_time: "2026-11-23T00:00:00Z"
        end_time: "2026-11-24T00:00:00Z"
        overlap: allow_all

- name: Delete it
  aegis.temporal.schedule:
    http_url: http://127.0.0.1:7243
    schedule_id: sync
    state: absent
"""

RETURN = r"""
action:
  description: What was done with the schedule. V(none), V(created), V(updated) or V(deleted).
  returned: success
  type: str
  sample: created
schedule:
  description:
    - The schedule after the run (in check mode, as it would be), in the shape of the options. Empty when it is not
      there.
    - C(spec) is in its normal form, with cron strings as calendars and every list sorted.
  returned: success
  type: dict
  sample:
    schedule_id: daily-report
    spec:
      calendars:
        - {second: "0", minute: "30", hour: "6", day_of_month: "*", month: "*", year: "*", day_of_week: "1-5",
           comment: ""}
      intervals: []
      excluded_calendars: []
      jitter: 5m
      start_time: ""
      end_time: ""
      time_zone: Europe/Berlin
    action:
      workflow_type: echo
      workflow_id: daily-report
      task_queue: aegis-agents
      input: [{message: report}]
      execution_timeout: 2h
      run_timeout: ""
      task_timeout: ""
      memo: {}
      search_attributes: {}
    policies: {overlap: buffer_one, catchup_window: 365d, pause_on_failure: true}
    paused: false
    note: ""
    remaining_actions: -1
acted:
  description: Whether O(trigger) or O(backfill) was sent (in check mode, would be).
  returned: success
  type: bool
  sample: false
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 0.041
"""

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible_collections.aegis.temporal.plugins.module_utils import schedules
from ansible_collections.aegis.temporal.plugins.module_utils.calendar_fields import FIELDS
from ansible_collections.aegis.temporal.plugins.module_utils.connection import connection_argument_spec
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import REQUESTS_IMPORT_ERROR
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem, check_wait, run
from ansible_collections.aegis.temporal.plugins.module_utils.schedule_manager import PAUSE, ScheduleManager
from ansible_collections.aegis.temporal.plugins.module_utils.schedule_spec import read_period


def main():
    calendar = {**{field.option: {"type": "str"} for field in FIELDS}, "comment": {"type": "str"}}
    overlap = {"type": "str", "choices": list(schedules.OVERLAPS)}
    module = AnsibleModule(
        argument_spec={
            **connection_argument_spec(),
            "schedule_id": {"type": "str", "required": True},
            "namespace": {"type": "str", "default": "default", "fallback": (env_fallback, ["TEMPORAL_NAMESPACE"])},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "spec": {
                "type": "dict",
                "options": {
                    "calendars": {"type": "list", "elements": "dict", "options": calendar},
                    "intervals": {
                        "type": "list",
                        "elements": "dict",
                        "options": {"every": {"type": "str", "required": True}, "offset": {"type": "str"}},
                    },
                    "cron": {"type": "list", "elements": "str"},
                    "excluded_calendars": {"type": "list", "elements": "dict", "options": calendar},
                    "jitter": {"type": "str"},
                    "start_time": {"type": "str"},
                    "end_time": {"type": "str"},
                    "time_zone": {"type": "str"},
                },
            },
            "action": {
                "type": "dict",
                "options": {
                    "workflow_type": {"type": "str", "required": True},
                    "task_queue": {"type": "str", "required": True},
                    "workflow_id": {"type": "str"},
                    "input": {"type": "list", "elements": "raw"},
                    "execution_timeout": {"type": "str"},
                    "run_timeout": {"type": "str"},
                    "task_timeout": {"type": "str"},
                    "memo": {"type": "dict"},
                    "search_attributes": {"type": "dict"},
                },
            },
            "policies": {
                "type": "dict",
                "options": {
                    "overlap": overlap,
                    "catchup_window": {"type": "str"},
                    "pause_on_failure": {"type": "bool"},
                },
            },
            "paused": {"type": "bool"},
            "note": {"type": "str"},
            "remaining_actions": {"type": "int"},
            "trigger": {"type": "dict", "options": {"overlap": overlap}},
            "backfill": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "start_time": {"type": "str", "required": True},
                    "end_time": {"type": "str", "required": True},
                    "overlap": overlap,
                },
            },
            "wait_timeout": {"type": "float", "default": 60.0},
        },
        supports_check_mode=True,
    )

    def work():
        params = module.params
        check(params)
        wanted = schedules.read_wanted(params)
        manager = ScheduleManager(module, read_backfill(params["backfill"]))
        if params["state"] == "absent":
            return manager.remove(wanted.schedule_id)
        return manager.act(manager.bring(wanted))

    run(module, work, REQUESTS_IMPORT_ERROR)


def check(params):
    check_wait(params["wait_timeout"], PAUSE)
    if not params["namespace"].strip():
        raise Problem("namespace is empty: name one, like default.")
    if params["state"] == "absent":
        for name in ("trigger", "backfill"):
            if params[name] is not None:
                raise Problem(f"{name} is given, but state is absent: a schedule that is deleted does not act.")


def read_backfill(entries):
    """Check the periods and bring their times to the normal form."""
    checked = []
    for number, entry in enumerate(entries or []):
        option = f"backfill[{number}]."
        start, end = read_period(option + "start_time", entry["start_time"], option + "end_time", entry["end_time"])
        checked.append({**entry, "start_time": start, "end_time": end})
    return checked


if __name__ == "__main__":
    main()
