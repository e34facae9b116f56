#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: nexus_endpoint_info
short_description: Look at Temporal Nexus endpoints
version_added: 0.1.0
description:
  - Lists the Nexus endpoints of the cluster, or one of them, over the HTTP API of the frontend.
  - Changes nothing. Needs Temporal Server 1.25 or newer.
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
      - Where nothing listens at the address yet, the list is empty, with a warning.
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    platforms: posix
    support: full
options:
  name:
    description: Name of the one endpoint to look for. There is no error when it does not exist, only an empty list.
    type: str
seealso:
  - module: aegis.temporal.nexus_endpoint
"""

EXAMPLES = r"""
- name: All endpoints
  aegis.temporal.nexus_endpoint_info:
    http_url: http://127.0.0.1:7243
  register: nexus

- name: One of them
  aegis.temporal.nexus_endpoint_info:
    http_url: http://127.0.0.1:7243
    name: billing
"""

RETURN = r"""
endpoints:
  description: The endpoints, sorted by name.
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
    version:
      description: How often it was written.
      type: int
    description:
      description: Its description.
      type: str
    target:
      description: Where it leads, in the shape of the option O(aegis.temporal.nexus_endpoint#module:target).
      type: dict
  sample:
    - name: billing
      id: 5559597d-d857-4d24-adcf-96705d1eb7ff
      version: 1
      description: Operations of the billing team
      target:
        worker:
          namespace: default
          task_queue: billing-operations
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 0.009
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils import nexus_endpoints as nexus
from ansible_collections.aegis.temporal.plugins.module_utils.connection import (
    connection_argument_spec,
    read_connection,
)
from ansible_collections.aegis.temporal.plugins.module_utils.first_look import first_look
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import REQUESTS_IMPORT_ERROR
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import run
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp


def main():
    module = AnsibleModule(
        argument_spec={**connection_argument_spec(), "name": {"type": "str"}}, supports_check_mode=True
    )

    def work():
        name = module.params["name"]
        if name is not None:
            nexus.check_name(name)
        client = TemporalHttp(read_connection(module.params).http)

        def look():
            if name is None:
                return nexus.list_all(client)
            endpoint = nexus.find(client, name)
            return [endpoint] if endpoint else []

        return {"changed": False, "endpoints": first_look(module, client, None, "every endpoint", look) or []}

    run(module, work, REQUESTS_IMPORT_ERROR)


if __name__ == "__main__":
    main()
