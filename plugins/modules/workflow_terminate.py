#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: workflow_terminate
short_description: Terminate or cancel Temporal workflows
version_added: 0.1.0
description:
  - Ends one workflow, or all that match a visibility query, over the HTTP API of the frontend, and waits until they
    have closed.
  - Workflows that have ended already, or never were, are left alone without any write.
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
      - Lists what it would end. Where nothing listens at the address yet, no workflow is taken to be there, with a
        warning.
  diff_mode:
    support: full
  idempotent:
    support: full
    details:
      - With O(mode=cancel) and O(wait=false), on a server that does not tell whether a workflow was asked to cancel
        (1.24), a second call asks again and reports a change.
  platform:
    platforms: posix
    support: full
options:
  workflow_id:
    description:
      - Id of the workflow to end. That there is none of this id is no failure.
      - Exactly one of O(workflow_id) and O(visibility_query) is required.
    type: str
  visibility_query:
    description:
      - Which workflows to end, as V(WorkflowType = 'echo' AND StartTime < '2026-11-01T00:00:00Z'). Those that have
        ended are left out anyway.
      - The server's list follows the workflows with a small delay, so one that has only just begun can be missed.
    type: str
  limit:
    description:
      - How many workflows O(visibility_query) may match. When there are more, nothing is ended and the module fails.
      - Required with O(visibility_query).
    type: int
  mode:
    description:
      - V(terminate) ends the workflow at once. It does not learn of it and cleans nothing up.
      - V(cancel) asks the workflow to end. It can clean up first, and it can go on regardless. A worker must poll its
        task queue.
    type: str
    choices: [terminate, cancel]
    default: terminate
  reason:
    description: Why, for the workflow's history.
    type: str
    default: ended by aegis.temporal.workflow_terminate
  wait:
    description: Whether to wait until they have closed.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait for all of them together. A request that is under way by then may take a second more.
    type: float
    default: 60.0
seealso:
  - module: aegis.temporal.workflow_info
  - module: aegis.temporal.workflow_run
  - module: aegis.temporal.workflow_signal
"""

EXAMPLES = r"""
- name: End one workflow
  aegis.temporal.workflow_terminate:
    http_url: http://127.0.0.1:7243
    workflow_id: migration-2026-11
    reason: replaced by migration-2026-12

- name: Ask the echo workflows of a queue to end, if there are no more than ten
  aegis.temporal.workflow_terminate:
    http_url: http://127.0.0.1:7243
    visibility_query: WorkflowType = 'echo' AND TaskQueue = 'aegis-agents'
    limit: 10
    mode: cancel
    wait_timeout: 120
"""

RETURN = r"""
workflows:
  description: The workflows that are meant, those that had ended already included.
  returned: when the server answered, and in check mode
  type: list
  elements: dict
  contains:
    workflow_id:
      description: Its id.
      type: str
    run_id:
      description: Id of the run; after a wait, of the run that closed.
      type: str
    workflow_type:
      description: Name of its type.
      type: str
    action:
      description:
        - What was done (in check mode, what would be). V(none), V(terminated) or V(canceled), the latter meaning that
          it was asked to.
      type: str
    status:
      description:
        - Its status afterwards. V(running), V(completed), V(failed), V(canceled), V(terminated) or V(timed_out). In
          check mode its status now.
      type: str
  sample:
    - workflow_id: migration-2026-11
      run_id: 01a221f4-75f1-7672-9467-0612f4214aac
      workflow_type: echo
      action: terminated
      status: terminated
total:
  description: How many workflows O(visibility_query) matches.
  returned: when there are more than O(limit)
  type: int
  sample: 250
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 0.051
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils import namespaces, workflow_ending, workflows
from ansible_collections.aegis.temporal.plugins.module_utils.connection import (
    connection_argument_spec,
    read_connection,
)
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import REQUESTS_IMPORT_ERROR, HttpProblem
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import (
    Problem,
    check_filled,
    check_wait,
    run,
)
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp
from ansible_collections.aegis.temporal.plugins.module_utils.workflow_target import (
    check_limit,
    check_target,
    target_argument_spec,
)
from ansible_collections.aegis.temporal.plugins.module_utils.workflow_waiting import PAUSE, wait_for_end

ACTIONS = {"terminate": "terminated", "cancel": "canceled"}


class Terminator:
    """Ends workflows, one after the other, and keeps what was done."""

    def __init__(self, module):
        self.module = module
        self.params = module.params
        self.namespace = module.params["namespace"]
        self.client = TemporalHttp(read_connection(module.params).http)
        self.entries = []
        self.diffs = []

    def targets(self):
        """Descriptions of the workflows that are meant."""
        params = self.params
        try:
            if params["visibility_query"] is not None:
                return workflow_ending.matching(
                    self.client, self.namespace, params["visibility_query"], params["limit"]
                )
            found = workflows.describe(self.client, self.namespace, params["workflow_id"], params["run_id"] or "")
        except HttpProblem as problem:
            if not (self.module.check_mode and problem.nobody_listens):
                raise
            self.module.warn(f"{problem} In check mode no workflow is taken to be there.")
            found = None
        return [found] if found else []

    def end(self, target):
        mode = self.params["mode"]
        if self.params["run_id"]:
            # This run is meant, whatever continues it.
            target = {**target, "first_run_id": ""}
        entry = {key: target[key] for key in ("workflow_id", "run_id", "workflow_type", "status")}
        entry["action"] = "none"
        self.entries.append(entry)
        if not workflow_ending.needs_ending(target, mode):
            return
        if self.module.check_mode or workflow_ending.end(
            self.client, self.namespace, target, mode, self.params["reason"]
        ):
            entry["action"] = ACTIONS[mode]
            self.diffs.append(self.diff(target, mode))

    def settle(self):
        """Wait until all have closed, if asked to, and take over how they ended. Raises Problem for those left."""
        deadline = time.monotonic() + (self.params["wait_timeout"] if self.params["wait"] else 0.0)
        left, trouble = [], None
        for entry in self.entries:
            if time.monotonic() >= deadline:
                # One look, not another long poll for each.
                live = workflows.describe(self.client, self.namespace, entry["workflow_id"], entry["run_id"])
                entry["status"] = live["status"] if live else entry["status"]
                if self.params["wait"] and live and not live["close_time"]:
                    left.append(entry["workflow_id"])
                continue
            ending = wait_for_end(self.client, self.namespace, entry["workflow_id"], entry["run_id"], deadline)
            entry["run_id"] = ending.run_id
            if ending.closed is None:
                left.append(entry["workflow_id"])
                trouble = trouble or ending.trouble
            else:
                entry["status"] = ending.closed["status"]
        if left:
            raise self.too_late(left, trouble)

    def too_late(self, left, trouble):
        hint = "Look at them with aegis.temporal.workflow_info."
        if trouble:
            hint = str(trouble)
        elif self.params["mode"] == "cancel":
            hint = (
                "mode is cancel, which only asks: does a worker poll their task queue, and do they heed it? "
                "mode terminate ends them in any case."
            )
        return Problem(
            f"Not closed after {self.params['wait_timeout']:g} seconds (wait_timeout): {', '.join(left)}. {hint}"
        )

    def outcome(self):
        return {
            "changed": any(entry["action"] != "none" for entry in self.entries),
            "workflows": self.entries,
            "diff": self.diffs,
        }

    @staticmethod
    def diff(target, mode):
        header = f"workflow {target['workflow_id']} (run {target['run_id']})"
        return {
            "before_header": header,
            "after_header": header,
            "before": {"status": target["status"]},
            "after": {"status": "terminated" if mode == "terminate" else f"{target['status']}, asked to cancel"},
        }


def main():
    module = AnsibleModule(
        argument_spec={
            **connection_argument_spec(),
            **target_argument_spec(),
            "visibility_query": {"type": "str"},
            "limit": {"type": "int"},
            "mode": {"type": "str", "choices": ["terminate", "cancel"], "default": "terminate"},
            "reason": {"type": "str", "default": "ended by aegis.temporal.workflow_terminate"},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "float", "default": 60.0},
        },
        mutually_exclusive=[("workflow_id", "visibility_query")],
        required_one_of=[("workflow_id", "visibility_query")],
        required_together=[("visibility_query", "limit")],
        required_by={"run_id": "workflow_id"},
        supports_check_mode=True,
    )

    def work():
        params = module.params
        check(params)
        terminator = Terminator(module)
        try:
            with namespaces.explained(terminator.client, params["namespace"]):
                for target in terminator.targets():
                    terminator.end(target)
                if not module.check_mode:
                    terminator.settle()
        except Problem as problem:
            # What was ended before the trouble is ended.
            problem.result.update(terminator.outcome())
            raise
        return terminator.outcome()

    run(module, work, REQUESTS_IMPORT_ERROR)


def check(params):
    check_target(params)
    check_limit(params)
    check_wait(params["wait_timeout"], PAUSE)
    check_filled(params, "reason")
    if params["visibility_query"] is not None and not params["visibility_query"].strip():
        raise Problem(
            f"visibility_query is {params['visibility_query']!r}: an empty one would end every workflow of the "
            "namespace. Write ExecutionStatus = 'Running' if that is meant."
        )


if __name__ == "__main__":
    main()
