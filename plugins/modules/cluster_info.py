#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: cluster_info
short_description: Tell about a Temporal cluster
version_added: 0.1.0
description:
  - Reads version, name, shards, stores and capabilities of a cluster over the HTTP API of the frontend.
  - The members of the cluster are not in any API that clients have. With O(database) they are read from the server's
    own table C(cluster_membership).
  - Changes nothing.
author:
  - The aegis.temporal developers (!UNKNOWN)
extends_documentation_fragment:
  - aegis.temporal.attributes
  - aegis.temporal.attributes.action_group
  - aegis.temporal.connection
  - aegis.temporal.default_store
attributes:
  check_mode:
    support: full
    details:
      - Where nothing listens at the address yet, as before a first installation, RV(cluster) is empty, with a warning.
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    platforms: posix
    support: full
options:
  database:
    description:
      - The database of the server's default store, to read the members of the cluster from. It must be reachable from
        the host that runs the module.
      - A login that may read the table C(cluster_membership) is enough. The module only reads.
    required: false
requirements:
  - psycopg2 (Python library, on the host that runs the module), only with O(database)
seealso:
  - module: aegis.temporal.service_health
  - module: aegis.temporal.namespace_info
"""

EXAMPLES = r"""
- name: What runs there
  aegis.temporal.cluster_info:
    http_url: http://127.0.0.1:7243
  register: temporal_cluster

- name: It is new enough
  ansible.builtin.assert:
    that: temporal_cluster.cluster.server_version is version('1.24', '>=')

- name: Who is a member
  aegis.temporal.cluster_info:
    http_url: http://127.0.0.1:7243
    database:
      host: 127.0.0.1
      port: 15432
      password: "{{ lookup('ansible.builtin.env', 'TEMPORAL_DATABASE_PASSWORD') }}"
  register: temporal_members

- name: A frontend has reported lately
  ansible.builtin.assert:
    that: temporal_members.members | selectattr('service', 'eq', 'frontend') | selectattr('fresh') | length > 0
"""

RETURN = r"""
cluster:
  description: The cluster. Empty in check mode when nothing listens yet.
  returned: success
  type: dict
  contains:
    name:
      description: Its name.
      type: str
    id:
      description: Its id.
      type: str
    server_version:
      description: Version of the server.
      type: str
    history_shards:
      description: Number of history shards, fixed with the first start.
      type: int
    persistence_store:
      description: Kind of the default store, V(postgres12) with either driver for PostgreSQL.
      type: str
    visibility_store:
      description: Kind of the visibility store; several are separated by commas.
      type: str
    initial_failover_version:
      description: Where the versions of its failovers begin. V(null) on servers that do not tell.
      type: int
    failover_version_increment:
      description: What a failover adds to the version. V(null) on servers that do not tell.
      type: int
    supported_clients:
      description: Versions of clients that the server accepts, by the client's name.
      type: dict
  sample:
    name: active
    id: c005cc53-b5ba-47ad-8c54-cf63068b4592
    server_version: 1.32.2
    history_shards: 512
    persistence_store: postgres12
    visibility_store: postgres12
    initial_failover_version: 1
    failover_version_increment: 10
    supported_clients:
      temporal-go: <2.0.0
capabilities:
  description: What the frontend offers, by name in snake case.
  returned: success
  type: dict
  sample:
    supports_schedules: true
    nexus: true
members:
  description:
    - The processes of the cluster, one entry per service. Empty without O(database).
    - The server keeps an entry for two days after its process has ended; RV(members[].fresh) tells.
  returned: success
  type: list
  elements: dict
  contains:
    service:
      description: V(frontend), V(history), V(matching), V(worker) or V(internal-frontend).
      type: str
    address:
      description: Address under which the other members reach it.
      type: str
    membership_port:
      description: Port of its membership protocol.
      type: int
    session_start:
      description: When it started, ISO 8601.
      type: str
    age:
      description: Seconds since it last reported, by the database's clock.
      type: float
    fresh:
      description: Whether that is at most 20 seconds ago, which is what the server takes for a live member.
      type: bool
  sample:
    - service: frontend
      address: 10.0.0.11
      membership_port: 6933
      session_start: "2026-11-28T11:38:11Z"
      age: 4.2
      fresh: true
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 0.012
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.aegis.temporal.plugins.module_utils import cluster_members, clusters
from ansible_collections.aegis.temporal.plugins.module_utils.check_mode import foresee
from ansible_collections.aegis.temporal.plugins.module_utils.connection import (
    check_readable,
    connection_argument_spec,
    read_connection,
)
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import REQUESTS_IMPORT_ERROR, HttpProblem
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem, run
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp


def main():
    module = AnsibleModule(
        argument_spec={
            **connection_argument_spec(),
            "database": {"type": "dict", "options": cluster_members.database_options()},
        },
        supports_check_mode=True,
    )

    def work():
        database = module.params["database"]
        connection = read_connection(module.params)
        if database is not None:
            cluster_members.check_database(database)
            check_readable("database: ca_path", database["ca_path"])
            if cluster_members.PSYCOPG2_IMPORT_ERROR:
                raise Problem(missing_required_lib("psycopg2", reason="to read the members from the database"))
        client = TemporalHttp(connection.http)
        try:
            cluster = clusters.read_cluster(client)
            _version, capabilities = clusters.read_system(client)
        except HttpProblem as problem:
            foresee(module, problem, "there is no cluster then")
            return {"changed": False, "cluster": {}, "capabilities": {}, "members": []}
        members = cluster_members.read_members(database, connection.http.timeout) if database is not None else []
        return {"changed": False, "cluster": cluster, "capabilities": capabilities, "members": members}

    run(module, work, REQUESTS_IMPORT_ERROR)


if __name__ == "__main__":
    main()
