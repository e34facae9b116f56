#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: workflow_signal
short_description: Send a signal to a Temporal workflow
version_added: 0.1.0
description:
  - Sends one signal to a running workflow over the HTTP API of the frontend.
  - The server only keeps the signal for the workflow. It does not tell whether the workflow knows a signal of this
    name, nor what it makes of it.
  - A workflow that does not exist, or has ended, fails the module.
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
      - Sends nothing, but fails when there is no running workflow to send it to. Where nothing listens at the address
        yet, the signal is predicted, with a warning.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Each call sends one signal more, and reports a change.
  platform:
    platforms: posix
    support: full
options:
  workflow_id:
    description: Id of the workflow.
    type: str
    required: true
  signal_name:
    description: Name of the signal, as the workflow registered it. The AEGIS worker's workflows know V(humanInput).
    type: str
    required: true
  args:
    description: Arguments of the signal, in order, encoded as JSON.
    type: list
    elements: raw
    default: []
seealso:
  - module: aegis.temporal.workflow_info
  - module: aegis.temporal.workflow_run
  - module: aegis.temporal.workflow_terminate
"""

EXAMPLES = r"""
- name: Let the waiting workflow go on
  aegis.temporal.workflow_signal:
    http_url: http://127.0.0.1:7243
    workflow_id: approval-17
    signal_name: finish
    args:
      - approved: true
"""

RETURN = r"""
workflow_id:
  description: Id of the workflow.
  returned: always, unless an option was refused
  type: str
run_id:
  description: Id of the run that was signalled. Empty when nothing listens yet (check mode).
  returned: always, unless an option was refused
  type: str
status:
  description:
    - Status of the workflow before the signal, V(running) on success. V(none) when there is no such workflow.
  returned: always, unless an option was refused
  type: str
  sample: running
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 0.012
"""

import uuid

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils import namespaces, workflows
from ansible_collections.aegis.temporal.plugins.module_utils.connection import (
    connection_argument_spec,
    read_connection,
)
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import REQUESTS_IMPORT_ERROR, HttpProblem
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem, check_filled, run
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp, api_path
from ansible_collections.aegis.temporal.plugins.module_utils.workflow_target import check_target, target_argument_spec


def main():
    module = AnsibleModule(
        argument_spec={
            **connection_argument_spec(),
            **target_argument_spec(required=True),
            "signal_name": {"type": "str", "required": True},
            "args": {"type": "list", "elements": "raw", "default": []},
        },
        supports_check_mode=True,
    )

    def work():
        params = module.params
        check_target(params)
        check_filled(params, "signal_name")
        client = TemporalHttp(read_connection(params).http)
        try:
            with namespaces.explained(client, params["namespace"]):
                live = running(client, params)
                if not module.check_mode:
                    send(client, params)
        except HttpProblem as problem:
            if not (module.check_mode and problem.nobody_listens):
                raise
            module.warn(f"{problem} In check mode the workflow is taken to be there.")
            live = {"workflow_id": params["workflow_id"], "run_id": "", "status": "none"}
        return {"changed": True, **live}

    run(module, work, REQUESTS_IMPORT_ERROR)


def running(client, params):
    """The run that the signal will reach. Raises Problem when there is none."""
    namespace, workflow_id = params["namespace"], params["workflow_id"]
    live = workflows.describe(client, namespace, workflow_id, params["run_id"] or "")
    if live is None:
        raise Problem(
            f"workflow_id is {workflow_id!r}: there is no such workflow in namespace {namespace!r}"
            f"{' with this run_id' if params['run_id'] else ''}. Correct it, or start it first.",
            workflow_id=workflow_id,
            run_id="",
            status="none",
        )
    result = {key: live[key] for key in ("workflow_id", "run_id", "status")}
    if live["close_time"]:
        raise Problem(
            f"Workflow {workflow_id} (run {live['run_id']}) has ended as {live['status']}: it takes no more signals.",
            **result,
        )
    return result


def send(client, params):
    request = {
        "workflowExecution": {"runId": params["run_id"] or ""},
        "input": workflows.to_payloads(params["args"]),
        # By it the server recognises a request that arrives twice.
        "requestId": str(uuid.uuid4()),
        "identity": "aegis.temporal.workflow_signal",
    }
    path = ("namespaces", params["namespace"], "workflows", params["workflow_id"], "signal", params["signal_name"])
    client.post(api_path(*path), request, workflows.EXACT)


if __name__ == "__main__":
    main()
