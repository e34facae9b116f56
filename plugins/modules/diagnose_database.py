#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module that gathers what a diagnosis must know of the databases of a Temporal server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: diagnose_database
short_description: Gather what a diagnosis must know of the databases of a Temporal server
version_added: 0.1.0
author:
  - The aegis.temporal developers (!UNKNOWN)
description:
  - Reads schema, pending steps, members, settings, connections, sessions and the state of maintenance of both stores.
  - A database that cannot be asked is returned as such and is no error. Changes nothing and takes no lock.
extends_documentation_fragment:
  - aegis.temporal.attributes
  - aegis.temporal.attributes.read_only
  - aegis.temporal.schema
seealso:
  - module: aegis.temporal.schema_info
  - module: aegis.temporal.diagnose_report
"""

EXAMPLES = r"""
- name: Look at the databases
  aegis.temporal.diagnose_database:
    server_version: "1.32.2"
    versions: "{{ versions }}"
    stores: "{{ my_stores }}"
  register: databases
"""

RETURN = r"""
stores:
  description: What each store's database tells, by the name of the store.
  returned: success
  type: dict
schema:
  description: What M(aegis.temporal.schema_info) returns, or C(error).
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.aegis.temporal.plugins.module_utils import diagnose_sql, schema_tool
from ansible_collections.aegis.temporal.plugins.module_utils.schema_database import PSYCOPG2_IMPORT_ERROR
from ansible_collections.aegis.temporal.plugins.module_utils.schema_options import schema_argument_spec
from ansible_collections.aegis.temporal.plugins.module_utils.schema_run import Request, SchemaRun
from ansible_collections.aegis.temporal.plugins.module_utils.schema_versions import SchemaError


def schema(params):
    """Return what schema_info returns, or what kept it from it."""
    request = Request(
        check_mode=True,
        tool="",
        timeout=0,
        lock_timeout=0,
        execute=schema_tool.run,
        tool_version=schema_tool.version,
        **params,
    )
    try:
        result = SchemaRun(request).look()
    except SchemaError as error:
        return {"error": str(error), "stores": [], "steps": [], "refusal": None}
    return {
        "error": None,
        "stores": [
            {"name": item["name"], "version": item["before"], "target": item["target"]} for item in result.stores
        ],
        "steps": [{key: value for key, value in step.items() if key != "command"} for step in result.steps],
        "refusal": result.refusal,
    }


def main():
    """Run the module."""
    module = AnsibleModule(argument_spec=schema_argument_spec(), supports_check_mode=True)
    if PSYCOPG2_IMPORT_ERROR is not None:
        module.fail_json(
            msg=missing_required_lib("psycopg2", reason="to read the databases (apt install python3-psycopg2)"),
            exception=PSYCOPG2_IMPORT_ERROR,
        )
    params = module.params
    stores = {store["name"]: diagnose_sql.read(store, params["connect_timeout"]) for store in params["stores"]}
    module.exit_json(changed=False, stores=stores, schema=schema(params))


if __name__ == "__main__":
    main()
