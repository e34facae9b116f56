#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: task_queue_config
short_description: Limit the rate of Temporal task queues
version_added: 0.1.0
description:
  - Sets or removes the rate limits that the server itself keeps for a task queue, over the HTTP API of the frontend.
    They take the place of those that workers ask for, and hold for all workers together.
  - Reads them first and sends a write only where something differs.
  - Needs Temporal Server 1.29 or newer to set any.
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
        task queue is taken as one without limits, with a warning.
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    platforms: posix
    support: full
options:
  task_queue:
    description: Name of the task queue.
    type: str
    required: true
  namespace:
    description:
      - Namespace of the task queue.
      - Falls back to the environment variable E(TEMPORAL_NAMESPACE).
    type: str
    default: default
  type:
    description:
      - Kind of tasks. Each has limits of its own, and the server allows none on workflow tasks.
    type: str
    choices: [activity, nexus]
    default: activity
  state:
    description:
      - V(present) sets the limits that are given, of which there must be at least one. The other stays as it is.
      - V(absent) removes both, so that the server's and the workers' own limits hold again.
    type: str
    choices: [present, absent]
    default: present
  queue_rate_limit:
    description: Tasks per second of the whole queue. V(0) hands out nothing.
    type: float
  fairness_key_rate_limit:
    description:
      - Tasks per second of each fairness key, times the weight of the key. It matters where tasks carry such keys and
        the server's C(matching.enableFairness) is on.
    type: float
  reason:
    description: Why, kept by the server beside a limit that is changed. It is not compared.
    type: str
    default: ''
seealso:
  - module: aegis.temporal.pollers
"""

EXAMPLES = r"""
- name: The partner's API bears fifty calls a second
  aegis.temporal.task_queue_config:
    http_url: http://127.0.0.1:7243
    task_queue: partner-api
    queue_rate_limit: 50
    reason: Contract of 2026

- name: No customer gets more than five of them
  aegis.temporal.task_queue_config:
    http_url: http://127.0.0.1:7243
    task_queue: partner-api
    fairness_key_rate_limit: 5

- name: No limits any more
  aegis.temporal.task_queue_config:
    http_url: http://127.0.0.1:7243
    task_queue: partner-api
    state: absent
"""

RETURN = r"""
action:
  description: What was done. V(none), V(updated) or V(removed).
  returned: success
  type: str
  sample: updated
config:
  description: The limits after the run (in check mode, as they would be).
  returned: success
  type: dict
  contains:
    queue_rate_limit:
      description: Tasks per second of the whole queue, V(null) for no limit of the server's own.
      type: float
    fairness_key_rate_limit:
      description: Tasks per second of each fairness key, V(null) for no limit.
      type: float
  sample:
    queue_rate_limit: 50.0
    fairness_key_rate_limit: null
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 0.015
"""

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible_collections.aegis.temporal.plugins.module_utils import task_queue_configs as configs
from ansible_collections.aegis.temporal.plugins.module_utils.connection import (
    connection_argument_spec,
    read_connection,
)
from ansible_collections.aegis.temporal.plugins.module_utils.first_look import first_look
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import REQUESTS_IMPORT_ERROR
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem, run
from ansible_collections.aegis.temporal.plugins.module_utils.server_version import require_version
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp


def main():
    module = AnsibleModule(
        argument_spec={
            **connection_argument_spec(),
            "task_queue": {"type": "str", "required": True},
            "namespace": {"type": "str", "default": "default", "fallback": (env_fallback, ["TEMPORAL_NAMESPACE"])},
            "type": {"type": "str", "choices": list(configs.TYPES), "default": "activity"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "queue_rate_limit": {"type": "float"},
            "fairness_key_rate_limit": {"type": "float", "no_log": False},
            "reason": {"type": "str", "default": ""},
        },
        required_if=[("state", "present", tuple(configs.LIMITS), True)],
        supports_check_mode=True,
    )

    def work():
        check(module.params)
        return bring(module, TemporalHttp(read_connection(module.params).http))

    run(module, work, REQUESTS_IMPORT_ERROR)


def check(params):
    for name in ("task_queue", "namespace"):
        if not params[name].strip():
            raise Problem(f"{name} is {params[name]!r}: it must not be empty.")
    if "/" in params["task_queue"]:
        raise Problem(f"task_queue is {params['task_queue']!r}: the HTTP API takes no slash in it.")
    configs.check_limits(params)
    if params["state"] == "absent":
        for name in configs.LIMITS:
            if params[name] is not None:
                raise Problem(f"{name} is {params[name]:g}, but state is absent, which removes it. Leave one out.")


def bring(module, client):
    """Compare, write what differs, and return the result."""
    params = module.params
    queue = (params["namespace"], params["task_queue"], params["type"])
    absent = params["state"] == "absent"
    wanted = {name: params[name] for name in configs.LIMITS if absent or params[name] is not None}
    before = first_look(
        module,
        client,
        params["namespace"],
        "the task queue",
        lambda: configs.describe(client, *queue),
    )
    seen = before is not None
    before = before or dict.fromkeys(configs.LIMITS)
    changes = configs.changes(wanted, before)
    after = {**before, **changes}
    if changes and seen:
        require_version(client, configs.LEAST_VERSION, "Rate limits of task queues need")
    if changes and not module.check_mode:
        after = configs.update(client, *queue, changes, params["reason"])
    header = f"{params['type']} task queue {params['task_queue']} of namespace {params['namespace']}"
    return {
        "changed": bool(changes),
        "action": ("removed" if absent else "updated") if changes else "none",
        "config": after,
        "diff": {"before_header": header, "after_header": header, "before": before, "after": after},
    }


if __name__ == "__main__":
    main()
