#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: schedule_info
short_description: Look at Temporal schedules
version_added: 0.1.0
description:
  - Reads one schedule with all that it is and did, or lists those of a namespace, over the HTTP API of the frontend.
  - Changes nothing.
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
      - Where nothing listens at the address yet, or the namespace is not there yet, the list is empty, with a warning.
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    platforms: posix
    support: full
options:
  schedule_id:
    description:
      - Id of the one schedule to describe. There is no error when it does not exist, only an empty list.
      - Without it, all schedules of the namespace are listed.
    type: str
  namespace:
    description:
      - Namespace of the schedules.
      - Falls back to the environment variable E(TEMPORAL_NAMESPACE).
    type: str
    default: default
  query:
    description:
      - Lists only the schedules that match this visibility query, V(TemporalSchedulePaused = true) say.
      - The list follows changes after a moment.
    type: str
  limit:
    description: How many schedules to list at most, 1 to 10000.
    type: int
    default: 100
  matching_from:
    description:
      - Begin of the period for which RV(schedules[].matching_times) is asked, as V(2026-12-01T00:00:00Z). Needs
        O(matching_to) and O(schedule_id).
    type: str
  matching_to:
    description: End of that period.
    type: str
seealso:
  - module: aegis.temporal.schedule
"""

EXAMPLES = r"""
- name: When does the report run next, and what became of the last runs
  aegis.temporal.schedule_info:
    http_url: http://127.0.0.1:7243
    schedule_id: daily-report
  register: report

- name: At which times it runs in December
  aegis.temporal.schedule_info:
    http_url: http://127.0.0.1:7243
    schedule_id: daily-report
    matching_from: "2026-12-01T00:00:00Z"
    matching_to: "2027-01-01T00:00:00Z"

- name: All schedules that rest
  aegis.temporal.schedule_info:
    http_url: http://127.0.0.1:7243
    query: TemporalSchedulePaused = true
    limit: 500
"""

RETURN = r"""
schedules:
  description: The schedules that were found. With O(schedule_id) one or none.
  returned: success
  type: list
  elements: dict
  contains:
    schedule_id:
      description: Its id.
      type: str
    spec:
      description: When it acts, in the normal form of M(aegis.temporal.schedule).
      type: dict
    workflow_type:
      description: Name of the workflow type that it starts.
      type: str
    paused:
      description: Whether it rests.
      type: bool
    note:
      description: Its note.
      type: str
    recent_actions:
      description:
        - The newest actions, the oldest of them first. Each has C(schedule_time), C(actual_time), C(workflow_id),
          C(run_id) and C(status), which is empty where the server does not tell it.
      type: list
      elements: dict
    next_times:
      description: The next times at which it acts, ISO 8601 in UTC, as many as the server tells.
      type: list
      elements: str
    action:
      description: What it starts, in the shape of M(aegis.temporal.schedule). Only with O(schedule_id).
      type: dict
    policies:
      description: Its policies, in the shape of M(aegis.temporal.schedule). Only with O(schedule_id).
      type: dict
    remaining_actions:
      description: How many more times it acts, V(-1) for no limit. Only with O(schedule_id).
      type: int
    action_count:
      description: How many actions it took so far. Only with O(schedule_id).
      type: int
    missed_catchup_window:
      description: How many times were missed for longer than the catchup window. Only with O(schedule_id).
      type: int
    overlap_skipped:
      description: How many times were skipped because of an overlap. Only with O(schedule_id).
      type: int
    running_workflows:
      description: C(workflow_id) and C(run_id) of the workflows that it started and that run. Only with O(schedule_id).
      type: list
      elements: dict
    create_time:
      description: When it was created. Only with O(schedule_id).
      type: str
    update_time:
      description: When it was last updated, empty for never. Only with O(schedule_id).
      type: str
    matching_times:
      description: The times at which it acts in the period asked for. Only with O(matching_from) and O(matching_to).
      type: list
      elements: str
  sample:
    - schedule_id: daily-report
      workflow_type: echo
      paused: false
      note: ""
      next_times: ["2026-11-30T05:30:00Z", "2026-12-01T05:30:00Z"]
      recent_actions: []
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 0.012
"""

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible_collections.aegis.temporal.plugins.module_utils.connection import (
    connection_argument_spec,
    read_connection,
)
from ansible_collections.aegis.temporal.plugins.module_utils.first_look import first_look
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import REQUESTS_IMPORT_ERROR
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem, run
from ansible_collections.aegis.temporal.plugins.module_utils.schedule_api import Schedules
from ansible_collections.aegis.temporal.plugins.module_utils.schedule_spec import read_period
from ansible_collections.aegis.temporal.plugins.module_utils.schedules import check_schedule_id
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp

MOST = 10000


def main():
    module = AnsibleModule(
        argument_spec={
            **connection_argument_spec(),
            "schedule_id": {"type": "str"},
            "namespace": {"type": "str", "default": "default", "fallback": (env_fallback, ["TEMPORAL_NAMESPACE"])},
            "query": {"type": "str"},
            "limit": {"type": "int", "default": 100},
            "matching_from": {"type": "str"},
            "matching_to": {"type": "str"},
        },
        mutually_exclusive=[("schedule_id", "query")],
        required_together=[("matching_from", "matching_to")],
        required_by={"matching_from": ("schedule_id",)},
        supports_check_mode=True,
    )

    def work():
        params = module.params
        period = check(params)
        api = Schedules(TemporalHttp(read_connection(params).http), params["namespace"])
        found = first_look(module, api.client, api.namespace, "every schedule", lambda: look(api, params, period))
        return {"changed": False, "schedules": found or []}

    run(module, work, REQUESTS_IMPORT_ERROR)


def look(api, params, period):
    """Return the schedules that were asked for."""
    if params["schedule_id"] is None:
        return api.list(params["query"] or "", params["limit"])
    live = api.describe(params["schedule_id"])
    if live is None:
        return []
    found = {**live.shown, **live.info, "workflow_type": live.shown["action"]["workflow_type"]}
    if period:
        found["matching_times"] = api.matching_times(params["schedule_id"], *period)
    return [found]


def check(params):
    """Refuse bad options. Returns the period asked for, or None."""
    if not params["namespace"].strip():
        raise Problem("namespace is empty: name one, like default.")
    if params["schedule_id"] is not None:
        check_schedule_id(params["schedule_id"])
    if not 1 <= params["limit"] <= MOST:
        raise Problem(f"limit is {params['limit']}: it must be between 1 and {MOST}.")
    if params["matching_from"] is None:
        return None
    return read_period("matching_from", params["matching_from"], "matching_to", params["matching_to"])


if __name__ == "__main__":
    main()
