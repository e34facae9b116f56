#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: namespace
short_description: Register, update, deprecate and delete Temporal namespaces
version_added: 0.1.0
description:
  - Brings one namespace, or many in one call, to the wanted state over the HTTP API of the frontend.
  - Reads each namespace first and sends a write only where something differs.
  - After registering one it waits until the server's services know it, on every frontend that is named, so that workers
    can start at once.
  - What the server cannot undo is refused with a sentence that says so. It cannot clear O(description) or
    O(owner_email), it cannot bring back a namespace that was deprecated or deleted, and it keeps the first archival URI
    for life.
  - The server merges O(data) and removes no key from it. A key that is there but not listed stays, with a warning.
  - Search attributes of a namespace are the business of M(aegis.temporal.search_attribute).
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
      - Where nothing listens at the address yet, as before a first installation, each namespace is taken as missing,
        with a warning.
      - No answer of the server tells whether the cluster has archival, or its default for new namespaces. Check mode
        takes it that it has archival, off by default; the run fails where it has none.
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
      - Name of the namespace, up to 255 letters, digits, dots, underscores and hyphens.
      - Exactly one of O(name) and O(namespaces) is required.
    type: str
  state:
    description:
      - V(present) registers the namespace or updates it.
      - V(deprecated) closes it for anything new, and updates it too. B(This cannot be undone.) The server refuses to
        start workflows in it from some seconds later on, while those that run go on. Where there is no such namespace
        nothing is done, with a warning.
      - V(absent) deletes it with everything in it, workflows included. B(This cannot be undone.) The server renames the
        namespace at once and reclaims its rows in the background.
      - Deletion has no HTTP route. It goes over gRPC to O(address) and needs the Python library C(temporalio).
    type: str
    choices: [present, deprecated, absent]
    default: present
  retention:
    description:
      - How long closed workflows are kept, as V(30d), V(72h), V(1h30m) or a number of seconds.
      - A new namespace gets V(72h) when this is left out, one that exists keeps what it has.
      - The server wants at least one hour (24 hours for global namespaces). A change applies to workflows that close
        afterwards.
    type: str
  description:
    description: What the namespace is for.
    type: str
  owner_email:
    description: E-mail address of the owner.
    type: str
  data:
    description: Texts by key, for your own use. The values must be strings.
    type: dict
  history_archival_state:
    description:
      - Whether the histories of closed workflows are copied to O(history_archival_uri) before they are removed.
      - The cluster needs archival in its configuration (C(archival.history.state)). Where it has none the server
        ignores this without a word, and the module fails after it has seen that.
      - A new namespace gets what the cluster's configuration says when this is left out, one that exists keeps what it
        has.
    type: str
    choices: [enabled, disabled]
  history_archival_uri:
    description:
      - Where to, like V(file:///var/lib/temporal/archive), V(s3://bucket/path) or V(gs://bucket/path), as far as the
        cluster has a provider for it.
      - Needed to enable archival of a namespace that has no URI yet. Once set it cannot be changed, not even while
        archival is disabled.
    type: str
  visibility_archival_state:
    description: See O(history_archival_state), for the records that searches find.
    type: str
    choices: [enabled, disabled]
  visibility_archival_uri:
    description: See O(history_archival_uri), for the records that searches find.
    type: str
  namespaces:
    description: Several namespaces in one call, with the same options each.
    type: list
    elements: dict
    suboptions:
      name:
        description: See O(name).
        type: str
        required: true
      state:
        description: See O(state).
        type: str
        choices: [present, deprecated, absent]
        default: present
      retention:
        description: See O(retention).
        type: str
      description:
        description: See O(description).
        type: str
      owner_email:
        description: See O(owner_email).
        type: str
      data:
        description: See O(data).
        type: dict
      history_archival_state:
        description: See O(history_archival_state).
        type: str
        choices: [enabled, disabled]
      history_archival_uri:
        description: See O(history_archival_uri).
        type: str
      visibility_archival_state:
        description: See O(visibility_archival_state).
        type: str
        choices: [enabled, disabled]
      visibility_archival_uri:
        description: See O(visibility_archival_uri).
        type: str
  http_urls:
    description:
      - Base URLs of the HTTP APIs of all frontends, or of those beside O(http_url). Each has a cache of its own, and a
        new namespace is waited for on every one of them. They are reached with the same credentials.
      - Requests that read and write go to O(http_url) alone.
    type: list
    elements: str
    default: []
  wait_timeout:
    description: Seconds to wait until a namespace that was registered or deleted is known, or gone, everywhere.
    type: float
    default: 60.0
  wait_interval:
    description: Seconds between two looks while waiting.
    type: float
    default: 0.5
requirements:
  - temporalio (Python library, on the host that runs the module), only to delete
seealso:
  - module: aegis.temporal.namespace_info
  - module: aegis.temporal.search_attribute
  - module: aegis.temporal.pollers
  - module: aegis.temporal.workflow_run
"""

EXAMPLES = r"""
- name: A namespace that keeps closed workflows for thirty days
  aegis.temporal.namespace:
    http_url: http://127.0.0.1:7243
    name: aegis-production
    retention: 30d
    description: AEGIS workflows of the production
    owner_email: platform@example.org

- name: Several in one call
  aegis.temporal.namespace:
    http_url: http://127.0.0.1:7243
    namespaces:
      - name: default
        retention: 72h
      - name: aegis-staging
        retention: 7d
        data:
          stage: staging

- name: One that every frontend knows before the play goes on
  aegis.temporal.namespace:
    http_url: http://127.0.0.1:7243
    http_urls:
      - http://127.0.0.1:7243
      - http://127.0.0.1:17243
    name: aegis-rollout
    retention: 3d

- name: Nothing new shall use it (cannot be undone)
  aegis.temporal.namespace:
    http_url: http://127.0.0.1:7243
    name: aegis-rollout
    state: deprecated

- name: Delete one with all its workflows (cannot be undone)
  aegis.temporal.namespace:
    http_url: http://127.0.0.1:7243
    address: 127.0.0.1:7233
    name: aegis-staging
    state: absent
"""

RETURN = r"""
namespaces:
  description: Each namespace after the run (in check mode, as it would be), in the order asked for.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    action:
      description: What was done. V(none), V(registered), V(updated), V(deprecated) or V(deleted).
      type: str
    id:
      description: Its id. Empty when it is not there, or not yet (check mode).
      type: str
    state:
      description: V(registered), V(deprecated), or V(absent).
      type: str
    description:
      description: Its description.
      type: str
    owner_email:
      description: Its owner.
      type: str
    data:
      description: Its data.
      type: dict
    retention:
      description: How long closed workflows are kept, like V(30d).
      type: str
    retention_seconds:
      description: The same in seconds.
      type: int
    history_archival_state:
      description: V(enabled) or V(disabled).
      type: str
    history_archival_uri:
      description: Where histories are copied to, empty when that was never said.
      type: str
    visibility_archival_state:
      description: V(enabled) or V(disabled).
      type: str
    visibility_archival_uri:
      description: Where records that searches find are copied to, empty when that was never said.
      type: str
  sample:
    - action: registered
      data: {}
      description: AEGIS workflows of the production
      history_archival_state: disabled
      history_archival_uri: ""
      id: 7d0c0308-4322-4048-b559-ce61d6a5faa2
      name: aegis-production
      owner_email: platform@example.org
      retention: 30d
      retention_seconds: 2592000
      state: registered
      visibility_archival_state: disabled
      visibility_archival_uri: ""
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 0.041
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils import namespace_archival
from ansible_collections.aegis.temporal.plugins.module_utils import namespaces as ns
from ansible_collections.aegis.temporal.plugins.module_utils.check_mode import foresee
from ansible_collections.aegis.temporal.plugins.module_utils.connection import (
    connection_argument_spec,
    read_connection,
)
from ansible_collections.aegis.temporal.plugins.module_utils.frontends import read_frontends, wait_for_all
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import REQUESTS_IMPORT_ERROR, HttpProblem
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem, check_wait, run
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_grpc import delete_namespace
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import (
    TemporalHttp,
    TemporalProblem,
    api_path,
)

SHOWN = ("description", "owner_email", "data", "retention", "state", *namespace_archival.argument_spec())
"""What a diff shows of a namespace."""


class Manager:
    """Brings namespaces to their wanted state, one after the other. Raises Problem for options that are wrong."""

    def __init__(self, module):
        self.module = module
        self.connection = read_connection(module.params)
        self.client = TemporalHttp(self.connection.http)
        self.frontends = read_frontends(self.connection, module.params["http_urls"])
        self.reachable = True

    def bring(self, wanted):
        """Return the namespace's entry of the result, and its diff."""
        live = self._describe(wanted.name)
        if wanted.state == "absent":
            return self._remove(wanted, live)
        if live is None and wanted.state == "deprecated":
            self.module.warn(f"There is no namespace {wanted.name} to deprecate.")
            return self._remove(wanted, live)
        after = ns.expected(wanted, live)
        if live is None:
            action = "registered"
            body = ns.registration(wanted)
            if not self.module.check_mode:
                after = self._register(wanted, body)
        else:
            body = ns.update(wanted, live)
            if body and not self.module.check_mode:
                after = self._update(wanted, body)
            action = ns.action(live, after)
            for key in ns.leftover_data(wanted, live):
                self.module.warn(
                    f"data of namespace {wanted.name}: key {key!r} is not listed, but stays: the server removes none."
                )
        return {**after, "action": action}, self._diff(wanted.name, live, after)

    def _describe(self, name):
        if not self.reachable:
            return None
        try:
            return ns.describe(self.client, name)
        except HttpProblem as problem:
            foresee(self.module, problem, "every namespace is taken as missing")
            self.reachable = False
            return None

    def _register(self, wanted, body):
        try:
            self.client.post(api_path("namespaces"), body)
        except TemporalProblem as problem:
            # 409: another run was faster, or our own first attempt did arrive. What is there then decides.
            if problem.status != 409:
                raise self._explained(problem, wanted) from None
            live = ns.describe(self.client, wanted.name)
            if live is None:
                raise
            body = ns.update(wanted, live)
            return self._update(wanted, body) if body else live
        self._wait(lambda client: ns.usable(client, wanted.name), f"namespace {wanted.name} is known to every service")
        return ns.describe(self.client, wanted.name)

    def _update(self, wanted, body):
        try:
            return ns.summary(self.client.post(api_path("namespaces", wanted.name, "update"), body))
        except TemporalProblem as problem:
            raise self._explained(problem, wanted) from None

    def _remove(self, wanted, live):
        gone = {"name": wanted.name, "state": "absent", "id": ""}
        if live is None:
            return {**gone, "action": "none"}, self._diff(wanted.name, None, None)
        if not self.module.check_mode:
            delete_namespace(self.connection, wanted.name, live["id"])
            self._wait(
                lambda client: ns.describe(client, wanted.name) is None,
                f"namespace {wanted.name} is gone from the server",
            )
        return {**gone, "action": "deleted"}, self._diff(wanted.name, live, None)

    def _wait(self, look, what):
        wait_for_all(
            self.frontends, look, what, self.module.params["wait_timeout"], self.module.params["wait_interval"]
        )

    def _explained(self, problem, wanted):
        hint = ""
        if problem.status == 400 and "retention" in str(problem):
            hint = (
                f" retention of namespace {wanted.name} is too short for this server: it wants at least 1h"
                " (24h for global namespaces; system.namespaceMinRetentionLocal from server 1.31)."
            )
        return TemporalProblem(f"{problem}{hint}", problem.status, problem.detail)

    def _diff(self, name, before, after):
        def shown(state):
            if state is None:
                return ""
            return {key: state[key] for key in SHOWN}

        return {
            "before_header": f"namespace {name}",
            "after_header": f"namespace {name}",
            "before": shown(before),
            "after": shown(after),
        }


def main():
    one = {
        "state": {"type": "str", "choices": ["present", "deprecated", "absent"], "default": "present"},
        "retention": {"type": "str"},
        "description": {"type": "str"},
        "owner_email": {"type": "str"},
        "data": {"type": "dict"},
        **namespace_archival.argument_spec(),
    }
    module = AnsibleModule(
        argument_spec={
            **connection_argument_spec(),
            "name": {"type": "str"},
            **one,
            "namespaces": {
                "type": "list",
                "elements": "dict",
                "options": {"name": {"type": "str", "required": True}, **one},
            },
            "http_urls": {"type": "list", "elements": "str", "default": []},
            "wait_timeout": {"type": "float", "default": 60.0},
            "wait_interval": {"type": "float", "default": 0.5},
        },
        mutually_exclusive=[("name", "namespaces")],
        required_one_of=[("name", "namespaces")],
        supports_check_mode=True,
    )

    def work():
        params = module.params
        check_wait(params["wait_timeout"], params["wait_interval"])
        # All are checked before the first is touched.
        wanted = [ns.read_wanted(entry) for entry in ([params] if params["name"] is not None else params["namespaces"])]
        names = [entry.name for entry in wanted]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise Problem(f"namespaces lists {', '.join(twice)} more than once. Merge the entries.")
        manager = Manager(module)
        results, diffs = [], []
        try:
            for entry in wanted:
                result, diff = manager.bring(entry)
                results.append(result)
                diffs.append(diff)
                if result["state"] != "absent":
                    namespace_archival.check_taken(entry.name, entry.archival, result)
        except Problem as problem:
            # What was done before the one that failed is done.
            problem.result.update(outcome(results, diffs))
            raise
        return outcome(results, diffs)

    def outcome(results, diffs):
        return {
            "changed": any(result["action"] != "none" for result in results),
            "namespaces": results,
            "diff": diffs,
        }

    run(module, work, REQUESTS_IMPORT_ERROR)


if __name__ == "__main__":
    main()
