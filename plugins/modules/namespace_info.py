#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: namespace_info
short_description: Tell about Temporal namespaces
version_added: 0.1.0
description:
  - Reads one namespace, or all of a cluster, over the HTTP API of the frontend.
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
      - Where nothing listens at the address yet, as before a first installation, there are none, with a warning.
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    platforms: posix
    support: full
options:
  name:
    description:
      - Name of one namespace. All are told when this is left out.
      - A name that is not registered is no error; RV(namespaces) is empty then.
    type: str
  include_deleted:
    description:
      - Whether to tell also of deleted namespaces that the server still reclaims. It has renamed them, so a name that
        contains C(-deleted-) is one of them.
      - Cannot be used together with O(name).
    type: bool
    default: false
seealso:
  - module: aegis.temporal.namespace
  - module: aegis.temporal.search_attribute_info
"""

EXAMPLES = r"""
- name: All namespaces
  aegis.temporal.namespace_info:
    http_url: http://127.0.0.1:7243
  register: all_namespaces

- name: Whether there is one of this name
  aegis.temporal.namespace_info:
    http_url: http://127.0.0.1:7243
    name: default
  register: one_namespace

- name: It keeps closed workflows for a day at least
  ansible.builtin.assert:
    that: one_namespace.namespaces[0].retention_seconds >= 86400

- name: What is being deleted, too
  aegis.temporal.namespace_info:
    http_url: http://127.0.0.1:7243
    include_deleted: true
"""

RETURN = r"""
namespaces:
  description: The namespaces, by name. C(temporal-system), which belongs to the server, is one of them.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    id:
      description: Its id.
      type: str
    state:
      description: V(registered), V(deprecated) or V(deleted).
      type: str
    description:
      description: Its description.
      type: str
    owner_email:
      description: Its owner.
      type: str
    data:
      description: Its data.
      type: dict
    retention:
      description: How long closed workflows are kept, like V(30d).
      type: str
    retention_seconds:
      description: The same in seconds.
      type: int
    history_archival_state:
      description: V(enabled) or V(disabled).
      type: str
    history_archival_uri:
      description: Where histories are copied to, empty when that was never said.
      type: str
    visibility_archival_state:
      description: V(enabled) or V(disabled).
      type: str
    visibility_archival_uri:
      description: Where records that searches find are copied to, empty when that was never said.
      type: str
    is_global:
      description: Whether it is replicated between clusters.
      type: bool
    active_cluster:
      description: Name of the cluster that is active for it.
      type: str
    clusters:
      description: Names of its clusters.
      type: list
      elements: str
    failover_version:
      description: Version of its last failover, V(0) for a namespace of one cluster.
      type: int
    capabilities:
      description: What the server offers in it, by name in snake case. Empty on old servers.
      type: dict
  sample:
    - active_cluster: active
      capabilities:
        worker_heartbeats: true
      clusters: [active]
      data: {}
      description: AEGIS workflows of the production
      failover_version: 0
      history_archival_state: disabled
      history_archival_uri: ""
      id: 7d0c0308-4322-4048-b559-ce61d6a5faa2
      is_global: false
      name: aegis-production
      owner_email: platform@example.org
      retention: 30d
      retention_seconds: 2592000
      state: registered
      visibility_archival_state: disabled
      visibility_archival_uri: ""
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 0.012
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils import namespace_listing
from ansible_collections.aegis.temporal.plugins.module_utils.check_mode import foresee
from ansible_collections.aegis.temporal.plugins.module_utils.connection import connection_argument_spec, read_connection
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import REQUESTS_IMPORT_ERROR, HttpProblem
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem, run
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp


def main():
    module = AnsibleModule(
        argument_spec={
            **connection_argument_spec(),
            "name": {"type": "str"},
            "include_deleted": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )

    def work():
        params = module.params
        if params["name"] is not None and not params["name"].strip():
            raise Problem("name must not be empty. Leave it out for all namespaces.")
        if params["name"] is not None and params["include_deleted"]:
            raise Problem("name and include_deleted do not go together: a deleted namespace has another name.")
        client = TemporalHttp(read_connection(params).http)
        try:
            if params["name"] is None:
                found = namespace_listing.list_all(client, params["include_deleted"])
            else:
                one = namespace_listing.find(client, params["name"])
                found = [one] if one else []
        except HttpProblem as problem:
            foresee(module, problem, "there are no namespaces then")
            found = []
        return {"changed": False, "namespaces": found}

    run(module, work, REQUESTS_IMPORT_ERROR)


if __name__ == "__main__":
    main()
