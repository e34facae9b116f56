#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: history_shards
short_description: Wait until each history shard of a Temporal cluster is owned by a live process
version_added: 0.1.0
description:
  - Reads from the server's own tables which process owns each history shard, and which processes are live members, and
    waits until each shard is owned by one of them and no shard has changed hands for O(settle) seconds.
  - Shards move whenever a process with the service history joins or leaves. Until a shard has arrived, what belongs to
    its workflows waits. Before 1.28 a server answers SERVING to a health check before it owns any.
  - A shard that is owned by a process which has ended counts as not owned, also when another one runs at the same
    address since.
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
      - Looks once, does not wait, and reports what is missing as a warning.
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    platforms: posix
    support: full
options:
  history_shards:
    description: Number of history shards of the cluster, 1 or more.
    type: int
    required: true
  processes:
    description:
      - Processes with the service history that have to own as many shards as they mean to own. How many that is, their
        metrics tell, as C(numshards_gauge). So a shard that has not arrived yet is known, though it has an owner.
      - A process tells it after each look at the shards, that is when a member comes or goes, and every minute.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: Its broadcast address, an IP address.
        type: str
        required: true
      metrics_url:
        description: URL of its metrics in the text form of Prometheus, as V(http://127.0.0.1:9090/metrics).
        type: str
        required: true
  settle:
    description:
      - Seconds for which no shard may change hands. A process that joins takes its shards one by one, so that all of
        them have an owner at any moment. Five seconds is what a server from 1.28 on gives itself before it answers
        SERVING.
      - V(0) is enough where O(processes) names the process that joins.
      - As long as a live member owns none it is 65 seconds, whatever is set here, because a server looks for its shards
        at least once a minute. With few shards, or a member that has just stopped, that may be right.
      - Without waiting, see O(wait), it has no meaning, and a member that owns none is not right.
    type: float
    default: 5.0
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
    default: 120.0
  wait_interval:
    description: Seconds between two looks.
    type: float
    default: 1.0
requirements:
  - psycopg2 (Python library, on the host that runs the module)
seealso:
  - module: aegis.temporal.cluster_members
  - module: aegis.temporal.service_health
"""

EXAMPLES = r"""
- name: All history shards have arrived
  aegis.temporal.history_shards:
    database:
      host: 10.0.0.10
      password: "{{ temporal_database_password }}"
    history_shards: 512

- name: A server that was restarted has its share of them again
  aegis.temporal.history_shards:
    database:
      host: 10.0.0.10
      password: "{{ temporal_database_password }}"
    history_shards: 512
    processes:
      - address: 10.0.0.11
        metrics_url: http://10.0.0.11:9090/metrics
    settle: 0
"""

RETURN = r"""
owned:
  description: How many history shards each live process with the service history owns, by its broadcast address.
  returned: when the database answered
  type: dict
  sample: {"10.0.0.11": 261, "10.0.0.12": 251}
missing:
  description: What keeps it from being right.
  returned: when the database answered
  type: list
  elements: str
  sample: []
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 5.021
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.aegis.temporal.plugins.module_utils import cluster_members, history_shards
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem, check_wait, run
from ansible_collections.aegis.temporal.plugins.module_utils.polling import poll_until


def main():
    module = AnsibleModule(
        argument_spec={
            "database": {"type": "dict", "required": True, "options": cluster_members.database_options()},
            "history_shards": {"type": "int", "required": True},
            "processes": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "address": {"type": "str", "required": True},
                    "metrics_url": {"type": "str", "required": True},
                },
            },
            "settle": {"type": "float", "default": 5.0},
            "timeout": {"type": "float", "default": 5.0},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "float", "default": 120.0},
            "wait_interval": {"type": "float", "default": 1.0},
        },
        supports_check_mode=True,
    )

    def work():
        params = module.params
        check_wait(params["wait_timeout"], params["wait_interval"])
        cluster_members.check_database(params["database"])
        if params["history_shards"] < 1:
            raise Problem(f"history_shards is {params['history_shards']}: it must be 1 or more.")
        # "not <=" also refuses NaN.
        if not 0 <= params["settle"] <= params["wait_timeout"]:
            longest = params["wait_timeout"]
            raise Problem(f"settle is {params['settle']}: it must be between 0 and wait_timeout, {longest} seconds.")
        if cluster_members.PSYCOPG2_IMPORT_ERROR:
            raise Problem(missing_required_lib("psycopg2", reason="to read the history shards from the database"))
        patient = params["wait"] and not module.check_mode
        watch = history_shards.Watch(params["history_shards"], params["settle"] if patient else None)
        seen = {}

        def look(_left):
            found = history_shards.read_ownership(params["database"], params["timeout"])
            meant = {
                process["address"]: history_shards.read_meant(process["metrics_url"], params["timeout"])
                for process in params["processes"]
            }
            seen.update(owned=found.owned(), missing=watch.missing(found, meant))
            return None if seen["missing"] else True

        if not poll_until(look, params["wait_timeout"] if patient else 0, params["wait_interval"]):
            said = "; ".join(seen["missing"])
            if not module.check_mode:
                raise Problem(f"The history shards have no settled owners: {said}.", **seen)
            module.warn(f"The history shards would have no settled owners: {said}.")
        return {"changed": False, **seen}

    run(module, work, None)


if __name__ == "__main__":
    main()
