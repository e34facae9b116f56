#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: service_health
short_description: Wait until the services of a Temporal server are healthy
version_added: 0.1.0
description:
  - Asks services of a Temporal server for their health over gRPC, each by the name that it answers to, and waits until
    all of them are serving. Frontends can be asked over HTTP too.
  - Tells apart a service that answers but is not serving, a port of another service, nothing that listens, a host that
    cannot be reached, TLS that does not fit, and something that does not speak gRPC.
  - Runs from the host that runs the module, so it also sees what is between that host and the services.
  - Changes nothing. Sends no credentials over gRPC. The server's default authorizer asks for none here.
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
      - Looks once, does not wait, and reports what is not healthy as a warning. The run that would start the services
        has not happened.
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    platforms: posix
    support: full
options:
  targets:
    description:
      - The services to ask. When left out it is the frontend at O(address), and its HTTP API when O(http_url) is set.
    type: list
    elements: dict
    suboptions:
      service:
        description:
          - Which service it is.
          - The service V(worker) has health from server 1.31 on. For an older server it is left out, with a warning.
            See O(server_version).
        type: str
        choices: [frontend, internal-frontend, history, matching, worker]
        required: true
      address:
        description:
          - Address C(host:port) of the service's gRPC port. The port can be left out when it is the usual one (7233,
            7236, 7234, 7235 and 7239, in the order of the services).
        type: str
        required: true
      http_url:
        description: Base URL of the HTTP API of a frontend, which must answer too.
        type: str
  server_version:
    description:
      - Version of the server, as V(1.24.2).
      - Needed only for V(worker) of servers before 1.31, and when no frontend among O(targets) tells it over HTTP.
    type: str
  probe:
    description:
      - Path of the program C(grpc_health_probe) on the host that runs the module. It then asks for health in place of
        the library C(temporalio).
      - The role C(temporal) installs it as C(/opt/aegis-temporal/grpc-health-probe/current/bin/grpc_health_probe).
    type: path
  wait:
    description: Whether to wait. With V(false) one look decides.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait. Requests that are under way by then may still take O(timeout) each.
    type: float
    default: 60.0
  wait_interval:
    description: Seconds between two looks.
    type: float
    default: 1.0
requirements:
  - temporalio (Python library, on the host that runs the module), only without O(probe)
  - requests (Python library, on the host that runs the module), only where an C(http_url) is asked
seealso:
  - module: aegis.temporal.cluster_info
  - module: aegis.temporal.worker_health
"""

EXAMPLES = r"""
- name: The frontend answers, over both of its APIs
  aegis.temporal.service_health:
    http_url: http://127.0.0.1:7243
    address: 127.0.0.1:7233

- name: Every service of the host, asked on the host without any Python library
  aegis.temporal.service_health:
    probe: /opt/aegis-temporal/grpc-health-probe/current/bin/grpc_health_probe
    targets:
      - service: frontend
        address: 127.0.0.1:7233
      - service: history
        address: 127.0.0.1:7234
      - service: matching
        address: 127.0.0.1:7235
    wait_timeout: 120

- name: How they are just now
  aegis.temporal.service_health:
    address: 127.0.0.1:7233
    wait: false
  register: frontend_health
"""

RETURN = r"""
healthy:
  description: Whether all services are serving. V(false) only in check mode and on failure.
  returned: when services were asked
  type: bool
services:
  description: What each of O(targets) said last, in that order.
  returned: when services were asked
  type: list
  elements: dict
  contains:
    service:
      description: Which service it is.
      type: str
    address:
      description: Its address with the port.
      type: str
    name:
      description: The name that it was asked for.
      type: str
    state:
      description:
        - V(serving); V(not_serving) when it answers, but is not ready; V(unknown_service) when it answers, but is
          another service; V(refused) when nothing listens; V(unresolved) when the host name is unknown;
          V(unreachable) and V(timeout) when the host does not answer; V(tls) when TLS does not fit; V(not_grpc) when
          something else listens; V(cut) when it closes the connection; V(http) when only the HTTP API does not answer
          as it should; V(unsupported) for V(worker) of servers before 1.31; V(error) for the rest.
      type: str
    message:
      description: What is wrong. Empty when serving.
      type: str
  sample:
    - service: history
      address: 127.0.0.1:7234
      name: temporal.api.workflowservice.v1.HistoryService
      state: refused
      message: "the connection was refused: nothing listens there."
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 0.041
"""

import os
from concurrent.futures import ThreadPoolExecutor

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils import grpc_health, unit_systemd
from ansible_collections.aegis.temporal.plugins.module_utils.connection import connection_argument_spec, read_connection
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import REQUESTS_IMPORT_ERROR
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem, check_wait, run
from ansible_collections.aegis.temporal.plugins.module_utils.polling import poll_until
from ansible_collections.aegis.temporal.plugins.module_utils.service_targets import Target, read_targets, read_version
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import SERVICES

# Enough that slow ones do not add up, few enough for the smallest host.
PARALLEL = 8


def main():
    module = AnsibleModule(
        argument_spec={
            **connection_argument_spec(),
            "targets": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "service": {"type": "str", "required": True, "choices": list(SERVICES)},
                    "address": {"type": "str", "required": True},
                    "http_url": {"type": "str"},
                },
            },
            "server_version": {"type": "str"},
            "probe": {"type": "path"},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "float", "default": 60.0},
            "wait_interval": {"type": "float", "default": 1.0},
        },
        supports_check_mode=True,
    )
    asks_http = module.params["http_url"] or any(target["http_url"] for target in module.params["targets"] or [])

    def work():
        params = module.params
        check_wait(params["wait_timeout"], params["wait_interval"])
        connection = read_connection(params)
        version = read_version(params["server_version"])
        targets = read_targets(params, connection, version)
        client = choose_client(params, connection)
        patient = params["wait"] and not module.check_mode
        with ThreadPoolExecutor(max_workers=min(len(targets), PARALLEL)) as pool:

            def look(_left):
                asked = [target for target in targets if not target.settled]
                list(pool.map(lambda target: target.look(client), asked))
                learn_version(targets)
                return True if all(target.settled for target in targets) else None

            healthy = bool(poll_until(look, params["wait_timeout"] if patient else 0, params["wait_interval"]))
        return conclude(module, targets, healthy)

    run(module, work, REQUESTS_IMPORT_ERROR if asks_http else None)


def choose_client(params, connection):
    """Return what asks for health. Raises Problem for a probe that cannot be run."""
    path = params["probe"]
    if path is None:
        return grpc_health.by_library(connection)
    if not (os.path.isfile(path) and os.access(path, os.X_OK)):
        raise Problem(f"probe is {path!r}: no such program on this host, or not executable for this user.")
    return grpc_health.by_probe(path, unit_systemd.run)


def learn_version(targets):
    """A frontend has said over HTTP how old the server is: then its service worker may have no health."""
    versions = [target.version for target in targets if target.version]
    for target in targets:
        if versions:
            target.know(versions[0])


def conclude(module, targets, healthy):
    unsupported = [target for target in targets if target.state == Target.UNSUPPORTED]
    if len(unsupported) == len(targets):
        raise Problem(f"{unsupported[0].message} Nothing else is among targets, so nothing was asked.")
    for target in unsupported:
        module.warn(f"{target.label}: {target.message}")
    result = {"healthy": healthy, "services": [target.entry() for target in targets]}
    wrong = [target for target in targets if not target.settled]
    said = " ".join(f"{target.label} is {target.state}: {target.message}" for target in wrong)
    if healthy:
        return {"changed": False, **result}
    if not module.check_mode:
        raise Problem(f"{len(wrong)} of {len(targets)} services are not healthy. {said}", **result)
    module.warn(f"Not every service would be healthy. {said}")
    return {"changed": False, **result}


if __name__ == "__main__":
    main()
