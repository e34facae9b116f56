#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: worker_deployment_version
short_description: Say which version of a Temporal worker deployment gets the work
version_added: 0.1.0
description:
  - Makes a version of a worker deployment the current one or ramps it up, or gives the work back to workers without a
    version, over the HTTP API of the frontend.
  - Workers make a version known by their first poll. This module waits until each task queue of the version is polled
    by it, so that no work is led to where nobody takes it.
  - Reads first and writes only where something differs. A write names what was read, and the server refuses it when
    somebody else was faster.
  - Running workflows whose versioning behaviour is auto-upgrade, as those of the AEGIS worker, go on with the version
    that gets the work from their next workflow task on. Those pinned to a version stay with it.
  - Needs Temporal Server 1.29 or newer.
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
      - Looks once and does not wait. A version that is not there yet or not polled is a warning, because the run that
        would start its workers has not happened.
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    platforms: posix
    support: full
options:
  deployment_name:
    description: Name of the worker deployment.
    type: str
    required: true
  build_id:
    description: Build of the version. Required unless O(state=unversioned).
    type: str
  namespace:
    description:
      - Namespace of the deployment.
      - Falls back to the environment variable E(TEMPORAL_NAMESPACE).
    type: str
    default: default
  state:
    description:
      - V(current) gives all of the work to the version. A ramp of another version ends.
      - V(ramping) gives O(ramp_percentage) of the work to the version, the rest stays with the current one. It takes
        the place of another ramping version.
      - V(unversioned) gives all of the work to workers without a version, which have to be there.
    type: str
    choices: [current, ramping, unversioned]
    default: current
  ramp_percentage:
    description: Share of the work, 0 to 100. Required with O(state=ramping), refused otherwise.
    type: float
  ignore_missing_task_queues:
    description:
      - The server refuses a version that does not poll every task queue of the current one, unless nothing is added to
        that queue any more. V(true) overrules that, and whether its own queues are polled is not waited for.
      - Work of queues that the version does not poll waits for workers without a version.
    type: bool
    default: false
  wait_timeout:
    description:
      - Seconds to wait until the version is known and each of its task queues is polled, and again until all partitions
        of the task queues have learned of the change.
      - A request that is under way by then may still take O(timeout).
    type: float
    default: 60.0
  wait_interval:
    description: Seconds between two looks.
    type: float
    default: 1.0
seealso:
  - module: aegis.temporal.worker_deployment_info
  - module: aegis.temporal.pollers
  - module: aegis.temporal.workflow_run
"""

EXAMPLES = r"""
- name: A tenth of the work tries the new version
  aegis.temporal.worker_deployment_version:
    http_url: http://127.0.0.1:7243
    deployment_name: aegis-worker
    build_id: "2026-11-23"
    state: ramping
    ramp_percentage: 10

- name: It gets all
  aegis.temporal.worker_deployment_version:
    http_url: http://127.0.0.1:7243
    deployment_name: aegis-worker
    build_id: "2026-11-23"
  register: promoted

- name: Go back
  aegis.temporal.worker_deployment_version:
    http_url: http://127.0.0.1:7243
    deployment_name: aegis-worker
    build_id: "{{ promoted.previous.current_build_id }}"

- name: Worker Versioning is used no longer
  aegis.temporal.worker_deployment_version:
    http_url: http://127.0.0.1:7243
    deployment_name: aegis-worker
    state: unversioned
"""

RETURN = r"""
action:
  description: What was done. V(none) or V(updated).
  returned: success
  type: str
  sample: updated
routing:
  description: Who gets the work after the run (in check mode, who would).
  returned: success
  type: dict
  contains: &routing
    current_build_id:
      description: Build of the current version, V(null) for workers without a version.
      type: str
    ramping_build_id:
      description: Build of the ramping version. V(null) without one, or where the ramp leads to unversioned workers.
      type: str
    ramp_percentage:
      description: Share of the work that the ramping version gets, 0 to 100.
      type: float
  sample: &sample
    current_build_id: "2026-11-23"
    ramping_build_id: null
    ramp_percentage: 0.0
previous:
  description: Who got the work before.
  returned: success
  type: dict
  contains: *routing
  sample: *sample
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 0.31
"""

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible_collections.aegis.temporal.plugins.module_utils import worker_deployments as deployments
from ansible_collections.aegis.temporal.plugins.module_utils.connection import (
    connection_argument_spec,
    read_connection,
)
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import REQUESTS_IMPORT_ERROR
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem, check_filled, check_wait, run
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp
from ansible_collections.aegis.temporal.plugins.module_utils.worker_deployment_manager import WorkerDeploymentManager


def main():
    module = AnsibleModule(
        argument_spec={
            **connection_argument_spec(),
            "deployment_name": {"type": "str", "required": True},
            "build_id": {"type": "str"},
            "namespace": {"type": "str", "default": "default", "fallback": (env_fallback, ["TEMPORAL_NAMESPACE"])},
            "state": {"type": "str", "choices": ["current", "ramping", "unversioned"], "default": "current"},
            "ramp_percentage": {"type": "float"},
            "ignore_missing_task_queues": {"type": "bool", "default": False},
            "wait_timeout": {"type": "float", "default": 60.0},
            "wait_interval": {"type": "float", "default": 1.0},
        },
        required_if=[("state", "current", ("build_id",)), ("state", "ramping", ("build_id", "ramp_percentage"))],
        supports_check_mode=True,
    )

    def work():
        check(module.params)
        return WorkerDeploymentManager(module, TemporalHttp(read_connection(module.params).http)).bring()

    run(module, work, REQUESTS_IMPORT_ERROR)


def check(params):
    check_wait(params["wait_timeout"], params["wait_interval"])
    check_filled(params, "deployment_name", "build_id", "namespace")
    deployments.check_percentage("ramp_percentage", params["ramp_percentage"])
    if params["state"] != "ramping" and params["ramp_percentage"] is not None:
        raise Problem(
            f"ramp_percentage is {params['ramp_percentage']:g}, but state is {params['state']}. Leave one out."
        )
    if params["state"] == "unversioned" and params["build_id"] is not None:
        raise Problem(f"build_id is {params['build_id']!r}, but state is unversioned. Leave one out.")


if __name__ == "__main__":
    main()
