#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: nexus_endpoint
short_description: Create, update and delete Temporal Nexus endpoints
version_added: 0.1.0
description:
  - Brings one Nexus endpoint to the wanted state over the HTTP API of the frontend. Endpoints belong to the whole
    cluster, not to a namespace.
  - Reads it first and sends a write only where something differs. An update carries the version of what was read, so
    that it replaces nothing that somebody else has just done.
  - Needs Temporal Server 1.25 or newer.
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
      - Where nothing listens at the address yet, as before a first installation, the endpoint is taken as missing, with
        a warning. Whether the namespace in O(target) exists is not looked at, since an earlier task may register it.
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    platforms: posix
    support: full
options:
  name:
    description:
      - Name of the endpoint, 2 to 200 letters, digits and hyphens, beginning with a letter and not ending with a
        hyphen. Workflows call it by this name.
    type: str
    required: true
  state:
    description:
      - V(present) creates the endpoint or updates it.
      - V(absent) deletes it. Operations that workflows call through it fail from then on.
    type: str
    choices: [present, absent]
    default: present
  description:
    description: What the endpoint is for. Left out, it stays as it is; empty, it is removed.
    type: str
  target:
    description: Where the endpoint leads. A new one needs it, and one that exists keeps what it has when left out.
    type: dict
    suboptions:
      worker:
        description: Workers of this cluster.
        type: dict
        suboptions:
          namespace:
            description: Namespace of the workers.
            type: str
            required: true
          task_queue:
            description: Task queue on which they poll for Nexus tasks.
            type: str
            required: true
      external:
        description: A server elsewhere.
        type: dict
        suboptions:
          url:
            description: Its base URL, C(http) or C(https), without credentials.
            type: str
            required: true
seealso:
  - module: aegis.temporal.nexus_endpoint_info
  - module: aegis.temporal.namespace
"""

EXAMPLES = r"""
- name: An endpoint that leads to workers of this cluster
  aegis.temporal.nexus_endpoint:
    http_url: http://127.0.0.1:7243
    name: billing
    description: Operations of the billing team
    target:
      worker:
        namespace: default
        task_queue: billing-operations

- name: One that leads elsewhere
  aegis.temporal.nexus_endpoint:
    http_url: http://127.0.0.1:7243
    name: partner
    target:
      external:
        url: https://nexus.example.org/operations

- name: Delete it
  aegis.temporal.nexus_endpoint:
    http_url: http://127.0.0.1:7243
    name: partner
    state: absent
"""

RETURN = r"""
action:
  description: What was done. V(none), V(created), V(updated) or V(deleted).
  returned: success
  type: str
  sample: created
endpoint:
  description: The endpoint after the run (in check mode, as it would be). Empty when it is not there.
  returned: success
  type: dict
  contains:
    name:
      description: Its name.
      type: str
    id:
      description: Its id. Empty when it would be created (check mode).
      type: str
    version:
      description: How often it was written. Before an update in check mode, the version of what is there.
      type: int
    description:
      description: Its description.
      type: str
    target:
      description: Where it leads, in the shape of the option.
      type: dict
  sample:
    name: billing
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
  sample: 0.021
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils import namespaces
from ansible_collections.aegis.temporal.plugins.module_utils import nexus_endpoints as nexus
from ansible_collections.aegis.temporal.plugins.module_utils.connection import (
    connection_argument_spec,
    read_connection,
)
from ansible_collections.aegis.temporal.plugins.module_utils.first_look import first_look
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import REQUESTS_IMPORT_ERROR
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem, run
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp, TemporalProblem

SHOWN = ("name", "description", "target")


class Manager:
    """Brings the endpoint to its wanted state."""

    def __init__(self, module):
        self.module = module
        self.client = TemporalHttp(read_connection(module.params).http)

    def bring(self, wanted):
        live = self._find(wanted["name"])
        after = nexus.expected(wanted, live)
        if shown(live) == shown(after):
            return self._result(wanted["name"], "none", live, after)
        action = "updated" if live else "created"
        if not self.module.check_mode:
            try:
                after = self._update(wanted, after) if live else self._create(wanted, after)
            except TemporalProblem as problem:
                self._explain(problem, after)
                raise
        return self._result(wanted["name"], action, live, after)

    def remove(self, name):
        live = self._find(name)
        if live is not None and not self.module.check_mode:
            nexus.delete(self.client, live)
        return self._result(name, "deleted" if live else "none", live, None)

    def _find(self, name):
        return first_look(self.module, self.client, None, "the endpoint", lambda: nexus.find(self.client, name))

    def _create(self, wanted, after):
        try:
            return nexus.create(self.client, after)
        except TemporalProblem as problem:
            # 409: another run was faster, or our own first attempt did arrive. What is there then decides.
            live = nexus.find(self.client, wanted["name"]) if problem.status == 409 else None
            if live is None:
                raise
            after = nexus.expected(wanted, live)
            return live if shown(live) == shown(after) else self._update(wanted, after)

    def _update(self, wanted, after):
        try:
            return nexus.update(self.client, after)
        except TemporalProblem as problem:
            if "version mismatch" not in str(problem):
                raise
            live = nexus.find(self.client, wanted["name"])
            # Our own first attempt may have arrived though its answer did not.
            if shown(live) != shown(after):
                raise Problem(
                    f"Endpoint {wanted['name']} was changed by somebody else at the same moment, and the server kept "
                    "that. Run again."
                ) from None
            return live

    def _explain(self, problem, after):
        """Say which namespaces there are, if that is what the server refused."""
        if "namespace" not in str(problem) or "worker" not in after["target"]:
            return
        try:
            namespaces.require(self.client, after["target"]["worker"]["namespace"])
        except Problem as explanation:
            raise Problem(f"target.worker.namespace: {explanation}") from None

    def _result(self, name, action, before, after):
        header = f"Nexus endpoint {name}"
        return {
            "changed": action != "none",
            "action": action,
            "endpoint": after or {},
            "diff": {
                "before_header": header,
                "after_header": header,
                "before": shown(before) or "",
                "after": shown(after) or "",
            },
        }


def shown(endpoint):
    """The part that the user decides on, or None."""
    return None if endpoint is None else {key: endpoint[key] for key in SHOWN}


def main():
    worker = {"namespace": {"type": "str", "required": True}, "task_queue": {"type": "str", "required": True}}
    module = AnsibleModule(
        argument_spec={
            **connection_argument_spec(),
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "description": {"type": "str"},
            "target": {
                "type": "dict",
                "options": {
                    "worker": {"type": "dict", "options": worker},
                    "external": {"type": "dict", "options": {"url": {"type": "str", "required": True}}},
                },
                "mutually_exclusive": [("worker", "external")],
                "required_one_of": [("worker", "external")],
            },
        },
        supports_check_mode=True,
    )

    def work():
        wanted = nexus.read_wanted(module.params)
        manager = Manager(module)
        return manager.remove(wanted["name"]) if module.params["state"] == "absent" else manager.bring(wanted)

    run(module, work, REQUESTS_IMPORT_ERROR)


if __name__ == "__main__":
    main()
