#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: search_attribute
short_description: Add and remove custom search attributes of a Temporal namespace
version_added: 0.1.0
description:
  - Brings the custom search attributes of one namespace to the wanted state, any number of them in one call. Others
    that the namespace has are left alone.
  - Waits until every frontend that is named accepts searches with a new attribute, and refuses those with a removed
    one.
  - On SQL visibility (PostgreSQL, MySQL, SQLite) an attribute is a name for one of the columns that every namespace has
    from the start, by default 10 for C(Keyword) and 3 for each other type. The module picks a free column and writes
    over the HTTP API. When none is left it names the attributes that hold them.
  - A removed attribute leaves its values in the column. They show under the next name that the column gets, so a column
    without values is preferred, and a warning says when there was none. Old servers, like 1.24, do not tell which
    columns hold values. There it is the first free column.
  - On other visibility stores, like Elasticsearch, it reads over HTTP and writes over gRPC to O(address), with the
    Python library C(temporalio).
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
      - Where nothing listens at the address yet, or the namespace is not registered yet, the namespace is taken as new,
        with a warning.
  diff_mode:
    support: full
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
  search_attributes:
    description: The attributes to add or to remove.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the attribute, up to 255 letters, digits, underscores and hyphens, beginning with a letter.
          - Names that begin with C(Temporal) belong to the server, and so do those of its columns, like C(Keyword01).
          - A name with a hyphen stands between backquotes in a query.
        type: str
        required: true
      type:
        description:
          - Type of the values. Required to add.
          - The server does not change the type of an attribute, so another type than it has is refused.
        type: str
        choices: [Bool, Datetime, Double, Int, Keyword, KeywordList, Text]
      state:
        description:
          - V(present) adds the attribute.
          - V(absent) removes it. Searches with it are refused then, workflows that start with it too.
        type: str
        choices: [present, absent]
        default: present
  http_urls:
    description:
      - Base URLs of the HTTP APIs of all frontends, or of those beside O(http_url). Each has a cache of its own, and a
        change is waited for on every one of them. They are reached with the same credentials.
      - Requests that read and write go to O(http_url) alone.
    type: list
    elements: str
    default: []
  wait_timeout:
    description: Seconds to wait until a change is known to every frontend, and that a change over gRPC may take.
    type: float
    default: 60.0
  wait_interval:
    description: Seconds between two looks while waiting.
    type: float
    default: 0.5
requirements:
  - temporalio (Python library, on the host that runs the module), only where visibility is not SQL
seealso:
  - module: aegis.temporal.search_attribute_info
  - module: aegis.temporal.namespace
"""

EXAMPLES = r"""
- name: What the searches of the production need
  aegis.temporal.search_attribute:
    http_url: http://127.0.0.1:7243
    namespace: default
    search_attributes:
      - name: TenantId
        type: Keyword
      - name: Priority
        type: Int
      - name: Labels
        type: KeywordList

- name: One that nobody searches for any more
  aegis.temporal.search_attribute:
    http_url: http://127.0.0.1:7243
    namespace: default
    search_attributes:
      - name: Priority
        state: absent
"""

RETURN = r"""
search_attributes:
  description: Each attribute of O(search_attributes) after the run (in check mode, as it would be), in that order.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    action:
      description: What was done. V(none), V(added) or V(removed).
      type: str
    state:
      description: V(present) or V(absent).
      type: str
    type:
      description: Its type, empty when it is not there.
      type: str
  sample:
    - action: added
      name: TenantId
      state: present
      type: Keyword
columns:
  description:
    - The columns that the new attributes got, column to name. Empty when none was added, and on visibility stores
      without columns.
  returned: success
  type: dict
  sample:
    Keyword01: TenantId
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 2.318
"""

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible_collections.aegis.temporal.plugins.module_utils import search_attributes as sa
from ansible_collections.aegis.temporal.plugins.module_utils.connection import connection_argument_spec, read_connection
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import REQUESTS_IMPORT_ERROR
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem, check_wait, run
from ansible_collections.aegis.temporal.plugins.module_utils.search_attribute_manager import Manager


def main():
    module = AnsibleModule(
        argument_spec={
            **connection_argument_spec(),
            "namespace": {"type": "str", "default": "default", "fallback": (env_fallback, ["TEMPORAL_NAMESPACE"])},
            "search_attributes": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "type": {"type": "str", "choices": list(sa.TYPES)},
                    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
                },
                "required_if": [("state", "present", ("type",))],
            },
            "http_urls": {"type": "list", "elements": "str", "default": []},
            "wait_timeout": {"type": "float", "default": 60.0},
            "wait_interval": {"type": "float", "default": 0.5},
        },
        supports_check_mode=True,
    )

    def work():
        params = module.params
        check_wait(params["wait_timeout"], params["wait_interval"])
        if not params["namespace"].strip():
            raise Problem("namespace must not be empty.")
        wanted = sa.read_wanted(params["search_attributes"])
        manager = Manager(module, read_connection(params))
        return manager.bring(wanted)

    run(module, work, REQUESTS_IMPORT_ERROR)


if __name__ == "__main__":
    main()
