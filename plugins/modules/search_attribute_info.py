#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: search_attribute_info
short_description: Tell about the search attributes of a Temporal namespace
version_added: 0.1.0
description:
  - Reads the search attributes of one namespace over the HTTP API of the frontend, and how many more it can have.
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
      - Where nothing listens at the address yet, or the namespace is not registered yet, it has none, with a warning.
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    platforms: posix
    support: full
options:
  namespace:
    description:
      - Name of the namespace.
      - Falls back to the environment variable E(TEMPORAL_NAMESPACE).
    type: str
    default: default
seealso:
  - module: aegis.temporal.search_attribute
  - module: aegis.temporal.namespace_info
"""

EXAMPLES = r"""
- name: What can be searched for
  aegis.temporal.search_attribute_info:
    http_url: http://127.0.0.1:7243
    namespace: default
  register: searchable

- name: There is room for another number
  ansible.builtin.assert:
    that: searchable.columns.Int.free > 0
"""

RETURN = r"""
search_attributes:
  description: The custom search attributes of the namespace, by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    type:
      description: Its type, like V(Keyword).
      type: str
    column:
      description: The column that it is a name for. Empty on visibility stores without columns.
      type: str
  sample:
    - name: TenantId
      type: Keyword
      column: Keyword01
system_attributes:
  description: The search attributes that the server brings, name to type.
  returned: success
  type: dict
  sample:
    WorkflowId: Keyword
columns:
  description:
    - For each type how many columns a namespace has by the server's default (or more, when a higher one is in use), how
      many of them are used and free, and by which attributes.
    - Empty on visibility stores without columns, like Elasticsearch.
  returned: success
  type: dict
  sample:
    Int:
      attributes: [Priority]
      free: 2
      limit: 3
      used: 1
visibility_store:
  description: The kind of the visibility store. Empty in check mode when nothing could be asked.
  returned: success
  type: str
  sample: postgres12
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 0.012
"""

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible_collections.aegis.temporal.plugins.module_utils import namespaces, search_attribute_columns
from ansible_collections.aegis.temporal.plugins.module_utils.check_mode import foresee
from ansible_collections.aegis.temporal.plugins.module_utils.clusters import visibility_store
from ansible_collections.aegis.temporal.plugins.module_utils.connection import connection_argument_spec, read_connection
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import REQUESTS_IMPORT_ERROR, HttpProblem
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem, run
from ansible_collections.aegis.temporal.plugins.module_utils.search_attribute_reading import read_live
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp, TemporalProblem


def read(client, namespace):
    """Return the module's result for a namespace that is there."""
    live = read_live(client, namespace)
    store = visibility_store(client)
    has_columns = search_attribute_columns.keeps_columns(store)
    names = search_attribute_columns.read_columns(client, namespace) if has_columns else {}
    column_of = {name: column for column, name in names.items()}
    return {
        "search_attributes": [
            {"name": name, "type": kind, "column": column_of.get(name, "")} for name, kind in live.custom.items()
        ],
        "system_attributes": dict(live.system),
        "columns": search_attribute_columns.usage(names) if has_columns else {},
        "visibility_store": store,
    }


def main():
    module = AnsibleModule(
        argument_spec={
            **connection_argument_spec(),
            "namespace": {"type": "str", "default": "default", "fallback": (env_fallback, ["TEMPORAL_NAMESPACE"])},
        },
        supports_check_mode=True,
    )

    def work():
        namespace = module.params["namespace"]
        if not namespace.strip():
            raise Problem("namespace must not be empty.")
        client = TemporalHttp(read_connection(module.params).http)
        nothing = {"search_attributes": [], "system_attributes": {}, "columns": {}, "visibility_store": ""}
        try:
            return {"changed": False, **read(client, namespace)}
        except HttpProblem as problem:
            foresee(module, problem, "there are no search attributes then")
        except TemporalProblem as problem:
            if not problem.namespace_missing:
                raise
            if not module.check_mode:
                namespaces.require(client, namespace)
            module.warn(f"Namespace {namespace} is not registered. In check mode it has no search attributes then.")
        return {"changed": False, **nothing}

    run(module, work, REQUESTS_IMPORT_ERROR)


if __name__ == "__main__":
    main()
