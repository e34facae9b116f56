#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: pollers
short_description: Check that workers poll a Temporal task queue
version_added: 0.1.0
description:
  - Reads the pollers of a task queue over the HTTP API of the frontend, for workflow and activity tasks, and waits
    until enough of them have polled lately.
  - Tells how many tasks wait in the queue, where the server does, and can wait until these have become few.
  - A queue without pollers is no error for the server. Workflows started on it wait for ever, and the usual cause is a
    name that differs by a letter. So when time runs out, the message names what polls instead.
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
      - Looks once, does not wait, and reports missing pollers and a backlog as a warning. The run that would start the
        workers has not happened.
  diff_mode:
    support: none
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
  types:
    description: Kinds of tasks that must be polled for.
    type: list
    elements: str
    choices: [workflow, activity]
    default: [workflow, activity]
  min_count:
    description: How many different pollers each of O(types) needs.
    type: int
    default: 1
  identities:
    description:
      - Identities of workers that must be among the pollers of each of O(types). Others may be there too.
      - The AEGIS worker's identity is C(host:port) of its HTTP API.
    type: list
    elements: str
    default: []
  deployment_name:
    description:
      - Name of a worker deployment. Only pollers of the version of it that O(build_id) names count and are told.
      - Needs Temporal Server 1.29 or newer.
    type: str
  build_id:
    description: Build of that deployment's version.
    type: str
  max_age:
    description:
      - Seconds since its last poll after which a poller no longer counts.
      - A poll lasts a little more than a minute, and the server keeps a poller for five minutes after its last one. A
        smaller value than 60 would refuse workers that are well.
    type: float
    default: 90.0
  since:
    description:
      - Seconds before the start of this module. A poller whose last poll was earlier does not count, however long the
        module waits.
      - For a worker that was just restarted, how long ago that was, because the poller before it has the same identity.
    type: float
  max_backlog:
    description:
      - How many tasks of each of O(types) may wait in the queue. Without it the backlog is only told.
      - The server's number is approximate and a few seconds old. Older servers, 1.24 among them, do not tell it, which
        is a failure then.
    type: int
  wait:
    description: Whether to wait. With V(false) one look decides.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait. A request that is under way by then may still take O(timeout).
    type: float
    default: 60.0
  wait_interval:
    description: Seconds between two looks.
    type: float
    default: 1.0
seealso:
  - module: aegis.temporal.worker_deployment_version
  - module: aegis.temporal.worker_health
  - module: aegis.temporal.workflow_run
"""

EXAMPLES = r"""
- name: Somebody polls the queue of the agents
  aegis.temporal.pollers:
    http_url: http://127.0.0.1:7243
    task_queue: aegis-agents

- name: Both replicas poll it again after a restart
  aegis.temporal.pollers:
    http_url: http://127.0.0.1:7243
    namespace: default
    task_queue: aegis-agents
    min_count: 2
    identities:
      - worker-1:3000
      - worker-1:3001
    wait_timeout: 120

- name: The new version is there, before it becomes the current one
  aegis.temporal.pollers:
    http_url: http://127.0.0.1:7243
    task_queue: aegis-agents
    deployment_name: aegis-worker
    build_id: "2026-11-23"
    identities: [worker-2:3000]

- name: The workers have caught up after a maintenance
  aegis.temporal.pollers:
    http_url: http://127.0.0.1:7243
    task_queue: aegis-agents
    max_backlog: 10
    wait_timeout: 600

- name: Who polls just now, without any demand
  aegis.temporal.pollers:
    http_url: http://127.0.0.1:7243
    task_queue: aegis-agents
    min_count: 0
    wait: false
  register: agents_queue
"""

RETURN = r"""
satisfied:
  description: Whether all that was asked for is there. V(false) only in check mode and on failure.
  returned: when the server answered, and in check mode
  type: bool
pollers:
  description: All pollers that the server names, those that no longer count included.
  returned: when the server answered, and in check mode
  type: list
  elements: dict
  contains:
    identity:
      description: Identity of the worker.
      type: str
    type:
      description: V(workflow) or V(activity).
      type: str
    last_access_time:
      description: Time of the last poll, ISO 8601.
      type: str
    age:
      description: Seconds since then by the server's clock, V(null) where the server gives no time.
      type: float
    fresh:
      description: Whether that is within O(max_age).
      type: bool
    deployment_name:
      description: Worker deployment that it is a version of, empty for none and where the server does not tell.
      type: str
    build_id:
      description: Build of that version.
      type: str
  sample:
    - identity: worker-1:3000
      deployment_name: aegis-worker
      build_id: "2026-11-23"
      type: workflow
      last_access_time: "2026-11-23T05:39:19.355477+00:00"
      age: 3.6
      fresh: true
backlog:
  description:
    - For each of O(types) how many tasks wait in the queue, V(null) where the server does not tell.
    - Each entry has C(count), the approximate number of tasks, and C(age), the age of the oldest in seconds.
  returned: when the server answered, and in check mode
  type: dict
  sample:
    workflow: {count: 0, age: 0.0}
    activity: {count: 12, age: 3.5}
missing:
  description: What is missing or too much, one sentence part each.
  returned: when the server answered, and in check mode
  type: list
  elements: str
  sample: []
elsewhere:
  description: What polls instead, as far as the server can tell.
  returned: on failure
  type: list
  elements: str
  sample:
    - task queue 'aegis-agent' of namespace 'default' is polled by worker-1:3000
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 0.012
"""

import time

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible_collections.aegis.temporal.plugins.module_utils import namespaces, task_queues, worker_deployments
from ansible_collections.aegis.temporal.plugins.module_utils.connection import (
    connection_argument_spec,
    read_connection,
)
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import REQUESTS_IMPORT_ERROR
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem, check_filled, check_wait, run
from ansible_collections.aegis.temporal.plugins.module_utils.polling import poll_until
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp


class Observer:
    """Looks at the queue until it has the pollers that are wanted."""

    def __init__(self, params):
        self.params = params
        self.client = TemporalHttp(read_connection(params).http)
        self.version = (params["deployment_name"], params["build_id"]) if params["deployment_name"] else None
        self.began = time.monotonic()
        self.found = None
        self.backlog = {}
        self.trouble = None

    def max_age(self):
        """Seconds since its last poll after which a poller does not count, at this moment."""
        since = self.params["since"]
        if since is None:
            return self.params["max_age"]
        return min(self.params["max_age"], since + time.monotonic() - self.began)

    def missing(self):
        return self.lacking() + self.excess()

    def lacking(self):
        params = self.params
        if self.found is None:
            return ["an answer of the server"]
        return task_queues.shortage(self.found, self.max_age(), params["min_count"], params["identities"])

    def excess(self):
        limit = self.params["max_backlog"]
        return [] if limit is None else task_queues.excess(self.backlog, limit)

    def look(self, client):
        """Ask once. Trouble that may pass is kept for the message."""
        params = self.params
        try:
            # An older server would tell no version, and be waited for in vain.
            if self.version and self.found is None:
                worker_deployments.require(client)
            seen = {
                queue_type: task_queues.pollers_and_backlog(
                    client, params["namespace"], params["task_queue"], queue_type, self.version
                )
                for queue_type in params["types"]
            }
            self.found = {queue_type: pollers for queue_type, (pollers, _backlog) in seen.items()}
            self.backlog = {queue_type: backlog for queue_type, (_pollers, backlog) in seen.items()}
            # The first partition alone is cheap, and enough where few workers poll.
            if self.lacking():
                self.found = task_queues.with_all_partitions(
                    client, params["namespace"], params["task_queue"], self.found, self.version
                )
            self.trouble = None
        except Problem as problem:
            if getattr(problem, "namespace_missing", False):
                namespaces.require(client, params["namespace"])
            if not problem.temporary:
                raise
            self.trouble = problem
            return None
        if params["max_backlog"] is not None and None in self.backlog.values():
            raise Problem(
                f"max_backlog is {params['max_backlog']}, but this server does not tell the backlog of a task queue, "
                "as older ones do not. Leave the option out, or upgrade the server."
            )
        return None if self.missing() else True

    def result(self):
        flat = [
            {**poller, "type": queue_type, "fresh": task_queues.is_fresh(poller, self.max_age())}
            for queue_type, pollers in (self.found or {}).items()
            for poller in pollers
        ]
        return {"pollers": flat, "backlog": self.backlog, "missing": self.missing()}

    def failure(self):
        """The Problem that says what is missing and what is there in its place."""
        params = self.params
        if self.trouble:
            return type_of_trouble(self.trouble, self.result())
        result = self.result()
        queue = f"Task queue {params['task_queue']!r} of namespace {params['namespace']!r}"
        version = f" of build {self.version[1]!r} of deployment {self.version[0]!r}" if self.version else ""
        lacking, excess = self.lacking(), self.excess()
        parts = [f"{queue} lacks pollers{version}: {', '.join(lacking)}."] if lacking else []
        parts += [f"{queue} has {' and '.join(excess)}."] if excess else []
        stale = [f"{poller['identity']} ({poller['age']:g} s ago)" for poller in result["pollers"] if is_stale(poller)]
        if stale:
            parts.append(f"Polled earlier, but not lately enough: {', '.join(sorted(set(stale)))}.")
        others = sorted({poller["identity"] for poller in result["pollers"] if poller["fresh"]})
        if others:
            parts.append(f"Poll it now: {', '.join(others)}.")
        elsewhere = self.elsewhere() if lacking else []
        if elsewhere:
            parts.append(f"In its place: {'; '.join(elsewhere)}.")
        parts.append(
            "Do the workers run, and do they use exactly this task queue, namespace and server?"
            if lacking
            else "Do the workers keep up with it, or do they need replicas?"
        )
        return Problem(" ".join(parts), satisfied=False, elsewhere=elsewhere, **result)

    def elsewhere(self):
        params = self.params
        try:
            return task_queues.elsewhere(self.client.once(), params["namespace"], params["task_queue"])
        except Problem:
            return []


def is_stale(poller):
    return not poller["fresh"] and poller["age"] is not None


def type_of_trouble(trouble, result):
    """The trouble itself, with what was last seen beside it."""
    trouble.result.update(satisfied=False, elsewhere=[], **result)
    return trouble


def main():
    module = AnsibleModule(
        argument_spec={
            **connection_argument_spec(),
            "task_queue": {"type": "str", "required": True},
            "namespace": {"type": "str", "default": "default", "fallback": (env_fallback, ["TEMPORAL_NAMESPACE"])},
            "types": {
                "type": "list",
                "elements": "str",
                "choices": ["workflow", "activity"],
                "default": ["workflow", "activity"],
            },
            "min_count": {"type": "int", "default": 1},
            "identities": {"type": "list", "elements": "str", "default": []},
            "deployment_name": {"type": "str"},
            "build_id": {"type": "str"},
            "max_age": {"type": "float", "default": 90.0},
            "since": {"type": "float"},
            "max_backlog": {"type": "int"},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "float", "default": 60.0},
            "wait_interval": {"type": "float", "default": 1.0},
        },
        required_together=[("deployment_name", "build_id")],
        supports_check_mode=True,
    )

    def work():
        params = module.params
        check(params)
        observer = Observer(params)
        if module.check_mode:
            return once_without_demand(module, observer)
        if params["wait"]:
            client = observer.client.once()
            satisfied = poll_until(lambda left: observer.look(client), params["wait_timeout"], params["wait_interval"])
        else:
            satisfied = observer.look(observer.client)
        if not satisfied:
            raise observer.failure()
        return {"changed": False, "satisfied": True, **observer.result()}

    run(module, work, REQUESTS_IMPORT_ERROR)


def check(params):
    check_wait(params["wait_timeout"], params["wait_interval"])
    check_filled(params, "deployment_name", "build_id")
    if not params["task_queue"].strip() or not params["namespace"].strip():
        raise Problem("task_queue and namespace must not be empty.")
    if not params["types"]:
        raise Problem("types is empty: name workflow, activity or both.")
    if params["min_count"] < 0:
        raise Problem(f"min_count is {params['min_count']}: it must be 0 or more.")
    if not params["max_age"] > 0:
        raise Problem(f"max_age is {params['max_age']}: it must be more than 0 seconds.")
    if params["since"] is not None and params["since"] < 0:
        raise Problem(f"since is {params['since']}: it must be 0 seconds or more.")
    if params["max_backlog"] is not None and params["max_backlog"] < 0:
        raise Problem(f"max_backlog is {params['max_backlog']}: it must be 0 or more.")


def once_without_demand(module, observer):
    satisfied = bool(observer.look(observer.client.once()))
    if not satisfied:
        module.warn(
            f"Task queue {module.params['task_queue']!r} of namespace {module.params['namespace']!r} would lack: "
            f"{', '.join(observer.missing())}."
        )
    return {"changed": False, "satisfied": satisfied, **observer.result()}


if __name__ == "__main__":
    main()
