#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: schema
short_description: Set up and update the PostgreSQL schema of a Temporal server
version_added: 0.1.0
author:
  - The aegis.temporal developers (@aegis-temporal)
description:
  - Reads which schema version the default store and the visibility store have and brings them to the version that a
    server needs, with the server's own C(temporal-sql-tool) and the schema embedded in it.
  - Only runs the tool for a store that is behind. Never goes backwards; a newer schema is accepted, so that binaries
    can be rolled back by one minor.
  - Refuses to skip a minor of the server once a cluster has been started on the databases.
  - Refuses to work when the databases belong to a cluster with another number of history shards or another name,
    because the server would silently ignore the changed setting.
  - Holds an advisory lock in every database that it changes, so that two runs cannot meet.
  - The password reaches the tool through the environment of that one process; it is in no command line and no output.
  - An interrupted run is finished by the next one.
requirements:
  - temporal-sql-tool 1.23 or newer on that host
extends_documentation_fragment:
  - aegis.temporal.attributes
  - aegis.temporal.schema
attributes:
  check_mode:
    support: full
    details:
      - Reads the databases and returns the steps that would run, with what they cost (RV(steps[].changes)).
      - A store that cannot be read (psycopg2, database or login not there yet) is no error in check mode, because an
        earlier task of the same run may be what provides it. It is returned with a C(problem) and counts as a change.
  diff_mode:
    support: full
    details: Shows the schema versions before and after.
  idempotent:
    support: full
  platform:
    platforms: posix
    support: full
options:
  tool:
    description: Path of C(temporal-sql-tool) on the host.
    type: path
    required: true
  timeout:
    description: Seconds that one call of the tool may take. Visibility updates rewrite a large table.
    type: int
    default: 3600
  lock_timeout:
    description: Seconds to wait while another run works on the same database.
    type: int
    default: 600
"""

EXAMPLES = r"""
- name: Bring both stores to the schema of the server
  aegis.temporal.schema:
    tool: /opt/aegis-temporal/temporal-server/current/bin/temporal-sql-tool
    server_version: "1.32.2"
    versions: "{{ versions }}"
    history_shards: 512
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
  run_once: true
"""

RETURN = r"""
stores:
  description: What was found and done, one item per store.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the store.
      type: str
      sample: default
    before:
      description: Schema version before, null when there was none.
      type: str
      sample: "1.18"
    after:
      description: Schema version after; in check mode the expected one.
      type: str
      sample: "1.19"
    target:
      description: Version that the server needs.
      type: str
      sample: "1.19"
    problem:
      description: Why the store could not be read. In check mode only.
      type: str
steps:
  description: Calls of the tool that ran, or would run in check mode.
  returned: always
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
    command:
      description: Command line, without secrets.
      type: list
      elements: str
history_shard_count:
  description: Number of history shards with which the cluster was first started, null before its first start.
  returned: always
  type: int
  sample: 512
cluster_names:
  description: Clusters known to the databases; empty before the first start.
  returned: always
  type: list
  elements: str
  sample: [active]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.aegis.temporal.plugins.module_utils import schema_tool
from ansible_collections.aegis.temporal.plugins.module_utils.schema_database import (
    PSYCOPG2_IMPORT_ERROR,
)
from ansible_collections.aegis.temporal.plugins.module_utils.schema_options import schema_argument_spec
from ansible_collections.aegis.temporal.plugins.module_utils.schema_run import Request, Result, SchemaRun
from ansible_collections.aegis.temporal.plugins.module_utils.schema_versions import SchemaError


def argument_spec() -> dict[str, t.Any]:
    """Return the options, which DOCUMENTATION describes."""
    return {
        **schema_argument_spec(),
        "tool": {"type": "path", "required": True},
        "timeout": {"type": "int", "default": 3600},
        "lock_timeout": {"type": "int", "default": 600},
    }


def answer(result: Result) -> dict[str, t.Any]:
    """Return the module's answer for a finished run."""
    return {
        "changed": result.changed,
        "stores": result.stores,
        "steps": result.steps,
        "history_shard_count": result.history_shard_count,
        "cluster_names": result.cluster_names,
        "diff": {
            "before": {
                store["name"]: "unknown: " + store["problem"] if "problem" in store else store["before"]
                for store in result.stores
            },
            "after": {store["name"]: store["after"] for store in result.stores},
        },
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    if PSYCOPG2_IMPORT_ERROR is not None and not module.check_mode:
        module.fail_json(
            msg=missing_required_lib("psycopg2", reason="to read the schema version (apt install python3-psycopg2)"),
            exception=PSYCOPG2_IMPORT_ERROR,
        )
    request = Request(
        check_mode=module.check_mode,
        execute=schema_tool.run,
        tool_version=schema_tool.version,
        **module.params,
    )
    try:
        result = SchemaRun(request).carry_out()
    except SchemaError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**answer(result))


if __name__ == "__main__":
    main()
