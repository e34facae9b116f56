#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: workflow_definition_info
short_description: Look at AEGIS workflow definitions
version_added: 0.1.0
description:
  - Lists the AEGIS workflow definitions that a worker knows, or shows one, over the worker's HTTP API.
  - Changes nothing.
author:
  - The aegis.temporal developers (!UNKNOWN)
extends_documentation_fragment:
  - aegis.temporal.attributes
  - aegis.temporal.worker_api
attributes:
  check_mode:
    support: full
    details:
      - Where nothing listens at the address yet, no definition is taken to be there, with a warning.
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    platforms: posix
    support: full
options:
  workflow_id:
    description:
      - Id of one definition, a UUID. That there is none of this id is no failure, the list RV(workflows) is empty then.
      - Without it definitions are listed.
    type: str
  name:
    description: Only definitions of this name.
    type: str
  version:
    description: Only definitions of this version.
    type: str
  content:
    description:
      - Whether to give the content of each definition of a list. This takes a request for each of them.
      - With O(workflow_id) it is given anyway.
    type: bool
    default: false
seealso:
  - module: aegis.temporal.workflow_definition
  - module: aegis.temporal.worker_health
"""

EXAMPLES = r"""
- name: All definitions
  aegis.temporal.workflow_definition_info:
    url: http://127.0.0.1:3000
  register: definitions

- name: One, with its content
  aegis.temporal.workflow_definition_info:
    url: http://127.0.0.1:3000
    workflow_id: 2f8b1d0e-7c55-4c0b-9d6b-0d8a8f5f2c11
"""

RETURN = r"""
workflows:
  description: The definitions, the one registered last first.
  returned: success
  type: list
  elements: dict
  contains:
    workflow_id:
      description: Id of the definition.
      type: str
    name:
      description: Its name.
      type: str
    version:
      description: Its version.
      type: str
    state_count:
      description: Number of its states.
      type: int
    definition:
      description: Its content.
      type: dict
      returned: with O(workflow_id) or O(content)
  sample:
    - workflow_id: 2f8b1d0e-7c55-4c0b-9d6b-0d8a8f5f2c11
      name: greeting
      version: 1.0.0
      state_count: 1
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 0.009
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import REQUESTS_IMPORT_ERROR, HttpProblem
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import check_filled, run
from ansible_collections.aegis.temporal.plugins.module_utils.worker_api import (
    WorkerApi,
    read_worker_api,
    worker_api_argument_spec,
)
from ansible_collections.aegis.temporal.plugins.module_utils.workflow_definitions import read_workflow_id


def main():
    module = AnsibleModule(
        argument_spec={
            **worker_api_argument_spec(),
            "workflow_id": {"type": "str"},
            "name": {"type": "str"},
            "version": {"type": "str"},
            "content": {"type": "bool", "default": False},
        },
        mutually_exclusive=[("workflow_id", "name"), ("workflow_id", "version")],
        supports_check_mode=True,
    )

    def work():
        params = module.params
        check_filled(params, "name", "version")
        api = WorkerApi(read_worker_api(params))
        try:
            found = listed(api, params) if params["workflow_id"] is None else one(api, params["workflow_id"])
        except HttpProblem as problem:
            if not (module.check_mode and problem.nobody_listens):
                raise
            module.warn(f"{problem} In check mode no definition is taken to be there.")
            found = []
        return {"changed": False, "workflows": found}

    run(module, work, REQUESTS_IMPORT_ERROR)


def one(api, workflow_id):
    """The definition of this id, in a list."""
    definition = api.show(read_workflow_id("workflow_id", workflow_id))
    if definition is None:
        return []
    states = definition.get("states")
    return [
        {
            "workflow_id": workflow_id.lower(),
            "name": definition.get("name"),
            "version": definition.get("version"),
            "state_count": len(states) if isinstance(states, dict) else 0,
            "definition": definition,
        }
    ]


def listed(api, params):
    """The definitions of the wanted name and version."""
    wanted = {key: params[key] for key in ("name", "version") if params[key] is not None}
    found = [entry for entry in api.list() if all(entry.get(key) == value for key, value in wanted.items())]
    if not params["content"]:
        return found
    shown = [{**entry, "definition": api.show(entry["workflow_id"])} for entry in found]
    # One that was removed since it was listed is not there.
    return [entry for entry in shown if entry["definition"] is not None]


if __name__ == "__main__":
    main()
