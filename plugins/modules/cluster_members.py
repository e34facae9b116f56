#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: cluster_members
short_description: Wait until the members of a Temporal cluster are those that should be there
version_added: 0.1.0
description:
  - Reads the members of the cluster from the server's own table C(cluster_membership) and compares the live ones with
    O(expected), by service, address and port. Waits until they are the same.
  - A process that has stopped counts as a member for 20 more seconds, so the wait also covers that.
  - Changes nothing.
author:
  - The aegis.temporal developers (!UNKNOWN)
extends_documentation_fragment:
  - aegis.temporal.attributes
  - aegis.temporal.default_store
attributes:
  check_mode:
    support: full
    details:
      - Looks once, does not wait, and reports a difference as a warning.
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    platforms: posix
    support: full
options:
  expected:
    description: The members that should be there.
    type: list
    elements: dict
    required: true
    suboptions:
      service:
        description: The service.
        type: str
        choices: [frontend, internal-frontend, history, matching, worker]
        required: true
      address:
        description: Its broadcast address, an IP address.
        type: str
        required: true
      membership_port:
        description: Port of its membership protocol.
        type: int
        required: true
      max_session_age:
        description:
          - Seconds before the start of this module. A member whose process started earlier does not count, so that one
            that was just restarted is not taken for the one before, whose row stays live for 20 seconds.
          - The moment is told by the clock of the member's host, so the module has to run there.
        type: float
  exact:
    description: Whether no other live members may be there.
    type: bool
    default: true
  timeout:
    description: Seconds that one connection or query may take.
    type: float
    default: 5.0
  wait:
    description: Whether to wait. With V(false) one look decides.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait.
    type: float
    default: 60.0
  wait_interval:
    description: Seconds between two looks.
    type: float
    default: 2.0
requirements:
  - psycopg2 (Python library, on the host that runs the module)
seealso:
  - module: aegis.temporal.cluster_info
  - module: aegis.temporal.service_health
"""

EXAMPLES = r"""
- name: The ring has these members and no others
  aegis.temporal.cluster_members:
    database:
      host: 10.0.0.10
      password: "{{ temporal_database_password }}"
    expected:
      - {service: frontend, address: 10.0.0.11, membership_port: 6933}
      - {service: history, address: 10.0.0.11, membership_port: 6934}
      - {service: matching, address: 10.0.0.12, membership_port: 6935}
      - {service: worker, address: 10.0.0.12, membership_port: 6939}
    wait_timeout: 40
"""

RETURN = r"""
members:
  description: The members, those included that no longer report, as M(aegis.temporal.cluster_info) tells them.
  returned: when the database answered
  type: list
  elements: dict
missing:
  description: Expected members that are not there, as C(service address:port).
  returned: when the database answered
  type: list
  elements: str
  sample: [history 10.0.0.12:6934]
unexpected:
  description: Live members that are not expected.
  returned: when the database answered
  type: list
  elements: str
  sample: []
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 0.041
"""

import time

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.aegis.temporal.plugins.module_utils import cluster_members
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem, check_wait, run
from ansible_collections.aegis.temporal.plugins.module_utils.polling import poll_until
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import SERVICES


def main():
    module = AnsibleModule(
        argument_spec={
            "database": {"type": "dict", "required": True, "options": cluster_members.database_options()},
            "expected": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "service": {"type": "str", "required": True, "choices": list(SERVICES)},
                    "address": {"type": "str", "required": True},
                    "membership_port": {"type": "int", "required": True},
                    "max_session_age": {"type": "float"},
                },
            },
            "exact": {"type": "bool", "default": True},
            "timeout": {"type": "float", "default": 5.0},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "float", "default": 60.0},
            "wait_interval": {"type": "float", "default": 2.0},
        },
        supports_check_mode=True,
    )

    def work():
        params = module.params
        check_wait(params["wait_timeout"], params["wait_interval"])
        cluster_members.check_database(params["database"])
        if not params["expected"]:
            raise Problem("expected is empty: a cluster without members cannot be verified. Name its members.")
        if cluster_members.PSYCOPG2_IMPORT_ERROR:
            raise Problem(missing_required_lib("psycopg2", reason="to read the members from the database"))
        seen, began = {}, time.monotonic()

        def look(_left):
            members = cluster_members.read_members(params["database"], params["timeout"])
            missing, unexpected = cluster_members.difference(members, params["expected"], time.monotonic() - began)
            seen.update(members=members, missing=missing, unexpected=unexpected)
            return None if missing or (unexpected and params["exact"]) else True

        patient = params["wait"] and not module.check_mode
        same = poll_until(look, params["wait_timeout"] if patient else 0, params["wait_interval"])
        if not same:
            parts = [(seen["missing"], "Missing: ")]
            if params["exact"]:
                parts.append((seen["unexpected"], "Not expected: "))
            said = " ".join(word + ", ".join(names) + "." for names, word in parts if names)
            if not module.check_mode:
                raise Problem("The members are not those that should be there. " + said, **seen)
            module.warn("The members would not be those that should be there. " + said)
        return {"changed": False, **seen}

    run(module, work, None)


if __name__ == "__main__":
    main()
