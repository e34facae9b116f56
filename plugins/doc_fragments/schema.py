# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stores of a server and the version that it needs, as the schema's modules take them."""

from __future__ import annotations


class ModuleDocFragment:
    # Kept in step with module_utils/schema_options.py: ansible-test sanity compares the two in each module.
    DOCUMENTATION = r"""
options:
  server_version:
    description:
      - Version of the server that is going to run, in the form X.Y.Z.
      - C(temporal-sql-tool) has to be of the same version.
    type: str
    required: true
  versions:
    description:
      - What is known about server versions.
      - The collection's own table is in C(roles/runtime/vars/versions.yml) under C(versions).
    type: dict
    required: true
    suboptions:
      server:
        description: >-
          Maps a version to a dictionary with C(schema) and C(visibility_schema), the schema versions of its stores.
        type: dict
        required: true
      minors:
        description: All minors in the order of an upgrade, oldest first.
        type: list
        elements: str
        required: true
  cluster_name:
    description: Name of the cluster in the server's configuration (C(clusterMetadata.currentClusterName)).
    type: str
    default: active
  history_shards:
    description: >-
      Number of history shards in the server's configuration. When a cluster has been started on the databases and has
      another number, a change of the schema is refused. Not compared when left out.
    type: int
  stores:
    description: The stores to bring up to date, at most one of each name.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Which of the server's two stores this is.
        type: str
        choices: [default, visibility]
        required: true
      host:
        description: Host name or IP address of the database server.
        type: str
        required: true
      port:
        description: TCP port of the database server.
        type: int
        default: 5432
      database:
        description: Name of the database. The two stores cannot share one.
        type: str
        required: true
      user:
        description: Login that owns the database.
        type: str
        required: true
      password:
        description: Its password.
        type: str
        required: true
      plugin:
        description: Driver of the server, C(postgres12_pgx) (pgx) or C(postgres12) (lib/pq).
        type: str
        choices: [postgres12_pgx, postgres12]
        default: postgres12_pgx
      tls:
        description: Encryption of the connection.
        type: dict
        default: {}
        suboptions:
          enabled:
            description: Whether the connection has to be encrypted.
            type: bool
            default: false
          ca_file:
            description: Path on the host of the certificate authority that signed the database server's certificate.
            type: path
          cert_file:
            description: Path on the host of the client certificate, with O(stores[].tls.key_file).
            type: path
          key_file:
            description: Path on the host of the client certificate's key.
            type: path
          verify_host:
            description: Whether the server's certificate has to name O(stores[].host).
            type: bool
            default: true
  connect_timeout:
    description: Seconds to wait for a connection and for each reading statement.
    type: int
    default: 10
requirements:
  - psycopg2 on the host where the module runs (C(apt install python3-psycopg2))
"""
