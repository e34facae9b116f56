#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: workflow_info
short_description: Look at Temporal workflows
version_added: 0.1.0
description:
  - Tells about one workflow what it is doing or how it ended, with its pending activities and their last failures, and
    asks it a query if wanted.
  - Or lists the workflows that match a visibility query.
  - Changes nothing.
author:
  - The aegis.temporal developers (!UNKNOWN)
extends_documentation_fragment:
  - aegis.temporal.attributes
  - aegis.temporal.attributes.action_group
  - aegis.temporal.connection
  - aegis.temporal.workflow_target
attributes:
  check_mode:
    support: full
    details:
      - Where nothing listens at the address yet, no workflow is taken to be there, with a warning.
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    platforms: posix
    support: full
options:
  workflow_id:
    description:
      - Id of one workflow. That there is none of this id is no failure, the list RV(workflows) is empty then.
      - Without it workflows are listed.
    type: str
  visibility_query:
    description:
      - Which workflows to list, as V(WorkflowType = 'echo' AND ExecutionStatus = 'Running'). Without it all of them.
      - The list follows the workflows themselves with a small delay.
    type: str
  limit:
    description: How many workflows to list at most, the newest first.
    type: int
    default: 100
  query:
    description:
      - A query to the workflow O(workflow_id), answered in RV(query_result). It changes nothing in the workflow.
      - A worker must answer it, within O(timeout). That it does not, or that there is no such workflow, is a failure.
    type: dict
    suboptions:
      name:
        description: Name of the query, as the workflow registered it.
        type: str
        required: true
      args:
        description: Arguments of the query, in order, encoded as JSON.
        type: list
        elements: raw
        default: []
  current_details:
    description:
      - Whether to ask the workflow O(workflow_id) for the text that it keeps about itself. The AEGIS worker says there
        in which state the run is and what it waits for.
      - Asked like a O(query), so a worker must answer it.
    type: bool
    default: false
seealso:
  - module: aegis.temporal.workflow_run
  - module: aegis.temporal.workflow_signal
  - module: aegis.temporal.workflow_terminate
  - module: aegis.temporal.pollers
"""

EXAMPLES = r"""
- name: How the migration ended
  aegis.temporal.workflow_info:
    http_url: http://127.0.0.1:7243
    workflow_id: migration-2026-11
  register: migration

- name: What failed since yesterday
  aegis.temporal.workflow_info:
    http_url: http://127.0.0.1:7243
    visibility_query: >-
      ExecutionStatus = 'Failed' AND CloseTime > '2026-11-27T00:00:00Z'
    limit: 20

- name: Where a run is just now
  aegis.temporal.workflow_info:
    http_url: http://127.0.0.1:7243
    workflow_id: approval-17
    query:
      name: order
    current_details: true
  register: approval
"""

RETURN = r"""
workflows:
  description: The workflow O(workflow_id), or those of the list. Empty when there is none.
  returned: success
  type: list
  elements: dict
  contains:
    workflow_id:
      description: Its id.
      type: str
    run_id:
      description: Id of the run.
      type: str
    status:
      description:
        - V(running), V(completed), V(failed), V(canceled), V(terminated), V(timed_out), V(continued_as_new) or
          V(paused).
      type: str
    workflow_type:
      description: Name of the workflow type.
      type: str
    task_queue:
      description: Its task queue. Empty in lists of servers that do not tell.
      type: str
    history_length:
      description: Number of events in the history. In lists it is 0 until the run has closed.
      type: int
    start_time:
      description: When the run was started, RFC 3339.
      type: str
    close_time:
      description: When it closed. Empty while it runs.
      type: str
    memo:
      description: Its memo.
      type: dict
    search_attributes:
      description: Its search attributes.
      type: dict
    first_run_id:
      description: Id of the first run of the chain that this one continues. Empty on servers that do not tell (1.24).
      type: str
      returned: with O(workflow_id)
    execution_time:
      description: When its first task was due, RFC 3339.
      type: str
      returned: with O(workflow_id)
    cancel_requested:
      description: Whether it was asked to cancel. V(false) on servers that do not tell (1.24).
      type: bool
      returned: with O(workflow_id)
    history_size:
      description: Size of the history in bytes.
      type: int
      returned: with O(workflow_id)
    parent_workflow_id:
      description: Id of the workflow that started it as a child. Empty when there is none.
      type: str
      returned: with O(workflow_id)
    parent_run_id:
      description: The run of that workflow.
      type: str
      returned: with O(workflow_id)
    static_summary:
      description: The line about the workflow that was given at its start.
      type: str
      returned: with O(workflow_id)
    static_details:
      description: The text about the workflow that was given at its start.
      type: str
      returned: with O(workflow_id)
    current_details:
      description: The text that the workflow keeps about itself.
      type: str
      returned: with O(current_details)
    pending_workflow_task:
      description: The task that waits for a worker or is with one, V(null) when there is none.
      type: dict
      returned: with O(workflow_id)
      contains:
        state:
          description: V(scheduled) or V(started).
          type: str
        attempt:
          description: Number of the attempt, from 1. More than 1 means that the worker failed at it.
          type: int
        scheduled_time:
          description: Since when, RFC 3339.
          type: str
    pending_activities:
      description: Activities that have not ended.
      type: list
      elements: dict
      returned: with O(workflow_id)
      contains:
        activity_id:
          description: Its id.
          type: str
        activity_type:
          description: Name of its type.
          type: str
        state:
          description: V(scheduled), V(started), V(cancel_requested), V(paused) or V(pause_requested).
          type: str
        attempt:
          description: Number of the attempt, from 1.
          type: int
        maximum_attempts:
          description: How many there may be. 0 means no limit.
          type: int
        last_failure:
          description: Why the last attempt failed, the messages from the outermost to the cause.
          type: str
        last_worker_identity:
          description: Identity of the worker that tried last.
          type: str
        scheduled_time:
          description: When this attempt is or was due, RFC 3339.
          type: str
        last_started_time:
          description: When a worker took it last.
          type: str
        last_heartbeat_time:
          description: When it gave its last sign of life.
          type: str
        expiration_time:
          description: When it ends for good, whatever it does.
          type: str
    pending_children:
      description: Child workflows that have not ended.
      type: list
      elements: dict
      returned: with O(workflow_id)
      contains:
        workflow_id:
          description: Its id.
          type: str
        run_id:
          description: Its run.
          type: str
        workflow_type:
          description: Name of its type.
          type: str
    result:
      description:
        - What it returned. A value that is not JSON comes as a dictionary with C(encoding) and the base64 C(data).
      type: raw
      returned: with O(workflow_id)
    failure:
      description: Why it did not complete, the server's messages from the outermost to the cause.
      type: str
      returned: with O(workflow_id)
    new_run_id:
      description: Id of the run that continues this one. Empty when there is none.
      type: str
      returned: with O(workflow_id)
  sample:
    - workflow_id: migration-2026-11
      run_id: 01a221f4-75f1-7672-9467-0612f4214aac
      status: running
      workflow_type: echo
      task_queue: aegis-agents
      history_length: 5
      pending_activities:
        - activity_id: "1"
          activity_type: repeat
          state: scheduled
          attempt: 3
          maximum_attempts: 0
          last_failure: disk full
total:
  description: How many workflows match, those beyond O(limit) included.
  returned: when workflows are listed
  type: int
  sample: 1
query_result:
  description: What the workflow answered.
  returned: with O(query)
  type: raw
  sample: {message: hello}
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 0.012
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils import namespaces, visibility, workflow_details
from ansible_collections.aegis.temporal.plugins.module_utils.connection import (
    connection_argument_spec,
    read_connection,
)
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import REQUESTS_IMPORT_ERROR, HttpProblem
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem, check_filled, run
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp
from ansible_collections.aegis.temporal.plugins.module_utils.workflow_target import (
    check_limit,
    check_target,
    target_argument_spec,
)


def main():
    module = AnsibleModule(
        argument_spec={
            **connection_argument_spec(),
            **target_argument_spec(),
            "visibility_query": {"type": "str"},
            "limit": {"type": "int", "default": 100},
            "query": {
                "type": "dict",
                "options": {
                    "name": {"type": "str", "required": True},
                    "args": {"type": "list", "elements": "raw", "default": []},
                },
            },
            "current_details": {"type": "bool", "default": False},
        },
        mutually_exclusive=[("workflow_id", "visibility_query")],
        required_by={"run_id": "workflow_id", "query": "workflow_id"},
        supports_check_mode=True,
    )

    def work():
        params = module.params
        check(params)
        client = TemporalHttp(read_connection(params).http)
        try:
            with namespaces.explained(client, params["namespace"]):
                found = listed(client, params) if params["workflow_id"] is None else one(client, params)
        except HttpProblem as problem:
            if not (module.check_mode and problem.nobody_listens):
                raise
            module.warn(f"{problem} In check mode no workflow is taken to be there.")
            found = {"workflows": []}
        return {"changed": False, **found}

    run(module, work, REQUESTS_IMPORT_ERROR)


def listed(client, params):
    """The workflows that match the visibility query."""
    query = params["visibility_query"] or ""
    found = visibility.search(client, params["namespace"], query, params["limit"])
    return {"workflows": found, "total": visibility.count(client, params["namespace"], query)}


def one(client, params):
    """The workflow of this id, and what it answers."""
    namespace, workflow_id = params["namespace"], params["workflow_id"]
    found = workflow_details.details(client, namespace, workflow_id, params["run_id"] or "")
    asked = params["query"]
    if found is None:
        if asked or params["current_details"]:
            raise Problem(
                f"Workflow {workflow_id} does not exist in namespace {namespace}, so it cannot be asked. Correct "
                "workflow_id, or leave out query and current_details to learn whether it is there."
            )
        return {"workflows": []}
    result = {"workflows": [found]}
    if params["current_details"]:
        found["current_details"] = workflow_details.current_details(client, namespace, workflow_id, found["run_id"])
    if asked:
        result["query_result"] = workflow_details.query(
            client, namespace, workflow_id, found["run_id"], asked["name"], asked["args"]
        )
    return result


def check(params):
    check_target(params)
    check_limit(params)
    check_filled(params["query"] or {"name": None}, "name")
    if params["current_details"] and params["workflow_id"] is None:
        raise Problem("current_details is true: this needs workflow_id, the one workflow to ask.")


if __name__ == "__main__":
    main()
