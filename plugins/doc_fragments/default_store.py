# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The database of Temporal Server's default store, for modules that read the server's own tables."""

from __future__ import annotations


class ModuleDocFragment:
    # What a module says of the option itself goes over what stands here.
    DOCUMENTATION = r"""
options:
  database:
    description:
      - The database of the server's default store. It must be reachable from the host that runs the module.
      - A login that may read the tables C(cluster_membership) and C(shards) is enough. The module only reads.
    required: true
    type: dict
    suboptions:
      host:
        description: Host name or IP address of the database server.
        type: str
        required: true
      port:
        description: TCP port of the database server.
        type: int
        default: 5432
      name:
        description: Name of the database.
        type: str
        default: temporal
      user:
        description: Login.
        type: str
        default: temporal
      password:
        description: Its password.
        type: str
        required: true
      sslmode:
        description: How much encryption the connection needs, in the words of C(libpq).
        type: str
        choices: [disable, allow, prefer, require, verify-ca, verify-full]
        default: prefer
      ca_path:
        description: PEM file of the certificate authorities that may have signed the database server's certificate.
        type: path
"""
