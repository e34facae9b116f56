#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module that gathers what a diagnosis must know of a running cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: diagnose_cluster
short_description: Gather what a diagnosis must know of a running Temporal cluster
version_added: 0.1.0
author:
  - The aegis.temporal developers (!UNKNOWN)
description:
  - Asks every frontend what it is, and one that answers for namespaces, closed workflows older than their retention,
    and pollers and backlogs of task queues.
  - A frontend that does not answer is returned as such and is no error. Changes nothing.
extends_documentation_fragment:
  - aegis.temporal.attributes
  - aegis.temporal.attributes.read_only
options:
  urls:
    description: Base URLs of the HTTP APIs of all frontends.
    type: list
    elements: str
    required: true
  queues:
    description: The task queues to ask for.
    type: list
    elements: dict
    default: []
    suboptions:
      namespace:
        description: Namespace of the queue.
        type: str
        required: true
      task_queue:
        description: Its name.
        type: str
        required: true
      identities:
        description: Identities of the workers that should poll it.
        type: list
        elements: str
        default: []
  ca_path:
    description: PEM file of the authorities that may have signed the frontends' certificates.
    type: path
  client_cert:
    description: PEM file of the client certificate.
    type: path
  client_key:
    description: PEM file of its key.
    type: path
  api_key:
    description: API key or JWT to send; only over TLS.
    type: str
  timeout:
    description: Seconds that one request may take.
    type: float
    default: 10.0
requirements:
  - requests (Python library, on the host that runs the module)
seealso:
  - module: aegis.temporal.cluster_info
  - module: aegis.temporal.pollers
"""

EXAMPLES = r"""
- name: Look at the cluster
  aegis.temporal.diagnose_cluster:
    urls: [http://127.0.0.1:7243]
    queues: [{namespace: default, task_queue: aegis-agents}]
  register: cluster
"""

RETURN = r"""
frontends:
  description: What each frontend says, or its error.
  returned: success
  type: list
  elements: dict
namespaces:
  description: Name, retention in seconds and number of workflows that are over it by a day.
  returned: success
  type: list
  elements: dict
queues:
  description: Pollers and backlogs of O(queues), and what is polled instead.
  returned: success
  type: list
  elements: dict
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
"""

from datetime import datetime, timedelta, timezone

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils import clusters, namespace_listing, task_queues, visibility
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import (
    REQUESTS_IMPORT_ERROR,
    HttpOptions,
    TlsOptions,
)
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem, run
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp

# Deletion follows the retention within hours.
LATE = 86400


def frontend(client, url):
    """Return what a frontend says of its cluster."""
    try:
        return {"url": url, "error": None, **clusters.read_cluster(client)}
    except Problem as problem:
        return {"url": url, "error": str(problem)}


def namespaces(client):
    """Return retention and overdue workflows of each namespace but the server's own."""
    found = []
    for entry in namespace_listing.list_all(client, False):
        if entry["name"] == "temporal-system":
            continue
        before = datetime.now(timezone.utc) - timedelta(seconds=entry["retention_seconds"] + LATE)
        item = {"name": entry["name"], "retention": entry["retention_seconds"], "overdue": None, "error": None}
        try:
            query = "CloseTime < '%s'" % before.strftime("%Y-%m-%dT%H:%M:%SZ")
            item["overdue"] = visibility.count(client, entry["name"], query)
        except Problem as problem:
            item["error"] = str(problem)
        found.append(item)
    return found


def queue(client, wanted):
    """Return pollers and backlogs of a task queue."""
    item = {**wanted, "error": None, "pollers": {}, "backlogs": {}, "elsewhere": []}
    try:
        for kind in task_queues.TYPES:
            item["pollers"][kind], item["backlogs"][kind] = task_queues.pollers_and_backlog(
                client, wanted["namespace"], wanted["task_queue"], kind
            )
        item["pollers"] = task_queues.with_all_partitions(
            client, wanted["namespace"], wanted["task_queue"], item["pollers"]
        )
        if not all(item["pollers"].values()):
            item["elsewhere"] = task_queues.elsewhere(client, wanted["namespace"], wanted["task_queue"])
    except Problem as problem:
        item["error"] = str(problem)
    return item


def main():
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "urls": {"type": "list", "elements": "str", "required": True},
            "queues": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "namespace": {"type": "str", "required": True},
                    "task_queue": {"type": "str", "required": True},
                    "identities": {"type": "list", "elements": "str", "default": []},
                },
            },
            "ca_path": {"type": "path"},
            "client_cert": {"type": "path"},
            "client_key": {"type": "path", "no_log": False},
            "api_key": {"type": "str", "no_log": True},
            "timeout": {"type": "float", "default": 10.0},
        },
        supports_check_mode=True,
    )
    params = module.params

    def work():
        tls = TlsOptions(ca_path=params["ca_path"], client_cert=params["client_cert"], client_key=params["client_key"])
        clients = {
            url: TemporalHttp(
                HttpOptions(url, params["timeout"], 0, tls, params["api_key"] if url.startswith("https:") else None)
            )
            for url in params["urls"]
        }
        frontends = [frontend(client, url) for url, client in clients.items()]
        result = {"changed": False, "frontends": frontends, "namespaces": [], "queues": []}
        alive = [clients[item["url"]] for item in frontends if not item["error"]]
        if alive:
            try:
                result["namespaces"] = namespaces(alive[0])
            except Problem as problem:
                module.warn("Namespaces cannot be listed: %s" % problem)
            result["queues"] = [queue(alive[0], wanted) for wanted in params["queues"]]
        return result

    run(module, work, REQUESTS_IMPORT_ERROR)


if __name__ == "__main__":
    main()
