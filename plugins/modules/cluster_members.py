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
  database:
    description:
      - The database of the server's default store. It must be reachable from the host that runs the module.
      - A login that may read the table C(cluster_membership) is enough.
    type: dict
    required: true
    suboptions:
      host:
        description: Host name or IP address of the database server.
        type: str
        required: true
      port:
        description: TCP port of the database server.
        type: int
        default: 5432
      name:
        description: Name of the database.
        type: str
        default: temporal
      user:
        description: Login.
        type: str
        default: temporal
      password:
        description: Its password.
        type: str
        required: true
      sslmode:
        description: How much encryption the connection needs, in the words of C(libpq).
        type: str
        choices: [disable, allow, prefer, require, verify-ca, verify-full]
        default: prefer
      ca_path:
        description: PEM file of the certificate authorities that may have signed the database server's certificate.
        type: path
  expected:
    description: The members that should be there. May be empty only where O(absent) is not.
    type: list
    elements: dict
    required: true
    suboptions: &member
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
  exclusive:
    description: Whether O(expected) are all members. With V(false) there may be others.
    type: bool
    default: true
  absent:
    description: Members that should no longer be there. Only of use without O(exclusive).
    type: list
    elements: dict
    default: []
    suboptions: *member
  max_session_age:
    description:
      - Seconds within which the processes of O(expected) must have begun to report, so that a process that was
        restarted is not taken for the one before. By the clock of the host that runs the module, which has to be the
        members' own.
    type: float
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

- name: History of this host is back, whoever else is there
  aegis.temporal.cluster_members:
    database:
      host: 10.0.0.10
      password: "{{ temporal_database_password }}"
    expected:
      - {service: history, address: 10.0.0.11, membership_port: 6934}
    exclusive: false
    max_session_age: 30
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
remaining:
  description: Live members that are among O(absent).
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

MEMBER = {
    "service": {"type": "str", "required": True, "choices": list(SERVICES)},
    "address": {"type": "str", "required": True},
    "membership_port": {"type": "int", "required": True},
}


def compare(params, members):
    """Return what is missing, not expected, and still there though it should not be."""
    counted = members
    if params["max_session_age"] is not None:
        counted = cluster_members.newer_than(members, params["max_session_age"], time.time())
    missing, unexpected = cluster_members.difference(counted, params["expected"])
    return {
        "missing": missing,
        "unexpected": unexpected if params["exclusive"] else [],
        "remaining": cluster_members.still_there(members, params["absent"]),
    }


def check(params):
    check_wait(params["wait_timeout"], params["wait_interval"])
    cluster_members.check_database(params["database"])
    if not params["expected"] and not params["absent"]:
        raise Problem("expected is empty: a cluster without members cannot be verified. Name its members.")
    if params["exclusive"] and (params["absent"] or params["max_session_age"] is not None):
        raise Problem("absent and max_session_age need exclusive: false.")


def main():
    module = AnsibleModule(
        argument_spec={
            "database": {"type": "dict", "required": True, "options": cluster_members.database_options()},
            "expected": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": MEMBER,
            },
            "exclusive": {"type": "bool", "default": True},
            "absent": {"type": "list", "elements": "dict", "default": [], "options": MEMBER},
            "max_session_age": {"type": "float"},
            "timeout": {"type": "float", "default": 5.0},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "float", "default": 60.0},
            "wait_interval": {"type": "float", "default": 2.0},
        },
        supports_check_mode=True,
    )

    def work():
        params = module.params
        check(params)
        if cluster_members.PSYCOPG2_IMPORT_ERROR:
            raise Problem(missing_required_lib("psycopg2", reason="to read the members from the database"))
        seen = {}

        def look(_left):
            members = cluster_members.read_members(params["database"], params["timeout"])
            different = compare(params, members)
            seen.update(members=members, **different)
            return None if any(different.values()) else True

        patient = params["wait"] and not module.check_mode
        same = poll_until(look, params["wait_timeout"] if patient else 0, params["wait_interval"])
        if not same:
            parts = [
                (seen["missing"], "Missing: "),
                (seen["unexpected"], "Not expected: "),
                (seen["remaining"], "Still there: "),
            ]
            said = " ".join(word + ", ".join(names) + "." for names, word in parts if names)
            if not module.check_mode:
                raise Problem("The members are not those that should be there. " + said, **seen)
            module.warn("The members would not be those that should be there. " + said)
        return {"changed": False, **seen}

    run(module, work, None)


if __name__ == "__main__":
    main()
