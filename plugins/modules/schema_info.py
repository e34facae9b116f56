#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: schema_info
short_description: Tell how far the PostgreSQL schema of a Temporal server is from what a version needs
version_added: 0.1.0
author:
  - The aegis.temporal developers (@aegis-temporal)
description:
  - Reads the schema version of the default store and of the visibility store, and returns the steps that
    M(aegis.temporal.schema) would run for O(server_version), what each costs the database, and how big the tables are
    that it locks.
  - What would be refused, such as a skipped minor or another number of history shards, is no error here. It is returned
    in RV(refusal), so that an upgrade can be planned.
  - Changes nothing, and takes no lock.
extends_documentation_fragment:
  - aegis.temporal.attributes
  - aegis.temporal.attributes.read_only
  - aegis.temporal.schema
seealso:
  - module: aegis.temporal.schema
"""

EXAMPLES = r"""
- name: See what an upgrade would do to the databases
  aegis.temporal.schema_info:
    server_version: "1.32.2"
    versions: "{{ versions }}"
    stores:
      - name: default
        host: 10.0.0.10
        database: temporal
        user: temporal
        password: "{{ temporal_database_password }}"
      - name: visibility
        host: 10.0.0.10
        database: temporal_visibility
        user: temporal_visibility
        password: "{{ temporal_visibility_database_password }}"
  register: schema

- name: Stop before a big table is rewritten unannounced
  ansible.builtin.assert:
    that: rewrites | selectattr('rows', 'gt', 1000000) | length == 0
    fail_msg: "Plan a maintenance window: {{ rewrites }}"
  vars:
    rewrites: "{{ schema.steps | map(attribute='changes') | flatten | selectattr('cost', 'equalto', 'rewrite') }}"
"""

RETURN = r"""
stores:
  description: What was found, one item per store.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the store.
      type: str
      sample: visibility
    version:
      description: Schema version, null when the database has none yet.
      type: str
      sample: "1.9"
    target:
      description: Version that the server needs.
      type: str
      sample: "1.14"
steps:
  description: Calls of the tool that M(aegis.temporal.schema) would run.
  returned: success
  type: list
  elements: dict
  contains:
    store:
      description: Name of the store.
      type: str
      sample: visibility
    action:
      description: V(setup) creates the version tables, V(update) changes the schema.
      type: str
      sample: update
    from:
      description: Version at which the step begins, null for a new database.
      type: str
      sample: "1.13"
    to:
      description: Version to which it leads, null when the tool goes to the newest that it embeds.
      type: str
      sample: "1.14"
    changes:
      description: What the step does, one item per version of the schema.
      type: list
      elements: dict
      contains:
        version:
          description: Version of the schema.
          type: str
          sample: "1.13"
        cost:
          description:
            - V(trivial) creates or drops something empty. V(short_lock) locks a table for a moment.
            - V(index_build) lets others only read the table while its indexes are built.
            - V(rewrite) copies the whole table, and nobody reads or writes it meanwhile.
          type: str
          sample: rewrite
        table:
          description: The table that is locked, null when it is trivial.
          type: str
          sample: executions_visibility
        rows:
          description: Rows that the table has, the database's own estimate when they are many. Null without a table.
          type: int
          sample: 35000000
        bytes:
          description: Size of the table with its indexes, in bytes. Null without a table.
          type: int
          sample: 48318382080
refusal:
  description: Why M(aegis.temporal.schema) would refuse to run, null when it would not.
  returned: success
  type: str
  sample: null
history_shard_count:
  description: Number of history shards with which the cluster was first started, null before its first start.
  returned: success
  type: int
  sample: 512
cluster_names:
  description: Clusters known to the databases; empty before the first start.
  returned: success
  type: list
  elements: str
  sample: [active]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.aegis.temporal.plugins.module_utils import schema_tool
from ansible_collections.aegis.temporal.plugins.module_utils.schema_database import PSYCOPG2_IMPORT_ERROR
from ansible_collections.aegis.temporal.plugins.module_utils.schema_options import schema_argument_spec
from ansible_collections.aegis.temporal.plugins.module_utils.schema_run import Request, Result, SchemaRun
from ansible_collections.aegis.temporal.plugins.module_utils.schema_versions import SchemaError


def answer(result: Result) -> dict[str, t.Any]:
    """Return the module's answer for what was found."""
    return {
        "changed": False,
        "stores": [
            {"name": store["name"], "version": store["before"], "target": store["target"]} for store in result.stores
        ],
        "steps": [{key: value for key, value in step.items() if key != "command"} for step in result.steps],
        "refusal": result.refusal,
        "history_shard_count": result.history_shard_count,
        "cluster_names": result.cluster_names,
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=schema_argument_spec(), supports_check_mode=True)
    if PSYCOPG2_IMPORT_ERROR is not None:
        module.fail_json(
            msg=missing_required_lib("psycopg2", reason="to read the schema version (apt install python3-psycopg2)"),
            exception=PSYCOPG2_IMPORT_ERROR,
        )
    request = Request(
        # As in check mode: nothing is executed, so there is no tool either.
        check_mode=True,
        tool="",
        timeout=0,
        lock_timeout=0,
        execute=schema_tool.run,
        tool_version=schema_tool.version,
        **module.params,
    )
    try:
        result = SchemaRun(request).look()
    except SchemaError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**answer(result))


if __name__ == "__main__":
    main()
