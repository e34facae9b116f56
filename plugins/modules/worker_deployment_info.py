#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: worker_deployment_info
short_description: Look at Temporal worker deployments and their versions
version_added: 0.1.0
description:
  - Reads one worker deployment or those of a namespace over the HTTP API of the frontend. It tells which version is the
    current one, which one is ramped up, and of every other one whether workflows still need it.
  - Changes nothing. Needs Temporal Server 1.29 or newer.
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
  deployment_name:
    description:
      - Name of the one deployment to describe. There is no error when it does not exist, only an empty list.
      - Without it, all deployments of the namespace are described.
    type: str
  namespace:
    description:
      - Namespace of the deployments.
      - Falls back to the environment variable E(TEMPORAL_NAMESPACE).
    type: str
    default: default
  count_running:
    description:
      - Whether to count the running workflows of each version that drains. The visibility store counts them, and
        follows the workflows with a small delay.
    type: bool
    default: false
  limit:
    description: How many deployments to describe at most, 1 to 1000.
    type: int
    default: 100
seealso:
  - module: aegis.temporal.worker_deployment_version
"""

EXAMPLES = r"""
- name: Which version gets the work, and may the hosts of the one before go
  aegis.temporal.worker_deployment_info:
    http_url: http://127.0.0.1:7243
    deployment_name: aegis-worker
    count_running: true
  register: worker

- name: Wait until the old version is needed no longer
  aegis.temporal.worker_deployment_info:
    http_url: http://127.0.0.1:7243
    deployment_name: aegis-worker
  register: worker
  until: worker.deployments[0].versions | selectattr('status', 'equalto', 'draining') | length == 0
  retries: 60
  delay: 60
"""

RETURN = r"""
deployments:
  description: The deployments that were found, sorted by name. With O(deployment_name) one or none.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    current_build_id:
      description: Build of the current version, V(null) where workers without a version get the work.
      type: str
    ramping_build_id:
      description: Build of the ramping version. V(null) without one, or where the ramp leads to unversioned workers.
      type: str
    ramp_percentage:
      description: Share of the work that the ramping version gets, 0 to 100.
      type: float
    propagated:
      description: Whether all partitions of all task queues know that.
      type: bool
    last_modifier:
      description: Identity of the client that changed the deployment last.
      type: str
    versions:
      description: The versions that the server knows, sorted by build.
      type: list
      elements: dict
      contains:
        build_id:
          description: Its build.
          type: str
        status:
          description:
            - V(inactive) has never got work, V(current) and V(ramping) do get it. V(draining) gets no new workflows,
              but open ones may be pinned to it; V(drained) has none of those any more.
            - The server looks for them every few minutes, so V(drained) comes late.
          type: str
        create_time:
          description: When its first worker polled.
          type: str
        current_since:
          description: Since when it is the current one, else empty.
          type: str
        ramping_since:
          description: Since when it is ramped up, else empty.
          type: str
        drainage_checked:
          description: When the server has looked for workflows pinned to it, else empty.
          type: str
        running:
          description: How many running workflows it was the last to work on.
          type: dict
          returned: with O(count_running), of a version that is V(draining)
          contains:
            pinned:
              description: Those pinned to it. They need its workers.
              type: int
            others:
              description: Those that go on with the version that gets the work, from their next workflow task on.
              type: int
  sample:
    - name: aegis-worker
      current_build_id: "2026-11-23"
      ramping_build_id: null
      ramp_percentage: 0.0
      propagated: true
      last_modifier: aegis.temporal.worker_deployment_version
      versions:
        - build_id: "2026-10-01"
          status: draining
          create_time: "2026-10-01T09:51:26.646418813Z"
          current_since: ""
          ramping_since: ""
          drainage_checked: "2026-11-23T09:51:51.552745777Z"
          running: {pinned: 0, others: 2}
        - build_id: "2026-11-23"
          status: current
          create_time: "2026-11-23T09:40:26.313230121Z"
          current_since: "2026-11-23T09:51:51.484919038Z"
          ramping_since: ""
          drainage_checked: ""
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 0.014
"""

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible_collections.aegis.temporal.plugins.module_utils import worker_deployments as deployments
from ansible_collections.aegis.temporal.plugins.module_utils.connection import (
    connection_argument_spec,
    read_connection,
)
from ansible_collections.aegis.temporal.plugins.module_utils.first_look import first_look
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import REQUESTS_IMPORT_ERROR
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem, check_filled, run
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp

MOST = 1000


def main():
    module = AnsibleModule(
        argument_spec={
            **connection_argument_spec(),
            "deployment_name": {"type": "str"},
            "namespace": {"type": "str", "default": "default", "fallback": (env_fallback, ["TEMPORAL_NAMESPACE"])},
            "count_running": {"type": "bool", "default": False},
            "limit": {"type": "int", "default": 100},
        },
        supports_check_mode=True,
    )

    def work():
        params = module.params
        check_filled(params, "deployment_name", "namespace")
        if not 1 <= params["limit"] <= MOST:
            raise Problem(f"limit is {params['limit']}: it must be between 1 and {MOST}.")
        client = TemporalHttp(read_connection(params).http)
        found = first_look(module, client, params["namespace"], "every worker deployment", lambda: look(client, params))
        return {"changed": False, "deployments": found or []}

    run(module, work, REQUESTS_IMPORT_ERROR)


def look(client, params):
    """Return the deployments that were asked for."""
    namespace, name = params["namespace"], params["deployment_name"]
    names = [name] if name is not None else deployments.names(client, namespace, params["limit"])
    found = []
    for one in names:
        live = deployments.describe(client, namespace, one)
        # One that was listed may have been deleted since.
        if live is not None:
            del live["conflict_token"]
            found.append(live)
    if params["count_running"]:
        for live in found:
            for version in live["versions"]:
                if version["status"] == "draining":
                    version["running"] = deployments.running(client, namespace, live["name"], version["build_id"])
    return found


if __name__ == "__main__":
    main()
