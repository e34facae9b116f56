#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: worker_health
short_description: Check the health of AEGIS workflow workers
version_added: 0.1.0
description:
  - Asks C(GET /health) of one or many workers and waits until each answers 200 with exactly C(status) V(healthy),
    C(temporal) V(connected) and C(database) V(connected). Further keys may be there.
  - A worker that answers something else is told apart from one that does not answer at all.
  - Changes nothing.
author:
  - The aegis.temporal developers (!UNKNOWN)
extends_documentation_fragment:
  - aegis.temporal.attributes
attributes:
  check_mode:
    support: full
    details:
      - Looks once, does not wait, and reports workers that are not healthy as a warning.
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    platforms: posix
    support: full
options:
  urls:
    description: Base URLs of the workers' HTTP APIs. C(/health) is appended.
    type: list
    elements: str
    required: true
  namespace:
    description: Namespace that every worker must name as its own. Without it any will do.
    type: str
  task_queue:
    description: Task queue that every worker must name as its own. Without it any will do.
    type: str
  max_clock_skew:
    description:
      - Seconds that the clock of a worker may differ from this host's, by the C(timestamp) of its answer. The time that
        the answer took is not counted.
      - Without it, and for a worker that tells no time, clocks are not compared.
    type: float
  ca_path:
    description:
      - PEM file of the certificate authorities that may have signed the certificates, for URLs that begin with
        C(https).
    type: path
  timeout:
    description: Seconds that one request may wait for a connection, and for each part of the answer.
    type: float
    default: 5.0
  wait:
    description: Whether to wait. With V(false) one look decides.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds to wait for all of them together. A request that is under way by then may still take O(timeout).
    type: float
    default: 60.0
  wait_interval:
    description: Seconds between two looks at the workers that are not healthy yet.
    type: float
    default: 1.0
requirements:
  - requests (Python library, on the host that runs the module; usually the control node)
notes:
  - Not a member of the action group C(aegis.temporal.temporal). The group's defaults are for a Temporal frontend, and
    its API key must not be sent to workers.
seealso:
  - module: aegis.temporal.pollers
"""

EXAMPLES = r"""
- name: Both workers of this machine are healthy
  aegis.temporal.worker_health:
    urls:
      - http://127.0.0.1:3000
      - http://127.0.0.1:3001
    wait_timeout: 120

- name: Look once and decide yourself
  aegis.temporal.worker_health:
    urls: [http://127.0.0.1:3000]
    wait: false
  register: health
  failed_when: health.workers[0].state == 'unreachable'

- name: It is healthy, and works where it should
  aegis.temporal.worker_health:
    urls: [http://127.0.0.1:3000]
    namespace: default
    task_queue: aegis-agents
    max_clock_skew: 30
"""

RETURN = r"""
healthy:
  description: Whether all of them are healthy.
  returned: always, unless an option was refused
  type: bool
workers:
  description: One entry for each of O(urls), in that order.
  returned: always, unless an option was refused
  type: list
  elements: dict
  contains:
    url:
      description: The URL that was asked.
      type: str
    state:
      description:
        - V(healthy); V(degraded) when the worker says itself that something is missing; V(unreachable) when there was
          no answer; V(invalid) when what answered is not a worker; V(misplaced) when it is healthy, but serves another
          namespace or task queue than O(namespace) and O(task_queue); V(skewed) when its clock differs by more than
          O(max_clock_skew).
      type: str
    status_code:
      description: The HTTP status, V(null) without an answer.
      type: int
    body:
      description: The answer's JSON object, empty when there was none.
      type: dict
    message:
      description: What is wrong. Empty when healthy.
      type: str
  sample:
    - url: http://127.0.0.1:3000/health
      state: degraded
      status_code: 503
      body: {status: degraded, temporal: disconnected, database: connected}
      message: it says status=degraded, temporal=disconnected
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 0.008
"""

import json
import time
from concurrent.futures import ThreadPoolExecutor

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils.connection import check_base_url, check_readable
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import (
    REQUESTS_IMPORT_ERROR,
    HttpClient,
    HttpOptions,
    HttpProblem,
    TlsOptions,
)
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem, check_wait, run
from ansible_collections.aegis.temporal.plugins.module_utils.polling import poll_until
from ansible_collections.aegis.temporal.plugins.module_utils.timestamps import parse_timestamp

HEALTHY = {"status": "healthy", "temporal": "connected", "database": "connected"}
# Enough that slow ones do not add up, few enough for the smallest control node.
PARALLEL = 16


class Worker:
    """One worker and what it said last."""

    def __init__(self, url, params):
        self.url = url.rstrip("/") + "/health"
        options = HttpOptions(url, params["timeout"], 0, TlsOptions(ca_path=params["ca_path"]))
        self._client = HttpClient(options)
        self._declared = {key: params[key] for key in ("namespace", "task_queue") if params[key] is not None}
        self._max_clock_skew = params["max_clock_skew"]
        self.entry = None

    @property
    def healthy(self):
        return self.entry is not None and self.entry["state"] == "healthy"

    def look(self):
        asked = time.time()
        try:
            answer = self._client.request("GET", "/health")
        except HttpProblem as problem:
            self._set("unreachable", None, {}, str(problem))
            return
        answered = time.time()
        try:
            body = json.loads(answer.body)
        except ValueError:
            body = None
        if not isinstance(body, dict) or not set(HEALTHY) <= set(body):
            self._set("invalid", answer.status, body, f"not the health of a worker: {answer.status} {answer.text!r}")
            return
        wrong = [f"{key}={body[key]}" for key, value in HEALTHY.items() if body[key] != value]
        phase = body.get("worker")
        if wrong and isinstance(phase, str) and phase != "running":
            # With both connections there it is this that makes the worker degraded: it starts or drains.
            wrong.append(f"worker={phase}")
        if wrong:
            self._set("degraded", answer.status, body, f"it says {', '.join(wrong)}")
        elif answer.status != 200:
            self._set("invalid", answer.status, body, f"it says healthy, but with status {answer.status}, not 200")
        elif any(body.get(key) != value for key, value in self._declared.items()):
            said = [
                f"{key} {body.get(key)!r} and not {value!r}"
                for key, value in self._declared.items()
                if body.get(key) != value
            ]
            self._set("misplaced", answer.status, body, f"it says that it serves {', '.join(said)}")
        elif self._max_clock_skew is not None and abs(ahead := skew(body, asked, answered)) > self._max_clock_skew:
            side = "ahead of" if ahead > 0 else "behind"
            self._set("skewed", answer.status, body, f"its clock is {abs(ahead):.0f} s {side} this host's")
        else:
            self._set("healthy", answer.status, body, "")

    def _set(self, state, status_code, body, message):
        self.entry = {
            "url": self.url,
            "state": state,
            "status_code": status_code,
            "body": body if isinstance(body, dict) else {},
            "message": message,
        }


def skew(body, asked, answered):
    """Return by how many seconds the clock of a worker is ahead of this host's, negative when it is behind.

    What it tells lies between the question and the answer when both clocks are right; that is no difference.
    """
    try:
        told = parse_timestamp(str(body.get("timestamp"))).timestamp()
    except ValueError:
        return 0.0
    return max(told - answered, 0.0) or min(told - asked, 0.0)


def main():
    module = AnsibleModule(
        argument_spec={
            "urls": {"type": "list", "elements": "str", "required": True},
            "namespace": {"type": "str"},
            "task_queue": {"type": "str"},
            "max_clock_skew": {"type": "float"},
            "ca_path": {"type": "path"},
            "timeout": {"type": "float", "default": 5.0},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "float", "default": 60.0},
            "wait_interval": {"type": "float", "default": 1.0},
        },
        supports_check_mode=True,
    )

    def work():
        params = module.params
        check(params)
        workers = [Worker(url, params) for url in params["urls"]]
        with ThreadPoolExecutor(max_workers=min(len(workers), PARALLEL)) as pool:

            def look(left):
                list(pool.map(Worker.look, [worker for worker in workers if not worker.healthy]))
                return True if all(worker.healthy for worker in workers) else None

            patient = params["wait"] and not module.check_mode
            healthy = bool(poll_until(look, params["wait_timeout"] if patient else 0, params["wait_interval"]))
        result = {"healthy": healthy, "workers": [worker.entry for worker in workers]}
        message = "; ".join(
            f"{w.url} is {w.entry['state']}: {w.entry['message'].rstrip('.')}" for w in workers if not w.healthy
        )
        if not healthy and not module.check_mode:
            raise Problem(f"Not every worker is healthy. {message}.", **result)
        if not healthy:
            module.warn(f"Not every worker would be healthy. {message}.")
        return {"changed": False, **result}

    run(module, work, REQUESTS_IMPORT_ERROR)


def check(params):
    check_wait(params["wait_timeout"], params["wait_interval"])
    if not params["urls"]:
        raise Problem("urls is empty: name at least one worker, like http://127.0.0.1:3000.")
    if not 0 < params["timeout"] <= 3600:
        raise Problem(f"timeout is {params['timeout']}: it must be more than 0 and at most 3600 seconds.")
    if params["max_clock_skew"] is not None and not params["max_clock_skew"] > 0:
        raise Problem(f"max_clock_skew is {params['max_clock_skew']}: it must be more than 0 seconds.")
    for url in params["urls"]:
        check_base_url("urls", url)
    check_readable("ca_path", params["ca_path"])


if __name__ == "__main__":
    main()
