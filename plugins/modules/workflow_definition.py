#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: workflow_definition
short_description: Register and remove AEGIS workflow definitions
version_added: 0.1.0
description:
  - Brings one AEGIS workflow definition to the wanted state over the HTTP API of a worker.
  - Reads the definition first, compares it by content, and sends a write only when it differs.
  - These are mapped definitions as the AEGIS orchestrator sends them to the worker, not manifests (C(kind)
    C(Workflow)), which are deployed through the orchestrator.
  - Runs that have begun keep the definition that they began with.
author:
  - The aegis.temporal developers (!UNKNOWN)
extends_documentation_fragment:
  - aegis.temporal.attributes
  - aegis.temporal.worker_api
attributes:
  check_mode:
    support: full
    details:
      - Where nothing listens at the address yet, as before a first installation, the definition is taken as missing,
        with a warning.
      - The worker also checks the templates and timeouts of the states, and the table of definitions has rules of its
        own. Check mode cannot ask for either.
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    platforms: posix
    support: full
options:
  state:
    description:
      - V(present) registers the definition, or replaces the one that is there.
      - V(absent) removes it.
    type: str
    choices: [present, absent]
    default: present
  definition:
    description:
      - The definition, with at least C(workflow_id) (a UUID), C(tenant_id), C(name), C(version) and C(states).
      - Ansible renders C({{ }}) in a playbook before the module sees it, and the templates of states are written the
        same way. So mark such texts with C(!unsafe), or use O(src), which is not rendered.
      - Exactly one of O(definition) and O(src) is required with O(state=present).
    type: dict
  src:
    description:
      - JSON or YAML file on the control node with the definition, read as it is. A relative path is looked for like the
        files of M(ansible.builtin.copy), in C(files) of the role or beside the playbook. It may be vaulted.
    type: path
  workflow_id:
    description:
      - Id of the definition to remove, a UUID. Only for O(state=absent), where it can take the place of O(definition)
        and O(src).
    type: str
  register_url:
    description:
      - Base URL of the listener that takes registrations, where the worker has a separate one for them
        (C(temporal_worker_register_port) of the role). It is O(url) otherwise.
    type: str
  api_token:
    description:
      - The worker's C(API_TOKEN) (C(temporal_worker_api_token) of the role), sent as bearer token. The worker asks for
        it only to remove definitions, and only there it is sent.
      - Over C(http) it can be read on the way.
      - Falls back to the environment variable E(TEMPORAL_WORKER_API_TOKEN) of the host that runs the module.
    type: str
notes:
  - A definition can hold secrets, for example in the headers of a webhook. Set C(no_log) on the task then, and
    C(diff) to V(false).
  - What the orchestrator deploys it also writes itself, in a form that differs from what it registered. Leave its
    definitions to it.
seealso:
  - module: aegis.temporal.workflow_definition_info
  - module: aegis.temporal.workflow_run
  - module: aegis.temporal.worker_health
"""

EXAMPLES = r"""
- name: Register the definition of a file
  aegis.temporal.workflow_definition:
    url: http://127.0.0.1:3000
    src: report.json

- name: Register one that is written here
  aegis.temporal.workflow_definition:
    url: http://127.0.0.1:3000
    definition:
      workflow_id: 2f8b1d0e-7c55-4c0b-9d6b-0d8a8f5f2c11
      tenant_id: aegis-system
      name: greeting
      version: 1.0.0
      scope: global
      initial_state: GREET
      context:
        greeting: hello
      states:
        GREET:
          kind: System
          command: echo "$GREETING"
          env:
            GREETING: !unsafe "{{workflow.context.greeting}}"
          transitions: []

- name: Remove it again
  aegis.temporal.workflow_definition:
    url: http://127.0.0.1:3000
    workflow_id: 2f8b1d0e-7c55-4c0b-9d6b-0d8a8f5f2c11
    state: absent
    api_token: "{{ temporal_worker_api_token }}"
"""

RETURN = r"""
workflow_id:
  description: Id of the definition.
  returned: always, unless an option was refused
  type: str
  sample: 2f8b1d0e-7c55-4c0b-9d6b-0d8a8f5f2c11
operation:
  description:
    - What was done (in check mode, what would be). V(none), V(registered), V(updated) or V(deleted).
  returned: success
  type: str
  sample: registered
definition:
  description: The definition after the run (in check mode, as it would be). Empty when it is not there.
  returned: success
  type: dict
replaced:
  description:
    - Ids of definitions that gave way. The worker keeps one of the same tenant, name, version and scope, so
      registering it under another id replaces the earlier one.
  returned: success
  type: list
  elements: str
  sample: []
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 0.021
"""

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible_collections.aegis.temporal.plugins.module_utils import workflow_definitions as definitions
from ansible_collections.aegis.temporal.plugins.module_utils.connection import check_base_url
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import REQUESTS_IMPORT_ERROR, HttpProblem
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem, run
from ansible_collections.aegis.temporal.plugins.module_utils.worker_api import (
    WorkerApi,
    read_worker_api,
    worker_api_argument_spec,
)


class Registrar:
    """Brings one definition to its wanted state."""

    def __init__(self, module, options):
        self.module = module
        params = module.params
        # An empty environment variable means "not set".
        self.api = WorkerApi(options, params["api_token"] or None, params["register_url"])

    def present(self, wanted):
        live = self.show(wanted["workflow_id"])
        if live is not None and definitions.same(live, wanted):
            return self.outcome(wanted["workflow_id"], "none", live, live)
        rivals = self.rivals(wanted)
        after = wanted
        if not self.module.check_mode:
            self.api.register(wanted)
            after = self.api.show(wanted["workflow_id"]) or {}
            if not definitions.same(after, wanted):
                self.module.warn(
                    f"Definition {wanted['workflow_id']} is not what was registered just now: something else, perhaps "
                    "the orchestrator, has changed it since."
                )
        operation = "registered" if live is None else "updated"
        before = live or next(iter(rivals.values()), None)
        return self.outcome(wanted["workflow_id"], operation, before, after, sorted(rivals))

    def absent(self, workflow_id):
        live = self.show(workflow_id)
        if live is None:
            return self.outcome(workflow_id, "none", None, None)
        if not self.module.check_mode:
            self.api.delete(workflow_id)
        return self.outcome(workflow_id, "deleted", live, None)

    def show(self, workflow_id):
        try:
            return self.api.show(workflow_id)
        except HttpProblem as problem:
            if not (self.module.check_mode and problem.nobody_listens):
                raise
            self.module.warn(f"{problem} In check mode the definition is taken as missing.")
            return None

    def rivals(self, wanted):
        """Definitions by id that this one replaces: same tenant, name, version and scope under another id."""
        try:
            listed = self.api.list()
        except HttpProblem as problem:
            if not (self.module.check_mode and problem.nobody_listens):
                raise
            return {}
        named = [
            one["workflow_id"]
            for one in listed
            if (one.get("name"), one.get("version")) == (wanted["name"], wanted["version"])
            and one["workflow_id"] != wanted["workflow_id"]
        ]
        found = {workflow_id: self.api.show(workflow_id) for workflow_id in named}
        return {
            workflow_id: other
            for workflow_id, other in found.items()
            if other is not None and definitions.key(other) == definitions.key(wanted)
        }

    @staticmethod
    def outcome(workflow_id, operation, before, after, replaced=()):
        header = f"workflow definition {workflow_id}"
        return {
            "changed": operation != "none",
            "workflow_id": workflow_id,
            # Not "action": callbacks put the name of the module there.
            "operation": operation,
            "definition": after or {},
            "replaced": list(replaced),
            "diff": {
                "before_header": header,
                "after_header": header,
                "before": before or "",
                "after": after or "",
            },
        }


def main():
    module = AnsibleModule(
        argument_spec={
            **worker_api_argument_spec(),
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "definition": {"type": "dict"},
            "src": {"type": "path"},
            "workflow_id": {"type": "str"},
            "register_url": {"type": "str"},
            "api_token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["TEMPORAL_WORKER_API_TOKEN"])},
        },
        supports_check_mode=True,
    )

    def work():
        params = module.params
        options = read_worker_api(params)
        if params["register_url"] is not None:
            check_base_url("register_url", params["register_url"])
        check_token(params["api_token"])
        wanted = read_wanted(params)
        registrar = Registrar(module, options)
        workflow_id = wanted["workflow_id"]
        try:
            return registrar.absent(workflow_id) if params["state"] == "absent" else registrar.present(wanted)
        except Problem as problem:
            problem.result.setdefault("workflow_id", workflow_id)
            raise

    run(module, work, REQUESTS_IMPORT_ERROR)


def read_wanted(params):
    """The wanted definition; for removal its id is enough. Raises Problem."""
    if params["src"] is not None and params["definition"] is None:
        raise Problem("src is read by the collection's action plugin, which did not run. Run this module as a task.")
    option = "definition" if params["src"] is None else f"src {params['src']!r}"
    given, workflow_id = params["definition"], params["workflow_id"]
    if params["state"] == "present":
        if workflow_id is not None:
            raise Problem(
                f"workflow_id is {workflow_id!r}: with state present the id is the one in the definition. Leave it out."
            )
        if given is None:
            raise Problem("state is present but neither definition nor src is set. Give one of them.")
        return definitions.read_definition(option, given)
    if (workflow_id is None) == (given is None):
        raise Problem("state is absent: give exactly one of workflow_id, definition and src.")
    if workflow_id is not None:
        return {"workflow_id": definitions.read_workflow_id("workflow_id", workflow_id)}
    # What is to go need not be usable.
    return {"workflow_id": definitions.read_workflow_id(f"{option}: workflow_id", given.get("workflow_id"))}


def check_token(token):
    # The worker takes no other; one with a line break would not even make a header.
    if token and not all("!" <= character <= "~" for character in token):
        raise Problem(
            "api_token holds a blank or a character that is not ASCII: no worker has such a token. Correct it."
        )


if __name__ == "__main__":
    main()
