#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: history_shards
short_description: Wait until every history shard of a Temporal cluster has exactly one owner
version_added: 0.1.0
description:
  - Reads the number of shards that each process with the service history owns from its Prometheus metrics, and waits
    until each owns some and all together own O(history_shards).
  - While shards move, after a host was restarted, added or taken away, workflows of the shards on their way stand
    still. So this is what to wait for before the next host is touched.
  - Changes nothing.
author:
  - The aegis.temporal developers (!UNKNOWN)
extends_documentation_fragment:
  - aegis.temporal.attributes
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
  urls:
    description: The metrics of every process with the service history, one URL each.
    type: list
    elements: str
    required: true
  history_shards:
    description: Number of shards of the cluster.
    type: int
    required: true
  timeout:
    description: Seconds that one answer may take.
    type: float
    default: 5.0
  wait:
    description: Whether to wait. With V(false) one look decides.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds to wait. A server looks at its shards after each change of the ring, and once a minute.
    type: float
    default: 90.0
  wait_interval:
    description: Seconds between two looks.
    type: float
    default: 1.0
seealso:
  - module: aegis.temporal.cluster_members
  - module: aegis.temporal.service_health
"""

EXAMPLES = r"""
- name: All shards have their owner
  aegis.temporal.history_shards:
    urls:
      - http://10.0.0.11:9090/metrics
      - http://10.0.0.12:9090/metrics
    history_shards: 512
"""

RETURN = r"""
owned:
  description: Number of shards by URL, V(null) where there was no answer.
  returned: when the options were right
  type: dict
  sample: {"http://10.0.0.11:9090/metrics": 261, "http://10.0.0.12:9090/metrics": 251}
missing:
  description: What keeps it from being right, one sentence part each.
  returned: when the options were right
  type: list
  elements: str
  sample: []
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 0.021
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils import shard_ownership
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem, check_wait, run
from ansible_collections.aegis.temporal.plugins.module_utils.polling import poll_until


def main():
    module = AnsibleModule(
        argument_spec={
            "urls": {"type": "list", "elements": "str", "required": True},
            "history_shards": {"type": "int", "required": True},
            "timeout": {"type": "float", "default": 5.0},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "float", "default": 90.0},
            "wait_interval": {"type": "float", "default": 1.0},
        },
        supports_check_mode=True,
    )

    def work():
        params = module.params
        check_wait(params["wait_timeout"], params["wait_interval"])
        if not params["urls"]:
            raise Problem("urls is empty: name the metrics of every process with the service history.")
        if params["history_shards"] < 1:
            raise Problem(f"history_shards is {params['history_shards']}: it must be 1 or more.")
        seen = {}

        def look(_left):
            answers = {url: shard_ownership.read_owned(url, params["timeout"]) for url in params["urls"]}
            owned = {url: count for url, (count, _trouble) in answers.items()}
            troubles = {url: trouble for url, (_count, trouble) in answers.items()}
            seen.update(owned=owned, missing=shard_ownership.missing(owned, troubles, params["history_shards"]))
            return None if seen["missing"] else True

        patient = params["wait"] and not module.check_mode
        if not poll_until(look, params["wait_timeout"] if patient else 0, params["wait_interval"]):
            said = "; ".join(seen["missing"])
            if not module.check_mode:
                raise Problem(f"The history shards have no settled owners: {said}.", **seen)
            module.warn(f"The history shards would have no settled owners: {said}.")
        return {"changed": False, **seen}

    run(module, work, None)


if __name__ == "__main__":
    main()
