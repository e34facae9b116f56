#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: workflow_run
short_description: Start a Temporal workflow and wait for its result
version_added: 0.1.0
description:
  - Starts a workflow over the HTTP API of the frontend and waits until it has closed.
  - Whether a run is needed at all follows from O(id_reuse_policy) and the newest run of O(workflow_id). With
    V(reject_duplicate) a second call starts nothing, joins the run that is there, and reports no change.
  - A workflow that does not end as completed, or not in time, fails the module.
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
      - Starts nothing and does not wait. Where nothing listens at the address yet, a start is predicted, with a
        warning.
  diff_mode:
    support: none
  idempotent:
    support: partial
    details:
      - Only with O(workflow_id) and O(id_reuse_policy=reject_duplicate), or with
        O(id_reuse_policy=allow_duplicate_failed_only) once a run has completed.
  platform:
    platforms: posix
    support: full
options:
  workflow_type:
    description: Name of the workflow type, as the worker registered it.
    type: str
    required: true
  task_queue:
    description: Task queue on which a worker with that type polls.
    type: str
    required: true
  namespace:
    description:
      - Namespace to run it in.
      - Falls back to the environment variable E(TEMPORAL_NAMESPACE).
    type: str
    default: default
  workflow_id:
    description: Id of the workflow. Without it a new one is made of O(workflow_type) and a UUID.
    type: str
  input:
    description: Arguments of the workflow, in order, encoded as JSON.
    type: list
    elements: raw
    default: []
  id_reuse_policy:
    description:
      - What earlier runs of the same O(workflow_id) mean for a new one.
      - V(allow_duplicate) starts a run unless one is running.
      - V(allow_duplicate_failed_only) starts one unless the newest is running or has completed.
      - V(reject_duplicate) starts one only when there is none yet.
    type: str
    choices: [allow_duplicate, allow_duplicate_failed_only, reject_duplicate]
    default: allow_duplicate
  id_conflict_policy:
    description:
      - What to do when O(id_reuse_policy=allow_duplicate) meets a run that is still running.
      - V(fail) fails, V(use_existing) joins it and reports no change, V(terminate_existing) ends it and starts a new
        one.
      - The other reuse policies always join a running one.
    type: str
    choices: [fail, use_existing, terminate_existing]
    default: fail
  deployment_name:
    description:
      - Name of a worker deployment. The run and its children are pinned to the version of it that O(build_id) names,
        whether that is the current one or not, so a new version can be tried before it gets other work.
      - Needs Temporal Server 1.29.1 or newer. Without it, the server's routing decides.
    type: str
  build_id:
    description: Build of that deployment's version.
    type: str
  execution_timeout:
    description:
      - After how long the server ends the workflow by itself, as V(10m), V(1h30m) or seconds. Without it, never.
    type: str
  memo:
    description:
      - Values by name that go with the workflow, for people and tools. They cannot be searched for. The server
        leaves out a value that is V(null).
      - Only a run that is started gets them. One that is joined keeps what it has.
    type: dict
  search_attributes:
    description:
      - Values by name with which the workflow can be found, as with
        O(aegis.temporal.workflow_info#module:visibility_query).
      - Each name must be registered in the namespace, and the value must fit its type. A time is a text in ISO 8601.
        The value of a keyword list is a list of texts.
      - Only a run that is started gets them. One that is joined keeps what it has.
    type: dict
  wait:
    description: Whether to wait until the workflow has closed.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds to wait. The workflow goes on when time runs out, so consider O(execution_timeout).
      - A request that is under way by then may still take a second.
    type: float
    default: 60.0
seealso:
  - module: aegis.temporal.pollers
  - module: aegis.temporal.workflow_info
  - module: aegis.temporal.workflow_signal
  - module: aegis.temporal.workflow_terminate
"""

EXAMPLES = r"""
- name: Prove that a worker runs workflows
  aegis.temporal.workflow_run:
    http_url: http://127.0.0.1:7243
    namespace: default
    task_queue: aegis-agents
    workflow_type: echo
    input:
      - message: hello
    execution_timeout: 2m
    wait_timeout: 30
  register: echo

- name: Run a migration once, however often the play runs
  aegis.temporal.workflow_run:
    http_url: http://127.0.0.1:7243
    task_queue: aegis-agents
    workflow_type: echo
    workflow_id: migration-2026-11
    id_reuse_policy: reject_duplicate
    input:
      - message: migrate
    memo:
      ticket: OPS-1234
"""

RETURN = r"""
workflow_id:
  description: Id of the workflow.
  returned: always, unless an option was refused
  type: str
run_id:
  description: Id of the run that was started or joined; after a wait, of the run that closed. Empty in check mode.
  returned: always, unless an option was refused
  type: str
status:
  description:
    - V(running), V(completed), V(failed), V(canceled), V(terminated) or V(timed_out). V(none) when check mode would
      start it.
  returned: always, unless an option was refused
  type: str
  sample: completed
result:
  description:
    - What the workflow returned. A value that is not JSON comes as a dictionary with C(encoding) and the base64
      C(data).
  returned: after a wait
  type: raw
  sample: {message: hello}
failure:
  description: Why it did not complete, the server's messages from the outermost to the cause.
  returned: after a wait
  type: str
  sample: ''
history_length:
  description: Number of events in the history of the run.
  returned: after a wait
  type: int
  sample: 11
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 0.093
"""

import time
import uuid

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible_collections.aegis.temporal.plugins.module_utils import namespaces, task_queues, workflows
from ansible_collections.aegis.temporal.plugins.module_utils.connection import (
    connection_argument_spec,
    read_connection,
)
from ansible_collections.aegis.temporal.plugins.module_utils.durations import parse_duration
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import REQUESTS_IMPORT_ERROR, HttpProblem
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import (
    Problem,
    check_filled,
    check_wait,
    run,
)
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp, TemporalProblem
from ansible_collections.aegis.temporal.plugins.module_utils.workflow_waiting import PAUSE, wait_for_end


class Starter:
    """Decides whether a run is needed, starts it, waits for it."""

    def __init__(self, module):
        self.module = module
        self.params = module.params
        self.client = TemporalHttp(read_connection(module.params).http)
        self.workflow_id = self.params["workflow_id"] or f"{self.params['workflow_type']}-{uuid.uuid4()}"

    def newest_run(self):
        """The newest run of the given id, or None."""
        if not self.params["workflow_id"]:
            return None
        try:
            return workflows.describe(self.client, self.params["namespace"], self.workflow_id)
        except HttpProblem as problem:
            if not (self.module.check_mode and problem.nobody_listens):
                raise
            self.module.warn(f"{problem} In check mode the workflow is taken as never started.")
            return None

    def joins(self, newest):
        """Whether the newest run makes a new one needless. Raises Problem when it forbids one."""
        if newest is None:
            return False
        policy = self.params["id_reuse_policy"]
        if policy == "reject_duplicate":
            return True
        if policy == "allow_duplicate_failed_only":
            return newest["status"] in ("running", "completed")
        if newest["status"] != "running":
            return False
        if self.params["id_conflict_policy"] == "fail":
            raise Problem(
                f"Workflow {self.workflow_id} is already running (run {newest['run_id']}). Wait for it, take another "
                "workflow_id, or say in id_conflict_policy what to do.",
                **self.result(newest["run_id"], "running"),
            )
        return self.params["id_conflict_policy"] == "use_existing"

    def start(self):
        params = self.params
        request = {
            "workflowType": {"name": params["workflow_type"]},
            "taskQueue": {"name": params["task_queue"]},
            "input": workflows.to_payloads(params["input"]),
            "requestId": str(uuid.uuid4()),
            "identity": "aegis.temporal.workflow_run",
            "workflowIdReusePolicy": f"WORKFLOW_ID_REUSE_POLICY_{params['id_reuse_policy'].upper()}",
        }
        if params["id_conflict_policy"] != "fail":
            # Between our look and this request another one may have begun.
            request["workflowIdConflictPolicy"] = f"WORKFLOW_ID_CONFLICT_POLICY_{params['id_conflict_policy'].upper()}"
        if params["deployment_name"] is not None:
            version = {"deploymentName": params["deployment_name"], "buildId": params["build_id"]}
            pinned = {"behavior": "PINNED_OVERRIDE_BEHAVIOR_PINNED", "version": version}
            request["versioningOverride"] = {"pinned": pinned}
        if params["execution_timeout"] is not None:
            request["workflowExecutionTimeout"] = f"{parse_duration(params['execution_timeout'])}s"
        if params["memo"]:
            request["memo"] = {"fields": workflows.to_fields(params["memo"])}
        if params["search_attributes"]:
            request["searchAttributes"] = {"indexedFields": workflows.to_fields(params["search_attributes"])}
        return workflows.start(self.client, params["namespace"], self.workflow_id, request)

    def wait(self, run_id):
        """Wait for the close of the run and of those that continue it."""
        deadline = time.monotonic() + self.params["wait_timeout"]
        ending = wait_for_end(self.client, self.params["namespace"], self.workflow_id, run_id, deadline)
        if ending.closed is None:
            raise self.too_late(ending.run_id, ending.trouble)
        return ending.run_id, ending.closed

    def too_late(self, run_id, trouble):
        limit = self.params["wait_timeout"]
        result = self.result(run_id, "running")
        if trouble:
            return Problem(f"{trouble} So workflow {self.workflow_id} was not seen to close in {limit:g} s.", **result)
        queue, namespace = self.params["task_queue"], self.params["namespace"]
        hint = "Look at its history for what it waits for."
        try:
            newest = workflows.describe(self.client.once(), namespace, self.workflow_id, run_id)
            if newest and newest["history_length"] <= 2:
                elsewhere = task_queues.elsewhere(self.client.once(), namespace, queue)
                hint = f"No worker has taken it up: does one poll task queue {queue!r} of namespace {namespace!r}?"
                hint += f" In its place: {'; '.join(elsewhere)}." if elsewhere else ""
        except (HttpProblem, TemporalProblem) as problem:
            hint = f"Asking why failed: {problem}"
        return Problem(f"Workflow {self.workflow_id} is still running after {limit:g} seconds. {hint}", **result)

    def result(self, run_id, status):
        return {"workflow_id": self.workflow_id, "run_id": run_id, "status": status}


def main():
    module = AnsibleModule(
        argument_spec={
            **connection_argument_spec(),
            "workflow_type": {"type": "str", "required": True},
            "task_queue": {"type": "str", "required": True},
            "namespace": {"type": "str", "default": "default", "fallback": (env_fallback, ["TEMPORAL_NAMESPACE"])},
            "workflow_id": {"type": "str"},
            "input": {"type": "list", "elements": "raw", "default": []},
            "id_reuse_policy": {
                "type": "str",
                "choices": ["allow_duplicate", "allow_duplicate_failed_only", "reject_duplicate"],
                "default": "allow_duplicate",
            },
            "id_conflict_policy": {
                "type": "str",
                "choices": ["fail", "use_existing", "terminate_existing"],
                "default": "fail",
            },
            "deployment_name": {"type": "str"},
            "build_id": {"type": "str"},
            "execution_timeout": {"type": "str"},
            "memo": {"type": "dict"},
            "search_attributes": {"type": "dict"},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "float", "default": 60.0},
        },
        required_together=[("deployment_name", "build_id")],
        supports_check_mode=True,
    )

    def work():
        check(module.params)
        starter = Starter(module)
        try:
            newest = starter.newest_run()
            joins = starter.joins(newest)
            if not module.check_mode:
                run_id, began = (newest["run_id"], False) if joins else starter.start()
        except TemporalProblem as problem:
            if problem.namespace_missing:
                namespaces.require(starter.client, module.params["namespace"])
            raise
        if module.check_mode:
            run_id, status = (newest["run_id"], newest["status"]) if joins else ("", "none")
            return {"changed": not joins, **starter.result(run_id, status)}
        try:
            return {"changed": began, **finish(starter, run_id, newest if joins else None)}
        except Problem as problem:
            problem.result.update(changed=began)
            raise

    run(module, work, REQUESTS_IMPORT_ERROR)


def finish(starter, run_id, joined):
    """Wait if asked to. Raises Problem when the workflow did not complete."""
    if not starter.params["wait"]:
        return starter.result(run_id, joined["status"] if joined else "running")
    run_id, closed = starter.wait(run_id)
    result = {
        **starter.result(run_id, closed["status"]),
        "result": closed["result"],
        "failure": closed["failure"],
        "history_length": closed["history_length"],
    }
    if closed["status"] != "completed":
        reason = f": {closed['failure']}" if closed["failure"] else ""
        raise Problem(f"Workflow {starter.workflow_id} ended as {closed['status']}{reason}.", **result)
    return result


def check(params):
    check_wait(params["wait_timeout"], PAUSE)
    check_filled(params, "workflow_type", "task_queue", "namespace", "workflow_id", "deployment_name", "build_id")
    for name, value in (params["search_attributes"] or {}).items():
        texts = isinstance(value, list) and all(isinstance(one, str) for one in value)
        if not texts and not isinstance(value, (str, bool, int, float)):
            raise Problem(
                f"search_attributes: {name} is {value!r}. Give a text, a number, a truth value, a time as ISO 8601 "
                "text, or a list of texts."
            )
    if params["execution_timeout"] is not None:
        try:
            seconds = parse_duration(params["execution_timeout"])
        except ValueError as error:
            raise Problem(f"execution_timeout: {error}.") from None
        if seconds == 0:
            raise Problem("execution_timeout is 0: leave it out for no limit.")


if __name__ == "__main__":
    main()
